//! Tests of the Rust API in Node. Node 20 has no WebSocket, so the client reads event streams.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[allow(dead_code, reason = "each file of tests uses a part")]
mod common;

use std::time::Duration;

use push_wire_client_wasm::{
    Client, Config, ConnectError, Delivery, EndCause, ErrorCode, QueueError, SendError, Status,
    StreamRequest, SubscribeError, TokenError, TransportPreference,
};
use wasm_bindgen_test::wasm_bindgen_test;

use common::{Channel, connect, connected, message, next, outcome, rest, server, status, texts};

#[wasm_bindgen_test]
async fn entries_follow_over_a_lost_connection() {
    let client = connect();
    let topic = StreamRequest::topic(Channel::Room, "lobby").from_newest();
    let mut reader = client.subscribe(topic).unwrap();
    outcome(&mut reader).await;
    client
        .send(Channel::Room, None, &message("one"))
        .await
        .unwrap();
    client.interrupt(Duration::from_millis(10));
    let two = client.send(Channel::Room, Some("lobby"), &message("two"));
    two.await.unwrap();
    assert_eq!(texts(&mut reader, 2).await, ["one", "two"]);
    assert_eq!(client.stats().repeats, 0);
}

#[wasm_bindgen_test]
async fn readers_of_a_stream_share_its_entries() {
    let client = connect();
    let topic = || StreamRequest::topic(Channel::Room, "garden").from_newest();
    let mut one = client.subscribe(topic()).unwrap();
    let mut other = client.subscribe(topic()).unwrap();
    outcome(&mut one).await;
    outcome(&mut other).await;
    let send = |text: &str| client.send(Channel::Room, Some("garden"), &message(text));
    send("both").await.unwrap();
    assert_eq!(texts(&mut one, 1).await, ["both"]);
    assert_eq!(texts(&mut other, 1).await, ["both"]);
    drop(one);
    send("the other").await.unwrap();
    assert_eq!(texts(&mut other, 1).await, ["the other"]);
    assert_eq!(client.stats().entries, 2, "each entry came once");
}

#[wasm_bindgen_test]
async fn server_states_why_it_refuses() {
    let client = connect();
    let refused = client
        .send(Channel::Room, Some("attic"), &message("?"))
        .await;
    let code = |error: SendError| {
        let SendError::Refused { code, .. } = error else {
            panic!("{error}");
        };
        code
    };
    assert_eq!(refused.map_err(code), Err(ErrorCode::Refused));
    let unhandled = client.send_bytes(Channel::Log, None, vec![1, 2]).await;
    assert_eq!(unhandled.map_err(code), Err(ErrorCode::NoHandler));
    let mut nowhere = client
        .subscribe(StreamRequest::channel(Channel::Nowhere))
        .unwrap();
    let Delivery::Ended { cause, .. } = next(&mut nowhere).await else {
        panic!("the subscription goes on");
    };
    assert_eq!(cause, EndCause::Error(ErrorCode::UnknownChannel));
    assert_eq!(nowhere.next_entry().await, None);
}

#[wasm_bindgen_test]
async fn bad_arguments_are_errors_at_once() {
    let client = connect();
    let long = "x".repeat(256);
    let subscribed = client.subscribe(StreamRequest::topic(Channel::Room, long.as_str()));
    assert_eq!(subscribed.err(), Some(SubscribeError::BadTopic));
    let sent = client.send(Channel::Room, Some(&long), &1).await;
    assert_eq!(sent, Err(SendError::Queue(QueueError::BadTopic)));
    for url in ["/rps", "ftp://127.0.0.1/", "nonsense", "127.0.0.1:80/rps"] {
        let failed = Client::<Channel>::connect(url, Config::new());
        assert!(
            matches!(failed.err(), Some(ConnectError::Url { .. })),
            "{url}"
        );
    }
    let token = Config::new().token("x".repeat(16 * 1024 + 1));
    let failed = Client::<Channel>::connect(&server(), token);
    assert!(matches!(failed.err(), Some(ConnectError::Config(_))));
}

#[wasm_bindgen_test]
async fn closed_client_answers_what_waits() {
    let client = connect();
    connected(&client).await;
    client.interrupt(Duration::from_secs(3600));
    let waiting = client.send(Channel::Lines, None, &1);
    let mut reader = client
        .subscribe(StreamRequest::channel(Channel::Lines))
        .unwrap();
    let closing = client.clone();
    wasm_bindgen_futures::spawn_local(async move { closing.close() });
    assert_eq!(reader.next_entry().await, None, "a reader that waits ends");
    assert_eq!(waiting.await, Err(SendError::Closed));
    let late = client.send(Channel::Lines, None, &1).await;
    assert_eq!(late, Err(SendError::Queue(QueueError::Closed)));
}

#[wasm_bindgen_test]
async fn withdrawn_message_is_not_sent() {
    let client = connect();
    let topic = StreamRequest::topic(Channel::Room, "lobby").from_newest();
    let mut reader = client.subscribe(topic).unwrap();
    outcome(&mut reader).await;
    client.interrupt(Duration::from_millis(10));
    let send = |text: &str| client.send(Channel::Room, Some("lobby"), &message(text));
    send("withdrawn").withdraw();
    send("sent").await.unwrap();
    assert_eq!(texts(&mut reader, 1).await, ["sent"]);
}

#[wasm_bindgen_test]
async fn subscription_keeps_its_client() {
    let topic = StreamRequest::topic(Channel::Room, "workshop");
    let mut reader = connect().subscribe(topic).unwrap();
    outcome(&mut reader).await;
}

#[wasm_bindgen_test]
async fn token_function_is_called_again_after_a_failure() {
    let asked = std::rc::Rc::new(std::cell::Cell::new(0));
    let count = std::rc::Rc::clone(&asked);
    // Only one transport, since each attempt asks.
    let only = Config::new().transports(TransportPreference::SseOnly);
    let config = only.token_source(move || {
        count.set(count.get() + 1);
        let fails = count.get() == 1;
        async move {
            let message = "no session yet".to_owned();
            if fails {
                Err(TokenError::Retry { message })
            } else {
                Ok("token".into())
            }
        }
    });
    let client = Client::<Channel>::connect(&server(), config).unwrap();
    connected(&client).await;
    assert_eq!(asked.get(), 2);
}

#[wasm_bindgen_test]
async fn denied_token_closes_the_client() {
    let denied = || async {
        let message = "signed out".to_owned();
        Err(TokenError::Denied { message })
    };
    let client = Client::<Channel>::connect(&server(), Config::new().token_source(denied)).unwrap();
    status(&client, |status| matches!(status, Status::Closed { .. })).await;
}

#[wasm_bindgen_test]
async fn document_has_the_newest_value() {
    let client = connect();
    let read = || StreamRequest::channel(Channel::Document);
    let document = client.document::<Vec<u32>>(read()).unwrap();
    assert_eq!(document.get(), None);
    let mut changes = document.changes();
    let long: Vec<u32> = (0..1000).collect();
    client.send(Channel::Document, None, &long).await.unwrap();
    assert_eq!(*next(&mut changes).await, long);
    let mut longer = long.clone();
    longer.push(7);
    client.send(Channel::Document, None, &longer).await.unwrap();
    assert_eq!(*next(&mut changes).await, longer);
    assert_eq!(client.stats().deltas, 1);

    let later = client.document::<Vec<u32>>(read()).unwrap();
    let mut changes = later.changes();
    assert_eq!(
        *next(&mut changes).await,
        longer,
        "a later reader gets the value at once"
    );

    client
        .send(Channel::Document, None, "a text")
        .await
        .unwrap();
    let mut text = client.document::<String>(read()).unwrap().changes();
    assert_eq!(*next(&mut text).await, "a text");
    assert!(later.error().unwrap().contains("invalid type"));
    assert_eq!(
        later.get().as_deref(),
        Some(&longer),
        "the last value that could be read"
    );
}

#[wasm_bindgen_test]
async fn changes_of_a_document_end_with_its_subscription() {
    let client = connect();
    let nowhere = StreamRequest::channel(Channel::Nowhere);
    let nowhere = client.document::<String>(nowhere).unwrap();
    assert_eq!(rest(nowhere.changes()).await, 0);
    assert_eq!(rest(nowhere.changes()).await, 0, "of a later reader");
    let (cause, message) = nowhere.ended().unwrap();
    assert_eq!(cause, EndCause::Error(ErrorCode::UnknownChannel));
    assert!(!message.is_empty());

    let open = StreamRequest::channel(Channel::Document);
    let open = client.document::<String>(open).unwrap();
    let changes = open.changes();
    client.close();
    rest(changes).await;
    assert_eq!(open.ended(), None, "the application has closed the client");
}

#[wasm_bindgen_test]
async fn number_that_is_not_finite_is_refused() {
    let client = connect();
    let refused = client.send(Channel::Lines, None, &[f64::NAN]).await;
    assert!(matches!(refused, Err(SendError::Value(_))), "{refused:?}");
}

#[cfg(feature = "binary-values")]
mod encodings {
    use std::collections::HashMap;

    use push_wire_client_wasm::{Config, PayloadEncoding, StreamRequest, Uuid};
    use serde::{Deserialize, Serialize};
    use wasm_bindgen_test::wasm_bindgen_test;

    use crate::common::{Channel, connect, connect_with, next, outcome};

    /// A type whose form in JSON differs from the one in binary encodings.
    #[derive(Serialize, Deserialize, PartialEq, Clone, Debug)]
    struct Reading {
        sensor: Uuid,
        count: u64,
        least: i64,
        levels: HashMap<u32, f64>,
        note: Option<String>,
    }

    #[wasm_bindgen_test]
    async fn values_are_the_same_in_each_encoding() {
        let reading = Reading {
            sensor: Uuid::from_u128(7),
            count: u64::MAX,
            least: i64::MIN,
            levels: HashMap::from([(1, 0.1), (2, -0.0)]),
            note: None,
        };
        let json = connect();
        for encoding in [PayloadEncoding::MessagePack, PayloadEncoding::Cbor] {
            let client = connect_with(Config::new().encoding(encoding));
            let channel = || StreamRequest::channel(Channel::Document).from_newest();
            let mut readers = [&client, &json].map(|client| client.subscribe(channel()).unwrap());
            for reader in &mut readers {
                outcome(reader).await;
            }
            let mut document = client.document::<Reading>(channel()).unwrap().changes();
            client
                .send(Channel::Document, None, &reading)
                .await
                .unwrap();
            for (reader, encoding) in readers.iter_mut().zip([encoding, PayloadEncoding::Json]) {
                loop {
                    let entry = reader.next_entry().await.unwrap();
                    assert_eq!(entry.encoding, encoding);
                    // Before it comes the value of an earlier test.
                    if let Ok(value) = entry.value::<Reading>() {
                        assert_eq!(value, reading);
                        break;
                    }
                }
            }
            assert_eq!(*next(&mut document).await, reading);
        }
    }
}
