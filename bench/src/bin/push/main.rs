//! Benchmark of the bytes on the wire of a message of about 250 bytes, all headers included.
//!
//! `cargo run --release --bin push`: there is one message for each file that a commit of this repository changed,
//! published at the commit's time. The simulated clock follows these times, so that heartbeats are sent and dictionaries
//! trained as in a real server. Of the newer third of the messages, those of 225 to 275 bytes are measured: the bytes
//! that the server sends for each, without heartbeats. The sizes of the fetched dictionaries are printed beside them.
//! `-- REVISION` takes the history up to that commit.

mod connection;
mod messages;

use std::sync::Arc;

use connection::Connection;
use messages::Message;
use push_wire_bench::Fallible;
use push_wire_server::channel::{Channel, ChannelMode, ChannelTable};
use push_wire_server::internals::compression::Background;
use push_wire_server::internals::hub::{Hub, HubConfig};
use serde::{Deserialize, Serialize};

const FEED: u8 = 1;

/// Sizes of the measured messages, in bytes.
const TYPICAL: std::ops::RangeInclusive<usize> = 225..=275;

fn main() -> Fallible<()> {
    let revision = std::env::args().nth(1).unwrap_or_else(|| "HEAD".into());
    let messages = messages::of_this_repository(&revision)?;
    let first = messages
        .first()
        .ok_or("no history: is this a clone, and the revision one of its commits?")?;
    let (older, newer) = messages.split_at(messages.len() * 2 / 3);
    let hub = hub();
    let mut plain = Connection::open(&hub, first.at, 1, false);
    let mut compressed = Connection::open(&hub, first.at, 2, true);
    let mut send = |message: &Message| -> Fallible<(usize, usize)> {
        plain.advance(message.at);
        compressed.advance(message.at);
        connection::publish(&hub, compressed.now(), FEED, &message.text)?;
        Ok((plain.catch_up(), compressed.catch_up()))
    };
    for message in older {
        send(message)?;
    }
    let (mut count, mut bodies, mut published) = (0_u32, 0, 0);
    let (mut without, mut with) = (0, 0);
    for message in newer {
        let (plain, compressed) = send(message)?;
        if TYPICAL.contains(&message.text.len()) {
            count += 1;
            bodies += message.text.len();
            published += published_bytes(&message.text)?;
            without += plain;
            with += compressed;
        }
    }
    if compressed.dictionaries().is_empty() {
        return Err("the messages trained no dictionary: is this a shallow clone?".into());
    }
    let mean = |bytes: usize| bytes as f64 / f64::from(count);
    println!(
        "{count} messages of {:.0} bytes of JSON on average; dictionaries fetched, bytes: {:?}",
        mean(bodies),
        compressed.dictionaries()
    );
    println!();
    println!("| on the wire | bytes / message |");
    println!("|---|---|");
    println!("| push-wire with its dictionary | {:.1} |", mean(with));
    println!("| push-wire without compression | {:.1} |", mean(without));
    println!("| pushwire-server 0.1.1, JSON | {:.1} |", mean(published));
    Ok(())
}

/// A hub that trains dictionaries inside `publish`, so that every run has the same result.
fn hub() -> Arc<Hub> {
    let channel = |id, name: &str, mode| Channel {
        id,
        name: name.into(),
        priority: 1,
        mode,
    };
    let mut config = HubConfig::new(ChannelTable::new(vec![
        channel(0, "system", ChannelMode::System),
        channel(FEED, "repository.log", ChannelMode::Log),
    ]));
    config.background = Background::new(|work| work());
    let mut random = 0;
    let random = std::sync::Mutex::new(move || {
        random += 1;
        random
    });
    Hub::new(
        config,
        Arc::new(move || random.lock().map_or(0, |mut next| next())),
    )
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Published {
    #[serde(rename = "repository.log")]
    Feed,
}

/// Message of the published server: a frame in JSON, behind the header of a WebSocket message.
fn published_bytes(message: &str) -> Fallible<usize> {
    let value: serde_json::Value = serde_json::from_str(message)?;
    let mut frame = pushwire_core::Frame::new(Published::Feed, value);
    frame.cursor = Some(1_000);
    let len = serde_json::to_vec(&frame)?.len();
    Ok(len + if len < 126 { 2 } else { 4 })
}

impl pushwire_core::ChannelKind for Published {
    fn priority(&self) -> u8 {
        1
    }

    fn wire_id(&self) -> u8 {
        FEED
    }

    fn from_wire_id(id: u8) -> Option<Self> {
        (id == FEED).then_some(Self::Feed)
    }

    fn from_name(name: &str) -> Option<Self> {
        (name == Self::Feed.name()).then_some(Self::Feed)
    }

    fn name(&self) -> &'static str {
        "repository.log"
    }

    fn is_system(&self) -> bool {
        false
    }

    fn all() -> &'static [Self] {
        &[Self::Feed]
    }
}
