//! Tests of clients that show JSON Web Tokens, over every transport and in both dialects.

use push_wire_client::{ClientConfig, ConnectError, Frame, PushClient, TransportPreference};
use push_wire_server::{JwtAuthenticator, JwtKeys};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::http::Request;
use crate::json_client::{Channel, Server};

const SECRET: &str = "a secret of the thirty-two bytes";

/// HS256 with the secret: `{"sub":"ada","exp":4102444800,"push":{"chat":{"read":true,"send":true}}}`.
const VALID: &str = concat!(
    "eyJhbGciOiJIUzI1NiJ9",
    ".eyJzdWIiOiJhZGEiLCJleHAiOjQxMDI0NDQ4MDAsInB1c2giOnsiY2hhdCI6eyJyZWFkIjp0cnVlLCJzZW5kIjp0cnVlfX19",
    ".6pqQishjjBmVhv8cvwCDA15bBUNNmCZNCe813Npq_k0"
);

/// The same with an expiry in 2001.
const EXPIRED: &str = concat!(
    "eyJhbGciOiJIUzI1NiJ9",
    ".eyJzdWIiOiJhZGEiLCJleHAiOjEwMDAwMDAwMDAsInB1c2giOnsiY2hhdCI6eyJyZWFkIjp0cnVlfX19",
    ".hewlLBdrmcKkEC7ybed-niEpkHDEoE8vcGJVXKaNotU"
);

const HAS_EXPIRED: &str = "the token has expired";

async fn server() -> Server {
    let keys = JwtKeys::secret(SECRET).unwrap();
    let server = Server::start(|builder| builder.authenticator(JwtAuthenticator::new(keys))).await;
    server.push.on_message(Channel::Chat, |message, server| {
        assert_eq!(message.identity.as_deref(), Some("ada"));
        let value: Value = message.json()?;
        server.publish(Channel::Chat, &value)?;
        Ok(())
    });
    server
}

#[tokio::test]
async fn native_clients_show_tokens() {
    let server = server().await;
    for preference in [TransportPreference::WsOnly, TransportPreference::SseOnly] {
        let config = |token: &'static str| {
            let url = format!("http://{}", server.address);
            let mut config = ClientConfig::new(url)
                .with_token_source(move || async move { Ok(token.to_owned()) });
            config.transport_preference = preference;
            config
        };
        let mut client = PushClient::<Channel>::new(config(VALID));
        client.connect().await.unwrap();
        let sent = client
            .send_confirmed(Frame::new(Channel::Chat, json!("hello")))
            .await;
        sent.unwrap();
        let short = client
            .send_confirmed(Frame::new(Channel::Short, json!("hello")))
            .await;
        assert!(short.is_err(), "{preference:?}");
        let refused = PushClient::<Channel>::new(config(EXPIRED)).connect().await;
        match refused {
            Err(ConnectError::AuthRejected(why)) => assert_eq!(why, HAS_EXPIRED),
            other => panic!("{preference:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn json_clients_show_tokens() {
    let server = server().await;
    let mut client = server
        .join(Uuid::from_u128(1), json!({ "token": VALID }))
        .await;
    client
        .send_op(&json!({ "channel": "chat", "payload": 1 }))
        .await;
    assert_eq!(client.receive_json().await["payload"], 1);
    let mut client = server
        .connect(Uuid::from_u128(2), json!({ "token": EXPIRED }))
        .await;
    assert_eq!(client.receive_json().await["message"], HAS_EXPIRED);
    assert_eq!(client.close_code().await, 1008);
    // The token of the request that opens the connection.
    let client = server.open_with_bearer(VALID).await;
    let mut client = client.authenticate(Uuid::from_u128(3), json!({})).await;
    assert_eq!(client.receive_json().await["op"], "auth_ok");
}

#[tokio::test]
async fn event_streams_show_tokens() {
    let server = server().await;
    let id = Uuid::from_u128(1);
    let target = format!("/rps/sse?client_id={id}&channels=chat");
    let open = |token: &str| {
        let bearer = format!("Bearer {token}");
        Request::new("GET", &target).header("authorization", &bearer)
    };
    let mut stream = open(VALID).open(server.address).await;
    assert_eq!(stream.json().await["payload"]["op"], "auth_ok");
    for (token, status) in [(VALID, 204), (EXPIRED, 401)] {
        let body = json!({ "client_id": id, "channel": "chat", "payload": 1 }).to_string();
        let request = Request::new("POST", "/rps/send").body("application/json", body);
        let request = request.header("authorization", &format!("Bearer {token}"));
        assert_eq!(request.send(server.address).await.status, status);
    }
    assert_eq!(stream.json().await["payload"], 1);
    let refused = open(EXPIRED).send(server.address).await;
    assert_eq!(
        (refused.status, &refused.json()["message"]),
        (401, &json!(HAS_EXPIRED))
    );
    let in_query = Request::new("GET", &format!("{target}&token={VALID}"));
    let mut stream = in_query.open(server.address).await;
    assert_eq!(stream.json().await["payload"]["op"], "auth_ok");
}
