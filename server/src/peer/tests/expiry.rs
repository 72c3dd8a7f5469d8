//! Tests of connections whose grant ends.

use push_wire_shared::close::CloseReason;
use serde_json::json as value;

use super::json::JsonClient;
use super::*;

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
