//! Tests of handlers that wait, as those that ask a database do.

use std::sync::Arc;

use push_wire_client::{ClientConfig, Frame, PushClient};
use push_wire_server::{AuthError, Credentials, Grant, PushServer, Revocation};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc};
use tokio::task::block_in_place;

use crate::native_client::{Backend, Channel, within_timeout};

/// A server whose handler waits at the message "wait"; the messages whose handling has begun; and the signal that ends the
/// wait.
async fn start() -> (Backend, mpsc::UnboundedReceiver<Value>, Arc<Notify>) {
    let authenticate = async |credentials: Credentials<Channel>| {
        let user = credentials.token.ok_or(AuthError::InvalidToken)?;
        Ok(Grant::everything().identity(user))
    };
    let builder = PushServer::builder().authenticator(authenticate);
    let backend = Backend::serve(builder.build().unwrap()).await;
    let (tell, begun) = mpsc::unbounded_channel();
    let go_on = Arc::new(Notify::new());
    let signal = Arc::clone(&go_on);
    backend.server.on_message(Channel::Room, move |message, _| {
        let value: Value = message.json()?;
        tell.send(value.clone()).unwrap();
        if value == "wait" {
            block_in_place(|| Handle::current().block_on(signal.notified()));
        }
        Ok(())
    });
    (backend, begun, go_on)
}

async fn connect(backend: &Backend, user: &str) -> PushClient<Channel> {
    let mut config = ClientConfig::new(backend.proxy.url());
    config.token = Some(user.into());
    let mut client = PushClient::new(config);
    client.connect().await.unwrap();
    client
}

fn frame(text: &str) -> Frame<Channel> {
    Frame::new(Channel::Room, json!(text))
}

// One worker thread: a handler that blocked it would delay all connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn waiting_handler_delays_its_connection_alone() {
    let (backend, mut begun, go_on) = start().await;
    let ada = connect(&backend, "ada").await;
    for text in ["wait", "behind"] {
        ada.send(frame(text)).await.unwrap();
    }
    assert_eq!(within_timeout(begun.recv()).await, json!("wait"));
    let bob = connect(&backend, "bob").await;
    bob.send_confirmed(frame("of bob")).await.unwrap();
    assert_eq!(within_timeout(begun.recv()).await, json!("of bob"));
    go_on.notify_one();
    assert_eq!(within_timeout(begun.recv()).await, json!("behind"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn message_behind_a_waiting_handler_is_not_handled_after_revoke() {
    let (backend, mut begun, go_on) = start().await;
    let ada = connect(&backend, "ada").await;
    for text in ["wait", "behind"] {
        ada.send(frame(text)).await.unwrap();
    }
    assert_eq!(within_timeout(begun.recv()).await, json!("wait"));
    let now = std::time::SystemTime::now();
    let server = &backend.server;
    server
        .revoke(Revocation::identity_before("ada", now))
        .unwrap();
    go_on.notify_one();
    server.connections_ended().await;
    let bob = connect(&backend, "bob").await;
    bob.send_confirmed(frame("of bob")).await.unwrap();
    assert_eq!(within_timeout(begun.recv()).await, json!("of bob"));
}
