//! A room's last messages: a message comes in at the end, the oldest leaves at the front.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use fastrand::Rng;

use super::Document;
use super::words::sentence;

pub(super) struct ChatLog {
    messages: VecDeque<Message>,
    next_id: u64,
}

struct Message {
    id: u64,
    author: &'static str,
    text: String,
    reactions: u32,
}

const AUTHORS: [&str; 6] = ["ada", "grace", "linus", "margaret", "barbara", "ken"];

impl ChatLog {
    pub(super) fn new(rng: &mut Rng) -> Self {
        let mut log = Self {
            messages: VecDeque::new(),
            next_id: 70_311,
        };
        for _ in 0..200 {
            log.append(rng);
        }
        log
    }

    fn append(&mut self, rng: &mut Rng) {
        self.next_id += 1;
        let words = rng.usize(3..16);
        self.messages.push_back(Message {
            id: self.next_id,
            author: AUTHORS[rng.usize(..AUTHORS.len())],
            text: sentence(rng, words),
            reactions: 0,
        });
    }
}

impl Document for ChatLog {
    fn change(&mut self, rng: &mut Rng) {
        self.append(rng);
        self.messages.pop_front();
        if rng.bool() {
            let i = rng.usize(..self.messages.len());
            self.messages[i].reactions += 1;
        }
    }

    fn text(&self) -> String {
        let messages: Vec<_> = self
            .messages
            .iter()
            .map(|m| {
                let time = 1_790_000_000 + m.id * 7;
                format!(
                    r#"{{"id":{},"time":{time},"author":"{}","text":"{}","reactions":{}}}"#,
                    m.id, m.author, m.text, m.reactions
                )
            })
            .collect();
        format!(
            r#"{{"room":"operations","messages":[{}]}}"#,
            messages.join(",")
        )
    }
}
