//! One simulated connection, with both its ends: the world drives the page's, this file the server's.

use push_wire_shared::close::CloseReason;
use push_wire_shared::session::client::{Input, Transport};
use push_wire_shared::time::Moment;

use super::check::{Promise, PromiseError};
use super::fault_injector::FaultInjector;
use super::link::{Link, NetworkConditions, Packet};
use super::model::Model;
use super::node::Node;
use super::operation::NotifiedSides;
use super::server_end::ServerEnd;

/// Bytes in flight above which the server's socket takes no more.
const SOCKET_BYTES: usize = 8 * 1024;

/// A connection, from the page's request on.
#[derive(Debug)]
pub struct Connection {
    /// Index of the page.
    page: usize,
    /// The client session's number for it; `None` once the page has closed it.
    attempt: Option<u32>,
    link: Link,
    transport: Transport,
    server: Option<ServerEnd>,
    process: u32,
    injector: FaultInjector,
}

/// The page's side.
impl Connection {
    /// A connection that a page requests.
    #[must_use]
    pub fn open(
        now: Moment,
        page: usize,
        attempt: u32,
        (conditions, transport): (NetworkConditions, Transport),
        injector: FaultInjector,
    ) -> Self {
        let mut link = Link::new(now, conditions);
        link.up.send(now, Packet::Open);
        Self {
            page,
            attempt: Some(attempt),
            link,
            transport,
            server: None,
            process: 0,
            injector,
        }
    }

    /// Fails the request: after one latency the page is notified of the close, unless `silent`.
    pub fn fail(&mut self, now: Moment, silent: bool) {
        self.link.up.kill();
        if !silent {
            self.link.down.send(now, Packet::Close(None));
        }
    }

    /// Returns whether this is a connection of the page that the page has not closed.
    #[must_use]
    pub fn is_of_page(&self, page: usize) -> bool {
        self.page == page && self.attempt.is_some()
    }

    /// Index of the page.
    #[must_use]
    pub fn page(&self) -> usize {
        self.page
    }

    /// Number of the server process at the other end.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.process
    }

    /// Sends a message of the page.
    pub fn transmit(&mut self, now: Moment, message: Vec<u8>) {
        self.link.up.send(now, Packet::Message(message));
    }

    /// Closes the page's end, which receives nothing more.
    pub fn close(&mut self, now: Moment, code: Option<u16>) {
        self.attempt = None;
        self.link.up.send(now, Packet::Close(code));
    }

    /// Input for the page from the next packet that has arrived, if there is one.
    pub fn arrive_at_page(&mut self, now: Moment) -> Option<Input> {
        let packet = self.link.down.receive(now)?;
        let attempt = self.attempt?;
        Some(match packet {
            // The page knew at once that an event stream takes its first message.
            Packet::Open if self.transport == Transport::EventStream => return None,
            Packet::Open => Input::Opened { attempt },
            Packet::Message(bytes) => Input::Message { attempt, bytes },
            Packet::Close(code) => {
                self.attempt = None;
                Input::Closed {
                    attempt,
                    code,
                    reason: String::new(),
                }
            }
        })
    }
}

/// Network and timers of a connection.
impl Connection {
    /// Time at which the next packet reaches the server.
    #[must_use]
    pub fn next_at_server(&self) -> Option<Moment> {
        let arrival = self.link.up.next_arrival()?;
        let free = self.server.as_ref().map(ServerEnd::busy_until);
        Some(free.map_or(arrival, |free| free.max(arrival)))
    }

    /// Time at which the next packet reaches the page.
    #[must_use]
    pub fn next_at_page(&self) -> Option<Moment> {
        self.link.down.next_arrival()
    }

    /// Cuts the connection; the sides named are notified.
    pub fn cut(&mut self, now: Moment, noticed: NotifiedSides) {
        match noticed {
            NotifiedSides::Both | NotifiedSides::Server => self.link.up.cut(now),
            NotifiedSides::Page | NotifiedSides::Nobody => self.link.up.kill(),
        }
        match noticed {
            NotifiedSides::Both | NotifiedSides::Page => self.link.down.cut(now),
            NotifiedSides::Server | NotifiedSides::Nobody => self.link.down.kill(),
        }
    }

    /// Cuts a WebSocket, since the network lets none through any more.
    pub fn block(&mut self, now: Moment) {
        if self.transport == Transport::WebSocket {
            self.cut(now, NotifiedSides::Both);
        }
    }

    /// Loses one direction, without notice to either side.
    pub fn half_open(&mut self, up: bool) {
        if up {
            self.link.up.kill();
        } else {
            self.link.down.kill();
        }
    }

    /// Changes the latency and throughput of both directions.
    pub fn set_network(&mut self, conditions: NetworkConditions) {
        self.link.up.set_network(conditions);
        self.link.down.set_network(conditions);
    }

    /// Ends the server's process. Messages that it has sent still arrive.
    pub fn server_died(&mut self, now: Moment, noticed: bool) {
        if self.server.take().is_none() {
            return;
        }
        self.link.up.kill();
        if noticed {
            self.link.down.send(now, Packet::Close(None));
        }
    }

    /// Returns whether the server's end is open or a packet is in flight.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.server.is_some() || self.next_at_server().is_some() || self.next_at_page().is_some()
    }

    /// Returns whether the fault was injected.
    #[must_use]
    pub fn fault_injected(&self) -> bool {
        self.injector.is_done()
    }
}

/// The server's side.
impl Connection {
    /// Handles the next packet that has arrived at the server, if there is one.
    pub fn arrive_at_server(&mut self, now: Moment, node: &mut Node) {
        let Some(packet) = self.link.up.receive(now) else {
            return;
        };
        match (packet, &mut self.server) {
            (Packet::Open, _) => {
                self.process = node.process();
                self.server = node.accept(now);
                let answer = match self.server {
                    Some(_) => Packet::Open,
                    None => Packet::Close(None),
                };
                self.link.down.send(now, answer);
            }
            (Packet::Message(message), Some(server)) => {
                self.injector.note_requests(&message);
                server.handle_message(now, message);
            }
            (Packet::Close(_), Some(server)) => {
                server.disconnected(now, node);
                self.server = None;
            }
            (Packet::Message(_) | Packet::Close(_), None) => {}
        }
    }

    /// Time at which the server's next timer fires, at `now` or later.
    #[must_use]
    pub fn poll_timeout(&self, now: Moment) -> Option<Moment> {
        self.server.as_ref()?.poll_timeout(now)
    }

    /// Handles the server's timers that are due.
    pub fn handle_timeout(&mut self, now: Moment) {
        if let Some(server) = &mut self.server {
            server.handle_timeout(now);
        }
    }

    /// Lets the server's end act and write. Returns whether it did anything.
    ///
    /// # Errors
    /// Fails if it breaks a promise.
    pub fn drive(
        &mut self,
        now: Moment,
        node: &mut Node,
        model: &mut Model,
    ) -> Result<bool, PromiseError> {
        let free = |server: &&mut ServerEnd| !node.is_stalled(now) && !server.is_busy(now);
        let Some(server) = self.server.as_mut().filter(free) else {
            return Ok(false);
        };
        let mut acted = server.act(now, node, model)?;
        while !server.is_busy(now) {
            let has_room = self.link.down.in_flight_bytes() < SOCKET_BYTES;
            let Some(message) = server.next_message(now, has_room)? else {
                break;
            };
            acted = true;
            let message = self.injector.rewrite(message);
            if !message.is_empty() {
                self.link.down.send(now, Packet::Message(message));
            }
        }
        if server.take_saturated() {
            node.count(match self.transport {
                Transport::WebSocket => "lanes saturated over a WebSocket",
                Transport::EventStream => "lanes saturated over an event stream",
            });
        }
        if !server.is_busy(now) {
            server.check_revocation()?;
        }
        if let Some(code) = server.closed().filter(|_| !server.is_busy(now)) {
            if server.is_closed_as_revoked() {
                node.count("closed after a revocation");
            }
            if code == CloseReason::RateLimited.code() {
                let what = format!("page {} keeps to its rates, and is closed", self.page);
                return Err(Promise::Limits.broken(what));
            }
            self.link.down.send(now, Packet::Close(Some(code)));
            server.disconnected(now, node);
            self.server = None;
            acted = true;
        }
        Ok(acted)
    }
}
