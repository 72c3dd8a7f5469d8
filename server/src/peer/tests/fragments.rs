//! Tests of entries too large for one frame.

use push_wire_shared::fragment::FragmentAssembler;
use push_wire_shared::session::op::StreamHead;
use push_wire_shared::session::wire::fragment_of;

use super::*;

const ALARM: u8 = 3;
const FILES: u8 = 4;

/// Payloads above this leave in fragments.
pub(super) const FRAGMENT: usize = 100;

pub(super) fn large_config() -> HubConfig {
    let prioritised = |id, name, priority| Channel {
        priority,
        ..channel(id, name, ChannelMode::Log)
    };
    let mut config = HubConfig::new(ChannelTable::new(vec![
        channel(SYSTEM, "system", ChannelMode::System),
        channel(CHAT, "chat", ChannelMode::Log),
        channel(PRICE, "price", ChannelMode::Log),
        prioritised(ALARM, "alarm", 0),
        prioritised(FILES, "files", 2),
    ]));
    config.set_policy(PRICE, ChannelPolicy::state());
    config.limits.fragment_bytes = FRAGMENT;
    config.limits.batch_bytes = FRAGMENT + 50;
    config
}

/// A hub, and a client of it that reads these streams, under the ids 1, 2, 3 …, and has seen their outcomes.
fn reading(config: HubConfig, streams: &[(&str, ScopeRequest)]) -> (Arc<Hub>, WireClient) {
    let hub = hub_of(config);
    let mut client = WireClient::connect(&hub);
    let subscriptions = (1..).zip(streams).map(|(id, (channel, scope))| Subscribe {
        scope: scope.clone(),
        ..subscribe(id, channel)
    });
    client.auth(None, subscriptions.collect());
    (hub, client)
}

fn whole_channels<const N: usize>(names: [&str; N]) -> [(&str, ScopeRequest); N] {
    names.map(|name| (name, ScopeRequest::Channel))
}

/// A value of five fragments and a bit.
fn large(n: usize) -> String {
    format!("\"{}\"", n.to_string().repeat(5 * FRAGMENT))
}

/// The bodies of the entries that were seen, those in fragments at their last one.
fn entries(seen: &[Seen]) -> Vec<String> {
    let mut assembler = FragmentAssembler::new();
    let mut bodies = Vec::new();
    for seen in seen {
        match seen {
            Seen::Entry { body, .. } => bodies.push(body.clone()),
            Seen::Fragment(shard) => {
                let Some(payload) = assembler.push(shard.clone()).unwrap() else {
                    continue;
                };
                let (header, body) = EntryHeader::split(&payload).unwrap();
                assert_eq!(header.stream, fragment_of(shard.fragment_id).0);
                bodies.push(match body {
                    Body::Whole(body) => String::from_utf8(body.to_vec()).unwrap(),
                    Body::Delta(..) => "delta".into(),
                });
            }
            Seen::Delta { .. } => bodies.push("delta".into()),
            Seen::Packed { .. } | Seen::Op(_) | Seen::Close(_) => {}
        }
    }
    assert_eq!(assembler.inflight(), 0);
    bodies
}

/// Cursor and index of a message that is one fragment.
fn fragment(seen: &[Seen]) -> (u64, u16) {
    match seen {
        [Seen::Fragment(shard)] => (fragment_of(shard.fragment_id).1, shard.index),
        other => panic!("not one fragment: {other:?}"),
    }
}

fn sent(seen: &[Seen]) -> Vec<StreamHead> {
    let heads = seen.iter().find_map(|seen| match seen {
        Seen::Op(ServerOp::Ping { heads }) => Some(heads.clone()),
        _ => None,
    });
    heads.unwrap()
}

#[test]
fn small_entries_pass_fragments() {
    let (hub, mut client) = reading(large_config(), &whole_channels(["files", "alarm", "chat"]));
    publish(&hub, FILES, &large(1));
    client.peer.handle_wake(at(0));
    let mut seen = client.next_message(at(0));
    assert_eq!(fragment(&seen), (1, 0));
    publish(&hub, ALARM, "1");
    publish(&hub, CHAT, "2");
    client.peer.handle_wake(at(0));
    let between = client.next_message(at(0));
    assert_eq!(bodies(&between), ["1", "2"]);
    seen.extend(client.see());
    assert_eq!(entries(&seen), [large(1)]);
    assert_eq!(seen.len(), 6);
    publish(&hub, FILES, "3");
    assert_eq!(bodies(&client.see()), ["3"]);
}

#[test]
fn fragment_has_message_of_its_own() {
    let (hub, mut client) = reading(large_config(), &whole_channels(["files", "chat"]));
    publish(&hub, FILES, &large(1));
    for n in 0..50 {
        publish(&hub, CHAT, &format!("\"{n:050}\""));
    }
    client.peer.handle_wake(at(0));
    client.largest_message = FRAGMENT + 60;
    let mut seen = Vec::new();
    loop {
        let message = client.next_message(at(0));
        if message.is_empty() {
            break;
        }
        seen.extend(message);
    }
    assert_eq!(entries(&seen).len(), 51);
}

#[test]
fn one_fragmented_entry_per_lane() {
    let topic = |name: &str| ScopeRequest::Topic(name.into());
    let streams = [
        ("chat", topic("a")),
        ("chat", topic("b")),
        ("price", ScopeRequest::Channel),
        ("chat", ScopeRequest::Channel),
    ];
    let (hub, mut client) = reading(large_config(), &streams);
    for name in ["a", "b"] {
        let key = StreamKey {
            channel: CHAT,
            scope: Scope::Topic(name.into()),
        };
        hub.publish(at(0), &key, json(&large(1))).unwrap();
    }
    publish(&hub, PRICE, &large(2));
    client.peer.handle_wake(at(0));
    let mut seen = client.next_message(at(0));
    assert_eq!(fragment(&seen), (1, 0));
    publish(&hub, CHAT, "3");
    seen.extend(client.see());
    let mut under_way = None;
    for seen in &seen {
        let Seen::Fragment(shard) = seen else {
            assert!(under_way.is_some(), "a small entry passes");
            continue;
        };
        assert_eq!(shard.index == 0, under_way.is_none());
        assert!(under_way.is_none_or(|id| id == shard.fragment_id));
        under_way = (shard.index + 1 < shard.total).then_some(shard.fragment_id);
    }
    let got = entries(&seen);
    assert_eq!(got, ["3".into(), large(1), large(1), large(2)]);
}

#[test]
fn cursor_moves_with_last_fragment() {
    let (hub, mut client) = reading(large_config(), &whole_channels(["chat"]));
    let stream = StreamHead {
        stream: 1,
        sent: 0,
        head: 1,
    };
    publish(&hub, CHAT, &large(1));
    client.peer.handle_wake(at(0));
    client.next_message(at(0));
    client.peer.handle_timeout(at(15));
    assert_eq!(sent(&client.next_message(at(15))), [stream]);
    client.see_at(at(15));
    client.peer.note_activity(at(16));
    client.peer.handle_timeout(at(30));
    assert_eq!(
        sent(&client.next_message(at(30))),
        [StreamHead { sent: 1, ..stream }]
    );
}

#[test]
fn expired_entry_in_fragments_arrives() {
    let mut config = large_config();
    config.set_policy(CHAT, ChannelPolicy::log().retain_entries(2));
    let (hub, mut client) = reading(config, &whole_channels(["chat"]));
    publish(&hub, CHAT, &large(1));
    client.peer.handle_wake(at(0));
    let mut seen = client.next_message(at(0));
    for n in 2..6 {
        publish(&hub, CHAT, &n.to_string());
    }
    seen.extend(client.see());
    assert_eq!(entries(&seen), [large(1), "4".into(), "5".into()]);
    let is_reset = |seen: &Seen| matches!(seen, Seen::Op(ServerOp::Reset { floor: 3, .. }));
    assert!(seen.iter().any(is_reset));
}

#[test]
fn newer_value_waits_for_fragments() {
    let (hub, mut client) = reading(large_config(), &whole_channels(["price"]));
    publish(&hub, PRICE, &large(1));
    client.peer.handle_wake(at(0));
    let mut seen = client.next_message(at(0));
    publish(&hub, PRICE, &large(2));
    publish(&hub, PRICE, &large(1).replace("11\"", "12\""));
    seen.extend(client.see());
    assert_eq!(entries(&seen), [large(1), "delta".into()]);
}

#[test]
fn value_in_fragments_is_sent_once() {
    let (hub, mut client) = reading(large_config(), &whole_channels(["price"]));
    publish(&hub, PRICE, &large(1));
    client.peer.handle_wake(at(0));
    let mut seen = client.next_message(at(0));
    seen.extend(client.op(&ClientOp::Whole(1)));
    assert_eq!(entries(&seen), [large(1)]);
    let seen = client.op(&ClientOp::Whole(1));
    assert_eq!(entries(&seen), [large(1)]);
}

#[test]
fn unsubscribe_stops_fragments() {
    let (hub, mut client) = reading(large_config(), &whole_channels(["chat", "price"]));
    publish(&hub, CHAT, &large(1));
    publish(&hub, PRICE, &large(2));
    client.peer.handle_wake(at(0));
    assert_eq!(fragment(&client.next_message(at(0))), (1, 0));
    // It waits for its turn, and is looked at again before it has it.
    publish(&hub, PRICE, &large(3));
    client.peer.handle_wake(at(0));
    assert_eq!(fragment(&client.next_message(at(0))), (1, 1));
    let seen = client.op(&ClientOp::Unsubscribe(vec![1]));
    assert_eq!(entries(&seen), [large(3)]);
    let seen = client.op(&ClientOp::Subscribe(vec![subscribe(9, "chat")]));
    assert_eq!(entries(&seen), [large(1)]);
}

#[test]
fn readers_of_a_large_entry_share_its_bytes() {
    let hub = hub_of(large_config());
    let body = Bytes::from(large(1).into_bytes());
    let of_the_log = body.as_ptr_range();
    let record = Record {
        content: Content::Value,
        body,
    };
    hub.publish(at(0), &broadcast(CHAT), record).unwrap();
    let mut secret = None;
    for _ in 0..3 {
        let mut client = WireClient::connect(&hub);
        let seen = client.auth(secret, Vec::new());
        secret = Some(WireClient::secret(&seen));
        let op = ClientOp::Subscribe(vec![subscribe(1, "chat")]);
        let mut payload = Vec::new();
        op.encode(&mut payload);
        let message = Bytes::from(super::record(SYSTEM, 1, &payload));
        client.peer.handle_message(at(0), Message::Binary(message));
        let mut shared = 0;
        loop {
            let mut messages: Vec<carrier::Message> = Vec::new();
            client.peer.poll_write(at(0), &mut messages);
            if messages.is_empty() {
                break;
            }
            let pieces = messages.iter().flat_map(|message| &message.parts);
            let pieces: Vec<&[u8]> = pieces.map(Part::as_slice).collect();
            let of_log = |piece: &&&[u8]| of_the_log.contains(&piece.as_ptr());
            shared += pieces
                .iter()
                .filter(of_log)
                .map(|piece| piece.len())
                .sum::<usize>();
        }
        assert_eq!(shared, of_the_log.end.addr() - of_the_log.start.addr());
        client.peer.disconnected(at(0));
    }
}
