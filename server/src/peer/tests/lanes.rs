//! Tests of lanes: shares of a connection's bytes, urgency, and order within a stream.

use push_wire_shared::session::wire::fragment_of;
use serde_json::{Value, json as value};

use super::fragments::{FRAGMENT, large_config};
use super::json::JsonClient;
use super::*;

/// Channels of the lanes high, normal and low.
const CHANNELS: [(u8, &str); 3] = [(3, "alarm"), (CHAT, "chat"), (4, "files")];

/// Bytes of each lane in one round (`outbox/lanes.rs`).
const WEIGHTS: [usize; 3] = [64, 16, 4];

/// A hub whose logs keep everything.
fn saturated_config() -> HubConfig {
    let mut config = large_config();
    for (id, _) in CHANNELS {
        let policy = ChannelPolicy::log().retain_entries(1_000_000);
        config.set_policy(id, policy.retain_bytes(1 << 30));
    }
    config
}

/// A client that reads one channel of each lane.
struct Saturated {
    hub: Arc<Hub>,
    client: WireClient,
    /// Stream of each lane.
    streams: Vec<u64>,
}

impl Saturated {
    fn new() -> Self {
        let hub = hub_of(saturated_config());
        let mut client = WireClient::connect(&hub);
        let subscriptions = (1..)
            .zip(CHANNELS)
            .map(|(id, (_, name))| subscribe(id, name));
        let seen = client.auth(None, subscriptions.collect());
        let streams = seen.iter().filter_map(|seen| match seen {
            Seen::Op(ServerOp::Resumed { stream, .. }) => Some(*stream),
            _ => None,
        });
        Self {
            streams: streams.collect(),
            hub,
            client,
        }
    }

    fn publish(&self, lane: usize, bytes: usize) {
        let text = format!("\"{}\"", "x".repeat(bytes));
        publish(&self.hub, CHANNELS[lane].0, &text);
    }

    /// The entries and fragments of the next message: lane, cursor and size of each.
    fn next(&mut self) -> Vec<(usize, u64, usize)> {
        self.client.peer.handle_wake(at(0));
        let seen = self.client.next_message(at(0));
        seen.iter().map(|seen| self.part(seen)).collect()
    }

    fn part(&self, seen: &Seen) -> (usize, u64, usize) {
        let (stream, cursor, bytes) = match seen {
            Seen::Entry {
                stream,
                sequence,
                body,
            } => (*stream, u64::from(*sequence), body.len()),
            Seen::Fragment(shard) => {
                let (stream, cursor) = fragment_of(shard.fragment_id);
                (stream, cursor, shard.payload.len())
            }
            other => panic!("neither entry nor fragment: {other:?}"),
        };
        let lane = self.streams.iter().position(|of| *of == stream);
        (lane.unwrap(), cursor, bytes)
    }
}

#[test]
fn shares_follow_the_weights() {
    let mut saturated = Saturated::new();
    // Small entries and ones that go in fragments, of other sizes in each lane.
    for number in 0..3_000 {
        for lane in 0..3 {
            saturated.publish(lane, [30, 80, 5 * FRAGMENT][(number + lane) % 3] + 7 * lane);
        }
    }
    let (mut bytes, mut newest) = ([0; 3], [0; 3]);
    while newest[0] < 3_000 {
        for (lane, cursor, length) in saturated.next() {
            let is_next = cursor == newest[lane] || cursor == newest[lane] + 1;
            assert!(is_next, "{cursor} after {}", newest[lane]);
            newest[lane] = cursor;
            bytes[lane] += length;
        }
    }
    let (all, weights): (usize, usize) = (bytes.iter().sum(), WEIGHTS.iter().sum());
    for (bytes, weight) in bytes.into_iter().zip(WEIGHTS) {
        let expected = all * weight / weights;
        assert!(
            bytes.abs_diff(expected) * 10 <= expected,
            "{bytes} of {all}"
        );
    }
}

#[test]
fn high_waits_for_at_most_one_write_of_low() {
    let mut saturated = Saturated::new();
    for _ in 0..500 {
        saturated.publish(2, 5 * FRAGMENT);
        saturated.publish(2, 5);
    }
    for _ in 0..500 {
        assert!(saturated.next().iter().all(|(lane, ..)| *lane == 2));
        saturated.publish(0, 20);
        assert_eq!(saturated.next()[0].0, 0);
    }
}

#[test]
fn json_entries_follow_the_weights() {
    let hub = hub_of(saturated_config());
    let mut client = JsonClient::connect(&hub);
    client.auth(value!({"capabilities": CHANNELS.map(|(_, name)| name)}));
    for _ in 0..3_000 {
        for (id, _) in CHANNELS {
            publish(&hub, id, "\"entry\"");
        }
    }
    let seen = client.see();
    let lane = |seen: &Value| {
        CHANNELS
            .iter()
            .position(|(_, name)| seen["channel"] == *name)
    };
    let mut sent = [0u64; 3];
    for seen in &seen {
        let lane = lane(seen).unwrap();
        sent[lane] += 1;
        assert_eq!(seen["cursor"], sent[lane]);
        if sent[0] == 3_000 {
            break;
        }
    }
    let all: u64 = sent.iter().sum();
    for (sent, weight) in sent.into_iter().zip([64, 16, 4]) {
        let expected = all * weight / 84;
        assert!(sent.abs_diff(expected) * 10 <= expected, "{sent} of {all}");
    }
}
