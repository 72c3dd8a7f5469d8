//! One simulated connection with both its ends: the page's, driven by the world, and the server's, driven here.

use push_wire_shared::session::client::Input;
use push_wire_shared::time::Moment;

use super::check::PromiseError;
use super::fault_injector::FaultInjector;
use super::link::{Link, Pace, Parcel};
use super::model::Model;
use super::node::Node;
use super::schedule::Noticed;
use super::server_end::ServerEnd;

/// Bytes that the server's socket takes before it says "later".
const SOCKET_BYTES: usize = 8 * 1024;

/// A connection, from the page's request on.
#[derive(Debug)]
pub struct Line {
    seat: usize,
    /// The page's name for it; `None` once the page has left.
    attempt: Option<u32>,
    link: Link,
    server: Option<ServerEnd>,
    run: u32,
    injector: FaultInjector,
}

/// The page's side.
impl Line {
    /// A page asks for a connection.
    #[must_use]
    pub fn open(
        now: Moment,
        seat: usize,
        attempt: u32,
        pace: Pace,
        injector: FaultInjector,
    ) -> Self {
        let mut link = Link::new(now, pace);
        link.up.send(now, Parcel::Open);
        Self {
            seat,
            attempt: Some(attempt),
            link,
            server: None,
            run: 0,
            injector,
        }
    }

    /// The request reaches nobody.
    pub fn fail(&mut self, now: Moment, silent: bool) {
        self.link.up.kill();
        if !silent {
            self.link.down.send(now, Parcel::Close(None));
        }
    }

    /// Returns whether the page still listens here.
    #[must_use]
    pub fn is_of_page(&self, seat: usize) -> bool {
        self.seat == seat && self.attempt.is_some()
    }

    /// Whose it is.
    #[must_use]
    pub fn seat(&self) -> usize {
        self.seat
    }

    /// The server process at the other end.
    #[must_use]
    pub fn run(&self) -> u32 {
        self.run
    }

    /// The page sends a message.
    pub fn transmit(&mut self, now: Moment, message: Vec<u8>) {
        self.link.up.send(now, Parcel::Message(message));
    }

    /// The page closes, and hears nothing of this connection any more.
    pub fn leave(&mut self, now: Moment, code: Option<u16>) {
        self.attempt = None;
        self.link.up.send(now, Parcel::Close(code));
    }

    /// Messages that have arrived at the page.
    pub fn arrive_at_page(&mut self, now: Moment) -> Option<Input> {
        let parcel = self.link.down.receive(now)?;
        let attempt = self.attempt?;
        Some(match parcel {
            Parcel::Open => Input::Opened { attempt },
            Parcel::Message(bytes) => Input::Message { attempt, bytes },
            Parcel::Close(code) => {
                self.attempt = None;
                Input::Closed { attempt, code }
            }
        })
    }
}

/// Event of a connection.
impl Line {
    /// Time at which the next parcel reaches the server.
    #[must_use]
    pub fn next_at_server(&self) -> Option<Moment> {
        let arrival = self.link.up.next_arrival()?;
        let free = self.server.as_ref().map(ServerEnd::busy_until);
        Some(free.map_or(arrival, |free| free.max(arrival)))
    }

    /// Time at which the next parcel reaches the page.
    #[must_use]
    pub fn next_at_page(&self) -> Option<Moment> {
        self.link.down.next_arrival()
    }

    /// Cuts the connection; the sides named are notified.
    pub fn cut(&mut self, now: Moment, noticed: Noticed) {
        match noticed {
            Noticed::Both | Noticed::Server => self.link.up.cut(now),
            Noticed::Page | Noticed::Nobody => self.link.up.kill(),
        }
        match noticed {
            Noticed::Both | Noticed::Page => self.link.down.cut(now),
            Noticed::Server | Noticed::Nobody => self.link.down.kill(),
        }
    }

    /// One direction is lost without notice to either side.
    pub fn half_open(&mut self, up: bool) {
        if up {
            self.link.up.kill();
        } else {
            self.link.down.kill();
        }
    }

    /// The network changes its pace.
    pub fn set_pace(&mut self, pace: Pace) {
        self.link.up.set_pace(pace);
        self.link.down.set_pace(pace);
    }

    /// The server's process is gone. What it has sent still arrives.
    pub fn server_died(&mut self, now: Moment, noticed: bool) {
        if self.server.take().is_none() {
            return;
        }
        self.link.up.kill();
        if noticed {
            self.link.down.send(now, Parcel::Close(None));
        }
    }

    /// Returns whether anything can still happen here.
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
impl Line {
    /// Takes what has come up to the server.
    pub fn arrive_at_server(&mut self, now: Moment, node: &mut Node) {
        let Some(parcel) = self.link.up.receive(now) else {
            return;
        };
        match (parcel, &mut self.server) {
            (Parcel::Open, _) => {
                self.run = node.run();
                self.server = node.accept(now);
                let answer = match self.server {
                    Some(_) => Parcel::Open,
                    None => Parcel::Close(None),
                };
                self.link.down.send(now, answer);
            }
            (Parcel::Message(message), Some(server)) => {
                self.injector.note_requests(&message);
                server.handle_message(now, message);
            }
            (Parcel::Close(_), Some(server)) => {
                server.disconnected(now, node);
                self.server = None;
            }
            (Parcel::Message(_) | Parcel::Close(_), None) => {}
        }
    }

    /// Time at which the server's end has something to do, at `now` or later.
    #[must_use]
    pub fn poll_timeout(&self, now: Moment) -> Option<Moment> {
        self.server.as_ref()?.poll_timeout(now)
    }

    /// Does what is due at the server's end.
    pub fn handle_timeout(&mut self, now: Moment) {
        if let Some(server) = &mut self.server {
            server.handle_timeout(now);
        }
    }

    /// Lets the server's end act and write; tells whether it did anything.
    ///
    /// # Errors
    /// Fails if it does what breaks a promise.
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
            let Some(message) = server.next_message(now, has_room) else {
                break;
            };
            acted = true;
            let message = self.injector.rewrite(message);
            if !message.is_empty() {
                self.link.down.send(now, Parcel::Message(message));
            }
        }
        if let Some(code) = server.closed().filter(|_| !server.is_busy(now)) {
            self.link.down.send(now, Parcel::Close(Some(code)));
            server.disconnected(now, node);
            self.server = None;
            acted = true;
        }
        Ok(acted)
    }
}
