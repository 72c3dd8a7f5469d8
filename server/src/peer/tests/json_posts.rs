//! Tests of messages that clients of the JSON dialect POST beside an event stream.

use std::sync::Mutex;

use serde_json::{Value, json as value};

use super::json::{JsonClient, cursors};
use super::*;
use crate::hub::{AnswerKind, Post, PostAnswer, PostProof, Reply};

/// POSTs an op or a frame. Returns the kind and the op of each answer, and the messages of the stream.
fn post(
    hub: &Hub,
    client: &mut JsonClient,
    message: &Value,
) -> (Vec<(AnswerKind, Value)>, Vec<Value>) {
    let answer = Arc::<Mutex<Option<PostAnswer>>>::default();
    let kept = Arc::clone(&answer);
    let post = Post {
        content: message.to_string().into(),
        number: None,
        reply: Reply::new(move |answer| *kept.lock().unwrap() = Some(answer)),
    };
    hub.post(client_id(), PostProof::Token(None), post).unwrap();
    let seen = client.see();
    let answer = answer.lock().unwrap().take();
    let Some(PostAnswer::Taken(answers)) = answer else {
        panic!("not taken: {answer:?}");
    };
    let answers = answers.into_iter().map(|answer| {
        let op = serde_json::from_slice(&answer.text).unwrap();
        (answer.kind, op)
    });
    (answers.collect(), seen)
}

fn short_chat() -> Arc<Hub> {
    let mut config = config();
    config.set_policy(CHAT, ChannelPolicy::log().retain_entries(5));
    hub_of(config)
}

#[test]
fn posted_subscribe_states_gap_in_stream() {
    let hub = short_chat();
    let mut client = JsonClient::open_events(&hub, None);
    client.auth(value!({}));
    publish(&hub, CHAT, "1");
    client.see();
    let leave = value!({"op": "unsubscribe", "channels": ["chat"]});
    assert_eq!(post(&hub, &mut client, &leave), (vec![], vec![]));
    (2..=50).for_each(|n| assert_eq!(publish(&hub, CHAT, &n.to_string()), n));
    let enter = value!({"op": "subscribe", "channels": ["chat"]});
    let (answers, seen) = post(&hub, &mut client, &enter);
    assert_eq!(answers, []);
    let stated = value!({"op": "resume_required", "channel": "chat", "from_cursor": 45});
    assert_eq!(seen[0]["payload"], stated);
    assert_eq!(cursors(&seen), (46..=50).collect::<Vec<_>>());
}

#[test]
fn answers_go_to_their_post() {
    let hub = hub();
    let mut client = JsonClient::open_events(&hub, None);
    client.refuses = "13";
    client.auth(value!({}));
    let ack = value!({"op": "ack", "channel": "chat", "cursor": 9});
    let stated = value!({"op": "resume_required", "channel": "chat", "from_cursor": 0});
    let pong = (AnswerKind::Information, value!({"op": "pong"}));
    for (message, answer) in [
        (ack, (AnswerKind::Unproved, stated)),
        (value!({"op": "ping"}), pong),
    ] {
        assert_eq!(post(&hub, &mut client, &message), (vec![answer], vec![]));
    }
    let refused = value!({"channel": "chat", "payload": 13});
    let (answers, seen) = post(&hub, &mut client, &refused);
    assert_eq!(answers[0].0, AnswerKind::Error(ErrorCode::Refused));
    assert_eq!((answers.len(), seen.len()), (1, 0));
}

#[test]
fn close_goes_to_the_stream() {
    let hub = hub();
    let mut client = JsonClient::open_events(&hub, None);
    client.auth(value!({}));
    let (answers, seen) = post(&hub, &mut client, &value!({"op": "goodbye"}));
    assert_eq!(answers, []);
    assert_eq!(seen, [value!({"close": 1000})]);
}
