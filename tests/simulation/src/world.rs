//! The simulated world: pages, network and server in one thread, on one virtual clock that advances from event to event.

mod operations;

use std::time::Duration;

use push_wire_shared::time::Moment;

use super::check::{Promise, PromiseError};
use super::connection::Connection;
use super::excess::ExcessClients;
use super::fault_injector::InjectedFault;
use super::link::NetworkConditions;
use super::model::Model;
use super::node::Node;
use super::page::Page;
use super::page_host::PageHost;
use super::posts::Posts;
use super::schedule::Schedule;
use super::tally::Tally;

/// Latency and throughput of a working network.
const GOOD_NETWORK: NetworkConditions = NetworkConditions {
    latency: Duration::from_millis(20),
    bytes_per_second: 10_000_000,
};

/// Time after the last failure in which every page recovers (120 s): a heartbeat time-out on both ends, a stalled writer,
/// the longest retry delay, and a handshake.
const RECOVERY: Duration = Duration::from_secs(120);

/// Time after the last failure in which the server has refused the tokens that were revoked before (15 s): a handshake. A
/// page that is closed for one connects again then.
const REFUSAL: Duration = Duration::from_secs(15);

/// Time in which a page changes back to its first transport (10 s). It may have begun to when the recovery ends.
const CHANGE: Duration = Duration::from_secs(10);

/// Largest number of events at one moment; more means an endless loop.
const EVENTS_AT_ONCE: u32 = 100_000;

/// State of a run: pages, connections, server and the record of what happened.
#[derive(Debug)]
pub struct World {
    now: Moment,
    hosts: Vec<PageHost>,
    connections: Vec<Connection>,
    posts: Posts,
    excess: ExcessClients,
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
    Excess,
    AtServer(usize),
    AtPage(usize),
    PostAtServer(usize),
    PostAtPage(usize, usize),
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
        world.run_until(world.now + REFUSAL)?;
        world.connect_pages();
        world.run_until(world.now + RECOVERY)?;
        if world.check_recovered().is_err() {
            world.run_until(world.now + CHANGE)?;
        }
        world.check_recovered()?;
        let mut tally = world.node.tally();
        tally += world.posts.tally();
        tally += world.excess.tally();
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
            posts: Posts::new(schedule.seed),
            excess: ExcessClients::default(),
            node: Node::new(now, schedule.seed, fault),
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
            self.handle(due)?;
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
        offer(self.excess.due(), stalled_until, Due::Excess);
        for (index, connection) in self.connections.iter().enumerate() {
            let arrival = connection.next_at_server();
            offer(arrival, stalled_until, Due::AtServer(index));
            let timer = connection.poll_timeout(self.now);
            offer(timer, stalled_until, Due::ServerTimer(index));
            let asleep_until = self.hosts[connection.page()].asleep_until;
            offer(connection.next_at_page(), asleep_until, Due::AtPage(index));
        }
        if let Some((at, index)) = self.posts.next_at_server() {
            offer(Some(at), stalled_until, Due::PostAtServer(index));
        }
        if let Some((at, page, index)) = self.posts.next_at_page() {
            let awake_at = self.hosts[page].asleep_until;
            offer(Some(at), awake_at, Due::PostAtPage(page, index));
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

    fn handle(&mut self, due: Due) -> Result<(), PromiseError> {
        match due {
            Due::ServerStarts => self.node.start(self.now),
            Due::ServerEnds => self.end_server(),
            Due::Upkeep => self.node.upkeep(self.now),
            Due::Excess => self.excess.drive(self.now, &self.node)?,
            Due::AtServer(index) => {
                self.connections[index].arrive_at_server(self.now, &mut self.node)
            }
            Due::AtPage(index) => self.arrive_at_page(index),
            Due::PostAtServer(index) => {
                self.posts.arrive_at_server(self.now, index, &self.node);
            }
            Due::PostAtPage(page, index) => {
                let input = self.posts.end_at_page(self.now, index);
                self.hosts[page].page.handle_input(self.now, input);
            }
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
        Ok(())
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
            self.posts.send_answers(self.now, &self.node);
            if is_idle {
                break;
            }
        }
        self.fault_injected |= self.connections.iter().any(Connection::fault_injected);
        self.connections.retain(Connection::is_alive);
        Ok(())
    }
}
