//! Tests of what a reader of the JSON dialect gets when entries are lost, skipped or refused.

use serde_json::{Value, json as value};

use super::json::{JsonClient, cursors};
use super::*;

fn payloads(seen: &[Value]) -> Vec<u64> {
    let payload = |message: &Value| message["payload"].as_u64();
    seen.iter().filter_map(payload).collect()
}

#[test]
fn states_gap_to_expired_reader() {
    let mut config = config();
    config.set_policy(CHAT, ChannelPolicy::log().retain_entries(10));
    let hub = hub_of(config);
    let mut client = JsonClient::connect(&hub);
    client.auth(value!({}));
    publish(&hub, CHAT, "1");
    assert_eq!(payloads(&client.see()), [1]);
    for n in 2..=30 {
        publish(&hub, CHAT, &n.to_string());
    }
    let seen = client.see();
    assert_eq!(seen[0]["op"], "resume_required", "{seen:?}");
    assert_eq!(seen[0]["channel"], "chat");
    assert_eq!(payloads(&seen), (21..=30).collect::<Vec<_>>());
    let numbers = cursors(&seen);
    assert!(numbers.is_sorted_by(|a, b| a + 1 == *b), "{numbers:?}");
    assert_eq!(seen[0]["from_cursor"], numbers[0] - 1);
}

#[test]
fn state_reader_gets_newest_value() {
    let hub = hub();
    for n in 1..=3 {
        publish(&hub, PRICE, &n.to_string());
    }
    let mut client = JsonClient::connect(&hub);
    let seen = client.auth(value!({"capabilities": ["price"]}));
    assert_eq!(payloads(&seen), [3]);
    for n in 4..=9 {
        publish(&hub, PRICE, &n.to_string());
    }
    let seen = client.see();
    assert_eq!(payloads(&seen), [9]);
    client.peer.disconnected(at(0));
    publish(&hub, PRICE, "10");
    let number = cursors(&seen)[0];
    let mut again = JsonClient::connect(&hub);
    let seen = again.auth(value!({"capabilities": ["price"], "resume_cursors": {"price": number}}));
    assert_eq!(payloads(&seen), [10]);
}

#[test]
fn refusal_of_the_application_is_answered() {
    let hub = hub();
    let mut client = JsonClient::connect(&hub);
    client.refuses = "13";
    client.auth(value!({}));
    let seen = client.say(&value!({"channel": "chat", "payload": 13}));
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen[0]["op"], "error");
    let message = seen[0]["message"].as_str().unwrap();
    assert!(message.contains("not now"), "{message}");
    let seen = client.say(&value!({"channel": "chat", "payload": 14}));
    assert_eq!(seen, [] as [Value; 0]);
    assert_eq!(client.delivered, ["13", "14"]);
}

#[test]
fn resume_at_reused_cursor_is_stated() {
    let (hub, memory) = hub_in_memory();
    let mut client = JsonClient::connect(&hub);
    client.auth(value!({}));
    for n in 1..=5 {
        publish(&hub, CHAT, &n.to_string());
    }
    assert_eq!(payloads(&client.see()), [1, 2, 3, 4, 5]);
    client.peer.disconnected(at(0));
    memory.lose_newest(&broadcast(CHAT), 2);
    for n in [40, 50, 60] {
        publish(&hub, CHAT, &n.to_string());
    }
    let mut again = JsonClient::connect(&hub);
    let seen = again.auth(value!({"resume_cursors": {"chat": 5}}));
    assert_eq!(seen[1]["op"], "resume_required", "{seen:?}");
    assert_eq!(payloads(&seen), [1, 2, 3, 40, 50, 60]);
}
