//! Tests of the limits of a client session.

use alloc::format;
use alloc::string::String;

use super::peer::*;
use crate::limits::{
    CLIENT_MESSAGE_BYTES_MIN, HANDSHAKE_BYTES, MAX_TOPIC_BYTES, SUBSCRIPTIONS, TOKEN_BYTES,
};
use crate::session::client::{ConfigError, SendError, SubscribeError, Subscription};
use crate::session::op::{ClientOp, ScopeRequest};
use crate::session::wire::Content;

fn topic(n: usize) -> Subscription {
    let name = format!("{n} {}", "x".repeat(MAX_TOPIC_BYTES));
    Subscription {
        scope: ScopeRequest::Topic(name[..MAX_TOPIC_BYTES].into()),
        ..whole_channel("chat")
    }
}

#[test]
fn values_too_small_are_named() {
    let least = CLIENT_MESSAGE_BYTES_MIN;
    let mut config = config();
    config.max_message_bytes = least;
    config.max_value_bytes = least;
    assert_eq!(config.check(), Ok(()));
    for wrong in [0, 1, least - 1] {
        config.max_message_bytes = wrong;
        assert_eq!(config.check(), Err(ConfigError::MessageBytes(wrong)));
        config.max_message_bytes = least;
        config.max_value_bytes = wrong;
        assert_eq!(config.check(), Err(ConfigError::ValueBytes(wrong)));
        config.max_value_bytes = least;
    }
}

#[test]
fn handshake_and_requests_fit_the_server() {
    let mut config = config();
    config.token = Some("t".repeat(TOKEN_BYTES));
    let mut harness = Harness::new(config);
    for n in 0..SUBSCRIPTIONS {
        harness.subscribe(topic(n));
    }
    let auth = harness.open();
    let mut payload = alloc::vec![];
    ClientOp::Auth(auth.clone()).encode(&mut payload);
    assert!(payload.len() < HANDSHAKE_BYTES, "{}", payload.len());
    let mut asked = auth.subscriptions.len();
    assert!((50..SUBSCRIPTIONS).contains(&asked), "{asked}");

    // The server of these tests takes 10,000 bytes.
    harness.auth_ok(false, 0);
    let ops = harness.ops();
    assert!(ops.len() > 10);
    for op in ops {
        let mut payload = alloc::vec![];
        op.encode(&mut payload);
        assert!(payload.len() <= 10_000, "{}", payload.len());
        let ClientOp::Subscribe(items) = op else {
            panic!("{op:?}");
        };
        asked += items.len();
    }
    assert_eq!(asked, SUBSCRIPTIONS);
}

#[test]
fn names_are_bounded() {
    let mut harness = Harness::new(config());
    for channel in [String::new(), "x".repeat(256)] {
        let subscription = whole_channel(&channel);
        let refused = harness.session.subscribe(harness.now, subscription);
        assert_eq!(refused, Err(SubscribeError::BadChannel));
    }
}

#[test]
fn largest_message_is_sent() {
    let (mut harness, ..) = Harness::reading("chat", 3, at(0));
    let send = |harness: &mut Harness, bytes| {
        let body = alloc::vec![b'x'; bytes];
        let sent = harness
            .session
            .send(harness.now, "chat", None, Content::Value, body);
        harness.drain();
        sent
    };
    let headers = 16;
    assert!(send(&mut harness, 10_000 - headers).is_ok());
    assert!(matches!(
        harness.sent_frames()[..],
        [SentFrame::Message { .. }]
    ));
    let max_message_bytes = 10_000;
    let refused = send(&mut harness, max_message_bytes);
    assert_eq!(refused, Err(SendError::TooLarge { max_message_bytes }));
}
