//! Simulation of urgent messages beside a large entry over a link of 20 Mbit/s, on virtual time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use push_wire_broker::Record;
use push_wire_server::Grant;
use push_wire_server::internals::carrier;
use push_wire_server::internals::hub::{Hub, HubConfig};
use push_wire_server::internals::peer::{Accepted, Action, Dialect, Message, Peer};
use push_wire_server::{ChannelPolicy, Compression};
use push_wire_shared::channel::{Channel, ChannelMode, ChannelTable};
use push_wire_shared::limits::FRAGMENT_BYTES;
use push_wire_shared::position::{Position, Scope, StartAt, StreamKey};
use push_wire_shared::session::client::{
    ClientConfig, ClientSession, Event, Input, Output, Subscription,
};
use push_wire_shared::session::op::ScopeRequest;
use push_wire_shared::session::wire::Content;
use push_wire_shared::time::Moment;
use push_wire_simulation::link::{Direction, NetworkConditions, Packet};
use uuid::Uuid;

const ALARM: u8 = 1;
const FILE: u8 = 2;

/// 20 Mbit/s, no latency: the test measures only the wait behind other bytes.
const LINK: NetworkConditions = NetworkConditions {
    latency: Duration::ZERO,
    bytes_per_second: 2_500_000,
};

/// Bytes that the kernel holds unsent before it takes more.
const UNSENT: usize = 4_096;

const FILE_BYTES: usize = 50_000_000;

const ALARM_BYTES: usize = 200;

/// Time between two alarms.
const PAUSE: Duration = Duration::from_millis(50);

/// Server's peer, client session and the link between them.
struct Transfer {
    now: Moment,
    hub: Arc<Hub>,
    peer: Peer,
    session: ClientSession,
    up: Direction,
    down: Direction,
    /// Arrived entries: time, subscription, position and bytes.
    arrived: Vec<(Moment, u32, Position, usize)>,
}

fn channel(id: u8, name: &str, priority: u8, mode: ChannelMode) -> Channel {
    Channel {
        id,
        name: name.into(),
        priority,
        mode,
    }
}

impl Transfer {
    /// A client that reads alarms (1) and files (2), whose lane is `lane`.
    fn new(lane: u8) -> Self {
        let now = Moment::after_origin(Duration::from_secs(1));
        let mut config = HubConfig::new(ChannelTable::new(vec![
            channel(0, "system", 0, ChannelMode::System),
            channel(ALARM, "alarm", 0, ChannelMode::Log),
            channel(FILE, "file", lane, ChannelMode::Log),
        ]));
        config.limits.entry_bytes = FILE_BYTES;
        let policy = ChannelPolicy::log().compression(Compression::Off);
        config.set_policy(ALARM, policy);
        config.set_policy(FILE, policy);
        let hub = Hub::new(config, Arc::new(|| 7));
        let mut client = ClientConfig::new(Uuid::from_u128(1), 1);
        client.max_value_bytes = FILE_BYTES;
        let mut session = ClientSession::new(client);
        for name in ["alarm", "file"] {
            let subscription = Subscription {
                channel: name.into(),
                scope: ScopeRequest::Channel,
                position: None,
                start: StartAt::Oldest,
                keeps_position: false,
            };
            session.subscribe(now, subscription).unwrap();
        }
        session.connect(now);
        let mut transfer = Self {
            now,
            peer: Peer::new(Arc::clone(&hub), Dialect::Wire, now),
            hub,
            session,
            up: Direction::new(now, LINK),
            down: Direction::new(now, LINK),
            arrived: Vec::new(),
        };
        transfer.run_until(now + PAUSE);
        transfer
    }

    fn publish(&self, channel: u8, bytes: usize) {
        let key = StreamKey {
            channel,
            scope: Scope::Channel,
        };
        let record = Record {
            content: Content::Bytes,
            body: Bytes::from(vec![channel; bytes]),
        };
        self.hub.publish(self.now, &key, record).unwrap();
    }

    fn run_until(&mut self, end: Moment) {
        loop {
            self.settle();
            let next = [self.up.next_arrival(), self.down.next_arrival()];
            let Some(at) = next.into_iter().flatten().min().filter(|&at| at <= end) else {
                break;
            };
            self.now = at.max(self.now);
            while let Some(Packet::Message(message)) = self.up.receive(self.now) {
                self.peer
                    .handle_message(self.now, Message::Binary(message.into()));
            }
            while let Some(Packet::Message(bytes)) = self.down.receive(self.now) {
                self.session
                    .handle_input(self.now, Input::Message { attempt: 1, bytes });
            }
        }
        self.now = end;
        self.peer.handle_timeout(end);
        self.session.handle_timeout(end);
        self.settle();
    }

    /// Lets both ends act.
    fn settle(&mut self) {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Connect { attempt, .. } => {
                    self.session
                        .handle_input(self.now, Input::Opened { attempt });
                }
                Output::Transmit(message) => self.up.send(self.now, Packet::Message(message)),
                Output::Event(Event::Entry(entry)) => {
                    let (position, bytes) = (entry.position, entry.body.len());
                    self.arrived.push((self.now, entry.id, position, bytes));
                }
                Output::Event(_) => {}
                Output::Disconnect { .. }
                | Output::Post { .. }
                | Output::FetchDictionary { .. }
                | Output::TokenWanted { .. } => {
                    panic!("{output:?}")
                }
            }
        }
        if self.peer.has_wake() {
            self.peer.handle_wake(self.now);
        }
        while let Some(action) = self.peer.poll_action(self.now) {
            match action {
                Action::Authenticate(_) => self
                    .peer
                    .handle_authenticated(self.now, Ok(Accepted::for_ever(Grant::everything()))),
                Action::Deliver(_) | Action::Close { .. } => panic!("{action:?}"),
            }
        }
        while self.down.in_flight_bytes() < UNSENT {
            let mut messages: Vec<carrier::Message> = Vec::new();
            self.peer.poll_write(self.now, &mut messages);
            if messages.is_empty() {
                break;
            }
            self.peer.wrote(self.now, true);
            for message in messages {
                let content = message.content().to_vec();
                self.down.send(self.now, Packet::Message(content));
            }
        }
    }
}

#[test]
fn urgent_message_waits_for_one_fragment() {
    for lane in [2, 1] {
        let mut transfer = Transfer::new(lane);
        transfer.publish(FILE, FILE_BYTES);
        let mut published = Vec::new();
        while transfer.arrived.iter().all(|(_, id, ..)| *id != 2) {
            published.push(transfer.now);
            transfer.publish(ALARM, ALARM_BYTES);
            transfer.run_until(transfer.now + PAUSE);
        }
        let file = transfer.arrived.iter().find(|(_, id, ..)| *id == 2);
        assert!(file.is_some_and(|(.., bytes)| *bytes == FILE_BYTES));
        let alarms = transfer.arrived.iter().filter(|(_, id, ..)| *id == 1);
        let mut waits: Vec<Duration> = alarms
            .zip(&published)
            .map(|((at, ..), &published)| *at - published)
            .collect();
        assert_eq!(waits.len(), published.len());
        assert!(waits.len() >= 400, "{}", waits.len());
        waits.sort_unstable();
        let fragment = Duration::from_secs_f64(FRAGMENT_BYTES as f64 / 2_500_000.0);
        let p99 = waits[waits.len() * 99 / 100];
        println!(
            "lane {lane}: one fragment {fragment:.2?}; {} alarms waited {:.2?} (p50), {p99:.2?} (p99), {:.2?} (max)",
            waits.len(),
            waits[waits.len() / 2],
            waits[waits.len() - 1],
        );
        assert!(p99 * 2 <= fragment * 3);
        // The link was never idle.
        assert!(transfer.now - published[0] < Duration::from_millis(20_400));
    }
}
