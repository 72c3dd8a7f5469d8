//! Inboxes: they end with their session, and keep what their channel's policy says.

use super::*;

#[test]
fn inbox_ends_with_its_session() {
    let hub = hub(|_| {});
    let first = Connected::new(&hub, shown(Some(SECRET)));
    let before = hub.send(at(0), client(), CHAT, record()).unwrap();
    assert_eq!(hub.stats().streams, 1);
    hub.end_session(client(), first.opened.unwrap().generation);
    assert_eq!(hub.stats().streams, 0);
    let unknown = hub.send(at(0), client(), CHAT, record());
    assert_eq!(unknown, Err(HubSendError::UnknownClient(client())));
    Connected::new(&hub, shown(Some(SECRET)));
    let after = hub.send(at(0), client(), CHAT, record()).unwrap();
    assert_ne!(before.epoch, after.epoch);
}

/// The next process, whose broker has what the one before published.
fn next_process(broker: &Arc<dyn Broker>) -> Arc<Hub> {
    let config = HubConfig::new(hub(|_| {}).channels().clone());
    Hub::with_broker(config, Arc::new(|| 7), Arc::clone(broker))
}

#[test]
fn inbox_outlives_the_process_in_its_broker() {
    let memory: Arc<dyn Broker> = Arc::new(Memory::new(|| 7));
    let send = |hub: &Hub| {
        Connected::new(hub, shown(Some(SECRET))).state();
        hub.send(at(0), client(), CHAT, record()).unwrap()
    };
    let before = send(&next_process(&memory));
    let after = send(&next_process(&memory));
    assert_eq!((after.epoch, after.cursor), (before.epoch, 2));
}

#[test]
fn inbox_that_the_broker_kept_ends_with_the_session() {
    let numbers = AtomicU64::new(1);
    let draw = move || numbers.fetch_add(1, Ordering::Relaxed);
    let memory: Arc<dyn Broker> = Arc::new(Memory::new(draw));
    let first = next_process(&memory);
    Connected::new(&first, of_identity("ada", Some(SECRET)));
    let before = first.send(at(0), client(), CHAT, record()).unwrap();
    let second = next_process(&memory);
    let ada = Connected::new(&second, of_identity("ada", Some(SECRET)));
    // Nobody has opened the inbox in this process.
    let _bob = Connected::new(&second, of_identity("bob", Some(SECRET)));
    assert!(ada.is_replaced());
    let after = second.send(at(0), client(), CHAT, record()).unwrap();
    assert_ne!(after.epoch, before.epoch);
    assert_eq!(after.cursor, 1);
}

#[test]
fn inbox_is_not_published_to() {
    let scope = Scope::Inbox(client());
    let key = StreamKey {
        channel: CHAT,
        scope,
    };
    let hub = hub(|_| {});
    assert_eq!(hub.publish(at(0), &key, record()), Err(PublishError::Inbox));
    assert_eq!(hub.stats().streams, 0);
}

#[test]
fn inbox_keeps_the_bytes_and_age_of_its_channel() {
    let age = Duration::from_secs(60);
    let hub = hub(|config| {
        let policy = ChannelPolicy::log().retain_bytes(100).retain_age(age);
        config.set_policy(CHAT, policy);
    });
    Connected::new(&hub, shown(None));
    let body = Bytes::from(vec![b'1'; 40]);
    for _ in 0..5 {
        let content = record().content;
        let record = Record {
            content,
            body: body.clone(),
        };
        hub.send(at(0), client(), CHAT, record).unwrap();
    }
    let inbox = StreamKey {
        channel: CHAT,
        scope: Scope::Inbox(client()),
    };
    let inbox = hub.open_stream(at(0), &inbox, &Owner::Unknown).unwrap();
    let bounds = inbox.log().bounds(at(0));
    assert_eq!((bounds.floor, bounds.head), (3, 5));
    let bounds = inbox.log().bounds(at(61));
    assert_eq!((bounds.floor, bounds.head), (5, 5));
}
