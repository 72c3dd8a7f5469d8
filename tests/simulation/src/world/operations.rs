//! Execution of the pages' requests and of a schedule's operations.

use std::time::Duration;

use push_wire_shared::position::StartAt;
use push_wire_shared::session::client::{Input, Transport};

use super::{GOOD_NETWORK, World};
use crate::check::{self, Promise, PromiseError};
use crate::connection::Connection;
use crate::fault_injector::{FaultInjector, InjectedFault};
use crate::feed::Feed;
use crate::link::NetworkConditions;
use crate::operation::{NotifiedSides, Operation, RevokedSubject};
use crate::page_request::PageRequest;

/// Network of a page whose lanes are saturated: its application can handle what arrives.
const SLOW_NETWORK: NetworkConditions = NetworkConditions {
    latency: Duration::from_millis(50),
    bytes_per_second: 10_000,
};

/// A feed of each lane, with the number of entries that saturate it: they take about 1,500 bytes each.
const SATURATION: [(Feed, u16); 3] = [(Feed::Orders, 100), (Feed::Room(0), 28), (Feed::Events, 10)];

/// Padding of each of these entries.
const SATURATION_BYTES: u16 = 1_900;

/// Execution of the pages' requests, and of events of pages.
impl World {
    pub(super) fn carry_out_request(&mut self, index: usize, request: PageRequest) {
        let now = self.now;
        self.note(|| format!("page {index} {}", request.describe()));
        let host = &self.hosts[index];
        let mut connections = self.connections.iter_mut();
        let connection = connections.find(|connection| connection.is_of_page(index));
        match (request, connection) {
            (PageRequest::Connect(attempt, transport), connection) => {
                // A page that connects again has dropped its previous connection.
                if let Some(connection) = connection {
                    connection.close(now, None);
                }
                self.connect(index, attempt, transport);
            }
            (PageRequest::Post(attempt, request), _) => {
                let (latency, is_offline) = (host.conditions.latency, now < host.offline_until);
                self.posts
                    .send(now, (index, attempt), latency, request, is_offline);
            }
            (PageRequest::Transmit(message), Some(connection)) => connection.transmit(now, message),
            (PageRequest::Disconnect(code), Some(connection)) => connection.close(now, Some(code)),
            // The connection was lost, and the page has not been notified yet.
            (PageRequest::Transmit(_) | PageRequest::Disconnect(_), None) => {}
            (PageRequest::Fetch(sha256), _) => {
                let answer = self.node.dictionary(&sha256);
                self.hosts[index].fetch(now, sha256, answer);
            }
            (PageRequest::Token(request), _) => {
                self.hosts[index].ask_for_token(now, request);
            }
        }
    }

    fn connect(&mut self, index: usize, attempt: u32, transport: Transport) {
        let now = self.now;
        let host = &mut self.hosts[index];
        let injector = FaultInjector::new(self.fault);
        let link = (host.conditions, transport);
        let mut connection = Connection::open(now, index, attempt, link, injector);
        if now < host.offline_until {
            connection.fail(now, host.silent);
        } else if transport == Transport::WebSocket && now < host.blocked_until {
            connection.fail(now, false);
        } else if self.node.works(now) && host.works(now) {
            host.page.attempt().begin_undisturbed();
        }
        self.connections.push(connection);
        if transport == Transport::EventStream {
            // Its first message opens it.
            let input = Input::Opened { attempt };
            host.page.handle_input(now, input);
        }
    }

    pub(super) fn carry_out_operation(&mut self, operation: Operation) -> Result<(), PromiseError> {
        let now = self.now;
        if operation.is_disturbance() {
            let hosts = self.hosts.iter_mut();
            hosts.for_each(|host| host.page.attempt().disturb());
        }
        match operation {
            Operation::Publish {
                feed,
                page,
                count,
                bytes,
            } => {
                let client = self.hosts[page].page.client();
                for _ in 0..count {
                    self.node
                        .publish(now, &mut self.model, feed, client, bytes)?;
                }
            }
            Operation::Saturate { page } => self.saturate(page)?,
            Operation::Exceed { rate, heeds } => {
                self.excess.begin(now, &self.node, rate, heeds)?;
            }
            Operation::Send { page, count } => {
                for _ in 0..count {
                    self.hosts[page].page.send(now, &mut self.model)?;
                }
            }
            Operation::ToggleSubscription { page, feed, newest } => {
                let start = if newest {
                    StartAt::Newest
                } else {
                    StartAt::Oldest
                };
                let page = &mut self.hosts[page].page;
                page.toggle_subscription(now, &self.model, feed, start)?;
            }
            Operation::Reload {
                page,
                keeps_session,
            } => self.reload(page, keeps_session)?,
            Operation::Interrupt { page, ms } => {
                let wait = Duration::from_millis(ms.into());
                self.hosts[page].page.interrupt(now, wait);
            }
            Operation::Connect { page } => self.hosts[page].page.connect(now),
            Operation::Tokens { page, failure, ms } => {
                let until = now + Duration::from_millis(ms.into());
                self.hosts[page].fail_tokens(failure, until);
            }
            Operation::PauseHandling { page, ms } => {
                let until = now + Duration::from_millis(ms.into());
                self.hosts[page].page.pause_handling(until);
            }
            Operation::Hide { page, hidden } => self.hosts[page].page.hide(now, hidden),
            Operation::Rotate { feed, which } => self.node.rotate(feed, which),
            Operation::Revoke { page, subject } => self.revoke(page, subject)?,
            Operation::Login { page } => {
                self.each_connection_of(page, |connection| {
                    connection.cut(now, NotifiedSides::Both)
                });
                self.hosts[page].login();
            }
            Operation::AttemptTakeover { page, guesses } => {
                let client = self.hosts[page].page.client();
                self.node.attempt_takeover(now, client, guesses)?;
            }
            Operation::Crowd { clients, topics } => self.node.crowd(now, clients, topics)?,
            Operation::RawClient {
                operation,
                reads,
                leaves,
            } => self
                .node
                .act_as_raw_client(now, &mut self.model, operation, (reads, leaves))?,
            Operation::Cut { .. }
            | Operation::HalfOpen { .. }
            | Operation::ChangeNetwork { .. }
            | Operation::Offline { .. }
            | Operation::Block { .. }
            | Operation::Restart { .. }
            | Operation::Restore { .. }
            | Operation::Drain { .. }
            | Operation::Stall { .. }
            | Operation::Sleep { .. }
            | Operation::AdvanceClock { .. } => self.inject(operation),
        }
        Ok(())
    }

    /// Revokes credentials of a page. It goes on as a new client if its client id is one of them.
    fn revoke(&mut self, page: usize, subject: RevokedSubject) -> Result<(), PromiseError> {
        let client = self.hosts[page].page.client();
        if !self.node.revoke(self.now, client, subject)? {
            return Ok(());
        }
        for host in &mut self.hosts {
            host.page.credential().revoked(self.now);
        }
        if subject == RevokedSubject::Client {
            self.reload(page, false)?;
        }
        Ok(())
    }

    fn reload(&mut self, page: usize, keeps_session: bool) -> Result<(), PromiseError> {
        let now = self.now;
        self.each_connection_of(page, |connection| connection.close(now, Some(1001)));
        self.hosts[page].reload(now, &mut self.model, keeps_session)
    }

    /// Makes a page read a feed of each lane over a slow network, and publishes more into each than is sent in two rounds.
    fn saturate(&mut self, page: usize) -> Result<(), PromiseError> {
        let now = self.now;
        self.set_network(page, SLOW_NETWORK);
        for (feed, count) in SATURATION {
            let page = &mut self.hosts[page].page;
            if page.readers().all(|reader| reader.feed != feed) {
                page.toggle_subscription(now, &self.model, feed, StartAt::Oldest)?;
            }
            let client = page.client();
            for _ in 0..count {
                self.node
                    .publish(now, &mut self.model, feed, client, SATURATION_BYTES)?;
            }
        }
        Ok(())
    }

    /// Injects a fault of the network, of the server's process or of a page's machine.
    fn inject(&mut self, fault: Operation) {
        let now = self.now;
        let after = |ms: u32| now + Duration::from_millis(ms.into());
        match fault {
            Operation::Cut { page, noticed } => {
                self.each_connection_of(page, |connection| connection.cut(now, noticed))
            }
            Operation::HalfOpen { page, up } => {
                self.each_connection_of(page, |connection| connection.half_open(up))
            }
            Operation::ChangeNetwork {
                page,
                latency_ms,
                bytes_per_second,
            } => {
                let latency = Duration::from_millis(latency_ms.into());
                self.set_network(
                    page,
                    NetworkConditions {
                        latency,
                        bytes_per_second,
                    },
                );
            }
            Operation::Offline { page, ms, silent } => {
                self.hosts[page].offline_until = after(ms);
                self.hosts[page].silent = silent;
            }
            Operation::Block { page, ms } => {
                self.hosts[page].blocked_until = after(ms);
                self.each_connection_of(page, |connection| connection.block(now));
            }
            Operation::Restart { down_ms, noticed } => {
                self.node.stop(after(down_ms), &mut self.model);
                self.connections
                    .iter_mut()
                    .for_each(|connection| connection.server_died(now, noticed));
            }
            Operation::Restore {
                down_ms,
                noticed,
                feed,
                page,
                lost,
            } => {
                let stream = feed.stream(self.hosts[page].page.client());
                self.node
                    .restore(now, after(down_ms), &mut self.model, &stream, lost.into());
                self.connections
                    .iter_mut()
                    .for_each(|connection| connection.server_died(now, noticed));
            }
            Operation::Drain { grace_ms, down_ms } => {
                let ends_at = after(grace_ms);
                let down = Duration::from_millis(down_ms.into());
                self.node.drain(ends_at, ends_at + down);
            }
            Operation::Stall { ms } => self.node.stall(after(ms)),
            Operation::Sleep { page, ms } => self.hosts[page].asleep_until = after(ms),
            Operation::AdvanceClock { page, ms } => {
                self.hosts[page]
                    .page
                    .advance_clock(Duration::from_millis(ms.into()));
            }
            Operation::Publish { .. }
            | Operation::Saturate { .. }
            | Operation::Exceed { .. }
            | Operation::Send { .. }
            | Operation::ToggleSubscription { .. }
            | Operation::Reload { .. }
            | Operation::Interrupt { .. }
            | Operation::Connect { .. }
            | Operation::Tokens { .. }
            | Operation::PauseHandling { .. }
            | Operation::Hide { .. }
            | Operation::Rotate { .. }
            | Operation::Revoke { .. }
            | Operation::Login { .. }
            | Operation::AttemptTakeover { .. }
            | Operation::Crowd { .. }
            | Operation::RawClient { .. } => {}
        }
    }

    fn each_connection_of(&mut self, page: usize, act: impl FnMut(&mut Connection)) {
        let connections = self.connections.iter_mut();
        connections
            .filter(|connection| connection.is_of_page(page))
            .for_each(act);
    }

    fn set_network(&mut self, page: usize, conditions: NetworkConditions) {
        self.hosts[page].conditions = conditions;
        self.each_connection_of(page, |connection| connection.set_network(conditions));
    }

    /// Ends all faults of network, server and pages.
    pub(super) fn recover(&mut self) -> Result<(), PromiseError> {
        self.note(|| "all faults end".into());
        if self.node.ends_at().is_some() {
            self.end_server();
        }
        self.node.recover(self.now);
        self.posts.recover();
        for index in 0..self.hosts.len() {
            self.set_network(index, GOOD_NETWORK);
            self.hosts[index].recover(self.now);
        }
        self.settle()
    }

    /// Connects the pages that are closed.
    pub(super) fn connect_pages(&mut self) {
        for host in &mut self.hosts {
            host.page.connect(self.now);
        }
    }

    pub(super) fn check_recovered(&self) -> Result<(), PromiseError> {
        self.excess.check_done()?;
        for host in &self.hosts {
            if self.fault == InjectedFault::None {
                check::check_no_repair(host.page.stats())?;
            }
            for reader in host.page.readers() {
                check::caught_up(&self.model, reader)?;
            }
            let client = host.page.client();
            if let Some(message) = self.model.unconfirmed(client) {
                let what = format!("client {client}: message {message} is not confirmed");
                return Err(Promise::Liveness.broken(what));
            }
        }
        Ok(())
    }
}
