//! Tests of a session that passes from one connection to the next after lost or delayed messages.

use push_wire_shared::position::ResetReason;
use push_wire_shared::session::op::{Auth, AuthOk, ClientOp, ScopeRequest, ServerOp, Subscribe};
use uuid::Uuid;

use super::{
    CHAT, Message, Seen, WireClient, at, bodies, client_id, config, hub, hub_of, publish,
    subscribe, uplink_record,
};
use crate::auth::Grant;

const SECRET: [u8; 16] = [7; 16];

fn auth(client: &mut WireClient, secret: [u8; 16], attempt: u64) -> Vec<Seen> {
    client.op(&ClientOp::Auth(Auth {
        secret: Some(secret),
        attempt: Some(attempt),
        ..Auth::new(client_id())
    }))
}

fn auth_ok(seen: &[Seen]) -> Option<&AuthOk> {
    match seen {
        [Seen::Op(ServerOp::AuthOk(auth_ok)), ..] => Some(auth_ok),
        _ => None,
    }
}

#[test]
fn chosen_secret_resumes_without_auth_ok() {
    let hub = hub();
    let mut unheard = WireClient::connect(&hub);
    assert!(auth_ok(&auth(&mut unheard, SECRET, 1)).is_some_and(|auth_ok| !auth_ok.resumed));
    let mut again = WireClient::connect(&hub);
    let seen = auth(&mut again, SECRET, 2);
    let auth_ok = auth_ok(&seen).unwrap();
    assert!(auth_ok.resumed);
    assert_eq!(auth_ok.secret, SECRET);
}

#[test]
fn delayed_handshake_is_replaced() {
    let hub = hub();
    let mut newer = WireClient::connect(&hub);
    assert!(auth_ok(&auth(&mut newer, SECRET, 2)).is_some());
    let mut late = WireClient::connect(&hub);
    let seen = auth(&mut late, SECRET, 1);
    assert_eq!(seen.last(), Some(&Seen::Close(4201)));
    assert_eq!(newer.op(&ClientOp::Ping), [Seen::Op(ServerOp::Pong)]);
}

#[test]
fn replaced_connection_ignores_messages() {
    let hub = hub();
    let mut older = WireClient::connect(&hub);
    auth(&mut older, SECRET, 1);
    older.send(CHAT, 1, r#""one""#);
    let mut newer = WireClient::connect(&hub);
    assert!(auth_ok(&auth(&mut newer, SECRET, 2)).is_some_and(|auth_ok| auth_ok.received == 1));
    // The message arrives before the older connection is notified that it was replaced.
    older.send(CHAT, 2, r#""two""#);
    newer.send(CHAT, 2, r#""two""#);
    assert_eq!(older.delivered, [r#""one""#]);
    assert_eq!(newer.delivered, [r#""two""#]);
}

#[test]
fn shared_token_alone_is_refused() {
    for secret in [None, Some([9; 16])] {
        let hub = hub();
        let mut owner = WireClient::connect(&hub);
        let shown = |secret| {
            ClientOp::Auth(Auth {
                token: Some("shared".into()),
                secret,
                subscriptions: vec![subscribe(1, "chat")],
                ..Auth::new(client_id())
            })
        };
        owner.op(&shown(Some(SECRET)));
        let mut stranger = WireClient::connect(&hub);
        let seen = stranger.op(&shown(secret));
        assert_eq!(seen.last(), Some(&Seen::Close(4200)));
        assert!(auth_ok(&seen).is_none());
        publish(&hub, CHAT, r#""still here""#);
        assert_eq!(bodies(&owner.see()), [r#""still here""#]);
        owner.send(CHAT, 1, r#""mine""#);
        assert_eq!(owner.delivered, [r#""mine""#]);
    }
}

#[test]
fn identity_alone_gets_new_secret() {
    let hub = hub();
    let mut first = WireClient::connect(&hub);
    first.grant = Grant::everything().identity("ada");
    first.auth(Some(SECRET), vec![]);
    let mut second = WireClient::connect(&hub);
    second.grant = Grant::everything().identity("ada");
    let seen = second.auth(None, vec![]);
    assert!(auth_ok(&seen).is_some_and(|auth_ok| auth_ok.resumed));
    assert_ne!(WireClient::secret(&seen), SECRET);
    assert_eq!(first.see().last(), Some(&Seen::Close(4201)));
}

#[test]
fn reached_limits_are_named() {
    let mut config = config();
    config.limits.streams_per_identity = 1;
    config.limits.sessions_per_identity = 1;
    let hub = hub_of(config);
    let mut client = WireClient::connect(&hub);
    client.grant = Grant::everything().identity("ada");
    let rooms = ["a", "b"].map(|room| Subscribe {
        scope: ScopeRequest::Topic(room.into()),
        ..subscribe(room.as_bytes()[0].into(), "chat")
    });
    let seen = client.auth(None, rooms.to_vec());
    let ended = seen.iter().find_map(|seen| match seen {
        Seen::Op(ServerOp::Reset { id, reason, .. }) => Some((*id, *reason)),
        _ => None,
    });
    assert_eq!(ended, Some((98, ResetReason::StoreUnavailable)));
    assert!(has_error(&seen, "streams_per_identity"), "{seen:?}");

    let mut other = WireClient::connect(&hub);
    other.id = Uuid::from_u128(8);
    other.grant = Grant::everything().identity("ada");
    let seen = other.auth(None, vec![]);
    assert!(has_error(&seen, "sessions_per_identity"), "{seen:?}");
    assert_eq!(seen.last(), Some(&Seen::Close(4101)));
}

fn has_error(seen: &[Seen], text: &str) -> bool {
    seen.iter().any(|seen| match seen {
        Seen::Op(ServerOp::Error { message, .. }) => message.contains(text),
        _ => false,
    })
}

#[test]
fn a_refusal_outlives_a_broken_connection() {
    let hub = hub();
    let mut client = WireClient::connect(&hub);
    auth(&mut client, SECRET, 1);
    client.refuses = r#""no""#;
    // A message to be refused, and a number that skips one.
    let message = [
        uplink_record(CHAT, 1, br#""no""#),
        uplink_record(CHAT, 3, br#""yes""#),
    ];
    let seen = client.message(message.concat());
    assert_eq!(seen.last(), Some(&Seen::Close(4202)));
    let mut again = WireClient::connect(&hub);
    let seen = auth(&mut again, SECRET, 2);
    let auth_ok = auth_ok(&seen).unwrap();
    let rejected: Vec<u64> = auth_ok
        .rejected
        .iter()
        .map(|message| message.number)
        .collect();
    assert_eq!((auth_ok.received, &rejected[..]), (1, &[1][..]));
}

#[test]
fn what_the_application_has_not_had_is_not_received() {
    let hub = hub();
    let mut older = WireClient::connect(&hub);
    auth(&mut older, SECRET, 1);
    // The second is refused at once, since there is no such channel.
    let message = [
        uplink_record(CHAT, 1, br#""one""#),
        uplink_record(99, 2, br#""two""#),
    ];
    let message = Message::Binary(message.concat().into());
    older.peer.handle_message(at(0), message);
    let mut newer = WireClient::connect(&hub);
    let seen = auth(&mut newer, SECRET, 2);
    assert_eq!(auth_ok(&seen).unwrap().received, 0);
    newer.send(CHAT, 1, r#""one""#);
    older.see();
    assert_eq!((older.delivered.len(), newer.delivered.len()), (0, 1));
}
