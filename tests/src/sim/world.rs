//! Everything in one thread: pages, network and server on one virtual clock, moved on event by event.

use std::time::Duration;

use push_wire_shared::position::StartAt;
use push_wire_shared::time::Moment;

use super::check::{self, Promise, PromiseError};
use super::fault_injector::{FaultInjector, InjectedFault};
use super::line::Line;
use super::link::Pace;
use super::model::Model;
use super::node::Node;
use super::page::Page;
use super::schedule::{Operation, Schedule};
use super::seat::Seat;
use super::tally::Tally;
use super::wish::Wish;

/// Pace of a working network.
const WELL: Pace = Pace {
    latency: Duration::from_millis(20),
    bytes_per_second: 10_000_000,
};

/// Time in which every failure is found and repaired once the network works: a heartbeat with its grace on both ends, a
/// stalled writer, the longest retry delay, a handshake.
const RECOVERY: Duration = Duration::from_secs(120);

/// Largest number of events at one moment; more means an endless loop.
const EVENTS_AT_ONCE: u32 = 100_000;

/// The simulated world.
#[derive(Debug)]
pub struct World {
    now: Moment,
    seats: Vec<Seat>,
    lines: Vec<Line>,
    node: Node,
    model: Model,
    fault: InjectedFault,
    fault_injected: bool,
    trace: bool,
}

/// Kinds of events that can be due.
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
    /// Whether the fault was injected.
    pub fault_injected: bool,
}

impl World {
    /// Runs a schedule to its end and through the recovery after it.
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
            world.carry_out(operation)?;
            world.settle()?;
        }
        world.heal()?;
        world.run_until(world.now + RECOVERY)?;
        world.all_is_well()?;
        let mut tally = world.node.tally();
        for seat in &world.seats {
            tally += &seat.page.tally();
        }
        Ok(Report {
            tally,
            fault_injected: world.fault_injected,
        })
    }

    fn new(schedule: &Schedule, fault: InjectedFault, trace: bool) -> Self {
        let now = Moment::after_origin(Duration::from_secs(1));
        let seat = |index: u16| {
            let seed = schedule.seed ^ (u64::from(index) << 32);
            Seat::new(now, Page::new(index, now, seed), WELL)
        };
        Self {
            now,
            seats: (0..).take(schedule.pages).map(seat).collect(),
            lines: Vec::new(),
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

/// The passing of time.
impl World {
    fn run_until(&mut self, end: Moment) -> Result<(), PromiseError> {
        let mut at_once = 0;
        while let Some((at, due)) = self.next().filter(|(at, _)| *at <= end) {
            at_once = if at > self.now { 0 } else { at_once + 1 };
            if at_once > EVENTS_AT_ONCE {
                return Err(Promise::Liveness.broken(format!("{due:?} again and again at {at:?}")));
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
        offer(
            self.node.ends_at(),
            self.node.stalled_until(),
            Due::ServerEnds,
        );
        offer(
            self.node.next_upkeep(),
            self.node.stalled_until(),
            Due::Upkeep,
        );
        for (index, line) in self.lines.iter().enumerate() {
            let stalled_until = self.node.stalled_until();
            offer(line.next_at_server(), stalled_until, Due::AtServer(index));
            offer(
                line.poll_timeout(self.now),
                stalled_until,
                Due::ServerTimer(index),
            );
            let asleep_until = self.seats[line.seat()].asleep_until;
            offer(line.next_at_page(), asleep_until, Due::AtPage(index));
        }
        for (index, seat) in self.seats.iter().enumerate() {
            offer(seat.fetched_at(), seat.asleep_until, Due::Fetched(index));
            offer(seat.token_at(), seat.asleep_until, Due::Token(index));
            offer(
                seat.page.handles_at(),
                seat.asleep_until,
                Due::Handles(index),
            );
            offer(
                seat.page.poll_timeout(),
                seat.asleep_until,
                Due::PageTimer(index),
            );
        }
        next
    }

    fn handle(&mut self, due: Due) {
        match due {
            Due::ServerStarts => self.node.start(self.now),
            Due::ServerEnds => self.end_server(),
            Due::Upkeep => self.node.upkeep(self.now),
            Due::AtServer(index) => self.lines[index].arrive_at_server(self.now, &mut self.node),
            Due::AtPage(index) => self.arrive_at_page(index),
            Due::Fetched(index) => self.seats[index].fetched(self.now),
            Due::Token(index) => self.seats[index].token_given(self.now),
            Due::Handles(index) => {
                self.seats[index]
                    .page
                    .handle_held(self.now, &mut self.model);
            }
            Due::ServerTimer(index) => self.lines[index].handle_timeout(self.now),
            Due::PageTimer(index) => self.seats[index].page.handle_timeout(self.now),
        }
    }

    /// The process that drains ends.
    fn end_server(&mut self) {
        self.node.end(&mut self.model);
        for line in &mut self.lines {
            line.server_died(self.now, true);
        }
    }

    fn arrive_at_page(&mut self, index: usize) {
        let line = &mut self.lines[index];
        let seat = &mut self.seats[line.seat()];
        if let Some(input) = line.arrive_at_page(self.now) {
            seat.last_run = line.run();
            seat.page.handle_input(self.now, input);
        }
    }

    /// Lets everybody act until nobody has anything to do at this moment.
    fn settle(&mut self) -> Result<(), PromiseError> {
        let mut wishes = Vec::new();
        loop {
            for index in 0..self.seats.len() {
                let seat = &mut self.seats[index];
                let current = self.node.is_run(seat.last_run);
                seat.page
                    .drain(self.now, &mut self.model, current, self.trace, &mut wishes)?;
                for wish in wishes.drain(..) {
                    self.grant(index, wish);
                }
            }
            let mut quiet = true;
            for line in &mut self.lines {
                quiet &= !line.drive(self.now, &mut self.node, &mut self.model)?;
            }
            if quiet {
                break;
            }
        }
        self.fault_injected |= self.lines.iter().any(Line::fault_injected);
        self.lines.retain(Line::is_alive);
        Ok(())
    }
}

/// Execution of the pages' requests, and of events of pages.
impl World {
    fn grant(&mut self, index: usize, wish: Wish) {
        let now = self.now;
        self.note(|| format!("page {index} {}", wish.describe()));
        let seat = &self.seats[index];
        let line = self.lines.iter_mut().find(|line| line.is_of_page(index));
        match (wish, line) {
            (Wish::Connect(attempt), line) => {
                // Whoever connects anew has dropped the line that it had.
                if let Some(line) = line {
                    line.leave(now, None);
                }
                let mut line = Line::open(
                    now,
                    index,
                    attempt,
                    seat.pace,
                    FaultInjector::new(self.fault),
                );
                if now < seat.offline_until {
                    line.fail(now, seat.silent);
                }
                self.lines.push(line);
            }
            (Wish::Transmit(message), Some(line)) => line.transmit(now, message),
            (Wish::Disconnect(code), Some(line)) => line.leave(now, Some(code)),
            // The line was lost, and the page has not last_run of it yet.
            (Wish::Transmit(_) | Wish::Disconnect(_), None) => {}
            (Wish::Fetch(sha256), _) => {
                let answer = self.node.dictionary(&sha256);
                self.seats[index].fetch(now, sha256, answer);
            }
            (Wish::Token(request), _) => {
                let token = self.node.token(now);
                self.seats[index].ask_for_token(now, request, token);
            }
        }
    }

    fn carry_out(&mut self, operation: Operation) -> Result<(), PromiseError> {
        let now = self.now;
        match operation {
            Operation::Publish {
                feed,
                page,
                count,
                bytes,
            } => {
                let client = self.seats[page].page.client();
                for _ in 0..count {
                    self.node
                        .publish(now, &mut self.model, feed, client, bytes)?;
                }
            }
            Operation::Say { page, count } => {
                for _ in 0..count {
                    self.seats[page].page.say(now, &mut self.model)?;
                }
            }
            Operation::Toggle { page, feed, newest } => {
                let start = if newest {
                    StartAt::Newest
                } else {
                    StartAt::Oldest
                };
                let page = &mut self.seats[page].page;
                page.toggle(now, &self.model, feed, start)?;
            }
            Operation::Reload {
                page,
                keeps_session,
            } => {
                self.each_line_of(page, |line| line.leave(now, Some(1001)));
                self.seats[page].reload(now, &mut self.model, keeps_session)?;
            }
            Operation::Interrupt { page, ms } => {
                let wait = Duration::from_millis(ms.into());
                self.seats[page].page.interrupt(now, wait);
            }
            Operation::Connect { page } => self.seats[page].page.connect(now),
            Operation::Tokens { page, trouble, ms } => {
                let until = now + Duration::from_millis(ms.into());
                self.seats[page].lose_tokens(trouble, until);
            }
            Operation::Linger { page, ms } => {
                let until = now + Duration::from_millis(ms.into());
                self.seats[page].page.linger(until);
            }
            Operation::Hide { page, hidden } => self.seats[page].page.hide(now, hidden),
            Operation::Rotate { feed, which } => self.node.rotate(feed, which),
            Operation::AttemptTakeover { page, guesses } => {
                let client = self.seats[page].page.client();
                self.node.attempt_takeover(now, client, guesses)?;
            }
            Operation::Crowd { clients, topics } => self.node.crowd(now, clients, topics)?,
            Operation::Odd {
                trick,
                reads,
                leaves,
            } => self
                .node
                .act_oddly(now, &mut self.model, trick, (reads, leaves))?,
            Operation::Cut { .. }
            | Operation::HalfOpen { .. }
            | Operation::Pace { .. }
            | Operation::Offline { .. }
            | Operation::Restart { .. }
            | Operation::Restore { .. }
            | Operation::Drain { .. }
            | Operation::Stall { .. }
            | Operation::Sleep { .. }
            | Operation::Leap { .. } => self.inject(operation),
        }
        Ok(())
    }

    /// Events without an actor, such as a timer.
    fn inject(&mut self, fault: Operation) {
        let now = self.now;
        let after = |ms: u32| now + Duration::from_millis(ms.into());
        match fault {
            Operation::Cut { page, noticed } => {
                self.each_line_of(page, |line| line.cut(now, noticed))
            }
            Operation::HalfOpen { page, up } => self.each_line_of(page, |line| line.half_open(up)),
            Operation::Pace {
                page,
                latency_ms,
                bytes_per_second,
            } => {
                let latency = Duration::from_millis(latency_ms.into());
                self.set_pace(
                    page,
                    Pace {
                        latency,
                        bytes_per_second,
                    },
                );
            }
            Operation::Offline { page, ms, silent } => {
                self.seats[page].offline_until = after(ms);
                self.seats[page].silent = silent;
            }
            Operation::Restart { down_ms, noticed } => {
                self.node.stop(after(down_ms), &mut self.model);
                self.lines
                    .iter_mut()
                    .for_each(|line| line.server_died(now, noticed));
            }
            Operation::Restore {
                down_ms,
                noticed,
                feed,
                page,
                lost,
            } => {
                let stream = feed.stream(self.seats[page].page.client());
                self.node
                    .restore(now, after(down_ms), &mut self.model, &stream, lost.into());
                self.lines
                    .iter_mut()
                    .for_each(|line| line.server_died(now, noticed));
            }
            Operation::Drain { grace_ms, down_ms } => {
                let ends_at = after(grace_ms);
                let down = Duration::from_millis(down_ms.into());
                self.node.drain(ends_at, ends_at + down);
            }
            Operation::Stall { ms } => self.node.stall(after(ms)),
            Operation::Sleep { page, ms } => self.seats[page].asleep_until = after(ms),
            Operation::Leap { page, ms } => {
                self.seats[page].page.leap(Duration::from_millis(ms.into()));
            }
            Operation::Publish { .. }
            | Operation::Say { .. }
            | Operation::Toggle { .. }
            | Operation::Reload { .. }
            | Operation::Interrupt { .. }
            | Operation::Connect { .. }
            | Operation::Tokens { .. }
            | Operation::Linger { .. }
            | Operation::Hide { .. }
            | Operation::Rotate { .. }
            | Operation::AttemptTakeover { .. }
            | Operation::Crowd { .. }
            | Operation::Odd { .. } => {}
        }
    }

    fn each_line_of(&mut self, page: usize, act: impl FnMut(&mut Line)) {
        let lines = self.lines.iter_mut();
        lines.filter(|line| line.is_of_page(page)).for_each(act);
    }

    fn set_pace(&mut self, page: usize, pace: Pace) {
        self.seats[page].pace = pace;
        self.each_line_of(page, |line| line.set_pace(pace));
    }

    /// The network, the server and the pages are well from now on.
    fn heal(&mut self) -> Result<(), PromiseError> {
        self.note(|| "all is well from now on".into());
        if self.node.ends_at().is_some() {
            self.end_server();
        }
        self.node.recover(self.now);
        for index in 0..self.seats.len() {
            self.set_pace(index, WELL);
            let token = self.node.token(self.now);
            self.seats[index].heal(self.now, &token);
        }
        self.settle()
    }

    fn all_is_well(&self) -> Result<(), PromiseError> {
        for seat in &self.seats {
            if self.fault == InjectedFault::None {
                check::needed_no_repair(seat.page.stats())?;
            }
            for reader in seat.page.readers() {
                check::caught_up(&self.model, reader)?;
            }
            let client = seat.page.client();
            if let Some(message) = self.model.unconfirmed(client) {
                let what = format!("client {client}: message {message} is not confirmed");
                return Err(Promise::Liveness.broken(what));
            }
        }
        Ok(())
    }
}
