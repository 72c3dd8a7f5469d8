//! The server's machine: one process after another, each a hub and the application.

mod revocations;
mod tokens;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use push_wire_broker::{Memory, Record};
use push_wire_server::internals::hub::{Hub, HubSendError};
use push_wire_server::internals::peer::{Dialect, Inbound, Peer};
use push_wire_shared::limits::SESSION_TTL;
use push_wire_shared::position::StreamKey;
use push_wire_shared::session::wire::Content;
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::body::body;
use super::check::{Promise, PromiseError};
use super::dictionary::dictionary;
use super::fault_injector::InjectedFault;
use super::feed::{Feed, room_of_message, topic};
use super::hostile_peers::{self, Crowd};
use super::hub_config::{self, hub_config};
use super::model::Model;
use super::raw_client::{RawClient, RawOperation};
use super::server_end::ServerEnd;
use super::tally::Tally;
use revocations::Revocations;

pub use tokens::Token;

/// Counts of a client's connections to this process.
#[derive(Clone, Copy, Debug, Default)]
struct Presence {
    connections: u32,
    left_at: Moment,
    /// Its newest token.
    token: Token,
}

impl Presence {
    /// Records that the client has shown a token.
    fn shown(&mut self, token: Token) {
        if self.token.issued < token.issued {
            self.token = token;
        }
    }
}

/// The server's machine: one process after another.
#[derive(Debug)]
pub struct Node {
    hub: Option<Arc<Hub>>,
    /// The logs. A process keeps those of the previous one only after `restore`.
    logs: Option<Arc<Memory>>,
    process: u32,
    starts_at: Option<Moment>,
    /// End of the process that drains, and start of the next one.
    ends: Option<(Moment, Moment)>,
    stalled_until: Moment,
    seed: u64,
    fault: InjectedFault,
    rng: fastrand::Rng,
    presence: HashMap<Uuid, Presence>,
    /// Time at which the hub's upkeep is due, while a process runs.
    upkeep: Moment,
    revocations: Revocations,
    crowd: Crowd,
    raw_client: RawClient,
    /// Counts of the earlier processes.
    tally: Tally,
}

impl Node {
    /// A machine with its first process. The settings of its processes may have a fault.
    #[must_use]
    pub fn new(now: Moment, seed: u64, fault: InjectedFault) -> Self {
        let mut node = Self {
            hub: None,
            logs: None,
            process: 0,
            starts_at: None,
            ends: None,
            stalled_until: Moment::default(),
            seed,
            fault,
            rng: fastrand::Rng::with_seed(!seed),
            presence: HashMap::new(),
            upkeep: now,
            revocations: Revocations::default(),
            crowd: Crowd::default(),
            raw_client: RawClient::default(),
            tally: Tally::default(),
        };
        node.start(now);
        node
    }

    /// Starts a process, with the logs that were kept.
    pub fn start(&mut self, now: Moment) {
        self.starts_at = None;
        self.upkeep = now;
        self.process += 1;
        let config = hub_config(self.seed, self.fault);
        let random = hub_config::random(self.seed, self.process);
        let drawn = Arc::clone(&random);
        let logs = Arc::new(match self.logs.take() {
            Some(left) => left.copy(move || drawn()),
            None => Memory::new(move || drawn()),
        });
        self.logs = Some(Arc::clone(&logs));
        self.hub = Some(Hub::with_broker(config, random, logs));
        // The other channels get a dictionary by an operation, if at all.
        self.rotate(Feed::Document, 0);
    }

    /// Gives a channel another compression dictionary, if a process runs.
    ///
    /// # Panics
    /// Panics if the hub refuses it.
    pub fn rotate(&mut self, feed: Feed, which: u8) {
        if let Some(hub) = &self.hub {
            let given = hub.set_dictionary(feed.channel_id(), dictionary(which).to_vec());
            assert_eq!(given, Ok(()), "dictionary {which} for {feed:?}");
        }
    }

    /// The dictionary of this hash, as the server answers over HTTP.
    #[must_use]
    pub fn dictionary(&self, sha256: &[u8; 32]) -> Option<Vec<u8>> {
        Some(self.hub.as_ref()?.dictionary(sha256)?.to_vec())
    }

    /// Ends the process and drops its logs; the next one starts at this time.
    pub fn stop(&mut self, starts_at: Moment, model: &mut Model) {
        self.end_process(starts_at);
        self.logs = None;
        model.restarted();
    }

    /// Drains the process: it ends its connections, and itself at `ends_at`; the next one starts at `starts_at`.
    pub fn drain(&mut self, ends_at: Moment, starts_at: Moment) {
        if let Some(hub) = &self.hub {
            hub.drain();
            self.ends.get_or_insert((ends_at, starts_at));
        }
    }

    /// Time at which the process that drains ends.
    #[must_use]
    pub fn ends_at(&self) -> Option<Moment> {
        self.ends.map(|(ends_at, _)| ends_at)
    }

    /// Ends the process that drains, and drops its logs.
    pub fn end(&mut self, model: &mut Model) {
        if let Some((_, starts_at)) = self.ends {
            self.stop(starts_at, model);
        }
    }

    /// Ends the process; the next one starts at this time with its logs, of which one has lost its newest entries.
    pub fn restore(
        &mut self,
        now: Moment,
        starts_at: Moment,
        model: &mut Model,
        key: &StreamKey,
        lost: usize,
    ) {
        // The process may have dropped the inboxes of these before it ended.
        for client in self.presence.keys() {
            if self.session_may_have_ended(now, *client) {
                model.session_may_have_ended(*client);
            }
        }
        self.end_process(starts_at);
        if let Some(logs) = &self.logs {
            model.restored(key, logs.lose_newest(key, lost));
        }
    }

    fn end_process(&mut self, starts_at: Moment) {
        self.tally = self.tally();
        self.crowd = Crowd::default();
        self.revocations = Revocations::default();
        self.raw_client = RawClient::default();
        self.hub = None;
        self.ends = None;
        self.presence.clear();
        self.starts_at = Some(starts_at);
    }

    /// Counts of all its processes.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = self.tally.clone();
        if let Some(hub) = &self.hub {
            tally.closed(&hub.stats().closes);
        }
        tally
    }

    /// Time at which the next process starts.
    #[must_use]
    pub fn starts_at(&self) -> Option<Moment> {
        self.starts_at
    }

    /// Stops the process until this time.
    pub fn stall(&mut self, until: Moment) {
        self.stalled_until = until;
    }

    /// Time at which it continues.
    #[must_use]
    pub fn stalled_until(&self) -> Moment {
        self.stalled_until
    }

    /// Returns whether it is stopped now.
    #[must_use]
    pub fn is_stalled(&self, now: Moment) -> bool {
        now < self.stalled_until
    }

    /// Returns whether a process runs, and accepts connections.
    #[must_use]
    pub fn works(&self, now: Moment) -> bool {
        self.hub.is_some() && !self.is_stalled(now) && !self.is_draining()
    }

    /// Returns whether its process ends its connections.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.ends.is_some()
    }

    /// The hub of the process that runs now and accepts new connections.
    #[must_use]
    pub fn serving(&self, now: Moment) -> Option<&Arc<Hub>> {
        let serves = !self.is_stalled(now) && !self.is_draining();
        self.hub.as_ref().filter(|_| serves)
    }

    /// Ends a stop, and starts a process if none runs.
    pub fn recover(&mut self, now: Moment) {
        self.stalled_until = now;
        if self.hub.is_none() {
            self.start(now);
        }
    }

    /// Time at which the upkeep of the process that runs is due.
    #[must_use]
    pub fn next_upkeep(&self) -> Option<Moment> {
        self.hub.as_ref().map(|_| self.upkeep)
    }

    /// Lets the hub remove expired state.
    pub fn upkeep(&mut self, now: Moment) {
        if let Some(hub) = &self.hub {
            self.upkeep = hub.upkeep(now);
        }
    }

    /// Lets a hostile peer connect with a client's id, if that client certainly has a session.
    ///
    /// # Errors
    /// Fails if it is accepted.
    pub fn attempt_takeover(
        &self,
        now: Moment,
        client: Uuid,
        guesses: bool,
    ) -> Result<(), PromiseError> {
        let Some(presence) = self.presence.get(&client) else {
            return Ok(());
        };
        let has_session = !self.session_may_have_ended(now, client);
        let Some(hub) = self.serving(now).filter(|_| has_session) else {
            return Ok(());
        };
        let token = presence.token.to_string();
        let secret = guesses.then_some([0x5e; 16]);
        hostile_peers::attempt_takeover(hub, now, client, &token, secret)
    }

    /// Lets clients of one address request as many sessions and topics as they get.
    ///
    /// # Errors
    /// Fails if they get more than the limits of an address.
    pub fn crowd(&mut self, now: Moment, clients: u8, topics: u8) -> Result<(), PromiseError> {
        let Some(hub) = self.serving(now).cloned() else {
            return Ok(());
        };
        self.crowd.leave(now);
        let refused = self.crowd.join(&hub, now, clients, topics)?;
        self.tally.add("refused by a limit", refused);
        Ok(())
    }

    /// Lets the raw client carry out an operation. `end` says whether it reads the answers, and whether its connection then
    /// ends, with a goodbye (true) or without.
    ///
    /// # Errors
    /// Fails if an answer breaks a promise, or if state is left after the end.
    pub fn act_as_raw_client(
        &mut self,
        now: Moment,
        model: &mut Model,
        operation: RawOperation,
        end: (bool, Option<bool>),
    ) -> Result<(), PromiseError> {
        let Some(hub) = self.serving(now).cloned() else {
            return Ok(());
        };
        let mut raw_client = std::mem::take(&mut self.raw_client);
        let reached = raw_client.act(now, &hub, self, model, operation, end)?;
        self.raw_client = raw_client;
        self.tally += &reached;
        Ok(())
    }

    /// Adds to a count.
    pub fn count(&mut self, what: &'static str) {
        self.tally.add(what, 1);
    }

    /// Number of the running process, counted from 1.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.process
    }

    /// Returns whether this process runs now.
    #[must_use]
    pub fn is_process(&self, process: u32) -> bool {
        self.hub.is_some() && self.process == process
    }

    /// Accepts a connection, if a process runs.
    #[must_use]
    pub fn accept(&self, now: Moment) -> Option<ServerEnd> {
        let hub = self.hub.as_ref().filter(|hub| !hub.is_draining())?;
        let hub = Arc::clone(hub);
        Some(ServerEnd::new(now, Peer::new(hub, Dialect::Wire, now)))
    }

    /// The hub of the process that runs.
    #[must_use]
    pub fn hub(&self) -> Option<&Hub> {
        self.hub.as_deref()
    }

    /// Delay before a connection's task runs again: mostly zero, else up to 60 ms.
    pub fn delay(&mut self) -> Duration {
        match self.rng.u8(0..8) {
            0 => Duration::from_millis(self.rng.u64(0..60)),
            _ => Duration::ZERO,
        }
    }
}

/// The application on the server.
impl Node {
    /// Publishes one entry; one for the inbox is sent to `client`.
    ///
    /// # Errors
    /// Fails if its position or a refusal breaks a promise.
    pub fn publish(
        &mut self,
        now: Moment,
        model: &mut Model,
        feed: Feed,
        client: Uuid,
        bytes: u16,
    ) -> Result<(), PromiseError> {
        let Some(hub) = self.hub.clone().filter(|_| !self.is_stalled(now)) else {
            return Ok(());
        };
        let number = model.next_publication();
        let body = body(&mut self.rng, feed, number, bytes);
        let record = Record {
            content: Content::Value,
            body: Bytes::from(body.clone()),
        };
        let stream = feed.stream(client);
        let position = if feed == Feed::Orders {
            match hub.send(now, client, feed.channel_id(), record) {
                Err(HubSendError::UnknownClient(_)) => return self.may_be_unknown(now, client),
                result => result.map_err(|error| error.to_string()),
            }
        } else {
            hub.publish(now, &stream, record)
                .map_err(|error| error.to_string())
        };
        match position {
            Ok(position) => model.published(now, &stream, position, body),
            Err(error) => Err(Promise::Inbox.broken(format!("{feed:?}: {error}"))),
        }
    }

    fn may_be_unknown(&self, now: Moment, client: Uuid) -> Result<(), PromiseError> {
        if self.presence.contains_key(&client) && !self.session_may_have_ended(now, client) {
            let what = format!("client {client} is unknown while its session lives");
            return Err(Promise::Inbox.broken(what));
        }
        Ok(())
    }

    fn session_may_have_ended(&self, now: Moment, client: Uuid) -> bool {
        let presence = self.presence.get(&client);
        presence.is_some_and(|presence| {
            presence.connections == 0 && now.since(presence.left_at) >= SESSION_TTL
        })
    }

    /// Records that a client was authenticated. Its session is a new one if it was away too long, or if another user has
    /// logged in.
    fn authenticated(&mut self, now: Moment, client: Uuid, token: Token, model: &mut Model) {
        if self.session_may_have_ended(now, client) {
            model.session_may_have_ended(client);
        }
        let earlier = self.presence.get(&client);
        if earlier.is_some_and(|earlier| earlier.token.user < token.user) {
            model.session_ended(client);
            self.tally.add("sessions ended by another login", 1);
        }
        let presence = self.presence.entry(client).or_default();
        presence.connections += 1;
        presence.shown(token);
    }

    /// Records that one of a client's connections has ended.
    pub fn left(&mut self, now: Moment, client: Uuid) {
        let presence = self.presence.entry(client).or_default();
        presence.connections = presence.connections.saturating_sub(1);
        presence.left_at = now;
    }

    /// Handles a client's message: publishes an entry to the room that it is for, or to the first one.
    ///
    /// # Errors
    /// Fails if it is a repeat, out of order, was never sent, or was sent to another room.
    pub fn delivered(
        &mut self,
        now: Moment,
        model: &mut Model,
        inbound: &Inbound,
    ) -> Result<(), PromiseError> {
        let body = String::from_utf8_lossy(&inbound.body);
        let message = body
            .strip_prefix(r#"{"message":"#)
            .and_then(|rest| rest.strip_suffix('}'))
            .and_then(|message| message.parse().ok());
        let Some((message, number)) = message.zip(inbound.number) else {
            let what = format!("{inbound:?} was never sent");
            return Err(Promise::ClientMessages.broken(what));
        };
        self.check_token(now, inbound.client_id)?;
        let room = room_of_message(message);
        if inbound.topic != room.map(topic) {
            let what = format!("{inbound:?} was sent to {room:?}");
            return Err(Promise::ClientMessages.broken(what));
        }
        model.accepted(inbound.client_id, number, message)?;
        let feed = Feed::Room(room.unwrap_or(0));
        self.publish(now, model, feed, inbound.client_id, 20)
    }
}
