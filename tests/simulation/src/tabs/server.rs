//! The server: its core, the connections to it, and the record of what its application did.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use push_wire_broker::Record;

use push_wire_server::internals::carrier;
use push_wire_server::internals::hub::{Hub, HubConfig};
use push_wire_server::internals::peer::{Accepted, Action, Dialect, Inbound, Message, Peer};
use push_wire_server::{ChannelPolicy, Grant, Rates};
use push_wire_shared::position::{Cursor, Position, StreamKey};
use push_wire_shared::session::op::ErrorCode;
use push_wire_shared::session::server::MessageError;
use push_wire_shared::session::wire::Content;
use push_wire_shared::time::{Moment, sooner};
use uuid::Uuid;

use crate::feed::{self, Feed};
use crate::hub_config;
use crate::link::{Link, NetworkConditions, Packet};

/// The client that all tabs are to the server.
pub(super) const CLIENT: Uuid = Uuid::from_u128(7);

/// Entries that were published, by feed and position.
#[derive(Debug, Default)]
pub(super) struct Published {
    bodies: BTreeMap<(Feed, u64, Cursor), Vec<u8>>,
    /// Position of the newest entry of each feed in the log that stands.
    heads: BTreeMap<Feed, Position>,
    count: u64,
}

impl Published {
    pub(super) fn body(&self, feed: Feed, at: Position) -> Option<&[u8]> {
        let body = self.bodies.get(&(feed, at.epoch.0, at.cursor))?;
        Some(body)
    }

    pub(super) fn head(&self, feed: Feed) -> Option<Position> {
        self.heads.get(&feed).copied()
    }

    /// The newest cursor of the log of a position.
    pub(super) fn newest(&self, feed: Feed, at: Position) -> Cursor {
        let log = (feed, at.epoch.0, 0)..=(feed, at.epoch.0, Cursor::MAX);
        let newest = self.bodies.range(log).next_back();
        newest.map_or(0, |(&(_, _, cursor), _)| cursor)
    }

    /// Returns whether the log of a position is gone, as far as anything was published since.
    pub(super) fn is_past(&self, feed: Feed, at: Position) -> bool {
        self.head(feed).is_none_or(|head| head.epoch != at.epoch)
    }
}

/// A message of a tab: the tab, and the number of its send.
pub(super) type Sent = (u64, u32);

/// The server's core and application.
pub(super) struct Server {
    seed: u64,
    process: u32,
    /// `None` while no process runs.
    hub: Option<Arc<Hub>>,
    pub(super) published: Published,
    /// Something was published, of which the connections may not know.
    pub(super) has_published: bool,
    /// Messages that the application has handled, and in which session of the client the last time.
    handled: HashMap<Sent, u32>,
    /// Newest message of each tab that was handled in this session.
    newest: HashMap<u64, u32>,
    /// Number of the client's session, as far as it may have changed.
    session: u32,
}

/// One connection of a leader.
pub(super) struct Wire {
    /// The leading tab, and the attempt of its session; `None` once that has closed it.
    pub(super) tab: u64,
    pub(super) attempt: Option<u32>,
    pub(super) link: Link,
    peer: Option<Peer>,
    held: VecDeque<Vec<u8>>,
    closed: Option<u16>,
}

impl Server {
    pub(super) fn new(seed: u64) -> Self {
        let mut server = Self {
            seed,
            process: 0,
            hub: None,
            published: Published::default(),
            has_published: false,
            handled: HashMap::new(),
            newest: HashMap::new(),
            session: 0,
        };
        server.start();
        server
    }

    /// Starts a process without logs.
    pub(super) fn start(&mut self) {
        self.process += 1;
        let mut config = HubConfig::new(feed::table());
        config.limits.client_rates = Rates::UNLIMITED;
        config.limits.identity_rates = Rates::UNLIMITED;
        config.session_ttl = Duration::from_secs(1_000);
        for feed in Feed::ALL {
            let policy = if feed.is_state() {
                ChannelPolicy::state()
            } else {
                ChannelPolicy::log().retain_entries(100_000)
            };
            config.set_policy(feed.channel_id(), policy);
        }
        self.hub = Some(Hub::new(
            config,
            hub_config::random(self.seed, self.process),
        ));
    }

    /// Ends the process, with all logs and sessions.
    pub(super) fn stop(&mut self) {
        self.hub = None;
        self.published.heads.clear();
        self.session_may_end();
    }

    pub(super) const fn is_up(&self) -> bool {
        self.hub.is_some()
    }

    /// Records that the client's session may have ended: what was not answered may be carried out again.
    pub(super) fn session_may_end(&mut self) {
        self.session += 1;
        self.newest.clear();
    }

    /// Publishes an entry.
    pub(super) fn publish(&mut self, now: Moment, feed: Feed) -> Result<(), String> {
        let Some(hub) = self.hub.clone() else {
            return Ok(());
        };
        self.published.count += 1;
        self.has_published = true;
        let body = format!(r#"{{"n":{}}}"#, self.published.count).into_bytes();
        let record = Record {
            content: Content::Value,
            body: Bytes::from(body.clone()),
        };
        let position = if feed == Feed::Orders {
            match hub.send(now, CLIENT, feed.channel_id(), record) {
                Ok(position) => position,
                // There was no leader yet, or the session has ended.
                Err(_) => return Ok(()),
            }
        } else {
            let stream: StreamKey = feed.stream(CLIENT);
            let published = hub.publish(now, &stream, record);
            published.map_err(|error| format!("{feed:?}: {error}"))?
        };
        self.published.heads.insert(feed, position);
        let key = (feed, position.epoch.0, position.cursor);
        self.published.bodies.insert(key, body);
        Ok(())
    }

    /// Returns whether a message was carried out.
    pub(super) fn has_handled(&self, sent: Sent) -> bool {
        self.handled.contains_key(&sent)
    }

    /// Handles a message: publishes an entry of its room, or refuses it.
    fn handle(
        &mut self,
        now: Moment,
        inbound: &Inbound,
    ) -> Result<Result<(), MessageError>, String> {
        let text = String::from_utf8_lossy(&inbound.body);
        let mut numbers = text.trim_matches(['[', ']']).split(',').map(str::parse);
        let (Some(Ok(tab)), Some(Ok(number))) = (numbers.next(), numbers.next()) else {
            return Err(format!("{text} was never sent"));
        };
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        if is_refused(number) {
            return Ok(Err(MessageError {
                code: ErrorCode::BadPayload,
                message: "a number that is refused".into(),
                retry_ms: None,
            }));
        }
        let before = self.handled.insert((tab, number), self.session);
        if before == Some(self.session) {
            return Err(format!(
                "message {number} of tab {tab} was carried out twice"
            ));
        }
        let newest = self.newest.insert(tab, number);
        if newest.is_some_and(|newest| newest > number) {
            return Err(format!(
                "message {number} of tab {tab} came after {newest:?}"
            ));
        }
        self.publish(now, Feed::Room(0))?;
        Ok(Ok(()))
    }
}

/// Returns whether the application refuses a tab's message of this number.
pub(super) const fn is_refused(number: u32) -> bool {
    number % 5 == 4
}

impl Wire {
    /// A connection that a leader requests.
    pub(super) fn open(now: Moment, tab: u64, attempt: u32, conditions: NetworkConditions) -> Self {
        let mut link = Link::new(now, conditions);
        link.up.send(now, Packet::Open);
        Self {
            tab,
            attempt: Some(attempt),
            link,
            peer: None,
            held: VecDeque::new(),
            closed: None,
        }
    }

    /// Returns whether both ends have the connection.
    pub(super) const fn is_open(&self) -> bool {
        self.attempt.is_some() && self.peer.is_some()
    }

    /// Returns whether something may happen on it.
    pub(super) fn is_alive(&self) -> bool {
        let is_on_its_way = self
            .link
            .up
            .next_arrival()
            .or(self.link.down.next_arrival());
        self.peer.is_some() || is_on_its_way.is_some()
    }

    /// Time at which something is due at the server.
    pub(super) fn next_at_server(&self) -> Option<Moment> {
        let peer = self.peer.as_ref().and_then(Peer::poll_timeout);
        sooner(self.link.up.next_arrival(), peer)
    }

    /// Time at which something arrives at the leader.
    pub(super) fn next_at_tab(&self) -> Option<Moment> {
        self.link.down.next_arrival()
    }

    /// Ends the connection. `are_told` names the sides that learn of it: the leader's, and the server's.
    pub(super) fn cut(&mut self, now: Moment, are_told: [bool; 2]) {
        for (direction, is_told) in [&mut self.link.down, &mut self.link.up]
            .into_iter()
            .zip(are_told)
        {
            match is_told {
                true => direction.cut(now),
                false => direction.kill(),
            }
        }
    }

    /// Ends the server's side with its process.
    pub(super) fn server_died(&mut self, now: Moment) {
        self.peer = None;
        self.held.clear();
        self.link.up.kill();
        self.link.down.cut(now);
    }

    /// Lets the server's side take what has arrived, act and write.
    pub(super) fn drive(&mut self, now: Moment, server: &mut Server) -> Result<(), String> {
        while let Some(packet) = self.link.up.receive(now) {
            match packet {
                Packet::Open => {
                    let hub = server.hub.clone();
                    self.peer = hub.map(|hub| Peer::new(hub, Dialect::Wire, now));
                    let answer = match self.peer {
                        Some(_) => Packet::Open,
                        None => Packet::Close(None),
                    };
                    self.link.down.send(now, answer);
                }
                Packet::Message(message) => self.held.push_back(message),
                Packet::Close(_) => {
                    if let Some(mut peer) = self.peer.take() {
                        peer.disconnected(now);
                    }
                }
            }
        }
        let Some(peer) = &mut self.peer else {
            return Ok(());
        };
        peer.handle_timeout(now);
        loop {
            let mut has_acted = false;
            while !peer.is_full()
                && let Some(message) = self.held.pop_front()
            {
                peer.handle_message(now, Message::Binary(message.into()));
            }
            while peer.poll_wake(&mut Context::from_waker(Waker::noop())) == Poll::Ready(()) {
                peer.handle_wake(now);
            }
            while let Some(action) = peer.poll_action(now) {
                has_acted = true;
                match action {
                    Action::Authenticate(_) => {
                        let accepted = Accepted::for_ever(Grant::everything());
                        peer.handle_authenticated(now, Ok(accepted));
                    }
                    Action::Deliver(inbound) => {
                        let answer = server.handle(now, &inbound)?;
                        peer.handle_answer(now, inbound.number, answer);
                    }
                    Action::Close { code, .. } => self.closed = Some(code),
                }
            }
            let mut messages: Vec<carrier::Message> = Vec::new();
            peer.poll_write(now, &mut messages);
            for message in messages {
                has_acted = true;
                let content = message.content().to_vec();
                self.link.down.send(now, Packet::Message(content));
            }
            peer.wrote(now, true);
            if !has_acted {
                break;
            }
        }
        if let Some(code) = self.closed.take() {
            self.link.down.send(now, Packet::Close(Some(code)));
            peer.disconnected(now);
            self.peer = None;
        }
        Ok(())
    }
}
