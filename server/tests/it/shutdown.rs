//! Tests of the count of connections, from their request to the end of their task.

use std::sync::Arc;

use push_wire_server::PushServer;
use uuid::Uuid;

use super::harness::{Channel, soon, start};

#[tokio::test]
async fn waits_for_all_connections() {
    let server: Arc<PushServer<Channel>> = Arc::default();
    let running = start(&server).await;
    soon(server.connections_ended()).await;
    let silent = running.json("/rps").await;
    let mut client = running.json("/rps").await;
    client.auth(Uuid::from_u128(1)).await;
    assert_eq!(server.connection_tasks(), 2);
    let waiting = tokio::spawn({
        let server = Arc::clone(&server);
        async move { server.connections_ended().await }
    });
    drop(client);
    soon(async {
        while server.connection_tasks() > 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(!waiting.is_finished());
    drop(silent);
    soon(waiting).await.unwrap();
    assert_eq!(server.connection_tasks(), 0);
}
