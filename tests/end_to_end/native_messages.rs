//! Tests of what a native client counts as handled, and of resets in order with their entries.

use push_wire_client::position::{Position, ResetReason};
use push_wire_client::{
    ChannelReceiver, ClientConfig, Delivery, Frame, Messages, PushClient, ScopeRequest,
    StreamRequest,
};
use push_wire_server::{ChannelPolicy, MaxLag, PushServer, SlowReaders};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::native_client::{Backend, Channel, TIMEOUT, within_timeout};

fn orders() -> StreamRequest<Channel> {
    StreamRequest::topic(Channel::Room, "orders")
}

/// A client whose queue holds the orders 1 to 5, none of which was taken.
async fn filled(backend: &Backend) -> (PushClient<Channel>, Messages<Channel>) {
    let mut client = PushClient::new(ClientConfig::new(backend.proxy.url()));
    let messages = client.messages(orders(), 8).await.unwrap();
    client.connect().await.unwrap();
    for order in 1..=5 {
        let published = backend.server.publish_to(Channel::Room, "orders", &order);
        published.unwrap();
    }
    let all = async { while client.stats().await.unwrap().entries < 5 {} };
    timeout(TIMEOUT, all).await.unwrap();
    (client, messages)
}

async fn assert_orders(messages: &mut Messages<Channel>, orders: std::ops::RangeInclusive<u64>) {
    for order in orders {
        assert_eq!(within_timeout(messages.recv()).await.payload, json!(order));
    }
}

/// A client that continues from a snapshot, and its orders.
async fn restored(backend: &Backend, snapshot: &[u8]) -> (PushClient<Channel>, Messages<Channel>) {
    let config = ClientConfig::restored(backend.proxy.url(), snapshot).unwrap();
    let mut client = PushClient::new(config);
    let messages = client.messages(orders(), 8).await.unwrap();
    client.connect().await.unwrap();
    (client, messages)
}

#[tokio::test]
async fn queued_entries_are_not_handled() {
    let backend = Backend::start().await;
    let (client, mut messages) = filled(&backend).await;
    let untaken = client.snapshot().await.unwrap();
    assert_orders(&mut messages, 1..=2).await;
    let taken = client.snapshot().await.unwrap();
    messages.handled();
    let handled = client.snapshot().await.unwrap();
    drop(client);

    // Of the two that were taken, the second counts with the next call.
    for (snapshot, first) in [(untaken, 1), (taken, 2), (handled, 3)] {
        let (_client, mut messages) = restored(&backend, &snapshot).await;
        assert_orders(&mut messages, first..=5).await;
    }
}

#[tokio::test]
async fn bytes_are_handled_in_order() {
    let backend = Backend::start().await;
    let (client, mut messages) = filled(&backend).await;
    let published = backend
        .server
        .publish_bytes_to(Channel::Room, "orders", vec![1, 2, 3]);
    published.unwrap();
    assert_orders(&mut messages, 1..=1).await;
    let snapshot = client.snapshot().await.unwrap();
    assert_orders(&mut messages, 2..=5).await;
    let expected = Delivery::Bytes {
        cursor: 6,
        body: vec![1, 2, 3].into(),
    };
    assert_eq!(
        within_timeout(messages.recv_delivery()).await,
        expected.clone()
    );
    drop(client);
    let (_client, mut messages) = restored(&backend, &snapshot).await;
    assert_orders(&mut messages, 1..=5).await;
    assert_eq!(within_timeout(messages.recv_delivery()).await, expected);
}

/// Position of the log's third entry at a server that has ended.
async fn position_of_the_past() -> Position {
    let backend = Backend::start().await;
    let mut client = PushClient::new(ClientConfig::new(backend.proxy.url()));
    let request = StreamRequest::channel(Channel::Log);
    let mut messages = client.messages(request, 8).await.unwrap();
    backend.log(0..3);
    client.connect().await.unwrap();
    for _ in 0..3 {
        within_timeout(messages.recv()).await;
    }
    messages.handled();
    client.positions().await.unwrap()[0].2
}

#[tokio::test]
async fn queue_has_reset_before_its_entries() {
    let position = position_of_the_past().await;
    let restarted = Backend::start().await;
    restarted.log(0..2);
    let mut client = PushClient::new(ClientConfig::new(restarted.proxy.url()));
    let request = StreamRequest::channel(Channel::Log).after(position);
    let mut messages = client.messages(request, 8).await.unwrap();
    client.connect().await.unwrap();
    let reset = within_timeout(messages.recv_delivery()).await;
    let expected = ResetReason::EpochChanged;
    assert!(
        matches!(reset, Delivery::Reset { reason, position } if reason == expected && position.cursor == 0),
        "{reset:?}"
    );
    for number in 0..2 {
        let delivery = within_timeout(messages.recv_delivery()).await;
        let Delivery::Entry(frame) = delivery else {
            panic!("{delivery:?}");
        };
        assert_eq!(frame.payload, json!(number));
    }
}

/// Arguments of a call of a receiver.
#[derive(PartialEq, Debug)]
enum Called {
    Frame(Value),
    Reset(Channel, ScopeRequest, ResetReason),
    Skipped(u64, u64),
}

struct Recorder(mpsc::UnboundedSender<Called>);

impl ChannelReceiver<Channel> for Recorder {
    fn on_frame(&self, frame: Frame<Channel>) {
        self.0.send(Called::Frame(frame.payload)).unwrap();
    }

    fn on_reset(&self, channel: Channel, scope: &ScopeRequest, reason: ResetReason, _: Position) {
        let reset = Called::Reset(channel, scope.clone(), reason);
        self.0.send(reset).unwrap();
    }

    fn on_skipped(&self, _: Channel, _: &ScopeRequest, count: u64, position: Position) {
        self.0
            .send(Called::Skipped(count, position.cursor))
            .unwrap();
    }
}

#[tokio::test]
async fn receiver_has_reset_before_its_entries() {
    let position = position_of_the_past().await;
    let restarted = Backend::start().await;
    restarted.log(0..2);
    let mut client = PushClient::new(ClientConfig::new(restarted.proxy.url()));
    let (calls, mut called) = mpsc::unbounded_channel();
    client.receive(Channel::Log, Recorder(calls));
    let request = StreamRequest::channel(Channel::Log).after(position);
    client.subscribe_to(request).await.unwrap();
    client.connect().await.unwrap();
    let reset = Called::Reset(
        Channel::Log,
        ScopeRequest::Channel,
        ResetReason::EpochChanged,
    );
    assert_eq!(within_timeout(called.recv()).await, reset);
    for number in 0..2 {
        let frame = Called::Frame(json!(number));
        assert_eq!(within_timeout(called.recv()).await, frame);
    }
}

#[tokio::test]
async fn skipped_entries_are_stated_in_order() {
    let drops = SlowReaders::Drop(MaxLag {
        entries: 10,
        ..MaxLag::default()
    });
    let policy = ChannelPolicy::log().slow_readers(drops);
    let builder = PushServer::builder().channel(Channel::Log, policy);
    let backend = Backend::serve(builder.build().unwrap()).await;
    backend.log(1..31);
    let mut client = PushClient::new(ClientConfig::new(backend.proxy.url()));
    let (calls, mut called) = mpsc::unbounded_channel();
    client.on(Channel::Log, Recorder(calls));
    client.connect().await.unwrap();
    assert_eq!(within_timeout(called.recv()).await, Called::Skipped(25, 25));
    let frame = Called::Frame(json!(26));
    assert_eq!(within_timeout(called.recv()).await, frame);

    let mut other = PushClient::new(ClientConfig::new(backend.proxy.url()));
    let request = StreamRequest::channel(Channel::Log);
    let mut messages = other.messages(request, 8).await.unwrap();
    other.connect().await.unwrap();
    let skipped = within_timeout(messages.recv_delivery()).await;
    assert!(
        matches!(skipped, Delivery::Skipped { count: 25, position } if position.cursor == 25),
        "{skipped:?}"
    );
    assert_eq!(within_timeout(messages.recv()).await.payload, json!(26));
}
