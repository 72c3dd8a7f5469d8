//! Tests of errors that end one subscription of a native client: its reader gets them, and no other one.

use push_wire_client::position::ResetReason;
use push_wire_client::{
    ChannelReceiver, ClientConfig, ClientEvent, EndCause, ErrorCode, Frame, Messages, PushClient,
    ScopeRequest, SendError, StreamError, StreamRequest,
};
use push_wire_server::{Credentials, Grant, Limits, PushServer, PushServerBuilder};
use push_wire_shared::ChannelKind;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::native_client::{Backend, Channel, TIMEOUT, within_timeout};

/// The channels of a client that knows one more than the server.
#[derive(ChannelKind, Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Wider {
    #[channel(system)]
    System,
    Log,
    Room,
    Doc,
    Unknown,
}

async fn start(
    set_up: impl FnOnce(PushServerBuilder<Channel>) -> PushServerBuilder<Channel>,
) -> Backend {
    Backend::serve(set_up(PushServer::builder()).build().unwrap()).await
}

/// A connected client that reads the log and `request`.
async fn connect<C: ChannelKind>(
    backend: &Backend,
    log: C,
    request: StreamRequest<C>,
) -> (PushClient<C>, Messages<C>, Messages<C>) {
    let mut client = PushClient::new(ClientConfig::new(backend.proxy.url()));
    let log = client.messages(StreamRequest::channel(log), 8).await;
    let other = client.messages(request, 8).await;
    client.connect().await.unwrap();
    (client, log.unwrap(), other.unwrap())
}

/// Waits for the end of a stream, and returns its error. The log goes on, and nothing else is reported.
async fn error_of<C: ChannelKind>(
    backend: &Backend,
    (client, log, ended): &mut (PushClient<C>, Messages<C>, Messages<C>),
) -> StreamError {
    let mut events = client.events();
    let end = timeout(TIMEOUT, ended.recv()).await.unwrap();
    assert!(end.is_none(), "{end:?}");
    backend.log(0..1);
    assert_eq!(within_timeout(log.recv()).await.payload, json!(0));
    assert_eq!(log.error(), None);
    while let Ok(event) = events.try_recv() {
        let is_general = matches!(event, ClientEvent::Error { .. } | ClientEvent::Status(_));
        assert!(!is_general, "{event:?}");
    }
    ended.error().unwrap().clone()
}

#[tokio::test]
async fn refused_stream_has_its_error() {
    let grant = async |_: Credentials<Channel>| Ok(Grant::nothing().read(Channel::Log));
    let backend = start(|builder| builder.authenticator(grant)).await;
    let request = StreamRequest::topic(Channel::Room, "orders");
    let mut client = connect(&backend, Channel::Log, request).await;
    let error = error_of(&backend, &mut client).await;
    assert_eq!(error.cause, EndCause::Reset(ResetReason::NotPermitted));
    assert!(error.to_string().contains("not_permitted"), "{error}");
}

#[tokio::test]
async fn unknown_channel_has_its_error() {
    let backend = start(|builder| builder).await;
    let request = StreamRequest::channel(Wider::Unknown);
    let mut client = connect(&backend, Wider::Log, request).await;
    let error = error_of(&backend, &mut client).await;
    assert_eq!(error.cause, EndCause::Error(ErrorCode::UnknownChannel));
    assert!(error.message.contains("unknown"), "{error}");
}

#[tokio::test]
async fn stream_beyond_the_servers_limit_has_its_error() {
    let mut limits = Limits::default();
    limits.subscriptions = 6;
    let backend = start(|builder| builder.limits(limits)).await;
    let request = StreamRequest::channel(Channel::Doc);
    let (client, log, _doc) = connect(&backend, Channel::Log, request).await;
    let mut rooms = Vec::new();
    for room in 3..=7 {
        let request = StreamRequest::topic(Channel::Room, room.to_string());
        rooms.push(client.messages(request, 8).await.unwrap());
    }
    let last = rooms.pop().unwrap();
    let error = error_of(&backend, &mut (client, log, last)).await;
    assert_eq!(
        error.cause,
        EndCause::Error(ErrorCode::TooManySubscriptions)
    );
}

#[tokio::test]
async fn bad_topic_is_refused_at_once() {
    let client = PushClient::<Channel>::new(ClientConfig::new("http://127.0.0.1:9"));
    for topic in ["", &"x".repeat(256)] {
        let request = StreamRequest::topic(Channel::Room, topic);
        let refused = client.messages(request, 8).await.err().unwrap();
        assert!(matches!(refused, SendError::Subscribe(_)), "{refused:?}");
        assert!(refused.to_string().contains("255"), "{refused}");
    }
}

#[tokio::test]
async fn an_end_by_the_application_is_no_error() {
    let backend = start(|builder| builder).await;
    let request = StreamRequest::channel(Channel::Doc);
    let (client, _log, mut doc) = connect(&backend, Channel::Log, request).await;
    client.unsubscribe(&[Channel::Doc]).await.unwrap();
    assert!(timeout(TIMEOUT, doc.recv()).await.unwrap().is_none());
    assert_eq!(doc.error(), None);
}

struct Ends(mpsc::UnboundedSender<(Channel, ScopeRequest, StreamError)>);

impl ChannelReceiver<Channel> for Ends {
    fn on_frame(&self, frame: Frame<Channel>) {
        panic!("an entry: {frame:?}");
    }

    fn on_ended(&self, channel: Channel, scope: &ScopeRequest, error: &StreamError) {
        self.0
            .send((channel, scope.clone(), error.clone()))
            .unwrap();
    }
}

#[tokio::test]
async fn receiver_has_its_streams_error() {
    let grant = async |_: Credentials<Channel>| Ok(Grant::nothing().read(Channel::Log));
    let backend = start(|builder| builder.authenticator(grant)).await;
    let mut client = PushClient::new(ClientConfig::new(backend.proxy.url()));
    let (ends, mut ended) = mpsc::unbounded_channel();
    client.receive(Channel::Room, Ends(ends));
    let request = StreamRequest::topic(Channel::Room, "orders");
    client.subscribe_to(request).await.unwrap();
    client.connect().await.unwrap();
    let (channel, scope, error) = within_timeout(ended.recv()).await;
    let orders = ScopeRequest::Topic("orders".into());
    assert_eq!((channel, scope), (Channel::Room, orders));
    assert_eq!(error.cause, EndCause::Reset(ResetReason::NotPermitted));
}
