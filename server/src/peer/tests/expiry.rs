//! Tests of connections whose grant ends.

use push_wire_shared::ChannelKind;
use push_wire_shared::close::CloseReason;
use push_wire_shared::position::ResetReason;
use serde_json::json as value;

use super::json::JsonClient;
use super::*;

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

#[test]
fn token_of_another_identity_ends_the_connection() {
    let hub = hub();
    let mut client = asked(&hub);
    let seen = renewed(&mut client, Grant::everything().identity("bob"));
    let closed = Seen::Close(CloseReason::Unauthorized.code());
    assert_eq!(seen.last(), Some(&closed));
}
