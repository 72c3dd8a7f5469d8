//! Tests of connections that end because the server ends.

use push_wire_shared::close::CloseReason;
use serde_json::json as value;

use super::json::JsonClient;
use super::*;
use crate::limits::RETURN_SPREAD;

const DRAINING: u16 = CloseReason::Draining.code();

/// Checks that these end with a goodbye that names a delay, and the end of the connection. Returns what came before.
#[track_caller]
fn before_goodbye(seen: &[Seen]) -> &[Seen] {
    let [before @ .., Seen::Op(goodbye), Seen::Close(DRAINING)] = seen else {
        panic!("no goodbye: {seen:?}");
    };
    let ServerOp::Goodbye { code, retry_ms, .. } = goodbye else {
        panic!("not a goodbye: {goodbye:?}");
    };
    assert_eq!(*code, DRAINING);
    let retry = Duration::from_millis(retry_ms.unwrap());
    assert!(retry < RETURN_SPREAD, "{retry:?}");
    before
}

#[test]
fn handles_and_answers_what_was_received() {
    let mut config = config();
    config.limits.control_ops = 8;
    let hub = hub_of(config);
    let mut client = WireClient::connect(&hub);
    let secret = WireClient::secret(&client.auth(None, vec![]));
    let uplinks: Vec<u8> = (1..=100)
        .flat_map(|number| uplink_record(CHAT, number, b"1"))
        .collect();
    let message = Message::Binary(Bytes::from(uplinks));
    client.peer.handle_message(at(0), message);
    hub.drain();
    let mut seen = client.see();
    while seen.last() != Some(&Seen::Close(DRAINING)) {
        // The answers make room for further messages.
        let more = client.see();
        assert_ne!(more, []);
        seen.extend(more);
    }
    let answered = before_goodbye(&seen).last();
    assert_eq!(answered, Some(&Seen::Op(ServerOp::Received { upto: 100 })));
    assert_eq!(client.delivered.len(), 100);

    // Another message of the same connection is not taken.
    assert_eq!(client.send(CHAT, 101, "1"), []);
    assert_eq!(client.delivered.len(), 100);
    let mut late = WireClient::connect(&hub);
    let seen = late.auth(Some(secret), vec![]);
    assert!(matches!(&seen[0], Seen::Op(ServerOp::AuthOk(ok)) if ok.received == 100));
    before_goodbye(&seen);
}

#[test]
fn delays_of_clients_differ() {
    let hub = hub();
    let mut clients: Vec<WireClient> = (0..20)
        .map(|id| {
            let mut client = WireClient::connect(&hub);
            client.id = Uuid::from_u128(id);
            client.auth(None, vec![]);
            client
        })
        .collect();
    hub.drain();
    let delay = |client: &mut WireClient| match &client.see()[..] {
        [Seen::Op(ServerOp::Goodbye { retry_ms, .. }), _] => retry_ms.unwrap(),
        other => panic!("{other:?}"),
    };
    let mut delays: Vec<u64> = clients.iter_mut().map(delay).collect();
    delays.dedup();
    assert!(delays.len() > 10, "{delays:?}");
}

#[test]
fn json_client_is_told() {
    let hub = hub();
    let mut client = JsonClient::connect(&hub);
    client.auth(value!({}));
    let text = value!({"channel": "chat", "payload": 1}).to_string();
    client.peer.handle_message(at(0), Message::Text(text));
    hub.drain();
    let seen = client.see();
    assert_eq!(client.delivered, ["1"]);
    assert_eq!(
        seen,
        [
            value!({"op": "goodbye", "reason": CloseReason::Draining.text()}),
            value!({"close": DRAINING}),
        ]
    );
}
