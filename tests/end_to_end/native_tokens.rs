//! Tests of the native client's token function against a real server.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use push_wire_client::{ClientConfig, ConnectError, PushClient, StreamRequest, TokenError};
use push_wire_server::{AuthError, Credentials, Frame, Grant, PushServer};
use serde_json::json;

use crate::native_client::{Backend, Channel, watch, within_timeout};

#[tokio::test]
async fn calls_token_source_before_each_attempt() {
    let shown = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&shown);
    let validator = move |_, token: Option<&str>, _: &[Channel]| {
        let token = token.unwrap_or_default().to_owned();
        let mut seen = seen.lock().unwrap();
        if seen.contains(&token) {
            return Err(AuthError::InvalidToken);
        }
        seen.push(token);
        Ok(())
    };
    let builder = PushServer::builder().auth_validator(validator);
    let backend = Backend::serve(builder.build().unwrap()).await;
    let asked = AtomicU32::new(0);
    let mut config = ClientConfig::new(backend.proxy.url()).with_token_source(move || {
        let number = asked.fetch_add(1, Ordering::Relaxed);
        async move {
            match number {
                0 => Err(TokenError::Retry {
                    message: "the backend starts".into(),
                }),
                1 => panic!("a token function with an error in it"),
                number => Ok(format!("token {number}")),
            }
        }
    });
    config.reconnect.initial_delay = Duration::from_millis(20);
    let mut client = PushClient::new(config);
    let mut numbers = watch(&mut client, Channel::Log);
    client.connect().await.unwrap();
    backend.proxy.cut();
    backend.log(0..1);
    assert_eq!(within_timeout(numbers.recv()).await, json!(0));
    assert_eq!(*shown.lock().unwrap(), ["token 2", "token 3"]);
}

#[tokio::test]
async fn denied_token_closes_the_client() {
    let backend = Backend::start().await;
    let config = ClientConfig::new(backend.proxy.url()).with_token_source(|| async {
        Err(TokenError::Denied {
            message: "signed out".into(),
        })
    });
    let denied = PushClient::<Channel>::new(config).connect().await;
    let Err(ConnectError::AuthRejected(why)) = denied else {
        panic!("{denied:?}");
    };
    assert_eq!(why, "signed out");
}

#[tokio::test]
async fn inbox_of_a_user_is_not_read_by_the_next_one() {
    let authenticate = async |credentials: Credentials<Channel>| {
        let user = credentials.token.ok_or(AuthError::InvalidToken)?;
        Ok(Grant::everything().identity(user))
    };
    let builder = PushServer::builder().authenticator(authenticate);
    let backend = Backend::serve(builder.build().unwrap()).await;
    let send = |id, text: &str| {
        let frame = Frame::new(Channel::Room, json!(text));
        backend.server.send(id, frame).unwrap();
    };
    let mut config = ClientConfig::new(backend.proxy.url());
    config.token = Some("ada".into());
    let mut ada = PushClient::<Channel>::new(config);
    let mut inbox = watch(&mut ada, Channel::Room);
    ada.connect().await.unwrap();
    let id = ada.client_id();
    send(id, "for ada, who reads it");
    within_timeout(inbox.recv()).await;

    // The kept state of ada's client, as another user of the same page has it.
    let session = ada.session().await.unwrap();
    send(id, "for ada");
    let mut config = ClientConfig::continuing(backend.proxy.url(), session);
    config.token = Some("bob".into());
    let mut bob = PushClient::<Channel>::new(config);
    let mut inbox = bob
        .messages(StreamRequest::inbox(Channel::Room), 8)
        .await
        .unwrap();
    bob.connect().await.unwrap();
    assert_eq!(bob.client_id(), id);
    let connected = HashMap::from([("bob".to_owned(), vec![id])]);
    assert_eq!(backend.server.connected_identities(), connected);
    send(id, "for bob");
    let frame = within_timeout(inbox.recv()).await;
    assert_eq!(frame.payload, json!("for bob"));
}
