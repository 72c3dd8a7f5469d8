//! Target: a client session that receives arbitrary messages of a server.

use std::collections::BTreeMap;
use std::time::Duration;

use push_wire_shared::channel::ChannelMode;
use push_wire_shared::hidden::Hidden;
use push_wire_shared::limits::SUBSCRIPTIONS;
use push_wire_shared::position::{Position, StartAt};
use push_wire_shared::session::client::{
    ClientConfig, ClientSession, Entry, Event, Input, Output, Status, Subscription, TokenError,
    TransportPreference,
};
use push_wire_shared::session::op::ScopeRequest;
use push_wire_shared::session::wire::Content;
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::faulty_server::{DICTIONARY, FaultyServer};
use super::steps::{Step, steps};

/// Largest message and value that the client takes.
const CAP: usize = 64 * 1024;

pub(super) fn run(bytes: &[u8]) {
    let mut page = Page::new();
    page.subscribe("chat", ScopeRequest::Channel);
    page.subscribe("price", ScopeRequest::Channel);
    page.session.connect(page.now);
    page.drain();
    for step in steps(bytes) {
        page.run_step(step);
        page.drain();
    }
}

/// A page: client session, its application and its driver, connected to a faulty server.
struct Page {
    session: ClientSession,
    now: Moment,
    attempt: u32,
    server: FaultyServer,
    /// Position of each subscription, as delivered to the application.
    reached: BTreeMap<u32, Position>,
    /// Number of the last request for a token that has no answer.
    token_request: Option<u32>,
    /// True from the status `closed` to the next connect.
    is_closed: bool,
    /// Hash of the dictionary that the session requested last.
    dictionary_request: Option<[u8; 32]>,
    /// Channel names of the subscriptions.
    channels: BTreeMap<u32, &'static str>,
}

impl Page {
    fn new() -> Self {
        let mut config = ClientConfig::new(Uuid::from_u128(7), 1);
        config.max_message_bytes = CAP;
        config.transports = TransportPreference::WsOnly;
        config.max_value_bytes = CAP;
        config.max_uplink_messages = 16;
        config.max_uplink_bytes = CAP;
        config.max_backlog_entries = 4;
        config.renews_token = true;
        Self {
            session: ClientSession::new(config),
            now: Moment::after_origin(Duration::from_secs(1)),
            attempt: 0,
            server: FaultyServer::default(),
            reached: BTreeMap::new(),
            token_request: None,
            is_closed: false,
            dictionary_request: None,
            channels: BTreeMap::new(),
        }
    }

    fn run_step(&mut self, step: Step<'_>) {
        let is_token = step.kind >= 96 && step.kind % 16 == 14;
        if self.token_request.is_some() && !is_token {
            self.token_given("a token".into());
            self.drain();
        }
        match step.kind {
            0..64 => {
                if let Some(bytes) = self.server.message(step) {
                    let attempt = self.attempt;
                    self.input(Input::Message { attempt, bytes });
                }
            }
            64..96 => self.connection_event(step),
            _ => self.application_call(step),
        }
    }

    fn input(&mut self, input: Input) {
        self.session.handle_input(self.now, input);
    }

    /// Handles a step that is an event of the connection or a timer.
    fn connection_event(&mut self, step: Step<'_>) {
        let attempt = self.attempt;
        match step.kind % 4 {
            0 => self.input(Input::Opened { attempt }),
            1 => {
                let code = u16::try_from(step.number()).ok();
                let reason = String::new();
                self.input(Input::Closed {
                    attempt,
                    code,
                    reason,
                });
            }
            2 => {
                if let Some(due) = self.session.poll_timeout() {
                    self.now = self.now.max(due);
                    self.session.handle_timeout(self.now);
                }
            }
            _ => {
                self.now = self.now + Duration::from_millis(u64::from(step.number()));
                self.session.handle_timeout(self.now);
            }
        }
    }

    fn application_call(&mut self, step: Step<'_>) {
        let now = self.now;
        let text = String::from_utf8_lossy(step.bytes).into_owned();
        match step.kind % 16 {
            0 => self.subscribe("chat", ScopeRequest::Topic(text)),
            1 => self.subscribe("price", ScopeRequest::Topic(text)),
            2 => self.subscribe("chat", ScopeRequest::Inbox),
            3 => {
                let id = step.number();
                self.session.unsubscribe(now, id);
                self.reached.remove(&id);
            }
            4 => drop(self.session.send(
                now,
                "chat",
                Some(&text),
                Content::Bytes,
                step.bytes.to_vec(),
            )),
            5 => drop(
                self.session
                    .send(now, &text, None, Content::Value, step.bytes.to_vec()),
            ),
            6 => {
                for (id, position) in self.reached.clone() {
                    self.session.handled(now, id, position);
                }
            }
            7 => {
                self.is_closed = false;
                self.session.connect(now);
            }
            8 => self.session.close(now),
            9 => self.session.suspend(now),
            10 => self.session.wake(now),
            11 => {
                let wait = Duration::from_millis(u64::from(step.number()));
                self.session.interrupt(now, wait);
            }
            12 => drop(self.session.set_token(Some(text))),
            13 => self.fetched(step.bytes.to_vec()),
            14 if self.token_request.is_some() => self.token_given(text),
            _ => self.fetched(DICTIONARY.bytes.clone()),
        }
    }

    /// Answers the last request for a token.
    fn token_given(&mut self, message: String) {
        let Some(request) = self.token_request.take() else {
            return;
        };
        let token = match message.len() % 8 {
            0 => Err(TokenError::Denied { message }),
            1 => Err(TokenError::Retry { message }),
            _ => Ok(message),
        };
        let token = token.map(Hidden);
        self.input(Input::Token { request, token });
    }

    /// Passes these bytes to the session as the dictionary that it requested last.
    fn fetched(&mut self, bytes: Vec<u8>) {
        if let Some(sha256) = self.dictionary_request {
            self.session.dictionary_fetched(self.now, sha256, bytes);
        }
    }

    fn subscribe(&mut self, channel: &'static str, scope: ScopeRequest) {
        let subscription = Subscription {
            channel: channel.into(),
            scope,
            position: None,
            start: StartAt::Oldest,
            keeps_position: true,
        };
        if let Ok(id) = self.session.subscribe(self.now, subscription) {
            self.channels.insert(id, channel);
        }
        assert!(self.channels.len() <= SUBSCRIPTIONS + 1);
    }

    fn drain(&mut self) {
        while let Some(output) = self.session.poll_output() {
            let is_attempt = matches!(output, Output::Connect { .. } | Output::TokenWanted { .. });
            assert!(
                !(is_attempt && self.is_closed),
                "an attempt of a closed session"
            );
            match output {
                Output::Connect { attempt, .. } => {
                    self.attempt = attempt;
                    self.server.connected();
                }
                Output::Transmit(message) => self.server.receive(&message),
                Output::TokenWanted { request } => self.token_request = Some(request),
                Output::Disconnect { .. } => {}
                Output::Post { .. } => panic!("a POST beside a WebSocket"),
                Output::FetchDictionary { sha256 } => self.dictionary_request = Some(sha256),
                Output::Event(event) => self.receive(event),
            }
        }
    }

    /// Checks the event, whatever the server has sent.
    fn receive(&mut self, event: Event) {
        match event {
            Event::Outcome { id, position, .. } => match position {
                Some(position) => drop(self.reached.insert(id, position)),
                None => drop(self.reached.remove(&id)),
            },
            Event::Ended { id, .. } => drop(self.reached.remove(&id)),
            Event::Skipped {
                id,
                count,
                position,
            } => self.skip(id, count, position),
            Event::Entry(entry) => self.read(&entry),
            Event::Status(Status::Closed { .. }) => {
                assert!(!self.is_closed, "closed twice");
                self.is_closed = true;
            }
            Event::Status(_)
            | Event::Ready { .. }
            | Event::Numbered { .. }
            | Event::Sent { .. }
            | Event::Refused { .. }
            | Event::Notice(_)
            | Event::Error { .. } => {}
        }
    }

    fn skip(&mut self, id: u32, count: u64, position: Position) {
        let reached = self.reached.get_mut(&id);
        let reached = reached.expect("entries skipped of a stream that is being read");
        assert_eq!(reached.epoch, position.epoch);
        assert_eq!(reached.cursor + count, position.cursor, "a wrong count");
        assert!(count > 0, "nothing skipped");
        *reached = position;
    }

    fn read(&mut self, entry: &Entry) {
        assert!(entry.body.len() <= CAP);
        let reached = self.reached.get_mut(&entry.id);
        let reached = reached.expect("an entry of a stream that is being read");
        let (before, after) = (*reached, entry.position);
        assert_eq!(before.epoch, after.epoch);
        let name = self.channels[&entry.id];
        let channel = self
            .session
            .channels()
            .iter()
            .find(|channel| channel.name == name);
        match channel.map(|channel| channel.mode) {
            // A reader without a value may get the entry at its position again.
            Some(ChannelMode::State) => assert!(after.cursor >= before.cursor, "a state went back"),
            _ => assert_eq!(after.cursor, before.cursor + 1, "a gap or a repeat"),
        }
        *reached = after;
    }
}
