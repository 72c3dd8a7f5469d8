//! Tests of our own client against a server whose rates it exceeds, on virtual time.

use push_wire_shared::limits::UPLINK_MESSAGES;
use push_wire_shared::session::client::{
    ClientConfig, ClientSession, Event, Input, Output, Status,
};

use super::*;

/// Time that a message takes in either direction.
const LATENCY: Duration = Duration::from_millis(20);

/// Our client and a server. The client's application always has something to send.
struct Pair {
    hub: Arc<Hub>,
    client: ClientSession,
    now: Moment,
    attempt: u32,
    peer: Option<Peer>,
    /// Messages for the server that have arrived and are not read, or are under way, with the time of arrival.
    up: std::collections::VecDeque<(Moment, Vec<u8>)>,
    down: std::collections::VecDeque<(Moment, Input)>,
    queued: u32,
    sent: u32,
    delivered: Vec<u32>,
    closes: Vec<u16>,
    /// Messages that the application sends in all.
    all: u32,
}

impl Pair {
    fn new(hub: Arc<Hub>, all: u32) -> Self {
        Self {
            hub,
            client: ClientSession::new(ClientConfig::new(client_id(), 1)),
            now: at(0),
            attempt: 0,
            peer: None,
            up: Default::default(),
            down: Default::default(),
            queued: 0,
            sent: 0,
            delivered: Vec::new(),
            closes: Vec::new(),
            all,
        }
    }

    /// Runs until every message is acknowledged.
    fn run(&mut self, end: Moment) {
        self.client.connect(self.now);
        while self.sent < self.all {
            self.fill();
            self.drive_client();
            self.drive_server();
            let due = [
                self.client.poll_timeout(),
                self.peer.as_ref().and_then(Peer::poll_timeout),
                self.up
                    .front()
                    .map(|(at, _)| *at)
                    .filter(|at| *at > self.now),
                self.down.front().map(|(at, _)| *at),
            ];
            self.now = due.into_iter().flatten().min().unwrap().max(self.now);
            assert!(self.now < end, "{} of {} sent", self.sent, self.all);
            self.client.handle_timeout(self.now);
            if let Some(peer) = &mut self.peer {
                peer.handle_timeout(self.now);
            }
            while self.down.front().is_some_and(|(at, _)| *at <= self.now) {
                let (_, input) = self.down.pop_front().unwrap();
                self.client.handle_input(self.now, input);
            }
        }
    }

    fn fill(&mut self) {
        while self.queued < self.all {
            let body = self.queued.to_string().into_bytes();
            let sent = self
                .client
                .send(self.now, "chat", None, Content::Value, body);
            if sent.is_err() {
                break;
            }
            self.queued += 1;
        }
    }

    fn drive_client(&mut self) {
        while let Some(output) = self.client.poll_output() {
            let arrival = self.now + LATENCY;
            match output {
                Output::Connect { attempt, .. } => {
                    self.attempt = attempt;
                    self.peer = Some(Peer::new(Arc::clone(&self.hub), Dialect::Wire, self.now));
                    self.up.clear();
                    self.down.push_back((arrival, Input::Opened { attempt }));
                }
                Output::Transmit(message) => self.up.push_back((arrival, message)),
                Output::Event(Event::Sent { .. }) => self.sent += 1,
                Output::Event(Event::Refused { .. }) => panic!("refused"),
                _ => {}
            }
        }
    }

    fn drive_server(&mut self) {
        let now = self.now;
        let Some(peer) = &mut self.peer else {
            return;
        };
        let mut close = None;
        loop {
            let mut acted = false;
            if !peer.is_full()
                && let Some((arrival, _)) = self.up.front()
                && *arrival <= now
            {
                let (_, message) = self.up.pop_front().unwrap();
                peer.handle_message(now, Message::Binary(message.into()));
                acted = true;
            }
            while let Some(action) = peer.poll_action(now) {
                acted = true;
                match action {
                    Action::Authenticate(_) => {
                        peer.handle_authenticated(now, Ok(Accepted::for_ever(Grant::everything())));
                    }
                    Action::Deliver(inbound) => {
                        let body = std::str::from_utf8(&inbound.body).unwrap();
                        self.delivered.push(body.parse().unwrap());
                        peer.handle_answer(now, inbound.number, Ok(()));
                    }
                    Action::Close { code, .. } => close = Some(code),
                }
            }
            let mut messages: Vec<carrier::Message> = Vec::new();
            peer.poll_write(now, &mut messages);
            let attempt = self.attempt;
            for message in messages {
                acted = true;
                let bytes = message.content().to_vec();
                let input = Input::Message { attempt, bytes };
                self.down.push_back((now + LATENCY, input));
            }
            peer.wrote(now, true);
            if !acted {
                break;
            }
        }
        if let Some(code) = close {
            peer.disconnected(now);
            self.peer = None;
            self.closes.push(code);
            let input = Input::Closed {
                attempt: self.attempt,
                code: Some(code),
                reason: String::new(),
            };
            self.down.push_back((now + LATENCY, input));
        }
    }

    fn assert_delivered_once(&self) {
        assert!(self.delivered.iter().copied().eq(0..self.all));
        assert_eq!(self.client.status(), Status::Ready);
    }
}

#[test]
fn own_client_is_not_closed() {
    let mut config = config();
    config.limits.client_rates.uploads = Rate::new(500, 4_096);
    let mut pair = Pair::new(hub_of(config), 30_000);
    pair.run(at(600));
    pair.assert_delivered_once();
    assert!(pair.closes.is_empty(), "{:?}", pair.closes);
}

#[test]
fn own_client_converges_where_rates_are_tiny() {
    let queue = u32::try_from(UPLINK_MESSAGES).unwrap();
    let mut pair = Pair::new(hub_of(few_uploads()), 3 * queue);
    pair.run(at(3_600));
    pair.assert_delivered_once();
    // The queue of a client takes 100 s here: it is closed, comes back and goes on.
    assert!(pair.closes.len() > 3);
    assert!(pair.closes.iter().all(|code| *code == RATE_LIMITED));
}
