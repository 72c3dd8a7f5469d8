//! Tests of peers of the JSON dialect.

use push_wire_shared::limits::{LISTED_NAMES, QUOTE_BYTES, TOKEN_BYTES, VALUE_BYTES};
use serde_json::{Value, json as value};

use super::*;

/// A client of the JSON dialect that a test drives.
pub(super) struct JsonClient {
    pub(super) peer: Peer,
    /// End of its grant.
    pub(super) expires: Option<Moment>,
    pub(super) delivered: Vec<String>,
    /// The application refuses a message of this body.
    pub(super) refuses: &'static str,
}

impl JsonClient {
    pub(super) fn connect(hub: &Arc<Hub>) -> Self {
        Self {
            peer: Peer::new(Arc::clone(hub), Dialect::Json, at(0)),
            expires: None,
            delivered: Vec::new(),
            refuses: "",
        }
    }

    /// The client of an event stream.
    pub(super) fn open_events(hub: &Arc<Hub>, last_event: Option<&str>) -> Self {
        let mut peer = Peer::new(Arc::clone(hub), Dialect::JsonEvents, at(0));
        if let Some(id) = last_event {
            peer.set_last_event(id.into());
        }
        Self {
            peer,
            ..Self::connect(hub)
        }
    }

    pub(super) fn auth(&mut self, extra: Value) -> Vec<Value> {
        let mut auth = value!({"op": "auth", "client_id": client_id(), "capabilities": ["chat"]});
        auth.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        self.say(&auth)
    }

    pub(super) fn say(&mut self, op: &Value) -> Vec<Value> {
        self.text(&op.to_string())
    }

    fn text(&mut self, text: &str) -> Vec<Value> {
        self.peer.handle_message(at(0), Message::Text(text.into()));
        self.see()
    }

    pub(super) fn see(&mut self) -> Vec<Value> {
        self.see_at(at(0))
    }

    pub(super) fn see_at(&mut self, now: Moment) -> Vec<Value> {
        let mut close = None;
        self.peer.handle_wake(now);
        loop {
            match self.peer.poll_action(now) {
                Some(Action::Authenticate(_)) => {
                    let (grant, expires) = (Grant::everything(), self.expires);
                    let accepted = Accepted { grant, expires };
                    self.peer.handle_authenticated(now, Ok(accepted));
                }
                Some(Action::Deliver(inbound)) => {
                    let body = String::from_utf8(inbound.body.to_vec()).unwrap();
                    let answer = answer(&body, self.refuses);
                    self.delivered.push(body);
                    self.peer.handle_answer(now, inbound.number, answer);
                }
                Some(Action::Close { code, .. }) => close = Some(value!({"close": code})),
                None => break,
            }
        }
        let mut seen = Vec::new();
        loop {
            let mut messages: Vec<carrier::Message> = Vec::new();
            self.peer.poll_write(now, &mut messages);
            if messages.is_empty() {
                break;
            }
            self.peer.wrote(now, true);
            for message in messages {
                assert_eq!(message.kind, Kind::Text);
                seen.push(serde_json::from_slice(&message.content()).unwrap());
            }
        }
        seen.extend(close);
        seen
    }
}

pub(super) fn cursors(seen: &[Value]) -> Vec<u64> {
    seen.iter()
        .filter_map(|message| message["cursor"].as_u64())
        .collect()
}

#[test]
fn broadcasts_and_inbox_share_numbering() {
    let hub = hub();
    let mut client = JsonClient::connect(&hub);
    let seen = client.auth(value!({}));
    assert_eq!(seen, [value!({"op": "auth_ok", "resume_cursor": 0})]);
    publish(&hub, CHAT, "1");
    hub.send(at(0), client_id(), CHAT, json("2")).unwrap();
    publish(&hub, CHAT, "3");
    let mut seen = client.see();
    assert_eq!(cursors(&seen), [1, 2, 3]);
    seen.sort_by_key(|message| message["payload"].as_u64());
    assert_eq!(seen[1]["client_id"], value!(client_id()));
}

#[test]
fn resumes_after_cursor_across_connections() {
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
    // Not in `capabilities`: sending needs the right to send, and no subscription.
    for after in [
        None,
        Some(value!({"op": "unsubscribe", "channels": ["chat", "price"]})),
    ] {
        after.map(|op| client.say(&op));
        client.say(&value!({"channel": "price", "payload": 1}));
    }
    assert_eq!(client.delivered.len(), 3);
    assert_eq!(
        client.say(&value!({"op": "ping"})),
        [value!({"op": "pong"})]
    );
}

#[test]
fn garbage_changes_nothing() {
    let hub = hub();
    let mut client = JsonClient::connect(&hub);
    client.auth(value!({}));
    for garbage in [
        "",
        "{",
        "[1]",
        r#"{"op":"ack"}"#,
        r#"{"op":"subscribe"}"#,
        r#"{"op":"unsubscribe","channels":[]}"#,
        r#"["chat",null,{"arr":1}]"#,
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
fn invalid_auth_is_answered() {
    let seen = JsonClient::connect(&hub()).text(r#"{"op":"auth","client_id":7}"#);
    assert_eq!(seen.len(), 2, "{seen:?}");
    let message = seen[0]["message"].as_str().unwrap();
    assert!(message.contains("no control op"), "{message}");
    assert_eq!(seen[1], value!({"close": 4205}));

    let token = "x".repeat(TOKEN_BYTES + 1);
    let mut client = JsonClient::connect(&hub());
    let seen = client.say(&value!({"op": "auth", "client_id": client_id(), "token": token}));
    assert!(seen[0]["message"].as_str().unwrap().contains("16385 bytes"));
    assert_eq!(seen[1], value!({"close": 4205}));
    let mut client = JsonClient::connect(&hub());
    let seen = client.say(&value!({"op": "auth", "client_id": client_id(), "token": null}));
    assert_eq!(seen[0]["op"], "auth_ok");
}

#[test]
fn same_credentials_replace_connection() {
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

#[test]
fn unsubscribe_from_last_channel_reads_none() {
    let hub = hub();
    let mut client = JsonClient::connect(&hub);
    client.auth(value!({}));
    client.say(&value!({"op": "unsubscribe", "channels": ["chat"]}));
    publish(&hub, CHAT, "1");
    publish(&hub, PRICE, "2");
    assert_eq!(client.see(), [] as [Value; 0]);
    // Sending goes on: it needs no subscription.
    let answer = client.say(&value!({"channel": "chat", "payload": 1}));
    assert_eq!((answer.len(), client.delivered.len()), (0, 1));

    // The published client then names no channels when it comes back.
    client.peer.disconnected(at(0));
    let mut again = JsonClient::connect(&hub);
    let seen = again.auth(value!({"capabilities": []}));
    assert_eq!(seen.len(), 1, "{seen:?}");
    let seen = again.say(&value!({"op": "subscribe", "channels": ["chat"]}));
    assert_eq!(cursors(&seen), [1]);
}

#[test]
fn resubscribe_goes_on_after_unsubscribe() {
    let hub = hub();
    let mut client = JsonClient::connect(&hub);
    client.auth(value!({}));
    publish(&hub, CHAT, "1");
    assert_eq!(cursors(&client.see()), [1]);
    for round in 1..=3 {
        client.say(&value!({"op": "unsubscribe", "channels": ["chat", "price"]}));
        publish(&hub, CHAT, "0");
        assert_eq!(client.see(), [] as [Value; 0]);
        let seen = client.say(&value!({"op": "subscribe", "channels": ["chat"]}));
        assert_eq!(cursors(&seen), [round + 1]);
    }
}

#[test]
fn goodbye_keeps_session() {
    let hub = hub();
    let mut client = JsonClient::connect(&hub);
    client.auth(value!({}));
    publish(&hub, CHAT, "1");
    client.see();
    let seen = client.say(&value!({"op": "goodbye"}));
    assert_eq!(seen, [value!({"close": 1000})]);
    client.peer.disconnected(at(0));
    hub.send(at(1), client_id(), CHAT, json("2")).unwrap();
    let mut again = JsonClient::connect(&hub);
    let seen = again.auth(value!({"resume_cursors": {"chat": 1}}));
    assert_eq!(cursors(&seen), [2]);
}

#[test]
fn cursors_count_for_later_subscriptions() {
    let hub = hub();
    let mut client = JsonClient::connect(&hub);
    client.auth(value!({}));
    for n in 1..=5 {
        publish(&hub, CHAT, &n.to_string());
    }
    assert_eq!(cursors(&client.see()).len(), 5);
    client.peer.disconnected(at(0));

    // Entries 4 and 5 were lost with the line.
    let mut again = JsonClient::connect(&hub);
    again.auth(value!({"capabilities": ["price"], "resume_cursors": {"chat": 3}}));
    let seen = again.say(&value!({"op": "subscribe", "channels": ["chat"]}));
    assert_eq!(cursors(&seen), [4, 5]);
}

#[test]
fn unknown_names_are_answered_once() {
    let hub = hub();
    let mut client = JsonClient::connect(&hub);
    let long = "x".repeat(10_000);
    let names: Vec<&str> = std::iter::repeat_n(&*long, 50).chain(["chat"]).collect();
    let seen = client.auth(value!({"capabilities": names}));
    assert_eq!(seen.len(), 2, "auth_ok and one error");
    let mut answers = vec![seen[1].clone()];
    for op in ["subscribe", "unsubscribe"] {
        let seen = client.say(&value!({"op": op, "channels": names}));
        assert_eq!(seen.len(), 1, "{op}");
        answers.extend(seen);
    }
    for name in [&long, "a"] {
        answers.extend(client.say(&value!({"channel": name, "payload": 1})));
        answers.extend(client.say(&value!({"op": "ack", "channel": name, "cursor": 1})));
    }
    for answer in answers {
        assert_eq!(answer["op"], "error");
        assert!(answer.to_string().len() < 2 * QUOTE_BYTES + 100, "{answer}");
    }
}

#[test]
fn system_channel_is_not_said_to_be_missing() {
    let hub = hub();
    let mut client = JsonClient::connect(&hub);
    let seen = client.auth(value!({"capabilities": ["system", "nope"]}));
    let message = "the system channel has no entries, and 1 more names are no channel's";
    assert_eq!(seen[1], value!({"op": "error", "message": message}));
    let mut client = WireClient::connect(&super::hub());
    let seen = client.op(&ClientOp::Auth(Auth {
        subscriptions: vec![subscribe(5, "system")],
        ..Auth::new(client_id())
    }));
    let message = "the system channel has no entries";
    assert!(
        format!("{seen:?}").contains(message),
        "it says so: {seen:?}"
    );
}

#[test]
fn refuses_long_channel_lists() {
    let hub = hub();
    let mut client = JsonClient::connect(&hub);
    client.auth(value!({}));
    let names = vec!["chat"; 100_000];
    for op in ["subscribe", "unsubscribe"] {
        let seen = client.say(&value!({"op": op, "channels": names}));
        assert_eq!(seen[0]["op"], "error");
    }
    publish(&hub, CHAT, "1");
    assert_eq!(cursors(&client.see()), [1], "nothing has changed");
    let names = vec!["chat"; LISTED_NAMES];
    client.say(&value!({"op": "unsubscribe", "channels": names}));
    publish(&hub, CHAT, "2");
    assert_eq!(client.see(), [] as [Value; 0]);
}

#[test]
fn bursts_of_a_thousand_pass_both_ways() {
    let hub = hub();
    let mut client = JsonClient::connect(&hub);
    client.auth(value!({}));
    for n in 1..=1_000 {
        publish(&hub, CHAT, &n.to_string());
        client.say(&value!({"channel": "chat", "payload": "x".repeat(500)}));
    }
    assert_eq!(client.delivered.len(), 1_000);
}

#[test]
fn large_entries_are_shared_by_their_readers() {
    let hub = hub();
    let value = json(&format!("\"{}\"", "x".repeat(1 << 20)));
    let bytes = Record {
        content: Content::Bytes,
        body: Bytes::from(vec![7; 1 << 20]),
    };
    let bodies = [value, bytes].map(|record| {
        let mut clients = [1, 2].map(|id| {
            let mut client = JsonClient::connect(&hub);
            client.auth(value!({"client_id": Uuid::from_u128(id), "resume_cursors": {}}));
            client.see();
            client
        });
        hub.publish(at(0), &broadcast(CHAT), record).unwrap();
        clients.each_mut().map(|client| {
            let mut messages: Vec<carrier::Message> = Vec::new();
            client.peer.handle_wake(at(0));
            client.peer.poll_write(at(0), &mut messages);
            let parts = &messages.last().unwrap().parts;
            let own: usize = [&parts[0], &parts[2]]
                .map(|part| part.as_slice().len())
                .iter()
                .sum();
            assert!(own < 100, "{own} bytes of its own");
            parts[1].as_slice().as_ptr()
        })
    });
    for [first, second] in bodies {
        assert_eq!(first, second);
    }
}

#[test]
fn entry_above_limit_ends_subscription() {
    let mut config = config();
    config.limits.entry_bytes = 2 * VALUE_BYTES;
    let hub = hub_of(config);
    let mut client = JsonClient::connect(&hub);
    client.auth(value!({"capabilities": ["chat", "price"]}));
    publish(&hub, CHAT, &format!("\"{}\"", "x".repeat(VALUE_BYTES)));
    let seen = client.see();
    assert_eq!(seen.len(), 1);
    let message = seen[0]["message"].as_str().unwrap();
    assert!(message.contains(&VALUE_BYTES.to_string()), "{message}");
    publish(&hub, PRICE, "1");
    assert_eq!(cursors(&client.see()), [1]);
}
