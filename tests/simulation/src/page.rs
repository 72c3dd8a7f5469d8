//! One page: a client session, and an application whose every event is checked.

use std::time::Duration;

use push_wire_shared::hidden::Hidden;
use push_wire_shared::position::{Position, StartAt};
use push_wire_shared::session::client::{
    ClientSession, Event, Input, Output, Stats, Status, Subscription, TokenError, Transport,
};
use push_wire_shared::session::op::{ErrorCode, SystemNotice};
use push_wire_shared::session::wire::Content;
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::application::Application;
use super::attempt::Attempt;
use super::check::{Promise, PromiseError, Reader, Reported};
use super::credential::Credential;
use super::feed::{Feed, room_of_message, topic};
use super::model::Model;
use super::page_config::{client_id, config};
use super::page_request::PageRequest;
use super::posts::PostRequest;
use super::tally::Tally;

/// A page: client session and application.
#[derive(Debug)]
pub struct Page {
    client: Uuid,
    session: ClientSession,
    application: Application,
    /// Sends without an answer: ticket, and the model's number of the message.
    waiting: Vec<(u64, usize)>,
    /// Offset of its clock from the world's.
    ahead: Duration,
    rng: fastrand::Rng,
    /// Counts of the events reported to it, over all loads.
    tally: Tally,
    attempt: Attempt,
    /// Number of client ids that this page has given up.
    old_clients: u16,
    index: u16,
    /// True from the status `closed` to the next connect.
    is_closed: bool,
    /// The last request for a token was denied.
    credential: Credential,
}

impl Page {
    /// A page that has called `connect`.
    #[must_use]
    pub fn new(index: u16, now: Moment, seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let client = client_id(index, 0);
        let mut config = config(client, rng.u64(..));
        config.secret = Some(rng.u128(..).to_le_bytes());
        config.attempts = Some(0);
        let mut session = ClientSession::new(config);
        session.connect(now);
        Self {
            client,
            session,
            application: Application::new(now),
            waiting: Vec::new(),
            ahead: Duration::ZERO,
            rng,
            tally: Tally::default(),
            attempt: Attempt::default(),
            old_clients: 0,
            index,
            is_closed: false,
            credential: Credential::default(),
        }
    }

    /// Its client id.
    #[must_use]
    pub fn client(&self) -> Uuid {
        self.client
    }

    /// Its latest attempt to connect.
    pub fn attempt(&mut self) -> &mut Attempt {
        &mut self.attempt
    }

    /// Streams that it reads.
    pub fn readers(&self) -> impl Iterator<Item = &Reader> {
        self.application.readers()
    }

    /// Counts of the events reported to it, over all loads.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = self.tally.clone();
        let stats = self.session.stats();
        tally.add("entries as deltas", stats.deltas);
        tally.add("entries compressed", stats.compressed);
        tally.add("fragments", stats.fragments);
        tally.add("subscriptions paused", stats.pauses);
        tally
    }

    /// Counters of its session since it was loaded.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.session.stats()
    }

    /// Begins or stops to read a feed.
    ///
    /// # Errors
    /// Fails if the session refuses a valid subscription.
    pub fn toggle_subscription(
        &mut self,
        now: Moment,
        model: &Model,
        feed: Feed,
        start: StartAt,
    ) -> Result<(), PromiseError> {
        let now = self.clock(now);
        if let Some(id) = self.application.stop(feed) {
            self.session.unsubscribe(now, id);
            return Ok(());
        }
        let stream = feed.stream(self.client);
        let reader = Reader {
            feed,
            start,
            head_at_start: model.head(&stream),
            stream,
            at: None,
            handled: None,
            has_value: false,
            settled: false,
        };
        self.read(now, reader)
    }

    fn read(&mut self, now: Moment, reader: Reader) -> Result<(), PromiseError> {
        let subscription = Subscription {
            channel: reader.feed.channel().into(),
            scope: reader.feed.request(),
            position: reader.at,
            start: reader.start,
            keeps_position: false,
        };
        match self.session.subscribe(now, subscription) {
            Ok(id) => {
                self.application.read(id, reader);
                Ok(())
            }
            Err(error) => Err(Promise::Outcome.broken(format!("{:?}: {error}", reader.feed))),
        }
    }

    /// Sends a message to the channel of the rooms, or to one of them.
    ///
    /// # Errors
    /// Fails if the session refuses it.
    pub fn send(&mut self, now: Moment, model: &mut Model) -> Result<(), PromiseError> {
        if self.is_closed {
            return Ok(());
        }
        let message = model.send(self.client);
        let body = format!(r#"{{"message":{message}}}"#).into_bytes();
        let now = self.clock(now);
        let channel = Feed::Room(0).channel();
        let topic = room_of_message(message).map(topic);
        let sent = self
            .session
            .send(now, channel, topic.as_deref(), Content::Value, body);
        let failed = |error| Promise::ClientMessages.broken(format!("send failed: {error}"));
        self.waiting.push((sent.map_err(failed)?, message));
        Ok(())
    }

    /// Reloads the page. It keeps only the positions that its application has handled.
    ///
    /// # Errors
    /// Fails if the session's positions are not those that were handled, or if it refuses a subscription.
    pub fn reload(
        &mut self,
        now: Moment,
        model: &mut Model,
        keeps_session: bool,
    ) -> Result<(), PromiseError> {
        let now = self.clock(now);
        self.tally = self.tally();
        let waiting = std::mem::take(&mut self.waiting);
        model.give_up(self.client, waiting.into_iter().map(|(_, message)| message));
        let secret = self.session.secret().filter(|_| keeps_session);
        if secret.is_none() {
            self.old_clients += 1;
            self.client = client_id(self.index, self.old_clients);
        }
        let mut config = config(self.client, self.rng.u64(..));
        config.attempts = secret.map_or(Some(0), |_| self.session.attempts());
        config.secret = secret.or_else(|| Some(self.rng.u128(..).to_le_bytes()));
        let old = std::mem::replace(&mut self.session, ClientSession::new(config));
        self.is_closed = false;
        self.session.connect(now);
        for (id, mut reader) in self.application.stop_all() {
            // A state's position is of no use without its value, which a reload drops.
            if old.position(id) != reader.handled && !reader.feed.is_state() {
                let what = format!(
                    "{:?} kept {:?} of {reader:?}",
                    reader.feed,
                    old.position(id)
                );
                return Err(Promise::Order.broken(what));
            }
            let stream = reader.feed.stream(self.client);
            let keeps = !reader.feed.is_state() && stream == reader.stream;
            reader.at = reader.handled.filter(|_| keeps);
            reader.handled = reader.at;
            reader.stream = stream;
            reader.has_value = false;
            reader.settled = false;
            self.read(now, reader)?;
        }
        Ok(())
    }

    /// Drops the connection, and connects again after this time.
    pub fn interrupt(&mut self, now: Moment, wait: Duration) {
        let now = self.clock(now);
        self.session.interrupt(now, wait);
    }

    /// Connects again, if it is closed.
    pub fn connect(&mut self, now: Moment) {
        let now = self.clock(now);
        self.is_closed = false;
        self.session.connect(now);
    }

    /// Handles the answer of its application's token function.
    pub fn token(&mut self, now: Moment, request: u32, token: Result<String, TokenError>) {
        let now = self.clock(now);
        self.credential.answered(&token);
        let token = token.map(Hidden);
        let input = Input::Token { request, token };
        self.session.handle_input(now, input);
    }

    /// Its token.
    pub fn credential(&mut self) -> &mut Credential {
        &mut self.credential
    }

    /// Makes its application handle nothing until this time.
    pub fn pause_handling(&mut self, until: Moment) {
        self.application.pause_handling(until);
    }

    /// Time at which its application handles the entries that it holds.
    #[must_use]
    pub fn handles_at(&self) -> Option<Moment> {
        self.application.handles_at()
    }

    /// Makes its application handle the entries that it holds.
    pub fn handle_held(&mut self, now: Moment, model: &mut Model) {
        for (id, position) in self.application.take_held() {
            self.handled(now, model, id, position);
        }
    }

    /// Hides or shows the page.
    pub fn hide(&mut self, now: Moment, hidden: bool) {
        let now = self.clock(now);
        if hidden {
            self.session.suspend(now);
        } else {
            self.session.wake(now);
        }
    }

    /// Moves its clock forward.
    pub fn advance_clock(&mut self, by: Duration) {
        self.ahead += by;
    }

    /// Handles an input of the network.
    pub fn handle_input(&mut self, now: Moment, input: Input) {
        let now = self.clock(now);
        let is_end = matches!(input, Input::Closed { .. });
        let before = self.session.stats().unfinished;
        self.session.handle_input(now, input);
        if is_end {
            let cut_off = self.session.stats().unfinished - before;
            self.tally.add("large entries cut off", cut_off);
        }
    }

    /// Handles a dictionary that has arrived.
    pub fn fetched(&mut self, now: Moment, sha256: [u8; 32], bytes: Vec<u8>) {
        let now = self.clock(now);
        self.tally.add("dictionaries fetched", 1);
        self.session.dictionary_fetched(now, sha256, bytes);
    }

    /// Handles the timers that are due.
    pub fn handle_timeout(&mut self, now: Moment) {
        let now = self.clock(now);
        self.session.handle_timeout(now);
    }

    /// Time at which its next timer fires, on the world's clock.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        let due = self.session.poll_timeout()?.since_origin();
        Some(Moment::after_origin(due.saturating_sub(self.ahead)))
    }

    /// Passes the session's events to the application, and adds its requests to the network to `requests`. `current` is
    /// true if the server process that the page last received from is still running.
    ///
    /// # Errors
    /// Fails if an event breaks a promise.
    pub fn drain(
        &mut self,
        now: Moment,
        model: &mut Model,
        current: bool,
        trace: bool,
        requests: &mut Vec<PageRequest>,
    ) -> Result<(), PromiseError> {
        while let Some(output) = self.session.poll_output() {
            let is_attempt = matches!(output, Output::Connect { .. } | Output::TokenWanted { .. });
            if is_attempt && self.is_closed {
                let what = format!(
                    "page {} was reported closed, and then {output:?}",
                    self.index
                );
                return Err(Promise::Status.broken(what));
            }
            match output {
                Output::TokenWanted { request } => requests.push(PageRequest::Token(request)),
                Output::Connect { attempt, transport } => {
                    self.attempt = Attempt::new(attempt);
                    if transport == Transport::EventStream {
                        self.tally.add("event streams", 1);
                    }
                    requests.push(PageRequest::Connect(attempt, transport));
                }
                Output::Transmit(bytes) => requests.push(PageRequest::Transmit(bytes)),
                Output::Disconnect { code } => requests.push(PageRequest::Disconnect(code)),
                Output::Post {
                    number,
                    query,
                    secret,
                    message,
                } => {
                    let post = PostRequest {
                        number,
                        query,
                        secret: secret.0,
                        message,
                    };
                    requests.push(PageRequest::Post(self.attempt.number, post));
                }
                Output::FetchDictionary { sha256 } => requests.push(PageRequest::Fetch(sha256)),
                Output::Event(event) => {
                    if trace {
                        eprintln!("             page {}: {event:?}", self.index);
                    }
                    self.tally.event(&event, self.application.begins(&event));
                    self.tally.add(
                        "reset: cursor reused",
                        self.application.is_reused(&event).into(),
                    );
                    self.handle_event(now, model, current, event)?;
                }
            }
        }
        Ok(())
    }

    fn handle_event(
        &mut self,
        now: Moment,
        model: &mut Model,
        current: bool,
        event: Event,
    ) -> Result<(), PromiseError> {
        self.attempt.check(&event)?;
        match event {
            Event::Status(Status::Closed { cause }) if self.is_closed => {
                let what = format!("page {} was reported closed twice: {cause:?}", self.index);
                Err(Promise::Status.broken(what))
            }
            Event::Status(Status::Closed { cause }) if self.credential.explains(&cause) => {
                self.is_closed = true;
                self.tally.add("closed without a token", 1);
                Ok(())
            }
            Event::Status(Status::Closed { cause }) => {
                let closed = format!("page {} was closed for good: {cause:?}", self.index);
                Err(Promise::StaysOpen.broken(closed))
            }
            Event::Status(Status::Ready) | Event::Ready { .. } => Ok(()),
            Event::Status(_) => {
                self.application.unsettle();
                Ok(())
            }
            Event::Outcome {
                id,
                outcome,
                position: Some(position),
                head,
                ..
            } => {
                let reported = Reported {
                    now,
                    current,
                    outcome,
                    position,
                    head,
                };
                self.application.outcome(model, id, &reported)
            }
            // Its token expired before it arrived. The session connects again with a new one.
            Event::Error {
                code: ErrorCode::NotPermitted,
                ..
            } => Ok(()),
            Event::Entry(entry) => {
                let batches = self.rng.u8(0..8) == 0;
                if self.application.entry(now, model, &entry, batches)? {
                    self.handled(now, model, entry.id, entry.position);
                }
                Ok(())
            }
            Event::Skipped {
                id,
                count,
                position,
            } => {
                if self.application.skipped(now, model, id, count, position)? {
                    self.handled(now, model, id, position);
                }
                Ok(())
            }
            Event::Sent { ticket } => {
                let waiting = self.waiting.iter().position(|(known, _)| *known == ticket);
                let Some(waiting) = waiting else {
                    let what = format!("ticket {ticket} was confirmed and never given");
                    return Err(Promise::ClientMessages.broken(what));
                };
                let (_, message) = self.waiting.remove(waiting);
                model.confirmed(self.client, message)
            }
            told @ (Event::Notice(SystemNotice::Slow(_))
            | Event::Error {
                code: ErrorCode::RateLimited,
                ..
            }) => {
                let what = format!(
                    "page {} keeps to its rates, and is told {told:?}",
                    self.index
                );
                Err(Promise::Limits.broken(what))
            }
            unexpected @ (Event::Outcome { .. }
            | Event::Notice(_)
            | Event::Ended { .. }
            | Event::Numbered { .. }
            | Event::Refused { .. }
            | Event::Error { .. }) => {
                Err(Promise::StaysOpen.broken(format!("page {}: {unexpected:?}", self.index)))
            }
        }
    }

    fn handled(&mut self, now: Moment, model: &mut Model, id: u32, position: Position) {
        let clock = self.clock(now);
        self.session.handled(clock, id, position);
        self.application.handled(model, id, position);
    }

    fn clock(&self, now: Moment) -> Moment {
        now + self.ahead
    }
}
