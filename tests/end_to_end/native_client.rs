//! Tests of the native client against a real server over real sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use push_wire_client::position::{Outcome, ResetReason};
use push_wire_client::session::client::Status;
use push_wire_client::{
    ClientConfig, ClientEvent, ConnectError, ConnectionState, ErrorCode, Frame, PushClient,
    ReconnectPolicy, ScopeRequest, SendError, Slow, StreamRequest, SystemNotice, SystemOp,
};
use push_wire_server::{AuthError, ChannelPolicy, PushServer};
use push_wire_shared::ChannelKind;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::proxy::Proxy;

#[derive(ChannelKind, Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Channel {
    #[channel(system)]
    System,
    Log,
    Room,
    Doc,
}

/// Longest wait of a test before it fails.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(20);

/// A server of one test, behind a proxy whose connections can be cut.
pub(crate) struct Backend {
    pub(crate) server: Arc<PushServer<Channel>>,
    pub(crate) proxy: Proxy,
    task: JoinHandle<()>,
}

impl Backend {
    pub(crate) async fn start() -> Self {
        let builder = PushServer::builder().channel(Channel::Doc, ChannelPolicy::state());
        Self::serve(builder.build().unwrap()).await
    }

    pub(crate) async fn serve(server: Arc<PushServer<Channel>>) -> Self {
        let (address, task) = listen(&server).await;
        Self {
            server,
            proxy: Proxy::to(address).await,
            task,
        }
    }

    fn client(&self) -> PushClient<Channel> {
        let mut config = ClientConfig::new(self.proxy.url());
        config.reconnect.initial_delay = Duration::from_millis(20);
        PushClient::new(config)
    }

    pub(crate) fn log(&self, numbers: std::ops::Range<u64>) {
        for number in numbers {
            self.server.publish(Channel::Log, &number).unwrap();
        }
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(server: &Arc<PushServer<Channel>>) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = server.router::<()>();
    let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, task)
}

/// Passes the frames of a channel to a queue that the test reads.
pub(crate) fn watch(
    client: &mut PushClient<Channel>,
    channel: Channel,
) -> mpsc::UnboundedReceiver<Value> {
    let (seen, frames) = mpsc::unbounded_channel();
    client.on(channel, move |frame: Frame<Channel>| {
        seen.send(frame.payload).unwrap();
    });
    frames
}

pub(crate) async fn within_timeout<T>(what: impl Future<Output = Option<T>>) -> T {
    timeout(TIMEOUT, what).await.unwrap().unwrap()
}

async fn until_event(
    events: &mut broadcast::Receiver<ClientEvent<Channel>>,
    is_it: impl Fn(&ClientEvent<Channel>) -> bool,
) {
    while !is_it(&within_timeout(async { events.recv().await.ok() }).await) {}
}

#[tokio::test]
async fn entries_arrive_once_through_cuts() {
    let backend = Backend::start().await;
    let mut client = backend.client();
    let mut numbers = watch(&mut client, Channel::Log);
    backend.log(0..10);
    client.connect().await.unwrap();
    let mut next = 0;
    for round in 1..=5 {
        backend.log(round * 100 - 90..round * 100 - 40);
        backend.proxy.cut();
        backend.log(round * 100 - 40..round * 100 + 10);
        while next < round * 100 + 10 {
            assert_eq!(within_timeout(numbers.recv()).await, json!(next));
            next += 1;
        }
    }
    assert_eq!(client.cursors()[&Channel::Log], 510);
    assert_eq!(client.state(), ConnectionState::Connected);
    client.disconnect().await.unwrap();
    assert_eq!(client.state(), ConnectionState::Disconnected);
    assert!(numbers.try_recv().is_err());
}

#[tokio::test]
async fn connect_after_disconnect_resumes() {
    let backend = Backend::start().await;
    let mut client = backend.client();
    let mut numbers = watch(&mut client, Channel::Log);
    client.connect().await.unwrap();
    backend.log(0..1);
    within_timeout(numbers.recv()).await;
    client.disconnect().await.unwrap();
    backend.log(1..3);
    client.connect().await.unwrap();
    assert_eq!(within_timeout(numbers.recv()).await, json!(1));
    assert_eq!(within_timeout(numbers.recv()).await, json!(2));
}

#[tokio::test]
async fn inbox_keeps_entries_while_away() {
    let backend = Backend::start().await;
    let mut client = backend.client();
    let mut frames = watch(&mut client, Channel::Room);
    let id = client.client_id();
    client.connect().await.unwrap();
    let send = |text: &str| {
        let frame = Frame::new(Channel::Room, json!(text));
        backend.server.send(id, frame).unwrap();
    };
    send("here");
    assert_eq!(within_timeout(frames.recv()).await, json!("here"));
    backend.proxy.cut();
    send("away");
    assert_eq!(within_timeout(frames.recv()).await, json!("away"));
}

#[tokio::test]
async fn later_client_continues_session() {
    let backend = Backend::start().await;
    let mut earlier = backend.client();
    let mut events = earlier.events();
    let mut frames = watch(&mut earlier, Channel::Room);
    earlier.connect().await.unwrap();
    let id = earlier.client_id();
    let send = |text: &str| {
        let frame = Frame::new(Channel::Room, json!(text));
        backend.server.send(id, frame).unwrap();
    };
    send("first");
    assert_eq!(within_timeout(frames.recv()).await, json!("first"));

    let session = earlier.session().await.unwrap();
    let config = ClientConfig::continuing(backend.proxy.url(), session);
    let later = &mut PushClient::<Channel>::new(config);
    let inbox = |(_, scope, _): &(_, _, _)| *scope == ScopeRequest::Inbox;
    let kept = earlier.positions().await.unwrap().into_iter().find(inbox);
    let request = StreamRequest::inbox(Channel::Room).after(kept.unwrap().2);
    let mut frames = later.messages(request, 8).await.unwrap();
    later.connect().await.unwrap();
    send("second");
    let frame = within_timeout(frames.recv()).await;
    assert_eq!(frame.payload, json!("second"));
    assert_eq!((frame.cursor, frame.client_id), (Some(2), Some(id)));

    until_event(&mut events, |event| {
        matches!(
            event,
            ClientEvent::Status(Status::Closed { cause }) if cause.code == Some(4201)
        )
    })
    .await;
    assert_eq!(earlier.state(), ConnectionState::Disconnected);
}

#[tokio::test]
async fn sends_arrive_once_through_cuts() {
    let backend = Backend::start().await;
    let (taken, mut seen) = mpsc::unbounded_channel();
    backend
        .server
        .register_handler(Channel::Room, move |_, frame, _| {
            taken.send(frame.payload).unwrap();
        });
    let mut client = backend.client();
    client.connect().await.unwrap();
    for number in 0..200 {
        if number % 50 == 25 {
            backend.proxy.cut();
        }
        let frame = Frame::new(Channel::Room, json!(number));
        client.send(frame).await.unwrap();
    }
    for number in 0..200 {
        assert_eq!(within_timeout(seen.recv()).await, json!(number));
    }
    let last = Frame::new(Channel::Room, json!("last"));
    timeout(TIMEOUT, client.send_confirmed(last))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(within_timeout(seen.recv()).await, json!("last"));
}

#[tokio::test]
async fn failed_messages_are_rejected() {
    let backend = Backend::start().await;
    let mut client = backend.client();
    client.connect().await.unwrap();
    let nobody = client.send_confirmed(Frame::new(Channel::Doc, json!(1)));
    let Err(SendError::Refused { code, .. }) = timeout(TIMEOUT, nobody).await.unwrap() else {
        panic!("a message that nobody handles was taken");
    };
    assert_eq!(code, ErrorCode::NoHandler);

    let mut events = client.events();
    client
        .send(Frame::new(Channel::Doc, json!(1)))
        .await
        .unwrap();
    until_event(
        &mut events,
        |event| matches!(event, ClientEvent::Refused { code, .. } if *code == ErrorCode::NoHandler),
    )
    .await;

    let system = client.send(Frame::new(Channel::System, json!(1))).await;
    assert!(matches!(system, Err(SendError::SystemChannel)));
    let large = Frame::new(Channel::Room, json!("x".repeat(2_000_000)));
    let large = client.send(large).await;
    assert!(matches!(large, Err(SendError::TooLarge { .. })));
}

#[tokio::test]
async fn state_arrives_whole_by_deltas() {
    let backend = Backend::start().await;
    let mut client = backend.client();
    let mut documents = watch(&mut client, Channel::Doc);
    client.connect().await.unwrap();
    let body = "The quick brown fox jumps over the lazy dog. ".repeat(500);
    for version in 0..20 {
        let document = json!({ "version": version, "body": body });
        backend.server.publish(Channel::Doc, &document).unwrap();
        assert_eq!(within_timeout(documents.recv()).await, document);
        if version % 7 == 3 {
            backend.proxy.cut();
        }
    }
    let stats = client.stats().await.unwrap();
    assert!(stats.deltas >= 10, "{stats:?}");
    assert!(stats.bytes_in < stats.value_bytes / 4, "{stats:?}");
}

#[tokio::test]
async fn slow_reader_gets_everything() {
    let backend = Backend::start().await;
    let mut client = backend.client();
    client.connect().await.unwrap();
    let topic = StreamRequest::topic(Channel::Room, "attic");
    let mut frames = client.messages(topic, 2).await.unwrap();
    for number in 0..300 {
        backend
            .server
            .publish_to(Channel::Room, "attic", &number)
            .unwrap();
        backend
            .server
            .publish_to(Channel::Room, "cellar", &"not for us")
            .unwrap();
    }
    for number in 0..300_u64 {
        let frame = within_timeout(frames.recv()).await;
        assert_eq!(
            (frame.payload, frame.cursor),
            (json!(number), Some(number + 1))
        );
    }
}

#[tokio::test]
async fn notices_are_reported() {
    let backend = Backend::start().await;
    let mut client = backend.client();
    let mut events = client.events();
    client.connect().await.unwrap();
    let id = backend.server.connected_client_ids()[0];
    let health = SystemOp::Health {
        status: "x".repeat(2_000),
        detail: None,
    };
    let too_many = SystemOp::Features {
        supported: vec!["charts".into(); 33],
        requested: Vec::new(),
    };
    let refused = backend.server.try_send_system(id, too_many);
    assert!(matches!(
        refused,
        Err(push_wire_server::SendError::Rejected(_))
    ));
    backend.server.try_send_system(id, health).unwrap();
    let slow = SystemOp::Slow { window: Some(8) };
    backend.server.try_send_system(id, slow).unwrap();
    until_event(&mut events, |event| {
        let ClientEvent::Notice(SystemNotice::Health(health)) = event else {
            return false;
        };
        assert_eq!(health.status.len(), 1_024, "cut to what clients take");
        true
    })
    .await;
    until_event(&mut events, |event| {
        let slow = SystemNotice::Slow(Slow { window: Some(8) });
        *event == ClientEvent::Notice(slow)
    })
    .await;
}

#[tokio::test]
async fn restarted_log_is_reset() {
    let backend = Backend::start().await;
    let mut client = backend.client();
    let mut events = client.events();
    let mut numbers = watch(&mut client, Channel::Log);
    backend.log(0..3);
    client.connect().await.unwrap();
    for number in 0..3 {
        assert_eq!(within_timeout(numbers.recv()).await, json!(number));
    }
    let positions = client.positions().await.unwrap();
    client.disconnect().await.unwrap();

    let (channel, _, position) = positions
        .into_iter()
        .find(|(channel, scope, _)| *channel == Channel::Log && *scope == ScopeRequest::Channel)
        .unwrap();
    let restarted = Backend::start().await;
    restarted.log(0..1);
    let mut client = restarted.client();
    let mut new_events = client.events();
    client.connect().await.unwrap();
    let request = StreamRequest::channel(channel).after(position);
    let mut frames = client.messages(request, 8).await.unwrap();
    until_event(&mut new_events, |event| {
        let reset = Outcome::Reset(ResetReason::EpochChanged);
        matches!(event, ClientEvent::Outcome { outcome, .. } if *outcome == reset)
    })
    .await;
    assert_eq!(within_timeout(frames.recv()).await.payload, json!(0));
    until_event(&mut events, |event| {
        matches!(event, ClientEvent::Status(Status::Closed { .. }))
    })
    .await;
}

#[tokio::test]
async fn panicking_receiver_affects_no_other() {
    let backend = Backend::start().await;
    let mut client = backend.client();
    client.on(Channel::Room, |_: Frame<Channel>| panic!("on purpose"));
    let mut numbers = watch(&mut client, Channel::Log);
    client.connect().await.unwrap();
    backend.server.publish(Channel::Room, &"boom").unwrap();
    backend.log(0..1);
    assert_eq!(within_timeout(numbers.recv()).await, json!(0));
    assert_eq!(client.state(), ConnectionState::Connected);
}

#[tokio::test]
async fn failed_first_attempt_gives_reason() {
    let refusing = |_, token: Option<&str>, _: &[Channel]| match token {
        Some("good") => Ok(()),
        _ => Err(AuthError::InvalidToken),
    };
    let builder = PushServer::builder().auth_validator(refusing);
    let backend = Backend::serve(builder.build().unwrap()).await;
    let mut client = backend.client();
    let refused = client.connect().await;
    assert!(
        matches!(refused, Err(ConnectError::AuthRejected(_))),
        "{refused:?}"
    );
    client.set_token(Some("good".into())).await.unwrap();
    client.connect().await.unwrap();

    // A port that nobody listens on any more.
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let mut config = ClientConfig::new(url);
    config.reconnect = ReconnectPolicy::disabled();
    let mut client = PushClient::<Channel>::new(config);
    let unreachable = client.connect().await;
    assert!(
        matches!(unreachable, Err(ConnectError::Transport(_))),
        "{unreachable:?}"
    );
    assert_eq!(client.state(), ConnectionState::Disconnected);
}

#[tokio::test]
async fn snapshot_continues_after_handled_position() {
    let backend = Backend::start().await;
    let mut earlier = backend.client();
    let mut numbers = watch(&mut earlier, Channel::Log);
    earlier.connect().await.unwrap();
    backend.log(0..3);
    for number in 0..3 {
        assert_eq!(within_timeout(numbers.recv()).await, json!(number));
    }
    let snapshot = earlier.snapshot().await.unwrap();
    drop(earlier);
    backend.log(3..5);

    let config = ClientConfig::restored(backend.proxy.url(), &snapshot).unwrap();
    let mut later = PushClient::new(config);
    let mut numbers = watch(&mut later, Channel::Log);
    later.connect().await.unwrap();
    for number in 3..5 {
        assert_eq!(within_timeout(numbers.recv()).await, json!(number));
    }
    assert!(ClientConfig::restored(backend.proxy.url(), &snapshot[1..]).is_err());
}

#[tokio::test]
async fn full_queue_pauses_its_subscription_alone() {
    let entries = 3000;
    let kept = ChannelPolicy::log().retain_entries(entries);
    let builder = PushServer::builder().channel(Channel::Room, kept);
    let backend = Backend::serve(builder.build().unwrap()).await;
    let mut client = backend.client();
    let mut numbers = watch(&mut client, Channel::Log);
    client.connect().await.unwrap();
    let topic = StreamRequest::topic(Channel::Room, "attic");
    let mut frames = client.messages(topic, 1).await.unwrap();
    for number in 0..entries {
        let published = backend.server.publish_to(Channel::Room, "attic", &number);
        published.unwrap();
    }
    let paused = async {
        while client.stats().await.unwrap().pauses == 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(TIMEOUT, paused).await.unwrap();
    backend.log(0..1);
    assert_eq!(within_timeout(numbers.recv()).await, json!(0));
    for number in 0..entries {
        assert_eq!(within_timeout(frames.recv()).await.payload, json!(number));
    }
}
