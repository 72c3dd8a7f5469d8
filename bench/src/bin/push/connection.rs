//! Client session connected to a server's peer in memory. The bytes that the server sends are counted.

use std::sync::Arc;

use push_wire_bench::Fallible;
use push_wire_broker::Record;
use push_wire_server::Grant;
use push_wire_server::internals::carrier::WebSocketFrames;
use push_wire_server::internals::hub::Hub;
use push_wire_server::internals::peer::{Accepted, Action, Dialect, Message, Peer};
use push_wire_server::position::{Scope, StartAt, StreamKey};
use push_wire_server::session::client::{ClientConfig, ClientSession, Input, Output, Subscription};
use push_wire_server::session::op::ScopeRequest;
use push_wire_server::session::wire::Content;
use push_wire_server::time::{Moment, sooner};
use uuid::Uuid;

/// A client session, a server's peer, and the state between them.
pub(crate) struct Connection {
    hub: Arc<Hub>,
    peer: Peer,
    session: ClientSession,
    now: Moment,
    attempt: u32,
    dictionaries: Vec<usize>,
}

pub(crate) fn publish(hub: &Hub, now: Moment, channel: u8, message: &str) -> Fallible<()> {
    let key = StreamKey {
        channel,
        scope: Scope::Channel,
    };
    let record = Record {
        content: Content::Value,
        body: message.to_owned().into(),
    };
    hub.publish(now, &key, record)?;
    Ok(())
}

impl Connection {
    /// Connects a client that reads the feed.
    pub(crate) fn open(hub: &Arc<Hub>, now: Moment, id: u128, compression: bool) -> Self {
        let mut config = ClientConfig::new(Uuid::from_u128(id), 1);
        config.compression = compression;
        let mut session = ClientSession::new(config);
        let subscription = Subscription {
            channel: "repository.log".into(),
            scope: ScopeRequest::Channel,
            position: None,
            start: StartAt::Newest,
            keeps_position: false,
        };
        session.connect(now);
        session
            .subscribe(now, subscription)
            .expect("a new session reads nothing");
        let mut connection = Self {
            hub: Arc::clone(hub),
            peer: Peer::new(Arc::clone(hub), Dialect::Wire, now),
            session,
            now,
            attempt: 0,
            dictionaries: Vec::new(),
        };
        connection.exchange();
        connection
    }

    /// Size of each dictionary that the client has fetched, in bytes.
    pub(crate) fn dictionaries(&self) -> &[usize] {
        &self.dictionaries
    }

    /// The connection's present time.
    pub(crate) const fn now(&self) -> Moment {
        self.now
    }

    /// Advances the time and handles the timers that are due. A time that is not later changes nothing.
    pub(crate) fn advance(&mut self, until: Moment) {
        let due = |this: &Self| sooner(this.peer.poll_timeout(), this.session.poll_timeout());
        while let Some(due) = due(self).filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.peer.handle_timeout(self.now);
            self.session.handle_timeout(self.now);
            self.exchange();
        }
        self.now = self.now.max(until);
    }

    /// Lets the server send what it has. Returns the bytes, with WebSocket headers.
    pub(crate) fn catch_up(&mut self) -> usize {
        self.peer.handle_wake(self.now);
        self.exchange()
    }

    fn exchange(&mut self) -> usize {
        let mut down = 0;
        loop {
            let has_sent = self.run_client();
            let bytes = self.run_server();
            down += bytes;
            if !has_sent && bytes == 0 {
                return down;
            }
        }
    }

    fn run_client(&mut self) -> bool {
        let mut has_sent = false;
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Connect { attempt, .. } => {
                    self.attempt = attempt;
                    self.session
                        .handle_input(self.now, Input::Opened { attempt });
                }
                Output::Transmit(message) => {
                    has_sent = true;
                    self.peer
                        .handle_message(self.now, Message::Binary(message.into()));
                }
                Output::FetchDictionary { sha256 } => {
                    let bytes = self.hub.dictionary(&sha256).expect("it was just named");
                    self.session
                        .dictionary_fetched(self.now, sha256, bytes.to_vec());
                    self.dictionaries.push(bytes.len());
                }
                Output::Disconnect { code } => panic!("disconnected with {code}"),
                Output::Post { .. } => panic!("a POST beside a WebSocket"),
                Output::Event(_) | Output::TokenWanted { .. } => {}
            }
        }
        has_sent
    }

    fn run_server(&mut self) -> usize {
        while let Some(action) = self.peer.poll_action(self.now) {
            match action {
                Action::Authenticate(_) => {
                    self.peer.handle_authenticated(
                        self.now,
                        Ok(Accepted::for_ever(Grant::everything())),
                    );
                }
                Action::Deliver(_) | Action::Close { .. } => panic!("unexpected {action:?}"),
            }
        }
        let mut bytes = 0;
        loop {
            let mut pieces = Vec::new();
            let mut frames = WebSocketFrames::new(&mut pieces);
            self.peer.poll_write(self.now, &mut frames);
            frames.finish();
            if pieces.is_empty() {
                return bytes;
            }
            self.peer.wrote(self.now, true);
            let message = pieces.concat();
            bytes += message.len();
            self.receive(&message);
        }
    }

    /// Passes the WebSocket messages in these bytes to the session.
    fn receive(&mut self, mut bytes: &[u8]) {
        while let [_, len, rest @ ..] = bytes {
            let (len, rest) = match len {
                126 => (
                    usize::from(u16::from_be_bytes([rest[0], rest[1]])),
                    &rest[2..],
                ),
                len => (usize::from(*len), rest),
            };
            let (message, rest) = rest.split_at(len);
            let attempt = self.attempt;
            self.session.handle_input(
                self.now,
                Input::Message {
                    attempt,
                    bytes: message.to_vec(),
                },
            );
            bytes = rest;
        }
    }
}
