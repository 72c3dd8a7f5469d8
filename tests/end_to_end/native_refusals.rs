//! Tests of the errors that a native client reports for refused credentials, and for lost or failed connections.

use std::time::Duration;

use push_wire_client::{
    ClientConfig, ClientEvent, ConnectError, ConnectionState, ErrorCode, PushClient,
    ReconnectPolicy, Status, TransportPreference,
};
use push_wire_server::{AuthError, PushServer, Revocation};
use serde_json::json;
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::timeout;

use crate::native_client::{Backend, Channel, TIMEOUT, watch, within_timeout};

const TRANSPORTS: [TransportPreference; 2] =
    [TransportPreference::WsOnly, TransportPreference::SseOnly];

fn client(url: String, preference: TransportPreference) -> PushClient<Channel> {
    let mut config = ClientConfig::new(url);
    config.transport_preference = preference;
    PushClient::new(config)
}

fn client_of_one_attempt(url: String, preference: TransportPreference) -> PushClient<Channel> {
    let mut config = ClientConfig::new(url);
    config.reconnect = ReconnectPolicy::disabled();
    config.transport_preference = preference;
    PushClient::new(config)
}

async fn refusing() -> Backend {
    let validator = |_, token: Option<&str>, _: &[Channel]| match token {
        Some("locked") => Err(AuthError::Other("account is locked".into())),
        Some("outage") => Err(AuthError::Unavailable("no database".into())),
        _ => Ok(()),
    };
    let builder = PushServer::builder().auth_validator(validator);
    Backend::serve(builder.build().unwrap()).await
}

#[tokio::test]
async fn refusal_reports_reason() {
    let backend = refusing().await;
    for preference in TRANSPORTS {
        let mut client = client(backend.proxy.url(), preference);
        client.set_token(Some("locked".into())).await.unwrap();
        let error = client.connect().await.unwrap_err();
        assert!(matches!(error, ConnectError::AuthRejected(_)));
        let text = "the credentials were refused: account is locked";
        assert_eq!(error.to_string(), text);
    }
}

#[tokio::test]
async fn closed_returns_the_reason() {
    let backend = refusing().await;
    for preference in TRANSPORTS {
        let mut client = client(backend.proxy.url(), preference);
        client.connect().await.unwrap();
        let revocation = Revocation::client(client.client_id());
        backend.server.revoke(revocation).unwrap();
        let error = timeout(TIMEOUT, client.closed()).await.unwrap();
        assert!(matches!(error, ConnectError::AuthRejected(_)), "{error:?}");
    }
}

#[tokio::test]
async fn unavailable_authenticator_refuses_for_now() {
    let backend = refusing().await;
    for preference in TRANSPORTS {
        let mut client = client_of_one_attempt(backend.proxy.url(), preference);
        let mut events = client.events();
        client.set_token(Some("outage".into())).await.unwrap();
        let error = client.connect().await.unwrap_err();
        let message = "the credentials could not be checked now";
        assert!(
            matches!(&error, ConnectError::Closed { code: 4104, message: told } if told == message),
            "{error:?}"
        );
        let told = async {
            loop {
                if let ClientEvent::Error { code, .. } = events.recv().await.unwrap() {
                    return code;
                }
            }
        };
        let code = timeout(TIMEOUT, told).await.unwrap();
        assert_eq!((code, code.is_retryable()), (ErrorCode::Unavailable, true));
    }
}

#[tokio::test]
async fn unreachable_server_is_explained() {
    // A port that nobody listens on any more.
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    for preference in TRANSPORTS {
        let mut client = client_of_one_attempt(url.clone(), preference);
        let error = client.connect().await.unwrap_err();
        let text = error.to_string().to_lowercase();
        assert!(text.contains("connection refused"), "{text}");
    }
}

#[tokio::test]
async fn lost_connection_is_explained() {
    let backend = refusing().await;
    for preference in TRANSPORTS {
        let mut client = client(backend.proxy.url(), preference);
        client.connect().await.unwrap();
        let mut events = client.events();
        backend.proxy.cut();
        let lost = async {
            loop {
                let event = events.recv().await.unwrap();
                if let ClientEvent::Status(Status::Waiting { cause, .. }) = event {
                    return cause;
                }
            }
        };
        let cause = timeout(TIMEOUT, lost).await.unwrap();
        assert_eq!(cause.code, None);
        assert!(cause.message.contains("lost"), "{cause:?}");
    }
}

#[tokio::test]
async fn client_may_start_before_its_server() {
    // Bound and not listening: connections are refused, and the port is given to nobody else.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = socket.local_addr().unwrap();
    let mut config = ClientConfig::new(format!("http://{address}"));
    config.reconnect.initial_delay = Duration::from_millis(20);
    let mut client = PushClient::<Channel>::new(config);
    let mut log = watch(&mut client, Channel::Log);
    let mut events = client.events();
    let connecting = tokio::spawn(async move { client.connect().await.map(|()| client) });
    loop {
        let event = within_timeout(async { events.recv().await.ok() }).await;
        if let ClientEvent::Status(Status::Waiting { failures, .. }) = event
            && failures > 2
        {
            break;
        }
    }
    let server = PushServer::<Channel>::builder().build().unwrap();
    let listener = socket.listen(64).unwrap();
    let serving = tokio::spawn(axum::serve(listener, server.router::<()>()).into_future());
    let client = timeout(TIMEOUT, connecting).await.unwrap().unwrap();
    let client = client.unwrap();
    assert_eq!(client.state(), ConnectionState::Connected);
    server.publish(Channel::Log, &1).unwrap();
    assert_eq!(within_timeout(log.recv()).await, json!(1));
    serving.abort();
}
