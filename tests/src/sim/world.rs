//! The simulated world: pages, network and server in one thread, on one virtual clock that advances from event to event.

use std::time::Duration;

use push_wire_shared::position::StartAt;
use push_wire_shared::time::Moment;

use super::check::{self, Promise, PromiseError};
use super::connection::Connection;
use super::fault_injector::{FaultInjector, InjectedFault};
use super::link::NetworkConditions;
use super::model::Model;
use super::node::Node;
use super::page::Page;
use super::page_host::PageHost;
use super::page_request::PageRequest;
use super::schedule::{Operation, Schedule};
use super::tally::Tally;

/// Latency and throughput of a working network.
const GOOD_NETWORK: NetworkConditions = NetworkConditions {
    latency: Duration::from_millis(20),
    bytes_per_second: 10_000_000,
};

/// Time after the last failure in which every page recovers (120 s): a heartbeat time-out on both ends, a stalled writer,
/// the longest retry delay, and a handshake.
const RECOVERY: Duration = Duration::from_secs(120);

/// Largest number of events at one moment; more means an endless loop.
const EVENTS_AT_ONCE: u32 = 100_000;

/// State of a run: pages, connections, server and the record of what happened.
#[derive(Debug)]
pub struct World {
    now: Moment,
    hosts: Vec<PageHost>,
    connections: Vec<Connection>,
    node: Node,
    model: Model,
    fault: InjectedFault,
    fault_injected: bool,
    trace: bool,
}

/// Events that can be due; those with an index concern that connection or page.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Due {
    ServerStarts,
    ServerEnds,
    Upkeep,
    AtServer(usize),
    AtPage(usize),
    Fetched(usize),
    Token(usize),
    Handles(usize),
    ServerTimer(usize),
    PageTimer(usize),
}

/// Result of a finished run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// Events that it has reached.
    pub tally: Tally,
    /// True if the fault was injected.
    pub fault_injected: bool,
}

impl World {
    /// Runs a schedule, and the recovery after it.
    ///
    /// # Errors
    /// The first promise that was broken.
    pub fn run(
        schedule: &Schedule,
        fault: InjectedFault,
        trace: bool,
    ) -> Result<Report, PromiseError> {
        let mut world = Self::new(schedule, fault, trace);
        for &(wait, operation) in &schedule.operations {
            world.run_until(world.now + wait)?;
            world.note(|| format!("{operation:?}"));
            world.carry_out_operation(operation)?;
            world.settle()?;
        }
        world.recover()?;
        world.run_until(world.now + RECOVERY)?;
        world.check_recovered()?;
        let mut tally = world.node.tally();
        for host in &world.hosts {
            tally += &host.page.tally();
        }
        Ok(Report {
            tally,
            fault_injected: world.fault_injected,
        })
    }

    fn new(schedule: &Schedule, fault: InjectedFault, trace: bool) -> Self {
        let now = Moment::after_origin(Duration::from_secs(1));
        let host = |index: u16| {
            let seed = schedule.seed ^ (u64::from(index) << 32);
            PageHost::new(now, Page::new(index, now, seed), GOOD_NETWORK)
        };
        Self {
            now,
            hosts: (0..).take(schedule.pages).map(host).collect(),
            connections: Vec::new(),
            node: Node::new(now, schedule.seed),
            model: Model::default(),
            fault,
            fault_injected: false,
            trace,
        }
    }

    fn note(&self, what: impl FnOnce() -> String) {
        if self.trace {
            eprintln!(
                "{:>11.6}  {}",
                self.now.since_origin().as_secs_f64(),
                what()
            );
        }
    }
}

/// The clock, and the events that are due.
impl World {
    fn run_until(&mut self, end: Moment) -> Result<(), PromiseError> {
        let mut at_once = 0;
        while let Some((at, due)) = self.next().filter(|(at, _)| *at <= end) {
            at_once = if at > self.now { 0 } else { at_once + 1 };
            if at_once > EVENTS_AT_ONCE {
                return Err(
                    Promise::Liveness.broken(format!("{due:?} is due without end at {at:?}"))
                );
            }
            self.now = self.now.max(at);
            self.handle(due);
            self.settle()?;
        }
        self.now = end;
        Ok(())
    }

    fn next(&self) -> Option<(Moment, Due)> {
        let mut next = self.node.starts_at().map(|at| (at, Due::ServerStarts));
        let mut offer = |at: Option<Moment>, not_before: Moment, due: Due| {
            let offer = at.map(|at| (at.max(not_before), due));
            if let Some(offer) = offer
                && next.is_none_or(|best| offer < best)
            {
                next = Some(offer);
            }
        };
        let stalled_until = self.node.stalled_until();
        offer(self.node.ends_at(), stalled_until, Due::ServerEnds);
        offer(self.node.next_upkeep(), stalled_until, Due::Upkeep);
        for (index, connection) in self.connections.iter().enumerate() {
            let arrival = connection.next_at_server();
            offer(arrival, stalled_until, Due::AtServer(index));
            let timer = connection.poll_timeout(self.now);
            offer(timer, stalled_until, Due::ServerTimer(index));
            let asleep_until = self.hosts[connection.page()].asleep_until;
            offer(connection.next_at_page(), asleep_until, Due::AtPage(index));
        }
        for (index, host) in self.hosts.iter().enumerate() {
            let (page, awake_at) = (&host.page, host.asleep_until);
            offer(host.fetched_at(), awake_at, Due::Fetched(index));
            offer(host.token_at(), awake_at, Due::Token(index));
            offer(page.handles_at(), awake_at, Due::Handles(index));
            offer(page.poll_timeout(), awake_at, Due::PageTimer(index));
        }
        next
    }

    fn handle(&mut self, due: Due) {
        match due {
            Due::ServerStarts => self.node.start(self.now),
            Due::ServerEnds => self.end_server(),
            Due::Upkeep => self.node.upkeep(self.now),
            Due::AtServer(index) => {
                self.connections[index].arrive_at_server(self.now, &mut self.node)
            }
            Due::AtPage(index) => self.arrive_at_page(index),
            Due::Fetched(index) => self.hosts[index].fetched(self.now),
            Due::Token(index) => self.hosts[index].token_given(self.now),
            Due::Handles(index) => {
                self.hosts[index]
                    .page
                    .handle_held(self.now, &mut self.model);
            }
            Due::ServerTimer(index) => self.connections[index].handle_timeout(self.now),
            Due::PageTimer(index) => self.hosts[index].page.handle_timeout(self.now),
        }
    }

    /// Ends the process that drains.
    fn end_server(&mut self) {
        self.node.end(&mut self.model);
        for connection in &mut self.connections {
            connection.server_died(self.now, true);
        }
    }

    fn arrive_at_page(&mut self, index: usize) {
        let connection = &mut self.connections[index];
        let host = &mut self.hosts[connection.page()];
        if let Some(input) = connection.arrive_at_page(self.now) {
            host.last_process = connection.process();
            host.page.handle_input(self.now, input);
        }
    }

    /// Lets pages and connections act until none of them has anything to do at this time.
    fn settle(&mut self) -> Result<(), PromiseError> {
        let mut requests = Vec::new();
        loop {
            for index in 0..self.hosts.len() {
                let host = &mut self.hosts[index];
                let current = self.node.is_process(host.last_process);
                host.page.drain(
                    self.now,
                    &mut self.model,
                    current,
                    self.trace,
                    &mut requests,
                )?;
                for request in requests.drain(..) {
                    self.carry_out_request(index, request);
                }
            }
            let mut is_idle = true;
            for connection in &mut self.connections {
                is_idle &= !connection.drive(self.now, &mut self.node, &mut self.model)?;
            }
            if is_idle {
                break;
            }
        }
        self.fault_injected |= self.connections.iter().any(Connection::fault_injected);
        self.connections.retain(Connection::is_alive);
        Ok(())
    }
}

/// Execution of the pages' requests, and of events of pages.
impl World {
    fn carry_out_request(&mut self, index: usize, request: PageRequest) {
        let now = self.now;
        self.note(|| format!("page {index} {}", request.describe()));
        let host = &self.hosts[index];
        let mut connections = self.connections.iter_mut();
        let connection = connections.find(|connection| connection.is_of_page(index));
        match (request, connection) {
            (PageRequest::Connect(attempt), connection) => {
                // A page that connects again has dropped its previous connection.
                if let Some(connection) = connection {
                    connection.close(now, None);
                }
                let injector = FaultInjector::new(self.fault);
                let mut connection =
                    Connection::open(now, index, attempt, host.conditions, injector);
                if now < host.offline_until {
                    connection.fail(now, host.silent);
                }
                self.connections.push(connection);
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
                let token = self.node.token(now);
                self.hosts[index].ask_for_token(now, request, token);
            }
        }
    }

    fn carry_out_operation(&mut self, operation: Operation) -> Result<(), PromiseError> {
        let now = self.now;
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
            } => {
                self.each_connection_of(page, |connection| connection.close(now, Some(1001)));
                self.hosts[page].reload(now, &mut self.model, keeps_session)?;
            }
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
            | Operation::Restart { .. }
            | Operation::Restore { .. }
            | Operation::Drain { .. }
            | Operation::Stall { .. }
            | Operation::Sleep { .. }
            | Operation::AdvanceClock { .. } => self.inject(operation),
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
            | Operation::Send { .. }
            | Operation::ToggleSubscription { .. }
            | Operation::Reload { .. }
            | Operation::Interrupt { .. }
            | Operation::Connect { .. }
            | Operation::Tokens { .. }
            | Operation::PauseHandling { .. }
            | Operation::Hide { .. }
            | Operation::Rotate { .. }
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
    fn recover(&mut self) -> Result<(), PromiseError> {
        self.note(|| "all faults end".into());
        if self.node.ends_at().is_some() {
            self.end_server();
        }
        self.node.recover(self.now);
        for index in 0..self.hosts.len() {
            self.set_network(index, GOOD_NETWORK);
            let token = self.node.token(self.now);
            self.hosts[index].recover(self.now, &token);
        }
        self.settle()
    }

    fn check_recovered(&self) -> Result<(), PromiseError> {
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
