//! Hostile peers: clients that try to take over another client's session or to use up the server's limits.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use push_wire_server::Grant;
use push_wire_server::internals::carrier;
use push_wire_server::internals::hub::Hub;
use push_wire_server::internals::peer::{Accepted, Action, Dialect, Message, Peer};
use push_wire_shared::close::CloseReason;
use push_wire_shared::frame::{BinaryFlags, FrameHeader};
use push_wire_shared::position::{ResetReason, Scope, StartAt, StreamKey};
use push_wire_shared::session::op::{Auth, ClientOp, ScopeRequest, ServerOp, Subscribe};
use push_wire_shared::session::wire::{Records, write_record};
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::check::{Promise, PromiseError};
use super::feed::{Feed, ROOM, SYSTEM};

/// Sessions that one address may have at once.
pub const SESSIONS_PER_ADDRESS: usize = 8;

/// Topics that one address may create at once.
pub const STREAMS_PER_ADDRESS: usize = 20;

/// Token of every client of a crowd.
const CROWD_TOKEN: &str = "shared";

const CROWD: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const NEWCOMER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));

/// The server's answer to a hostile peer.
struct Answer {
    ops: Vec<ServerOp>,
    closed: Option<u16>,
}

impl Answer {
    fn is_accepted(&self) -> bool {
        let mut ops = self.ops.iter();
        ops.any(|op| matches!(op, ServerOp::AuthOk(_)))
    }

    fn names(&self, limit: &str) -> bool {
        self.ops
            .iter()
            .any(|op| matches!(op, ServerOp::Error { message, .. } if message.contains(limit)))
    }

    fn begun(&self) -> usize {
        let begun = |op: &&ServerOp| matches!(op, ServerOp::Resumed { .. });
        self.ops.iter().filter(begun).count()
    }

    fn unavailable(&self) -> usize {
        let unavailable = |op: &&ServerOp| {
            let reason = ResetReason::StoreUnavailable;
            matches!(op, ServerOp::Reset { reason: stated, .. } if *stated == reason)
        };
        self.ops.iter().filter(unavailable).count()
    }
}

/// Opens a connection with these credentials, and returns the server's answer.
fn connect(hub: &Arc<Hub>, now: Moment, address: Option<IpAddr>, auth: Auth) -> (Peer, Answer) {
    let mut peer = Peer::new(Arc::clone(hub), Dialect::Wire, now);
    if let Some(address) = address {
        peer.set_address(address);
    }
    peer.handle_message(now, message(0, &ClientOp::Auth(auth)));
    let mut closed = None;
    while let Some(action) = peer.poll_action(now) {
        match action {
            Action::Authenticate(_) => {
                peer.handle_authenticated(now, Ok(Accepted::for_ever(Grant::everything())))
            }
            Action::Close { code, .. } => closed = Some(code),
            Action::Deliver(_) => {}
        }
    }
    let mut messages: Vec<carrier::Message> = Vec::new();
    peer.poll_write(now, &mut messages);
    let mut ops = Vec::new();
    for message in messages {
        let message = message.content();
        let control = |(header, payload): (FrameHeader, &[u8])| {
            (header.channel == SYSTEM).then(|| ServerOp::decode(payload))
        };
        let records = Records::new(&message).flatten();
        ops.extend(records.filter_map(control).flatten());
    }
    (peer, Answer { ops, closed })
}

/// The message of a control op.
fn message(sequence: u32, op: &ClientOp) -> Message {
    let mut payload = Vec::new();
    op.encode(&mut payload);
    let header = FrameHeader {
        flags: BinaryFlags::default(),
        channel: SYSTEM,
        sequence,
    };
    let mut message = Vec::new();
    write_record(&mut message, header, &payload);
    Message::Binary(message.into())
}

fn topic(client: u128, number: u8) -> String {
    format!("crowd-{client}-{number}")
}

fn auth(client_id: Uuid, token: &str, topics: Vec<String>) -> Auth {
    let subscribe = |(id, topic)| Subscribe {
        id,
        channel: Feed::Room(0).channel().into(),
        scope: ScopeRequest::Topic(topic),
        position: None,
        start: StartAt::Oldest,
    };
    Auth {
        token: Some(token.into()),
        attempt: Some(u64::MAX),
        subscriptions: (0..).zip(topics).map(subscribe).collect(),
        ..Auth::new(client_id)
    }
}

/// Connects with the id and the token of a client that has a session, and with no secret or a wrong one.
///
/// # Errors
/// Fails if it is accepted, or not closed with 4200.
pub fn attempt_takeover(
    hub: &Arc<Hub>,
    now: Moment,
    client: Uuid,
    token: &str,
    secret: Option<[u8; 16]>,
) -> Result<(), PromiseError> {
    let auth = Auth {
        secret,
        ..auth(client, token, Vec::new())
    };
    let (mut peer, answer) = connect(hub, now, None, auth);
    peer.disconnected(now);
    if answer.is_accepted() || answer.closed != Some(CloseReason::Unauthorized.code()) {
        let what = format!(
            "a peer with the id {client} got {:?}, {:?}",
            answer.ops, answer.closed
        );
        return Err(Promise::Takeover.broken(what));
    }
    Ok(())
}

/// Many clients of one address, which request as many sessions and streams as they get, and keep them.
#[derive(Default)]
pub struct Crowd {
    peers: Vec<Peer>,
    /// Number of client ids used so far.
    clients: u128,
    /// Clients whose sessions may exist.
    members: Vec<Uuid>,
    /// Topics that they requested and that may exist.
    topics: Vec<StreamKey>,
}

impl std::fmt::Debug for Crowd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Crowd")
            .field("peers", &self.peers.len())
            .finish_non_exhaustive()
    }
}

impl Crowd {
    /// Ends its connections; their sessions last for a while.
    pub fn leave(&mut self, now: Moment) {
        for mut peer in self.peers.drain(..) {
            peer.disconnected(now);
        }
    }

    /// Connects new clients, each of which reads new topics. Returns the number of requests that a limit refused.
    ///
    /// # Errors
    /// Fails if they get more than the limit of an address, are refused without the limit's name, or a client of
    /// another address is refused.
    pub fn join(
        &mut self,
        hub: &Arc<Hub>,
        now: Moment,
        clients: u8,
        topics: u8,
    ) -> Result<u64, PromiseError> {
        let mut refused = 0;
        for _ in 0..clients {
            let (peer, answer) = connect(hub, now, Some(CROWD), self.newcomer(topics));
            self.peers.push(peer);
            self.note(topics);
            let unavailable = answer.unavailable();
            let is_stated = if answer.is_accepted() {
                unavailable == 0 || answer.names("streams_per_address")
            } else {
                answer.closed == Some(CloseReason::Overloaded.code())
                    && answer.names("sessions_per_address")
            };
            if !is_stated {
                let what = format!(
                    "refused without a limit: {:?}, {:?}",
                    answer.ops, answer.closed
                );
                return Err(Promise::AddressLimits.broken(what));
            }
            refused += u64::from(!answer.is_accepted()) + unavailable as u64;
        }
        self.check_limits(hub, now)?;
        // More sessions than an address may have: ended ones must not count.
        for _ in 0..=SESSIONS_PER_ADDRESS {
            self.check_other_address(hub, now)?;
        }
        Ok(refused)
    }

    fn newcomer(&mut self, topics: u8) -> Auth {
        self.clients += 1;
        let client = self.clients;
        let topics = (0..topics).map(|number| topic(client, number));
        auth(Uuid::from_u128(client), CROWD_TOKEN, topics.collect())
    }

    /// Records the newest client, and the topics that it requested.
    fn note(&mut self, topics: u8) {
        let client = self.clients;
        self.members.push(Uuid::from_u128(client));
        self.topics.extend((0..topics).map(|number| StreamKey {
            channel: ROOM,
            scope: Scope::Topic(topic(client, number).into()),
        }));
    }

    /// Checks that its address holds no more sessions and topics than it may.
    fn check_limits(&mut self, hub: &Hub, now: Moment) -> Result<(), PromiseError> {
        self.members.retain(|client| hub.knows(now, *client));
        self.topics.retain(|key| hub.readers(key).is_some());
        let (sessions, streams) = (self.members.len(), self.topics.len());
        if sessions > SESSIONS_PER_ADDRESS || streams > STREAMS_PER_ADDRESS {
            let what = format!("one address holds {sessions} sessions and {streams} topics");
            return Err(Promise::AddressLimits.broken(what));
        }
        Ok(())
    }

    /// Checks that a client of another address is accepted, and ends its session.
    fn check_other_address(&mut self, hub: &Arc<Hub>, now: Moment) -> Result<(), PromiseError> {
        let newcomer = self.newcomer(1);
        let client = newcomer.client_id;
        let (mut peer, answer) = connect(hub, now, Some(NEWCOMER), newcomer);
        let is_served = answer.is_accepted() && answer.begun() == 1;
        peer.handle_message(now, message(1, &ClientOp::Goodbye));
        while peer.poll_action(now).is_some() {}
        peer.disconnected(now);
        if !is_served || hub.knows(now, client) {
            let what = format!(
                "a client of another address was refused: {:?}, {:?}",
                answer.ops, answer.closed
            );
            return Err(Promise::AddressLimits.broken(what));
        }
        Ok(())
    }
}
