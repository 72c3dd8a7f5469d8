//! A rendered page: elements are inserted, removed, moved and reworded.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use fastrand::Rng;

use super::Document;
use super::words::sentence;

pub(super) struct Page {
    cards: Vec<Card>,
    next_id: u32,
}

struct Card {
    id: u32,
    title: String,
    text: String,
    votes: u32,
}

impl Page {
    pub(super) fn new(rng: &mut Rng) -> Self {
        let mut page = Self {
            cards: Vec::new(),
            next_id: 4_100,
        };
        for _ in 0..50 {
            let card = page.card(rng);
            page.cards.push(card);
        }
        page
    }

    fn card(&mut self, rng: &mut Rng) -> Card {
        self.next_id += 1;
        Card {
            id: self.next_id,
            title: sentence(rng, 5),
            text: sentence(rng, 24),
            votes: rng.u32(0..500),
        }
    }
}

impl Document for Page {
    fn change(&mut self, rng: &mut Rng) {
        let i = rng.usize(..self.cards.len());
        match rng.u8(..8) {
            0 => {
                let card = self.card(rng);
                self.cards[i] = card;
            }
            1 => {
                let card = self.cards.remove(i);
                self.cards.insert(0, card);
                self.cards[0].votes += 1;
            }
            2 => self.cards[i].text = format!("{} {}", self.cards[i].text, sentence(rng, 6)),
            3 => self.cards[i].title = sentence(rng, 5),
            _ => self.cards[i].votes += rng.u32(1..4),
        }
    }

    fn text(&self) -> String {
        let cards = self.cards.iter().map(|card| {
            let Card { id, title, text, votes } = card;
            format!(
                "  <li class=\"card card--compact\" id=\"card-{id}\">\n    <h3 class=\"card__title\"><a href=\"/t/{id}\">{title}</a></h3>\n    \
                 <p class=\"card__text\">{text}</p>\n    <button class=\"vote\" data-id=\"{id}\">{votes} votes</button>\n  </li>\n"
            )
        });
        format!("<ul class=\"cards\">\n{}</ul>\n", cards.collect::<String>())
    }
}
