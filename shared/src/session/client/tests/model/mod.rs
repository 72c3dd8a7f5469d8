//! Random operations on a client session, its server and the network between them, against a plain model: a list of entries
//! for each stream, and a list of sends. A failing run is printed in its shortest form, with its seed.

mod server;

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use proptest::prelude::*;

use super::peer::*;
use crate::position::{Cursor, Epoch, Outcome, Position};
use crate::session::client::{
    Entry, Event, SendError, SubscribeError, Subscription, TransportPreference,
};
use crate::session::op::ScopeRequest;
use crate::session::wire::Content;

/// Streams of the model: the channel `chat` and two of its topics.
const STREAMS: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Op {
    // The application.
    Subscribe(usize),
    Unsubscribe(usize),
    Handle(usize),
    Send,
    Withdraw(usize),
    Connect,
    Interrupt,
    Close,
    // The page.
    Suspend,
    Wake,
    Leave,
    // The server.
    Publish(usize),
    Forget(usize),
    Deliver(usize),
    Acknowledge,
    // A new process without logs and sessions.
    Restart,
    // The network.
    Open,
    Cut,
    Wait(u64),
}

fn any_op() -> impl Strategy<Value = Op> {
    let stream = || 0..STREAMS;
    prop_oneof![
        3 => stream().prop_map(Op::Subscribe),
        1 => stream().prop_map(Op::Unsubscribe),
        4 => stream().prop_map(Op::Handle),
        4 => Just(Op::Send),
        1 => (0..4_usize).prop_map(Op::Withdraw),
        2 => Just(Op::Connect),
        1 => Just(Op::Interrupt),
        1 => Just(Op::Close),
        1 => Just(Op::Suspend),
        2 => Just(Op::Wake),
        1 => Just(Op::Leave),
        6 => stream().prop_map(Op::Publish),
        1 => stream().prop_map(Op::Forget),
        6 => (1..6_usize).prop_map(Op::Deliver),
        3 => Just(Op::Acknowledge),
        1 => Just(Op::Restart),
        8 => Just(Op::Open),
        2 => Just(Op::Cut),
        3 => (0..30_000_u64).prop_map(Op::Wait),
    ]
}

/// One log of the server.
struct Log {
    epoch: Epoch,
    floor: Cursor,
    head: Cursor,
}

impl Log {
    const fn at(&self, cursor: Cursor) -> Position {
        Position::untagged(self.epoch, cursor)
    }
}

/// A subscription as the server's connection reads it.
struct Reader {
    wire_id: u32,
    stream: usize,
    number: u64,
    next: Cursor,
}

/// A subscription as the application sees it.
#[derive(Default)]
struct Reading {
    id: u32,
    position: Option<Position>,
    /// Positions of entries that are not handled.
    held: Vec<Position>,
}

struct Model {
    harness: Harness,
    logs: Vec<Log>,
    readers: Vec<Reader>,
    last_number: u64,
    is_ready: bool,
    has_session: bool,
    /// Tickets of the messages that the session has taken, in order.
    taken: Vec<u64>,
    /// Tickets of the messages that some session has taken.
    ever_taken: Vec<u64>,
    readings: [Option<Reading>; STREAMS],
    last_ticket: u64,
    /// Tickets of sends without an answer.
    waiting: Vec<u64>,
    withdrawn: Vec<u64>,
    is_closed: bool,
    is_suspended: bool,
    /// The session waits for its connection to open.
    may_open: bool,
}

impl Model {
    fn new() -> Self {
        let mut config = config();
        config.max_backlog_entries = 4;
        config.transports = TransportPreference::WsOnly;
        Self {
            harness: Harness::new(config),
            logs: logs(1),
            readers: vec![],
            last_number: 0,
            is_ready: false,
            has_session: false,
            taken: vec![],
            ever_taken: vec![],
            readings: [const { None }; STREAMS],
            last_ticket: 0,
            waiting: vec![],
            withdrawn: vec![],
            is_closed: false,
            is_suspended: false,
            may_open: false,
        }
    }

    fn run(&mut self, op: Op) {
        let now = self.harness.now;
        match op {
            Op::Subscribe(stream) => self.subscribe(stream),
            Op::Unsubscribe(stream) => {
                if let Some(reading) = self.readings[stream].take() {
                    self.harness.session.unsubscribe(now, reading.id);
                }
            }
            Op::Handle(stream) => self.handle(stream),
            Op::Send => self.send(),
            Op::Withdraw(at) => self.withdraw(at),
            Op::Connect => {
                self.is_closed = false;
                self.harness.session.connect(now);
            }
            Op::Interrupt => self.harness.session.interrupt(now, Duration::from_secs(5)),
            Op::Close => {
                self.is_closed = true;
                self.harness.session.close(now);
            }
            Op::Suspend => {
                self.is_suspended = true;
                self.harness.session.suspend(now);
            }
            Op::Wake => {
                self.is_suspended = false;
                self.harness.session.wake(now);
            }
            Op::Leave => {
                self.is_suspended = true;
                self.harness.session.leave(now);
            }
            Op::Publish(stream) => self.publish(stream),
            Op::Forget(stream) => self.logs[stream].floor = self.logs[stream].head,
            Op::Deliver(count) => (0..count).for_each(|_| self.deliver()),
            Op::Acknowledge => self.acknowledge(),
            Op::Restart => self.restart(),
            Op::Open => self.open(),
            Op::Cut => self.cut(),
            Op::Wait(millis) => self.harness.pass(Duration::from_millis(millis)),
        }
        self.settle();
    }

    fn is_done(&self) -> bool {
        let is_read = |(reading, log): (&Option<Reading>, &Log)| {
            let position = reading.as_ref().map(|reading| reading.position);
            position.is_none_or(|position| position == Some(log.at(log.head)))
        };
        self.waiting.is_empty() && self.readings.iter().zip(&self.logs).all(is_read)
    }

    /// Lets everything work until all is read and answered.
    fn finish(&mut self) {
        for _ in 0..100 {
            for op in [Op::Wake, Op::Connect, Op::Open, Op::Acknowledge] {
                self.run(op);
            }
            (0..STREAMS).for_each(|stream| self.run(Op::Handle(stream)));
            self.run(Op::Deliver(8));
            if self.is_done() {
                return;
            }
            self.run(Op::Wait(1_000));
        }
        panic!("not done: {:?}", self.harness.session.status());
    }
}

/// The application.
impl Model {
    fn subscribe(&mut self, stream: usize) {
        let subscription = Subscription {
            scope: scope(stream),
            ..whole_channel("chat")
        };
        let now = self.harness.now;
        let subscribed = self.harness.session.subscribe(now, subscription);
        if let Some(reading) = &self.readings[stream] {
            return assert_eq!(subscribed, Err(SubscribeError::Duplicate(reading.id)));
        }
        self.readings[stream] = Some(Reading {
            id: subscribed.unwrap(),
            ..Reading::default()
        });
    }

    fn handle(&mut self, stream: usize) {
        let Some(reading) = &mut self.readings[stream] else {
            return;
        };
        if let Some(last) = reading.held.drain(..).next_back() {
            let now = self.harness.now;
            self.harness.session.handled(now, reading.id, last);
            assert_eq!(self.harness.session.position(reading.id), Some(last));
        }
    }

    fn send(&mut self) {
        let ticket = self.last_ticket + 1;
        let (now, body) = (self.harness.now, format!("{ticket}").into_bytes());
        let content = Content::Value;
        let sent = self.harness.session.send(now, "chat", None, content, body);
        if self.is_closed {
            return assert_eq!(sent, Err(SendError::Closed));
        }
        assert_eq!(sent, Ok(ticket));
        self.last_ticket = ticket;
        self.waiting.push(ticket);
    }

    fn withdraw(&mut self, at: usize) {
        let Some(&ticket) = self.waiting.get(at) else {
            return;
        };
        let is_withdrawn = self.harness.session.withdraw(ticket);
        if is_withdrawn {
            assert!(!self.taken.contains(&ticket), "the server has {ticket}");
            self.waiting.remove(at);
            self.withdrawn.push(ticket);
        }
    }

    fn told(&mut self, event: Event) {
        match event {
            Event::Entry(entry) => self.entry(&entry),
            Event::Outcome {
                id,
                outcome,
                position: Some(position),
                ..
            } => self.outcome(id, outcome, position),
            Event::Sent { ticket } => {
                assert_eq!(
                    self.waiting.first(),
                    Some(&ticket),
                    "answers keep the order"
                );
                assert!(self.ever_taken.contains(&ticket));
                self.waiting.remove(0);
            }
            Event::Ready { .. } | Event::Status(_) => {}
            Event::Outcome { position: None, .. }
            | Event::Skipped { .. }
            | Event::Ended { .. }
            | Event::Numbered { .. }
            | Event::Refused { .. }
            | Event::Notice(_)
            | Event::Error { .. } => panic!("nothing of the model: {event:?}"),
        }
    }

    fn reading(&mut self, id: u32) -> (usize, &mut Reading) {
        let mut readings = self.readings.iter_mut().enumerate();
        let found = readings.find_map(|(stream, reading)| {
            let reading = reading.as_mut().filter(|reading| reading.id == id)?;
            Some((stream, reading))
        });
        found.expect("events are of subscriptions that there are")
    }

    fn entry(&mut self, entry: &Entry) {
        let (stream, reading) = self.reading(entry.id);
        let before = reading.position.expect("an outcome comes first");
        assert_eq!(entry.position.epoch, before.epoch);
        assert_eq!(
            entry.position.cursor,
            before.cursor + 1,
            "no hole, no repeat"
        );
        reading.position = Some(entry.position);
        reading.held.push(entry.position);
        let text = text(stream, entry.position.epoch, entry.position.cursor);
        assert_eq!(&entry.body[..], text.as_bytes());
    }

    fn outcome(&mut self, id: u32, outcome: Outcome, position: Position) {
        let (_, reading) = self.reading(id);
        match outcome {
            Outcome::Resumed { .. } => {
                assert_eq!(reading.position.unwrap_or(position), position);
            }
            Outcome::Reset(_) => reading.held.clear(),
        }
        reading.position = Some(position);
    }
}

fn scope(stream: usize) -> ScopeRequest {
    match stream {
        0 => ScopeRequest::Channel,
        stream => ScopeRequest::Topic(format!("topic {stream}")),
    }
}

fn text(stream: usize, epoch: Epoch, cursor: Cursor) -> String {
    format!("{stream} {} {cursor}", epoch.0)
}

fn logs(epoch: u64) -> Vec<Log> {
    let log = |_| Log {
        epoch: Epoch(epoch),
        floor: 0,
        head: 0,
    };
    (0..STREAMS).map(log).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn follows_the_model(ops in prop::collection::vec(any_op(), 1..120)) {
        let mut model = Model::new();
        ops.into_iter().for_each(|op| model.run(op));
        model.finish();
    }
}
