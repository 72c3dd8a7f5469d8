//! Tests of compressed entries and dictionaries in the push-wire dialect.

use push_wire_shared::ChannelKind;
use push_wire_shared::compression::DictionaryError;
use push_wire_shared::compression::native::train_dictionary;
use push_wire_shared::session::op::DictionaryInfo;

use super::*;
use crate::compression::{Background, SetDictionaryError};
use crate::policy::Compression;

const HEARTBEAT: u64 = 15;

/// The channels, as a grant names them.
#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    #[channel(system)]
    System,
    Chat,
}

fn message(n: usize) -> String {
    format!(
        r#"{{"user":"ada{}","room":"lobby","text":"the train is late at platform {}","likes":{}}}"#,
        n % 37,
        n % 11,
        n * 7919 % 1_000
    )
}

fn trained(from: usize) -> Vec<u8> {
    let samples: Vec<String> = (from..from + 1_000).map(message).collect();
    let samples: Vec<&[u8]> = samples.iter().map(String::as_bytes).collect();
    train_dictionary(&samples, 4_096, 1).unwrap().bytes
}

/// A hub that trains at once, in the publish.
fn hub_with(policy: ChannelPolicy) -> Arc<Hub> {
    let mut config = config();
    config.background = Background::new(|work| work());
    config.set_policy(CHAT, policy);
    hub_of(config)
}

fn hub() -> Arc<Hub> {
    hub_with(ChannelPolicy::log())
}

/// A client that takes compressed entries.
fn connect(hub: &Arc<Hub>, channel: &str) -> (WireClient, Vec<Seen>) {
    connect_as(client_id(), hub, channel)
}

fn connect_as(id: Uuid, hub: &Arc<Hub>, channel: &str) -> (WireClient, Vec<Seen>) {
    let mut client = WireClient::connect(hub);
    client.id = id;
    client.zstd = true;
    let seen = client.auth(None, vec![subscribe(1, channel)]);
    (client, seen)
}

/// The dictionaries that these name.
fn named(seen: &[Seen]) -> Vec<DictionaryInfo> {
    let info = |seen: &Seen| match seen {
        Seen::Op(ServerOp::Dictionary(info)) => Some(*info),
        _ => None,
    };
    seen.iter().filter_map(info).collect()
}

/// Fetches a dictionary and owns up to it.
fn hold(client: &mut WireClient, info: DictionaryInfo) {
    let bytes = client.hub.dictionary(&info.sha256).unwrap().to_vec();
    assert_eq!(bytes.len(), info.bytes as usize);
    client.held.push(CompressionDictionary::new(info.id, bytes));
    assert_eq!(client.op(&ClientOp::Have(vec![info.id])), []);
}

fn packed(dictionary: u32, body: String) -> Seen {
    Seen::Packed {
        dictionary,
        is_delta: false,
        body,
    }
}

#[test]
fn uses_dictionary_after_have() {
    let hub = hub();
    hub.set_dictionary(CHAT, trained(0)).unwrap();
    let (mut client, seen) = connect(&hub, "chat");
    assert!(matches!(&seen[1], Seen::Op(ServerOp::Resumed { .. })));
    let [info] = named(&seen)[..] else {
        panic!("{seen:?}");
    };
    assert_eq!((info.channel, seen.len()), (CHAT, 3));
    publish(&hub, CHAT, &message(1));
    assert!(matches!(&client.see()[..], [Seen::Entry { .. }]));
    hold(&mut client, info);
    publish(&hub, CHAT, &message(2));
    assert_eq!(client.see(), [packed(info.id, message(2))]);
}

#[test]
fn given_dictionary_outlasts_training_begun_before() {
    let (work, later) = std::sync::mpsc::channel();
    let mut config = config();
    config.background = Background::new(move |piece| work.send(piece).unwrap());
    let hub = hub_of(config);
    for n in 0..1_000 {
        publish(&hub, CHAT, &message(n));
    }
    let given = trained(0);
    hub.set_dictionary(CHAT, given.clone()).unwrap();
    assert!(later.try_iter().map(|training| training()).count() > 0);
    let (_, seen) = connect(&hub, "chat");
    let [info] = named(&seen)[..] else {
        panic!("{seen:?}");
    };
    assert!(hub.dictionary(&info.sha256).unwrap() == given);
}

#[test]
fn names_dictionary_to_its_readers() {
    let hub = hub();
    hub.set_dictionary(CHAT, trained(0)).unwrap();
    let (_, seen) = connect(&hub, "price");
    assert_eq!(named(&seen), []);
    let mut plain = WireClient::connect(&hub);
    plain.id = Uuid::from_u128(9);
    let seen = plain.auth(None, vec![subscribe(1, "chat")]);
    assert_eq!(named(&seen), []);
    let large = message(1).repeat(20);
    publish(&hub, CHAT, &format!("{large:?}"));
    assert!(matches!(&plain.see()[..], [Seen::Entry { .. }]));
}

#[test]
fn compresses_large_bodies_without_dictionary() {
    let hub = hub();
    let (mut client, _) = connect(&hub, "chat");
    let large = format!("{:?}", message(1).repeat(20));
    publish(&hub, CHAT, &large);
    publish(&hub, CHAT, &message(1));
    let seen = client.see();
    assert_eq!(seen[0], packed(0, large));
    assert!(matches!(&seen[1], Seen::Entry { .. }));
}

#[test]
fn heartbeat_names_newer_dictionary() {
    let hub = hub();
    hub.set_dictionary(CHAT, trained(0)).unwrap();
    let (mut client, seen) = connect(&hub, "chat");
    let first = named(&seen)[0];
    hold(&mut client, first);
    hub.set_dictionary(CHAT, trained(5_000)).unwrap();
    publish(&hub, CHAT, &message(1));
    assert_eq!(client.see(), [packed(first.id, message(1))]);
    client.peer.handle_timeout(at(HEARTBEAT));
    let seen = client.see_at(at(HEARTBEAT));
    let [second] = named(&seen)[..] else {
        panic!("{seen:?}");
    };
    publish(&hub, CHAT, &message(2));
    assert_eq!(client.see(), [packed(first.id, message(2))]);
    hold(&mut client, second);
    publish(&hub, CHAT, &message(3));
    assert_eq!(client.see(), [packed(second.id, message(3))]);
    // The first is not fetched any more once there are two newer ones.
    hub.set_dictionary(CHAT, trained(9_000)).unwrap();
    assert_eq!(hub.dictionary(&first.sha256), None);
    assert!(hub.dictionary(&second.sha256).is_some());
}

#[test]
fn compresses_entry_once_per_dictionary() {
    let hub = hub();
    hub.set_dictionary(CHAT, trained(0)).unwrap();
    let mut clients = [1, 2].map(|id| {
        let (mut client, seen) = connect_as(Uuid::from_u128(id), &hub, "chat");
        hold(&mut client, named(&seen)[0]);
        client
    });
    publish(&hub, CHAT, &message(1));
    let [first, second] = clients.each_mut().map(|client| {
        let mut messages: Vec<carrier::Message> = Vec::new();
        client.peer.handle_wake(at(0));
        client.peer.poll_write(at(0), &mut messages);
        let [Part::Record(record)] = &messages[0].parts[..] else {
            panic!("not a lone record: {messages:?}");
        };
        Arc::clone(record)
    });
    assert!(Arc::ptr_eq(&first, &second));
}

#[test]
fn compresses_deltas() {
    let hub = hub();
    let (mut client, _) = connect(&hub, "price");
    let start: String = (0..40).map(message).collect();
    let value = |tail: &str| format!("{:?}", start.clone() + tail);
    publish(&hub, PRICE, &value(""));
    assert!(matches!(
        &client.see()[..],
        [Seen::Packed {
            is_delta: false,
            ..
        }]
    ));
    publish(&hub, PRICE, &value(&"Never seen before. ".repeat(40)));
    assert!(matches!(
        &client.see()[..],
        [Seen::Packed {
            is_delta: true,
            dictionary: 0,
            ..
        }]
    ));
    publish(&hub, PRICE, &value("!"));
    assert!(matches!(&client.see()[..], [Seen::Delta { .. }]));
    // Nothing in common: the value compressed is smaller than a delta that holds it.
    publish(&hub, PRICE, &format!("{:?}", "z".repeat(4_000)));
    assert!(matches!(
        &client.see()[..],
        [Seen::Packed {
            is_delta: false,
            ..
        }]
    ));
}

#[test]
fn live_traffic_trains_a_dictionary() {
    let hub = hub();
    let (mut client, _) = connect(&hub, "chat");
    for n in 0..199 {
        publish(&hub, CHAT, &message(n));
    }
    assert_eq!(hub.stats().dictionaries, 0);
    publish(&hub, CHAT, &message(199));
    assert_eq!(hub.stats().dictionaries, 1);
    client.see();
    client.peer.handle_timeout(at(HEARTBEAT));
    let info = named(&client.see_at(at(HEARTBEAT)))[0];
    hold(&mut client, info);
    publish(&hub, CHAT, &message(7_000));
    assert_eq!(client.see(), [packed(info.id, message(7_000))]);
}

#[test]
fn changed_traffic_trains_new_dictionary() {
    let price = |n: usize| {
        let (symbol, venue) = (n % 9, n % 5);
        format!(
            r#"{{"symbol":"EUR{symbol}","bid":1.0{n},"ask":1.1{n},"venue":"XETRA-{venue}","depth":[1,2,3]}}"#
        )
    };
    let minute = 60;
    for (later, dictionaries) in [(&message as &dyn Fn(usize) -> String, 1), (&price, 2)] {
        let hub = hub();
        let publish = |seconds, text: String| {
            hub.publish(at(seconds), &broadcast(CHAT), json(&text))
                .unwrap();
        };
        (0..200).for_each(|n| publish(0, message(n)));
        assert_eq!(hub.stats().dictionaries, 1);
        (200..400).for_each(|n| publish(minute - 1, later(n)));
        assert_eq!(hub.stats().dictionaries, 1, "a minute has not passed");
        publish(minute, later(400));
        assert_eq!(hub.stats().dictionaries, dictionaries);
    }
}

#[test]
fn restricted_entries_are_not_sampled() {
    let topic = |hub: &Hub, n| {
        let key = StreamKey {
            channel: CHAT,
            scope: Scope::Topic("lobby".into()),
        };
        hub.publish(at(0), &key, json(&message(n))).unwrap();
    };
    for (policy, dictionaries) in [
        (Compression::Trained, 0),
        (Compression::TrainedOnTopics, 1),
        (Compression::Plain, 0),
        (Compression::Off, 0),
    ] {
        let hub = hub_with(ChannelPolicy::log().compression(policy));
        (0..1_000).for_each(|n| topic(&hub, n));
        assert_eq!(hub.stats().dictionaries, dictionaries, "{policy:?}");
    }
    let hub = hub_with(ChannelPolicy::log().compression(Compression::TrainedOnTopics));
    let (_client, _) = connect(&hub, "chat");
    for n in 0..1_000 {
        hub.send(at(0), client_id(), CHAT, json(&message(n)))
            .unwrap();
    }
    assert_eq!(hub.stats().dictionaries, 0, "inboxes are private");
}

#[test]
fn topic_readers_get_no_channel_dictionary() {
    let topic = || Subscribe {
        scope: ScopeRequest::Topic("lobby".into()),
        ..subscribe(1, "chat")
    };
    let told = |hub: &Arc<Hub>| {
        let mut client = WireClient::connect(hub);
        client.zstd = true;
        client.grant = Grant::nothing().read_topics(Kind::Chat, ["lobby"]);
        named(&client.auth(None, vec![topic()])).len()
    };
    for (policy, dictionaries) in [(Compression::Trained, 0), (Compression::TrainedOnTopics, 1)] {
        let hub = hub_with(ChannelPolicy::log().compression(policy));
        for n in 0..500 {
            publish(&hub, CHAT, &message(n));
        }
        assert_eq!(hub.stats().dictionaries, 1);
        assert_eq!(told(&hub), dictionaries, "{policy:?}");
    }
    let given = hub();
    given.set_dictionary(CHAT, trained(0)).unwrap();
    assert_eq!(told(&given), 1);
}

#[test]
fn compression_off_sends_uncompressed() {
    let hub = hub_with(ChannelPolicy::log().compression(Compression::Off));
    assert_eq!(
        hub.set_dictionary(CHAT, trained(0)),
        Err(SetDictionaryError::NotCompressed)
    );
    let (mut client, seen) = connect(&hub, "chat");
    assert_eq!(named(&seen), []);
    publish(&hub, CHAT, &format!("{:?}", message(1).repeat(20)));
    assert!(matches!(&client.see()[..], [Seen::Entry { .. }]));
}

#[test]
fn given_dictionary_ends_training() {
    let hub = hub();
    let plain = vec![b'x'; 4_096];
    assert_eq!(
        hub.set_dictionary(CHAT, plain),
        Err(SetDictionaryError::Unusable(DictionaryError::Malformed))
    );
    assert_eq!(
        hub.set_dictionary(9, trained(0)),
        Err(SetDictionaryError::NotCompressed)
    );
    let mut double = trained(5_000);
    let first = trained(0);
    double[4..8].copy_from_slice(&first[4..8]);
    hub.set_dictionary(PRICE, first).unwrap();
    assert!(matches!(
        hub.set_dictionary(CHAT, double),
        Err(SetDictionaryError::SameZstdId(_))
    ));
    hub.set_dictionary(CHAT, trained(0)).unwrap();
    for n in 0..1_000 {
        publish(
            &hub,
            CHAT,
            &format!(
                r#"{{"symbol":"EUR{}","bid":1.0{n},"venue":"XETRA"}}"#,
                n % 9
            ),
        );
    }
    assert_eq!(hub.stats().dictionaries, 2);
}

#[test]
fn ignores_have_of_unnamed_dictionaries() {
    let hub = hub();
    let (mut client, _) = connect(&hub, "chat");
    assert_eq!(client.op(&ClientOp::Have(vec![0, 1, 2, u32::MAX])), []);
    publish(&hub, CHAT, &message(1));
    assert!(matches!(&client.see()[..], [Seen::Entry { .. }]));
}
