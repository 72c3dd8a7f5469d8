//! Tests of the router within other routers.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use push_wire_server::{PushServer, WebSocketUpgrade};
use serde_json::json;
use uuid::Uuid;

use super::harness::{Channel, Running, Socket};

fn server() -> Arc<PushServer<Channel>> {
    Arc::new(PushServer::new())
}

async fn works(server: &PushServer<Channel>, mut client: Socket) {
    client.auth(Uuid::from_u128(1)).await;
    server.publish(Channel::Chat, &"hi").unwrap();
    let entry = json!({"channel": "chat", "cursor": 1, "payload": "hi"});
    assert_eq!(client.receive_json().await, entry);
}

#[tokio::test]
async fn alone() {
    let server = server();
    let running = Running::serve(server.router()).await;
    works(&server, running.json("/rps").await).await;
}

#[tokio::test]
async fn with_the_server_as_state() {
    let server = server();
    let app = server.clone().router().with_state(server.clone());
    let running = Running::serve(app).await;
    works(&server, running.json("/rps").await).await;
}

#[tokio::test]
async fn merges_and_nests_in_router_with_state() {
    #[derive(Clone)]
    struct Own;
    let server = server();
    let app: Router<Own> = Router::new().route("/", get(|| async { "home" }));
    let app = app.merge(server.router()).nest("/push", server.router());
    let running = Running::serve(app.with_state(Own)).await;
    works(&server, running.json("/push/rps").await).await;
    let mut other = running.json("/rps").await;
    other.auth(Uuid::from_u128(2)).await;
}

#[tokio::test]
async fn at_another_path() {
    let server = PushServer::<Channel>::builder()
        .path("/live")
        .build()
        .unwrap();
    let running = Running::serve(server.router()).await;
    works(&server, running.json("/live").await).await;
}

#[tokio::test]
async fn in_a_route_of_the_applications_own() {
    let server = server();
    let shared = server.clone();
    let route = get(move |upgrade: WebSocketUpgrade| shared.clone().upgrade(upgrade));
    let running = Running::serve(Router::new().route("/mine", route)).await;
    works(&server, running.json("/mine").await).await;
}
