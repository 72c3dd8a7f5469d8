//! Tests of the native client's uploads on an otherwise idle connection.

use std::time::Duration;

use push_wire_client::{ClientConfig, Frame, PushClient};
use push_wire_server::PushServer;
use push_wire_shared::ChannelKind;
use tokio::net::TcpListener;
use tokio::time::timeout;

#[derive(ChannelKind, Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Channel {
    #[channel(system)]
    System,
    Note,
}

const TIMEOUT: Duration = Duration::from_secs(20);

const UPLOAD: usize = 1024 * 1024;

/// Limit of the bytes around the text of a message.
const ENVELOPE: usize = 100;

/// Sends the texts to a server without heartbeats. Returns once the last is confirmed.
async fn upload(texts: &[String]) {
    let server = PushServer::<Channel>::builder()
        .heartbeat(Duration::from_secs(3600))
        .build()
        .unwrap();
    server.on_message(Channel::Note, |_, _| Ok(()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = server.router::<()>();
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let mut client = PushClient::<Channel>::new(ClientConfig::new(url));
    client.connect().await.unwrap();
    let (last, others) = texts.split_last().unwrap();
    for text in others {
        client
            .send(Frame::new(Channel::Note, text.as_str().into()))
            .await
            .unwrap();
    }
    let last = Frame::new(Channel::Note, last.as_str().into());
    timeout(TIMEOUT, client.send_confirmed(last))
        .await
        .unwrap()
        .unwrap();
    client.disconnect().await.unwrap();
    serving.abort();
}

#[tokio::test]
async fn takes_a_large_message() {
    upload(&["x".repeat(UPLOAD - ENVELOPE)]).await;
}

#[tokio::test]
async fn takes_many_small_messages() {
    // As many as a client queues.
    upload(&vec!["x".repeat(UPLOAD / 1024); 1024]).await;
}
