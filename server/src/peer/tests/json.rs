//! The JSON dialect.

use serde_json::{Value, json as value};

use super::*;

/// A client of the JSON dialect, by hand.
struct JsonClient {
    peer: Peer,
    delivered: Vec<String>,
}

impl JsonClient {
    fn connect(hub: &Arc<Hub>) -> Self {
        Self {
            peer: Peer::new(Arc::clone(hub), Dialect::Json, at(0)),
            delivered: Vec::new(),
        }
    }

    fn auth(&mut self, extra: Value) -> Vec<Value> {
        let mut auth = value!({"op": "auth", "client_id": client_id(), "capabilities": ["chat"]});
        auth.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        self.say(&auth)
    }

    fn say(&mut self, op: &Value) -> Vec<Value> {
        self.text(&op.to_string())
    }

    fn text(&mut self, text: &str) -> Vec<Value> {
        self.peer.handle_message(at(0), Message::Text(text.into()));
        self.see()
    }

    fn see(&mut self) -> Vec<Value> {
        let mut close = None;
        self.peer.handle_wake(at(0));
        loop {
            match self.peer.poll_action() {
                Some(Action::Authenticate(_)) => {
                    self.peer
                        .handle_authenticated(at(0), Ok(Grant::everything()));
                }
                Some(Action::Deliver(inbound)) => {
                    self.delivered
                        .push(String::from_utf8(inbound.body.to_vec()).unwrap());
                    self.peer.handle_answer(at(0), inbound.number, Ok(()));
                }
                Some(Action::Close { code, .. }) => close = Some(value!({"close": code})),
                None => break,
            }
        }
        let mut seen = Vec::new();
        loop {
            let mut pieces = Vec::new();
            self.peer.poll_write(at(0), &mut pieces);
            if pieces.is_empty() {
                break;
            }
            self.peer.wrote(at(0), true);
            for (opcode, message) in websocket_frames(&pieces.concat()) {
                assert_eq!(opcode, 1);
                seen.push(serde_json::from_slice(&message).unwrap());
            }
        }
        seen.extend(close);
        seen
    }
}

fn cursors(seen: &[Value]) -> Vec<u64> {
    seen.iter()
        .filter_map(|message| message["cursor"].as_u64())
        .collect()
}

#[test]
fn broadcasts_and_inbox_share_one_dense_numbering() {
    let hub = hub();
    let mut client = JsonClient::connect(&hub);
    let seen = client.auth(value!({}));
    assert_eq!(
        seen,
        [value!({"op": "auth_ok", "resume_cursor": 0, "resume_cursors": {}})]
    );
    publish(&hub, CHAT, "1");
    hub.send(at(0), client_id(), CHAT, json("2")).unwrap();
    publish(&hub, CHAT, "3");
    let mut seen = client.see();
    assert_eq!(cursors(&seen), [1, 2, 3]);
    seen.sort_by_key(|message| message["payload"].as_u64());
    assert_eq!(seen[1]["client_id"], value!(client_id()));
}

#[test]
fn a_resume_goes_on_after_its_cursor_across_connections() {
    let hub = hub();
    let mut client = JsonClient::connect(&hub);
    client.auth(value!({}));
    for n in 1..=5 {
        hub.send(at(0), client_id(), CHAT, json(&n.to_string()))
            .unwrap();
    }
    assert_eq!(cursors(&client.see()), [1, 2, 3, 4, 5]);
    client.peer.disconnected(at(0));
    for n in 6..=200 {
        hub.send(at(0), client_id(), CHAT, json(&n.to_string()))
            .unwrap();
    }
    let mut again = JsonClient::connect(&hub);
    let seen = again.auth(value!({"resume_cursors": {"chat": 3}}));
    assert_eq!(cursors(&seen), (4..=200).collect::<Vec<_>>());
    assert!(seen[1..].iter().all(|m| m["payload"] == m["cursor"]));
}

#[test]
fn a_resume_that_cannot_be_proved_is_stated() {
    let mut config = config();
    config.set_policy(CHAT, ChannelPolicy::log().retain_entries(10));
    let hub = hub_of(config);
    let mut client = JsonClient::connect(&hub);
    client.auth(value!({}));
    hub.send(at(0), client_id(), CHAT, json("1")).unwrap();
    assert_eq!(cursors(&client.see()), [1]);
    client.peer.disconnected(at(0));
    for n in 2..=30 {
        hub.send(at(0), client_id(), CHAT, json(&n.to_string()))
            .unwrap();
    }
    let mut again = JsonClient::connect(&hub);
    let seen = again.auth(value!({"resume_cursors": {"chat": 1}}));
    assert_eq!(
        seen[1],
        value!({"op": "resume_required", "channel": "chat", "from_cursor": 20})
    );
    assert_eq!(cursors(&seen), (21..=30).collect::<Vec<_>>());

    let mut stranger = JsonClient::connect(&self::hub());
    let seen = stranger.auth(value!({"resume_cursors": {"chat": 500}}));
    assert_eq!(
        seen[1],
        value!({"op": "resume_required", "channel": "chat", "from_cursor": 0})
    );
}

#[test]
fn acknowledged_entries_are_not_sent_again() {
    let hub = hub();
    let mut client = JsonClient::connect(&hub);
    client.auth(value!({}));
    for n in 1..=5 {
        hub.send(at(0), client_id(), CHAT, json(&n.to_string()))
            .unwrap();
    }
    client.see();
    assert_eq!(
        client.say(&value!({"op": "ack", "channel": "chat", "cursor": 4})),
        [] as [Value; 0]
    );
    let future = client.say(&value!({"op": "ack", "channel": "chat", "cursor": 99}));
    assert_eq!(
        future,
        [value!({"op": "resume_required", "channel": "chat", "from_cursor": 5})]
    );
    let mut again = JsonClient::connect(&hub);
    let seen = again.auth(value!({}));
    assert_eq!(
        seen[0],
        value!({"op": "auth_ok", "resume_cursor": 4, "resume_cursors": {"chat": 4}})
    );
    assert_eq!(cursors(&seen), [5]);
}

#[test]
fn messages_of_clients_reach_the_application() {
    let hub = hub();
    let mut client = JsonClient::connect(&hub);
    client.auth(value!({}));
    assert_eq!(
        client.say(&value!({"channel": "chat", "payload": {"a": 1}})),
        [] as [Value; 0]
    );
    assert_eq!(client.delivered, [r#"{"a":1}"#]);
    let refused = client.say(&value!({"channel": "price", "payload": 1}));
    assert_eq!(
        refused,
        [value!({"op": "error", "message": "channel price not subscribed"})]
    );
    client.say(&value!({"op": "subscribe", "channels": ["price"]}));
    client.say(&value!({"channel": "price", "payload": 1}));
    assert_eq!(client.delivered.len(), 2);
    assert_eq!(
        client.say(&value!({"op": "ping"})),
        [value!({"op": "pong"})]
    );
}

#[test]
fn garbage_is_answered_and_changes_nothing() {
    let hub = hub();
    let mut client = JsonClient::connect(&hub);
    client.auth(value!({}));
    for garbage in [
        "",
        "{",
        "[1]",
        r#"{"op":"ack"}"#,
        r#"{"channel":"nope","payload":1}"#,
    ] {
        let seen = client.text(garbage);
        assert_eq!(seen.len(), 1, "{garbage}: {seen:?}");
        assert_eq!(seen[0]["op"], "error", "{garbage}");
    }
    publish(&hub, CHAT, "1");
    assert_eq!(cursors(&client.see()), [1]);

    let mut early = JsonClient::connect(&hub);
    assert_eq!(
        early.say(&value!({"channel": "chat", "payload": 1})),
        [value!({"close": 4205})]
    );
}

#[test]
fn the_same_credentials_fence_and_others_are_refused() {
    let hub = hub();
    let mut old = JsonClient::connect(&hub);
    old.auth(value!({"token": "a"}));
    let mut thief = JsonClient::connect(&hub);
    let seen = thief.auth(value!({"token": "b"}));
    assert_eq!(seen.last(), Some(&value!({"close": 1008})));
    let mut new = JsonClient::connect(&hub);
    new.auth(value!({"token": "a"}));
    assert_eq!(old.see(), [value!({"close": 4201})]);
    old.peer.disconnected(at(0));
    hub.send(at(0), client_id(), CHAT, json("1")).unwrap();
    assert_eq!(cursors(&new.see()), [1]);
}
