//! Tests of connections whose grant ends.

use push_wire_shared::ChannelKind;
use push_wire_shared::close::CloseReason;
use push_wire_shared::position::ResetReason;
use serde_json::json as value;

use super::json::JsonClient;
use super::*;
use crate::peer::AuthFailure;

/// The channels, as a grant names them.
#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Named {
    #[channel(system)]
    System,
    Chat,
}

const EXPIRED: u16 = CloseReason::GrantExpired.code();

#[test]
fn nothing_is_read_or_handled_after_expiry() {
    let hub = hub();
    let mut client = WireClient::connect(&hub);
    client.expires = Some(at(5));
    let secret = WireClient::secret(&client.auth(None, vec![subscribe(1, "chat")]));
    client.send_at(at(4), CHAT, 1, "1");
    assert_eq!(client.delivered, ["1"]);
    assert_eq!(client.peer.poll_timeout(), Some(at(5)));
    let seen = client.send_at(at(5), CHAT, 2, "2");
    assert!(
        matches!(
            &seen[..],
            [
                Seen::Op(ServerOp::Goodbye { code: EXPIRED, .. }),
                Seen::Close(EXPIRED)
            ]
        ),
        "{seen:?}"
    );
    publish(&hub, CHAT, "1");
    assert_eq!(client.see_at(at(6)), []);
    assert_eq!(client.delivered, ["1"]);

    // The session continues where it was, with a new grant.
    let mut renewed = WireClient::connect(&hub);
    let seen = renewed.auth(Some(secret), vec![]);
    assert!(matches!(&seen[0], Seen::Op(ServerOp::AuthOk(ok)) if ok.resumed && ok.received == 1));
}

#[test]
fn expired_grant_is_refused() {
    let hub = hub();
    let mut client = WireClient::connect(&hub);
    client.expires = Some(at(0));
    let seen = client.auth(None, vec![]);
    let refused = Seen::Close(CloseReason::Unauthorized.code());
    assert_eq!(seen.last(), Some(&refused));
    assert_eq!(hub.stats().sessions, 0);
}

#[test]
fn json_client_is_told_of_expiry() {
    let hub = hub();
    let mut client = JsonClient::connect(&hub);
    client.expires = Some(at(5));
    client.auth(value!({}));
    client.peer.handle_timeout(at(5));
    let goodbye = value!({ "op": "goodbye", "reason": CloseReason::GrantExpired.text() });
    let seen = client.see_at(at(5));
    assert_eq!(seen, [goodbye, value!({ "close": EXPIRED })]);
}

/// A client whose grant ends after 100 s, and which has been asked for a token.
fn asked(hub: &Arc<Hub>) -> WireClient {
    let mut client = WireClient::connect(hub);
    client.grant = Grant::everything().identity("ada");
    client.expires = Some(at(100));
    let auth = ClientOp::Auth(Auth {
        renews: true,
        subscriptions: vec![subscribe(1, "chat"), subscribe(2, "price")],
        ..Auth::new(client.id)
    });
    client.op(&auth);
    client.peer.note_activity(at(70));
    client.peer.handle_timeout(at(70));
    assert!(client.see_at(at(70)).contains(&Seen::Op(ServerOp::Renew)));
    client
}

fn renewed(client: &mut WireClient, grant: Grant) -> Vec<Seen> {
    client.grant = grant;
    client.expires = Some(at(1_000));
    client.op(&ClientOp::Token("new".into()))
}

#[test]
fn renewed_token_keeps_the_connection() {
    let hub = hub();
    let mut client = asked(&hub);
    let seen = renewed(&mut client, Grant::everything().identity("ada"));
    assert_eq!(seen, []);
    client.peer.note_activity(at(100));
    client.peer.handle_timeout(at(100));
    client.send_at(at(101), CHAT, 1, "1");
    assert_eq!(client.delivered, ["1"]);
    publish(&hub, CHAT, "2");
    assert_eq!(bodies(&client.see_at(at(101))), ["2"]);
}

#[test]
fn narrower_grant_ends_what_it_does_not_allow() {
    let hub = hub();
    let mut client = asked(&hub);
    let narrow = Grant::nothing().identity("ada").read(Named::Chat);
    let seen = renewed(&mut client, narrow);
    assert!(
        matches!(
            seen[..],
            [Seen::Op(ServerOp::Reset {
                id: 2,
                reason: ResetReason::NotPermitted,
                reading: None,
                ..
            })]
        ),
        "{seen:?}"
    );
    publish(&hub, PRICE, "1");
    publish(&hub, CHAT, "2");
    assert_eq!(bodies(&client.see()), ["2"]);
    let seen = client.send(CHAT, 1, "1");
    assert!(matches!(&seen[0], Seen::Op(ServerOp::Rejected(_))));
    assert_eq!(client.delivered, [""; 0]);
}

/// A client that may read the chat, and whose renewed token is being checked; it has sent subscriptions and messages after
/// the token.
fn renewing(hub: &Arc<Hub>) -> WireClient {
    let mut client = WireClient::connect(hub);
    client.grant = Grant::nothing().identity("ada").read(Named::Chat);
    client.expires = Some(at(100));
    client.auth(None, vec![]);
    let op = |sequence, op: &ClientOp| {
        let mut payload = Vec::new();
        op.encode(&mut payload);
        record(SYSTEM, sequence, &payload)
    };
    let wanted = vec![subscribe(1, "price"), subscribe(2, "chat")];
    let message = [
        op(1, &ClientOp::Token("new".into())),
        op(2, &ClientOp::Subscribe(wanted)),
        uplink_record(CHAT, 1, b"1"),
        uplink_record(CHAT, 2, b"2"),
    ];
    let message = Message::Binary(Bytes::from(message.concat()));
    client.peer.handle_message(at(0), message);
    let action = client.peer.poll_action(at(0));
    assert!(
        matches!(action, Some(Action::Authenticate(_))),
        "{action:?}"
    );
    assert_eq!(client.see(), [], "nothing is refused yet");
    assert!(client.peer.is_full(), "nor is more taken");
    client
}

#[test]
fn requests_wait_for_the_grant_of_a_renewed_token() {
    let hub = hub();
    let mut client = renewing(&hub);
    let accepted = Accepted {
        grant: Grant::everything().identity("ada"),
        expires: Some(at(1_000)),
    };
    client.peer.handle_authenticated(at(0), Ok(accepted));
    let seen = client.see();
    assert!(
        matches!(
            seen[..],
            [
                Seen::Op(ServerOp::Resumed { id: 1, .. }),
                Seen::Op(ServerOp::Resumed { id: 2, .. }),
                Seen::Op(ServerOp::Received { upto: 2 }),
            ]
        ),
        "{seen:?}"
    );
    assert_eq!(client.delivered, ["1", "2"]);
}

#[test]
fn requests_keep_the_present_grant_if_there_is_no_other() {
    let hub = hub();
    let mut client = renewing(&hub);
    let failure = AuthFailure {
        message: "down".into(),
        unavailable: true,
    };
    client.peer.handle_authenticated(at(0), Err(failure));
    let seen = client.see();
    let reason = ResetReason::NotPermitted;
    assert!(
        matches!(
            &seen[..],
            [
                Seen::Op(ServerOp::Error { code: ErrorCode::Unavailable, .. }),
                Seen::Op(ServerOp::Reset { id: 1, reason: refused, .. }),
                Seen::Op(ServerOp::Resumed { id: 2, .. }),
                Seen::Op(ServerOp::Rejected(_)),
                Seen::Op(ServerOp::Rejected(_)),
                Seen::Op(ServerOp::Received { upto: 2 }),
            ] if *refused == reason
        ),
        "{seen:?}"
    );
    assert_eq!(client.delivered, [""; 0]);
}

#[test]
fn requests_that_wait_at_the_end_are_not_taken() {
    let hub = hub();
    let mut client = renewing(&hub);
    client.peer.close(at(0), CloseReason::HeartbeatLost);
    client.see();
    client.peer.disconnected(at(0));
    let mut again = WireClient::connect(&hub);
    again.grant = Grant::everything().identity("ada");
    let seen = again.auth(None, vec![]);
    assert!(matches!(&seen[0], Seen::Op(ServerOp::AuthOk(ok)) if ok.resumed && ok.received == 0));
    again.send(CHAT, 1, "1");
    assert_eq!(again.delivered, ["1"]);
}

#[test]
fn token_of_another_identity_ends_the_connection() {
    let hub = hub();
    let mut client = asked(&hub);
    let seen = renewed(&mut client, Grant::everything().identity("bob"));
    let closed = Seen::Close(CloseReason::Unauthorized.code());
    assert_eq!(seen.last(), Some(&closed));
}
