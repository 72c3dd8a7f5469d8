//! Tests of handlers of clients' messages that answer, refuse or panic.

use std::sync::Arc;

use push_wire_server::session::op::{ErrorCode, RejectedMessage, ServerOp};
use push_wire_server::{Frame, Grant, HandlerError, PushServer};
use serde_json::json;
use uuid::Uuid;

use super::harness::{Channel, Running, Wire, start};

const CLIENT: Uuid = Uuid::from_u128(1);

async fn entered(server: &Arc<PushServer<Channel>>) -> (Running, Wire) {
    let running = start(server).await;
    let mut wire = running.wire().await;
    wire.enter(CLIENT, &[]).await;
    (running, wire)
}

/// Sends a value; returns the code and text of its rejection, if it is rejected.
async fn outcome(
    wire: &mut Wire,
    channel: Channel,
    number: u32,
    value: &serde_json::Value,
) -> Option<(ErrorCode, String)> {
    wire.message(channel, number, value).await;
    let mut rejected = None;
    loop {
        match wire.see_op().await {
            ServerOp::Rejected(RejectedMessage {
                number: n,
                code,
                message,
                ..
            }) => {
                assert_eq!(n, u64::from(number));
                rejected = Some((code, message));
            }
            ServerOp::Received { upto } => {
                assert_eq!(upto, u64::from(number));
                return rejected;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn handler_gets_sender_and_answers() {
    let server = Arc::new(PushServer::<Channel>::new());
    server.register_handler(Channel::Chat, |client_id, frame, server| {
        assert_eq!(frame.client_id, Some(client_id));
        server
            .send(client_id, Frame::new(Channel::Chat, json!([frame.payload])))
            .unwrap();
    });
    let running = start(&server).await;
    let mut client = running.json("/rps").await;
    client.auth(CLIENT).await;
    client
        .say(json!({"channel": "chat", "payload": {"text": "hi"}}))
        .await;
    assert_eq!(
        client.receive_json().await["payload"],
        json!([{"text": "hi"}])
    );
}

#[tokio::test]
async fn refusal_carries_reason() {
    let server = Arc::new(PushServer::<Channel>::new());
    server.on_message(Channel::Chat, |message, _| match message.json::<u32>()? {
        1 => Ok(()),
        2 => Err(HandlerError::NotPermitted("not you".into())),
        _ => Err(HandlerError::Refused("one is enough".into())),
    });
    let (_running, mut wire) = entered(&server).await;
    let chat = Channel::Chat;
    assert_eq!(outcome(&mut wire, chat, 1, &json!(1)).await, None);
    let refused = outcome(&mut wire, chat, 2, &json!(2)).await;
    assert_eq!(refused, Some((ErrorCode::NotPermitted, "not you".into())));
    let refused = outcome(&mut wire, chat, 3, &json!(3)).await;
    assert_eq!(refused, Some((ErrorCode::Refused, "one is enough".into())));
    let (code, text) = outcome(&mut wire, chat, 4, &json!("one")).await.unwrap();
    assert_eq!(code, ErrorCode::BadPayload);
    assert!(text.contains("invalid type: string"), "{text}");
}

#[tokio::test]
async fn handler_gets_identity_and_grant() {
    let server = PushServer::<Channel>::builder()
        .authenticator(async |_| Ok(Grant::everything().identity("ada")))
        .build()
        .unwrap();
    server.on_message(Channel::Chat, |message, _| {
        let identity = message.identity.as_deref().unwrap_or_default();
        assert_eq!(message.grant.who(), Some(identity));
        Err(HandlerError::Refused(identity.to_owned()))
    });
    let (_running, mut wire) = entered(&server).await;
    let refused = outcome(&mut wire, Channel::Chat, 1, &json!(1)).await;
    assert_eq!(refused, Some((ErrorCode::Refused, "ada".into())));
}

#[tokio::test]
async fn unhandled_message_is_rejected() {
    let (_running, mut wire) = entered(&Arc::default()).await;
    let rejected = outcome(&mut wire, Channel::Prices, 1, &json!(1)).await;
    assert_eq!(rejected.map(|(code, _)| code), Some(ErrorCode::NoHandler));
}

#[tokio::test]
async fn panicking_handler_refuses_one_message() {
    let server = Arc::new(PushServer::<Channel>::new());
    server.register_handler(Channel::Chat, |_, frame, _| {
        assert_ne!(frame.payload, json!("bad"), "a fault of the application");
    });
    let (_running, mut wire) = entered(&server).await;
    let rejected = outcome(&mut wire, Channel::Chat, 1, &json!("bad")).await;
    let failed = (
        ErrorCode::HandlerFailed,
        "the message handler failed".into(),
    );
    assert_eq!(rejected, Some(failed));
    assert_eq!(
        outcome(&mut wire, Channel::Chat, 2, &json!("good")).await,
        None
    );
}

#[tokio::test]
async fn last_registered_handler_counts() {
    let server = Arc::new(PushServer::<Channel>::new());
    server.on_message(Channel::Chat, |_, _| {
        Err(HandlerError::Refused("old".into()))
    });
    server.on_message(Channel::Chat, |_, _| Ok(()));
    let (_running, mut wire) = entered(&server).await;
    assert_eq!(outcome(&mut wire, Channel::Chat, 1, &json!(1)).await, None);
}
