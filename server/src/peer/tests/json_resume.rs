//! Tests of the numbers of the JSON dialect over several connections of one client.

use serde_json::{Value, json as value};

use super::json::{JsonClient, cursors};
use super::*;

/// Numbers and payloads of the entries seen.
fn entries(seen: &[Value]) -> Vec<(u64, u64)> {
    let entry = |message: &Value| Some((message["cursor"].as_u64()?, message["payload"].as_u64()?));
    seen.iter().filter_map(entry).collect()
}

/// Payloads of the entries seen, sorted.
fn sorted(seen: &[Value]) -> Vec<u64> {
    let mut payloads: Vec<u64> = entries(seen)
        .into_iter()
        .map(|(_, payload)| payload)
        .collect();
    payloads.sort_unstable();
    payloads
}

/// Sends 100 to 102 on the channel, and 0 and 1 to the inbox, alternately.
fn send_mixed(hub: &Hub, client: &mut JsonClient) -> Vec<Value> {
    let mut seen = Vec::new();
    for n in 0..3 {
        publish(hub, CHAT, &(100 + n).to_string());
        seen.extend(client.see());
        if n < 2 {
            hub.send(at(0), client_id(), CHAT, json(&n.to_string()))
                .unwrap();
            seen.extend(client.see());
        }
    }
    assert_eq!(
        entries(&seen),
        [(1, 100), (2, 0), (3, 101), (4, 1), (5, 102)]
    );
    seen
}

#[test]
fn number_keeps_its_meaning_over_rewinds() {
    let hub = hub();
    let mut first = JsonClient::connect(&hub);
    first.auth(value!({}));
    send_mixed(&hub, &mut first);
    first.peer.disconnected(at(0));

    let mut second = JsonClient::connect(&hub);
    let again = second.auth(value!({"resume_cursors": {"chat": 0}}));
    assert_eq!(sorted(&again), [0, 1, 100, 101, 102]);
    second.peer.disconnected(at(0));
    for (number, payload) in entries(&again) {
        assert!(
            number == 1 && payload == 100 || number > 5,
            "{number} is {payload} now"
        );
    }

    for (number, rest) in [(2, vec![1, 101, 102]), (4, vec![102]), (5, vec![])] {
        let mut third = JsonClient::connect(&hub);
        let seen = third.auth(value!({"resume_cursors": {"chat": number}}));
        assert_eq!(sorted(&seen), rest, "after {number}");
        assert_eq!(seen.len(), 1 + rest.len(), "{seen:?}");
        third.peer.disconnected(at(0));
    }
}

#[test]
fn acknowledges_number_of_an_earlier_connection() {
    let hub = hub();
    let mut first = JsonClient::connect(&hub);
    first.auth(value!({}));
    send_mixed(&hub, &mut first);
    first.peer.disconnected(at(0));

    let mut second = JsonClient::connect(&hub);
    second.auth(value!({"resume_cursors": {"chat": 3}}));
    let seen = second.say(&value!({"op": "ack", "channel": "chat", "cursor": 3}));
    assert_eq!(seen, [] as [Value; 0]);
    second.peer.disconnected(at(0));
    let mut third = JsonClient::connect(&hub);
    assert_eq!(sorted(&third.auth(value!({}))), [1, 102]);
}

#[test]
fn last_event_holds_after_other_connections() {
    let hub = hub();
    let mut stream = JsonClient::open_events(&hub, None);
    stream.auth(value!({}));
    send_mixed(&hub, &mut stream);
    stream.peer.disconnected(at(0));

    let mut socket = JsonClient::connect(&hub);
    socket.auth(value!({}));
    socket.peer.disconnected(at(0));
    let mut late = JsonClient::open_events(&hub, None);
    late.auth(value!({}));
    late.peer.disconnected(at(0));

    let mut stream = JsonClient::open_events(&hub, Some("2"));
    assert_eq!(sorted(&stream.auth(value!({}))), [1, 101, 102]);
    stream.peer.disconnected(at(0));
    let mut stream = JsonClient::open_events(&hub, None);
    let seen = stream.auth(value!({"resume_cursor": 2}));
    assert_eq!(sorted(&seen), [1, 101, 102]);
}

#[test]
fn late_attempt_does_not_hide_entries_of_other_channels() {
    let hub = hub();
    let both = || value!({"capabilities": ["chat", "price"]});
    let mut stream = JsonClient::open_events(&hub, None);
    stream.auth(both());
    let mut seen = Vec::new();
    for (channel, n) in [(CHAT, 1), (PRICE, 2), (CHAT, 3), (CHAT, 4), (PRICE, 5)] {
        publish(&hub, channel, &n.to_string());
        seen.extend(stream.see());
    }
    assert_eq!(cursors(&seen), [1, 1, 2, 3, 2]);
    stream.peer.disconnected(at(0));
    let mut late = JsonClient::open_events(&hub, None);
    late.auth(both());
    late.peer.disconnected(at(0));

    // The client has seen 1, 2 and 3.
    let mut stream = JsonClient::open_events(&hub, None);
    let seen = stream.auth(value!({"capabilities": ["chat", "price"], "resume_cursor": 2}));
    let payloads = sorted(&seen);
    assert!(payloads.contains(&4) && payloads.contains(&5), "{seen:?}");
}

#[test]
fn replaced_connection_changes_no_numbers() {
    let hub = hub();
    let mut old = JsonClient::connect(&hub);
    old.auth(value!({}));
    publish(&hub, CHAT, "1");
    assert_eq!(entries(&old.see()), [(1, 1)]);
    publish(&hub, CHAT, "2");
    old.peer.handle_wake(at(0));
    let mut new = JsonClient::connect(&hub);
    assert_eq!(
        entries(&new.auth(value!({"resume_cursors": {"chat": 1}}))),
        [(2, 2)]
    );

    // It has not been notified yet that it is replaced.
    let mut messages: Vec<carrier::Message> = Vec::new();
    old.peer.poll_write(at(0), &mut messages);
    assert!(messages.is_empty());
    publish(&hub, CHAT, "3");
    assert_eq!(entries(&new.see()), [(3, 3)]);
}
