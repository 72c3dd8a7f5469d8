//! Tests of `channels.ts`. The tests of the npm package compile `tests/channels.ts`, which is checked here.

use push_wire_shared::ChannelKind;
use push_wire_shared::channel::{ChannelTable, TypeScript};
use ts_rs::TS;

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    #[channel(system)]
    Control,
    Chat,
    #[channel(name = "cpu-load")]
    CpuLoad,
    Report,
    Other,
}

/// Message as it is published.
#[derive(TS)]
#[expect(dead_code, reason = "only its type is used")]
struct Message {
    /// Time in milliseconds.
    at: u64,
    author: Option<Author>,
    text: String,
}

#[derive(TS)]
#[expect(dead_code, reason = "only its type is used")]
struct Author {
    name: String,
}

#[derive(TS)]
#[expect(dead_code, reason = "only its type is used")]
struct NewMessage {
    text: String,
}

fn channels() -> TypeScript {
    ChannelTable::of::<Channel>()
        .to_typescript()
        .reads::<Message>(Channel::Chat)
        .sends::<NewMessage>(Channel::Chat)
        .reads::<Vec<f64>>(Channel::CpuLoad)
        .sends::<Author>(Channel::Report)
}

#[test]
fn writes_channels_and_payload_types() {
    assert_eq!(
        channels().text().as_deref(),
        Ok(include_str!("../channels.ts"))
    );
}

#[test]
fn ignores_payloads_of_the_system_channel() {
    let system = ChannelTable::of::<Channel>()
        .to_typescript()
        .reads::<u8>(Channel::Control);
    assert!(!system.to_string().contains("control"));
}

#[test]
fn finds_names_that_are_taken() {
    mod other {
        #[derive(ts_rs::TS)]
        #[expect(dead_code, reason = "only its type is used")]
        pub(super) struct Author {
            id: u8,
        }
    }
    let error = channels()
        .reads::<other::Author>(Channel::Other)
        .text()
        .expect_err("two types have one name");
    assert_eq!(error.name, "Author");

    #[derive(TS)]
    #[expect(dead_code, reason = "only its type is used")]
    struct Channels {
        id: u8,
    }
    let error = channels()
        .reads::<Channels>(Channel::Other)
        .text()
        .expect_err("the interface has this name");
    assert_eq!(error.name, "Channels");
}
