//! A session goes from one connection to the next, whatever the network held up or lost between.

use push_wire_shared::session::op::{Auth, AuthOk, ClientOp, ServerOp};

use super::{CHAT, Seen, WireClient, client_id, hub};

const SECRET: [u8; 16] = [7; 16];

fn auth(client: &mut WireClient, secret: [u8; 16], attempt: u64) -> Vec<Seen> {
    client.op(&ClientOp::Auth(Auth {
        secret: Some(secret),
        attempt: Some(attempt),
        ..Auth::new(client_id())
    }))
}

fn welcome(seen: &[Seen]) -> Option<&AuthOk> {
    match seen {
        [Seen::Op(ServerOp::AuthOk(welcome)), ..] => Some(welcome),
        _ => None,
    }
}

#[test]
fn a_client_that_never_heard_its_welcome_comes_back_by_the_secret_it_chose() {
    let hub = hub();
    let mut unheard = WireClient::connect(&hub);
    assert!(welcome(&auth(&mut unheard, SECRET, 1)).is_some_and(|welcome| !welcome.resumed));
    let mut again = WireClient::connect(&hub);
    let seen = auth(&mut again, SECRET, 2);
    let welcome = welcome(&seen).unwrap();
    assert!(welcome.resumed);
    assert_eq!(welcome.secret, SECRET);
}

#[test]
fn a_handshake_that_was_held_up_does_not_take_the_session_back() {
    let hub = hub();
    let mut newer = WireClient::connect(&hub);
    assert!(welcome(&auth(&mut newer, SECRET, 2)).is_some());
    let mut late = WireClient::connect(&hub);
    let seen = auth(&mut late, SECRET, 1);
    assert_eq!(seen.last(), Some(&Seen::Close(4201)));
    assert_eq!(newer.op(&ClientOp::Ping), [Seen::Op(ServerOp::Pong)]);
}

#[test]
fn a_message_that_comes_on_a_replaced_connection_is_left_to_the_newer_one() {
    let hub = hub();
    let mut older = WireClient::connect(&hub);
    auth(&mut older, SECRET, 1);
    older.send(CHAT, 1, r#""one""#);
    let mut newer = WireClient::connect(&hub);
    assert!(welcome(&auth(&mut newer, SECRET, 2)).is_some_and(|welcome| welcome.received == 1));
    // Not told yet that it was replaced, and the message is there already.
    older.send(CHAT, 2, r#""two""#);
    newer.send(CHAT, 2, r#""two""#);
    assert_eq!(older.delivered, [r#""one""#]);
    assert_eq!(newer.delivered, [r#""two""#]);
}
