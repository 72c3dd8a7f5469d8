//! The task that drives the session: one loop over socket, commands and timer.

use std::collections::HashMap;
use std::future::pending;
use std::sync::Arc;

use push_wire_shared::ChannelKind;
use push_wire_shared::hidden::Hidden;
use push_wire_shared::position::{Outcome, Position};
use push_wire_shared::session::client::{
    ClientSession, EndCause, Entry, Event, Input, Output, Status, TokenError, Transport,
};
use push_wire_shared::session::op::{ErrorCode, ScopeRequest};
use push_wire_shared::time::Moment;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use crate::command::{Command, Facts, Outgoing, Subscribing};
use crate::connector::{Connector, connector};
use crate::dictionaries::{Dictionaries, Fetched};
use crate::dispatch::{Dispatch, QueueEvent};
use crate::socket::{Line, Socket, SocketInput, next_input, open_line};
use crate::state::Shared;
use crate::tokens::Tokens;
use crate::{ClientConfig, ClientEvent, SendError, SessionKey, StreamError};

pub(crate) struct Driver<C: ChannelKind> {
    session: ClientSession,
    origin: Instant,
    url: String,
    max_message_bytes: usize,
    connector: Connector,
    socket: Socket,
    /// Close handshake of the previous socket.
    closing: Option<JoinHandle<()>>,
    dictionaries: Dictionaries,
    tokens: Tokens,
    dispatch: Dispatch<C>,
    /// Callers that wait for the server's answer to a send, by ticket.
    unanswered: HashMap<u64, oneshot::Sender<Result<(), SendError>>>,
    shared: Arc<Shared<C>>,
    commands: mpsc::UnboundedReceiver<Command<C>>,
    is_leaving: bool,
}

impl<C: ChannelKind> Driver<C> {
    pub(crate) fn new(
        config: &ClientConfig,
        shared: Arc<Shared<C>>,
        commands: mpsc::UnboundedReceiver<Command<C>>,
    ) -> Self {
        let seed = Uuid::new_v4().as_u64_pair().0;
        let mut session = ClientSession::new(config.session(seed));
        if let Some(kept) = config.kept.clone() {
            session.restore_positions(kept);
        }
        let connector = connector(&config.tls);
        Self {
            session,
            origin: Instant::now(),
            url: String::new(),
            max_message_bytes: config.max_message_bytes,
            connector: connector.clone(),
            socket: Socket::Closed,
            closing: None,
            dictionaries: Dictionaries::new(connector),
            tokens: Tokens::new(config.token_source.clone()),
            dispatch: Dispatch::new(config.client_id),
            unanswered: HashMap::new(),
            shared,
            commands,
            is_leaving: false,
        }
    }

    fn now(&self) -> Moment {
        Moment::after_origin(self.origin.elapsed())
    }

    /// Begins the first attempt; [`run`](Self::run) continues it.
    pub(crate) fn start(&mut self, url: String) {
        self.url = url;
        self.is_leaving = false;
        // First what was asked for while stopped, so that the handshake names every stream.
        self.serve();
        self.connect();
    }

    /// Handles the queued commands.
    pub(crate) fn serve(&mut self) {
        self.queue_events();
        while let Ok(command) = self.commands.try_recv() {
            self.command(command);
        }
    }

    fn connect(&mut self) {
        self.shared.connection.send_modify(|connection| {
            connection.was_ready = connection.status == Status::Ready;
            connection.open_error = None;
        });
        self.session.connect(self.now());
        self.drain();
    }

    /// Drives the session until the application disconnects; returns the driver for the next connection.
    pub(crate) async fn run(mut self: Box<Self>) -> Box<Self> {
        loop {
            self.drain();
            if self.is_leaving {
                break;
            }
            let deadline = self.session.poll_timeout();
            tokio::select! {
                input = next_input(&mut self.socket) => self.input(input),
                command = self.commands.recv() => self.command(command.unwrap_or(Command::Disconnect)),
                () = until(self.origin, deadline) => self.session.handle_timeout(self.now()),
                event = self.dispatch.queue_event() => self.queue_event(event),
                (request, token) = self.tokens.next() => self.token(request, token),
                fetched = self.dictionaries.next() => self.fetched(fetched),
            }
        }
        self.drain();
        self.dictionaries = Dictionaries::new(self.connector.clone());
        self.tokens.stop();
        if let Some(closing) = self.closing.take()
            && let Err(error) = closing.await
        {
            tracing::debug!(%error, "the close handshake did not end by itself");
        }
        self
    }

    fn input(&mut self, input: SocketInput) {
        let input = match input {
            SocketInput::Session(input) => input,
            SocketInput::OpenFailed { attempt, error } => {
                tracing::debug!(error.message, "the socket did not open");
                let open_error = Some(error.message.clone());
                self.shared
                    .connection
                    .send_modify(|connection| connection.open_error = open_error);
                error.input(attempt)
            }
            SocketInput::Unacceptable { attempt, reason } => {
                let code = reason.code();
                self.hang_up(code);
                Input::Closed {
                    attempt,
                    code: Some(code),
                    reason: String::new(),
                }
            }
        };
        self.session.handle_input(self.now(), input);
    }

    fn command(&mut self, command: Command<C>) {
        // What the application has handled before the command counts for it.
        self.queue_events();
        let now = self.now();
        match command {
            Command::Connect(done) => {
                self.connect();
                answer(done, ());
            }
            Command::Receive(channel, receiver) => self.dispatch.receive(channel, receiver),
            Command::Subscribe(subscribing) => self.subscribe(subscribing),
            Command::Unsubscribe(channel, scope, done) => {
                self.unsubscribe(channel, &scope);
                answer(done, ());
            }
            Command::Send(outgoing) => self.send(outgoing),
            Command::SetToken(token, done) => answer(done, self.session.set_token(token)),
            Command::Ask(done) => answer(done, self.facts()),
            Command::Snapshot(done) => answer(done, self.session.snapshot()),
            Command::Disconnect => {
                self.session.close(now);
                self.is_leaving = true;
            }
        }
    }

    fn subscribe(&mut self, subscribing: Subscribing<C>) {
        let Subscribing {
            request,
            queue,
            done,
        } = subscribing;
        let id = self.session.subscribe(self.now(), request.subscription());
        if let Ok(id) = id {
            self.dispatch.add(id, request, queue);
        }
        answer(done, id.map(drop));
    }

    fn unsubscribe(&mut self, channel: C, scope: &ScopeRequest) {
        let mut streams = self.dispatch.streams().iter();
        let stream = streams.find(|stream| stream.channel == channel && stream.scope == *scope);
        if let Some(id) = stream.map(|stream| stream.id) {
            self.session.unsubscribe(self.now(), id);
            self.dispatch.remove(id);
        }
    }

    fn send(&mut self, outgoing: Outgoing<C>) {
        let Outgoing {
            message,
            queued,
            answered,
            _place,
        } = outgoing;
        let (channel, topic) = (message.channel.name(), message.topic.as_deref());
        let (now, content, body) = (self.now(), message.content, message.body);
        let ticket = self.session.send(now, channel, topic, content, body);
        if let (Ok(ticket), Some(answered)) = (&ticket, answered) {
            self.unanswered.insert(*ticket, answered);
        }
        answer(queued, ticket.map(drop).map_err(SendError::from));
    }

    fn facts(&self) -> Facts<C> {
        let positions = self.dispatch.streams().iter().filter_map(|stream| {
            let position = self.session.position(stream.id)?;
            Some((stream.channel, stream.scope.clone(), position))
        });
        Facts {
            session: SessionKey {
                client_id: self.session.client_id(),
                secret: self.session.secret().unwrap_or_default(),
                attempts: self.session.attempts().unwrap_or_default(),
            },
            stats: self.session.stats(),
            positions: positions.collect(),
        }
    }

    /// Carries out the session's outputs.
    fn drain(&mut self) {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::TokenWanted { request } => self.tokens.ask(request),
                Output::Connect { attempt, transport } => self.open(attempt, transport),
                Output::Transmit(message) => {
                    if let Socket::Open { line, .. } = &mut self.socket {
                        line.push(message);
                    }
                }
                Output::Post {
                    number,
                    query,
                    secret,
                    message,
                } => {
                    if let Socket::Open {
                        line: Line::EventStream(stream),
                        ..
                    } = &mut self.socket
                    {
                        stream.post(number, &query, secret.0, message);
                    }
                }
                Output::Disconnect { code } => self.hang_up(code),
                Output::FetchDictionary { sha256 } => self.dictionaries.fetch(&self.url, sha256),
                Output::Event(event) => self.event(event),
            }
        }
    }

    fn open(&mut self, attempt: u32, transport: Transport) {
        let line = open_line(
            transport,
            self.connector.clone(),
            self.url.clone(),
            self.max_message_bytes,
        );
        let opening = Box::pin(line);
        self.socket = Socket::Opening { attempt, opening };
    }

    fn fetched(&mut self, Fetched { sha256, bytes }: Fetched) {
        let now = self.now();
        match bytes {
            Ok(bytes) => {
                if !self.session.dictionary_fetched(now, sha256, bytes) {
                    tracing::warn!("what was fetched is not the dictionary that the server named");
                }
            }
            Err(error) => tracing::warn!(%error, "a compression dictionary cannot be had"),
        }
    }

    /// Closes the socket in the background.
    fn hang_up(&mut self, code: u16) {
        let socket = std::mem::replace(&mut self.socket, Socket::Closed);
        if let Socket::Open { line, .. } = socket {
            self.closing = Some(tokio::spawn(line.close(code)));
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Status(status) => self.status(status),
            // Sends are not numbered for this driver.
            Event::Ready { .. } | Event::Numbered { .. } => {}
            Event::Outcome {
                id,
                outcome,
                position,
                head,
                ..
            } => self.outcome(id, outcome, position, head),
            Event::Skipped {
                id,
                count,
                position,
            } => self.skipped(id, count, position),
            Event::Entry(entry) => self.entry(entry),
            Event::Ended {
                id, cause, message, ..
            } => self.ended(id, cause, message),
            Event::Sent { ticket } => {
                if let Some(waiter) = self.unanswered.remove(&ticket) {
                    answer(waiter, Ok(()));
                }
            }
            Event::Refused {
                ticket,
                code,
                message,
                retry,
            } => match self.unanswered.remove(&ticket) {
                Some(waiter) => answer(
                    waiter,
                    Err(SendError::Refused {
                        code,
                        message,
                        retry,
                    }),
                ),
                None => {
                    tracing::warn!(code = code.name(), message, "the server refused a message");
                    self.tell(ClientEvent::Refused {
                        code,
                        message,
                        retry,
                    });
                }
            },
            Event::Notice(notice) => self.tell(ClientEvent::Notice(notice)),
            Event::Error { code, message } => self.complain(code, message),
        }
    }

    fn status(&mut self, status: Status) {
        self.shared.connection.send_modify(|connection| {
            connection.was_ready |= status == Status::Ready;
            connection.status = status.clone();
        });
        if let Status::Waiting { cause, .. } = &status
            && !self.shared.connection.borrow().was_ready
        {
            tracing::warn!(
                reason = cause.message,
                "cannot connect yet, and will try again"
            );
        }
        if matches!(status, Status::Closed { .. }) {
            // Their fate is unknown, and the session does not ask by itself.
            for (_ticket, waiter) in self.unanswered.drain() {
                answer(waiter, Err(SendError::NotConnected));
            }
        }
        self.tell(ClientEvent::Status(status));
    }

    fn outcome(&mut self, id: u32, outcome: Outcome, position: Option<Position>, head: u64) {
        let Some(stream) = self.dispatch.stream(id) else {
            return;
        };
        let (channel, scope) = (stream.channel, stream.scope.clone());
        if let (ScopeRequest::Channel, Some(position)) = (&scope, position) {
            self.shared.cursors.set(channel, position.cursor);
        }
        self.tell(ClientEvent::Outcome {
            channel,
            scope,
            outcome,
            position,
            head,
        });
        self.dispatch.outcome(id, outcome, position);
    }

    fn skipped(&mut self, id: u32, count: u64, position: Position) {
        let Some(stream) = self.dispatch.stream(id) else {
            return;
        };
        self.tell(ClientEvent::Skipped {
            channel: stream.channel,
            scope: stream.scope.clone(),
            count,
            position,
        });
        self.dispatch.skipped(id, count, position);
        self.delivered(id, position);
    }

    fn entry(&mut self, entry: Entry) {
        let (id, position) = (entry.id, entry.position);
        if let Err(why) = self.dispatch.entry(entry) {
            let cursor = position.cursor;
            self.complain(ErrorCode::BadPayload, format!("entry {cursor}: {why}"));
        }
        self.delivered(id, position);
    }

    /// Records an entry as handled after its receiver has returned. An entry in a queue is recorded later, when the
    /// application confirms it.
    fn delivered(&mut self, id: u32, position: Position) {
        if !self.dispatch.is_queued(id) {
            self.handled(id, position);
        }
    }

    fn handled(&mut self, id: u32, position: Position) {
        self.session.handled(self.now(), id, position);
        if let Some(stream) = self.dispatch.stream(id)
            && stream.scope == ScopeRequest::Channel
        {
            self.shared.cursors.set(stream.channel, position.cursor);
        }
        self.dispatch.handled(id, position);
    }

    /// Takes the events of queues that have come.
    fn queue_events(&mut self) {
        while let Some(event) = self.dispatch.try_queue_event() {
            self.queue_event(event);
        }
    }

    fn queue_event(&mut self, event: QueueEvent) {
        match event {
            QueueEvent::Handled { id, position } => self.handled(id, position),
            QueueEvent::Abandoned { id } => {
                self.session.unsubscribe(self.now(), id);
                self.dispatch.remove(id);
            }
        }
    }

    fn token(&mut self, request: u32, token: Result<String, TokenError>) {
        let token = token.map(Hidden);
        let input = Input::Token { request, token };
        self.session.handle_input(self.now(), input);
    }

    fn ended(&mut self, id: u32, cause: EndCause, message: String) {
        let error = StreamError { cause, message };
        if let Some(stream) = self.dispatch.ended(id, &error) {
            let StreamError { cause, message } = error;
            self.tell(ClientEvent::Ended {
                channel: stream.channel,
                scope: stream.scope,
                cause,
                message,
            });
        }
    }

    fn complain(&self, code: ErrorCode, message: String) {
        tracing::warn!(code = code.name(), message, "push-wire");
        self.tell(ClientEvent::Error { code, message });
    }

    fn tell(&self, event: ClientEvent<C>) {
        if self.shared.events.send(event).is_err() {
            tracing::trace!("nobody listens to events()");
        }
    }
}

/// Answers a caller, who may have stopped waiting.
fn answer<T>(done: oneshot::Sender<T>, value: T) {
    if done.send(value).is_err() {
        tracing::trace!("nobody waits for an answer any more");
    }
}

async fn until(origin: Instant, deadline: Option<Moment>) {
    match deadline {
        Some(deadline) => sleep_until(origin + deadline.since_origin()).await,
        None => pending().await,
    }
}
