//! Driver of one session over the page's connections, timers, storage and events.
//!
//! Invariant: nothing outside of this crate is called while a `RefCell` is borrowed, because it may call back.

mod life;
mod outputs;

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::{Rc, Weak};

use push_wire_shared::close::CloseReason;
use push_wire_shared::limits::TOKEN_BYTES;
use push_wire_shared::session::client::{
    Attention, ClientSession, ConfigError, Event, Input, SendError, Status, SubscribeError,
    Subscription, Transport,
};
use push_wire_shared::session::op::{ErrorCode, SystemNotice};
use push_wire_shared::session::wire::Content;
use push_wire_shared::time::Moment;
use uuid::Uuid;

use crate::dictionaries::Dictionaries;
use crate::error::Fault;
use crate::page::{self, PageEvents};
use crate::storage::{Kept, Store};
use crate::stream::{Listener, Sink, Source};
use crate::timer::Timer;
use crate::token::TokenSource;
use crate::transport::{Line, Settings};
use crate::{clock, task};

/// Receiver of events that belong to no single stream or send.
pub(crate) trait Observer {
    fn status(&self, status: &Status, transport: Option<Transport>);
    fn notice(&self, notice: &SystemNotice);
    fn fault(&self, fault: Fault);
    /// The counters may have changed.
    fn counted(&self) {}

    /// Takes an event of a connection that tabs share. Returns the event of a connection that is this page's alone.
    fn take(&self, event: Event) -> Option<Event> {
        Some(event)
    }
}

/// Answer of the server to a send.
pub(crate) enum Answer {
    Sent,
    Refused {
        code: ErrorCode,
        message: String,
        retry: Option<std::time::Duration>,
    },
    /// The client was closed before the answer.
    Closed,
}

type Answered = Box<dyn FnOnce(Answer)>;

pub(crate) struct Driver {
    this: Weak<Driver>,
    session: RefCell<ClientSession>,
    settings: Settings,
    observer: Box<dyn Observer>,
    tokens: Option<TokenSource>,
    line: RefCell<Option<Rc<Line>>>,
    /// Transport of the latest attempt.
    transport: Cell<Transport>,
    timer: Timer,
    dictionaries: Dictionaries,
    store: Store,
    page: OnceCell<PageEvents>,
    sources: RefCell<Vec<Rc<Source>>>,
    /// The stream of the latest entries, whose listeners are to be called.
    reading: RefCell<Option<Rc<Source>>>,
    /// Sources with entries that were handled and are not recorded yet.
    changed: RefCell<Vec<Rc<Source>>>,
    sends: RefCell<Vec<(u64, Answered)>>,
    /// True while `drain` runs. A call from the page during that time only queues outputs, which the running `drain`
    /// carries out in order.
    is_draining: Cell<bool>,
    is_closed: Cell<bool>,
    /// The kept state is known, with the client's id.
    is_loaded: Cell<bool>,
}

impl Driver {
    pub(crate) fn new(
        session: ClientSession,
        settings: Settings,
        tokens: Option<TokenSource>,
        store: Store,
        observer: Box<dyn Observer>,
    ) -> Rc<Self> {
        Rc::new_cyclic(|this: &Weak<Self>| {
            let timer = Timer::new({
                let this = this.clone();
                move || {
                    if let Some(driver) = this.upgrade() {
                        driver.with(ClientSession::handle_timeout);
                    }
                }
            });
            Self {
                this: this.clone(),
                session: RefCell::new(session),
                settings,
                observer,
                tokens,
                line: RefCell::default(),
                transport: Cell::new(Transport::WebSocket),
                timer,
                dictionaries: Default::default(),
                store,
                page: OnceCell::new(),
                sources: RefCell::default(),
                reading: RefCell::default(),
                changed: RefCell::default(),
                sends: RefCell::default(),
                is_draining: Cell::new(false),
                is_closed: Cell::new(false),
                is_loaded: Cell::new(false),
            }
        })
    }

    /// Follows the page's life, and connects when the kept state is known.
    pub(crate) fn start(&self) {
        let Some(loading) = self.store.load(self.reporter()) else {
            return self.begin();
        };
        let this = self.this.clone();
        wasm_bindgen_futures::spawn_local(async move {
            let kept = loading.await;
            if let Some(driver) = this.upgrade().filter(|driver| !driver.is_closed()) {
                driver.continue_from(kept);
                driver.begin();
            }
        });
    }

    /// Takes the state that was read after the session was made.
    fn continue_from(&self, kept: Option<Kept>) {
        let Some(Kept { snapshot, is_held }) = kept else {
            return;
        };
        self.with(|session, _| match is_held {
            true => session.restore_positions(snapshot),
            false => session.adopt(snapshot),
        });
        for source in self.sources.borrow().iter() {
            source.begin_at(
                source
                    .id()
                    .and_then(|id| self.read(|session| session.position(id))),
            );
        }
    }

    fn begin(&self) {
        self.is_loaded.set(true);
        self.keep();
        if let Some(events) = PageEvents::follow(&self.this) {
            // Set once, here.
            drop(self.page.set(events));
        }
        if page::is_prerendering() {
            self.with(ClientSession::suspend);
        }
        self.with(ClientSession::connect);
        if self.settings.tabs.is_some() {
            return;
        }
        // After the first attempt, which the application asks for: a page may be hidden from its beginning.
        let attention = page::attention();
        if attention != Attention::Full {
            self.with(|session, now| session.attend(now, attention));
        }
    }

    /// Connects at once: after the client was closed by the server, or while it waits for its next attempt.
    pub(crate) fn connect(&self) {
        if !self.is_loaded.get() {
            return;
        }
        if let Some(tabs) = &self.settings.tabs {
            tabs.connect();
        }
        self.with(ClientSession::connect);
    }

    /// The client's id, by which the server addresses it; `None` before the kept state is known.
    pub(crate) fn client_id(&self) -> Option<Uuid> {
        if let Some(tabs) = &self.settings.tabs {
            return Some(tabs.client_id());
        }
        let is_loaded = self.is_loaded.get();
        is_loaded.then(|| self.read(ClientSession::client_id))
    }

    pub(crate) const fn is_closed(&self) -> bool {
        self.is_closed.get()
    }

    /// Reports an error that belongs to no call.
    #[cfg(feature = "tabs")]
    pub(crate) fn fault(&self, fault: Fault) {
        self.observer.fault(fault);
    }

    /// Number of failed downloads of dictionaries.
    pub(crate) fn dictionaries_failed(&self) -> u32 {
        self.dictionaries.failed()
    }

    /// Reads from the session.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&ClientSession) -> T) -> T {
        read(&self.session.borrow())
    }

    /// Calls a method of the session and carries out its outputs.
    pub(crate) fn with<T>(&self, call: impl FnOnce(&mut ClientSession, Moment) -> T) -> T {
        let answer = self.change(call);
        self.drain();
        answer
    }

    /// Calls a method of the session, whose outputs are carried out by [`drain`](Self::drain).
    pub(crate) fn change<T>(&self, call: impl FnOnce(&mut ClientSession, Moment) -> T) -> T {
        call(&mut self.session.borrow_mut(), clock::now())
    }

    /// Sets the token.
    pub(crate) fn set_token(&self, token: Option<String>) -> Result<(), ConfigError> {
        let Some(tabs) = &self.settings.tabs else {
            return self.with(|session, _| session.set_token(token));
        };
        if let Some(bytes) = token.as_ref().map(String::len).filter(|&n| n > TOKEN_BYTES) {
            return Err(ConfigError::TokenBytes(bytes));
        }
        tabs.set_token(token);
        Ok(())
    }
}

/// Streams and sends.
impl Driver {
    /// Adds a listener to a stream, which is subscribed to by the first one.
    pub(crate) fn listen(
        &self,
        subscription: Subscription,
        sink: impl Sink + 'static,
    ) -> Result<(Rc<Source>, Rc<Listener>), SubscribeError> {
        let (channel, scope) = (&subscription.channel, &subscription.scope);
        let is_same = |source: &&Rc<Source>| source.channel == *channel && source.scope == *scope;
        let found = self.sources.borrow().iter().find(is_same).cloned();
        let source = match found {
            Some(source) => source,
            None => self.subscribe(subscription)?,
        };
        let this = self.this.clone();
        let listener = source.listen(sink, move |source| {
            if let Some(driver) = this.upgrade() {
                driver.commit_soon(source);
            }
        });
        let first = Rc::clone(&listener);
        task::later(move || first.go_on());
        Ok((source, listener))
    }

    fn subscribe(&self, subscription: Subscription) -> Result<Rc<Source>, SubscribeError> {
        let mut session = self.session.borrow_mut();
        let id = session.subscribe(clock::now(), subscription.clone())?;
        let position = session.position(id);
        drop(session);
        let source = Source::new(subscription, id, position);
        self.sources.borrow_mut().push(Rc::clone(&source));
        self.drain();
        Ok(source)
    }

    /// Removes a listener of a stream; without listeners the subscription ends, and its position is forgotten.
    pub(crate) fn leave(&self, source: &Rc<Source>, listener: &Rc<Listener>) {
        if !source.leave(listener) {
            return;
        }
        let mut sources = self.sources.borrow_mut();
        sources.retain(|other| !Rc::ptr_eq(other, source));
        drop(sources);
        if let Some(id) = source.id().filter(|_| !self.is_closed()) {
            self.with(|session, now| session.unsubscribe(now, id));
            self.keep();
        }
    }

    /// Sends a message; returns its ticket. `answered` is called with the server's answer, if the session takes the message.
    pub(crate) fn send(
        &self,
        channel: &str,
        topic: Option<&str>,
        content: Content,
        body: Vec<u8>,
        answered: impl FnOnce(Answer) + 'static,
    ) -> Result<u64, SendError> {
        if self.is_closed() {
            return Err(SendError::Closed);
        }
        let mut session = self.session.borrow_mut();
        let ticket = session.send(clock::now(), channel, topic, content, body)?;
        drop(session);
        let send = (ticket, Box::new(answered) as Answered);
        self.sends.borrow_mut().push(send);
        self.drain();
        Ok(ticket)
    }

    /// Reason for which the server or the token function has closed the client; empty if they gave none, or have not.
    #[cfg(feature = "js")]
    pub(crate) fn end_reason(&self) -> String {
        match self.session.borrow().status() {
            Status::Closed { cause } => cause.message,
            Status::Idle
            | Status::AwaitingToken { .. }
            | Status::Connecting { .. }
            | Status::Ready
            | Status::Waiting { .. }
            | Status::Suspended { .. } => String::new(),
        }
    }

    /// Withdraws a send, if it was not sent yet. Its answer is not told in either case.
    pub(crate) fn withdraw(&self, ticket: u64) {
        let mut sends = self.sends.borrow_mut();
        sends.retain(|(other, _)| *other != ticket);
        drop(sends);
        self.with(|session, _| session.withdraw(ticket));
    }

    fn answer(&self, ticket: u64, answer: Answer) {
        let mut sends = self.sends.borrow_mut();
        let place = sends.iter().position(|(other, _)| *other == ticket);
        let send = place.map(|place| sends.remove(place));
        drop(sends);
        if let Some((_, answered)) = send {
            answered(answer);
        }
    }

    /// Records, once for all entries that are handled in the same task, what was handled.
    fn commit_soon(&self, source: &Rc<Source>) {
        let mut changed = self.changed.borrow_mut();
        let is_first = changed.is_empty();
        if !changed.iter().any(|other| Rc::ptr_eq(other, source)) {
            changed.push(Rc::clone(source));
        }
        drop(changed);
        if is_first {
            let this = self.this.clone();
            task::later(move || {
                if let Some(driver) = this.upgrade() {
                    driver.commit();
                }
            });
        }
    }

    fn commit(&self) {
        let changed = self.changed.take();
        if changed.is_empty() || self.is_closed() {
            return;
        }
        let mut session = self.session.borrow_mut();
        let is_kept = changed.iter().any(|source| source.keeps_position);
        for source in changed {
            if let (Some(id), Some(position)) = (source.id(), source.handled()) {
                session.handled(clock::now(), id, position);
            }
        }
        drop(session);
        self.drain();
        if is_kept {
            self.keep();
        }
    }
}

/// The page's events.
impl Driver {
    /// Takes an event of the connection.
    pub(crate) fn input(&self, input: Input) {
        if self.is_closed() {
            return;
        }
        self.with(|session, now| session.handle_input(now, input));
    }

    /// Ends the connection of an attempt, for a message of the server.
    pub(crate) fn give_up(&self, attempt: u32, reason: CloseReason) {
        let code = Some(reason.code());
        self.hang_up(reason.code());
        self.input(Input::Closed {
            attempt,
            code,
            reason: String::new(),
        });
    }

    /// Takes the end of a dictionary's download.
    pub(crate) fn dictionary(&self, sha256: [u8; 32], bytes: Option<Vec<u8>>) {
        let is_dictionary = bytes.is_some_and(|bytes| {
            self.with(|session, now| session.dictionary_fetched(now, sha256, bytes))
        });
        self.dictionaries.ended(sha256, is_dictionary);
        self.observer.counted();
    }

    /// Sends a goodbye, and ends everything: there are no more events.
    pub(crate) fn close(&self) {
        if self.is_closed() {
            return;
        }
        self.commit();
        self.end(ClientSession::close);
        if let Some(tabs) = &self.settings.tabs {
            tabs.close();
        }
        for (_, answered) in self.sends.take() {
            answered(Answer::Closed);
        }
        for source in self.sources.take() {
            source.close();
        }
    }

    /// Ends the session by this call, and then the connection. There are no more events.
    pub(crate) fn end(&self, end: fn(&mut ClientSession, Moment)) {
        self.change(end);
        // Also inside of a call from `drain`, since a goodbye needs the connection, which ends below.
        self.carry_out();
        self.is_closed.set(true);
        self.store.release();
        self.line.take();
        self.timer.set(None);
    }

    /// Returns whether a call is under way. At the beginning of a task that is one whose script was aborted: Firefox does so
    /// to tabs that are being closed, and then goes on with their tasks.
    #[cfg(feature = "tabs")]
    pub(crate) fn is_busy(&self) -> bool {
        self.is_draining.get() || self.session.try_borrow().is_err()
    }

    /// Drops the connection after a panic or an aborted script, which may have left anything borrowed, and takes no more
    /// events.
    pub(crate) fn abandon(&self) {
        self.is_closed.set(true);
        self.timer.abandon();
        if let Some(tabs) = &self.settings.tabs {
            tabs.abandon();
        }
        if let Ok(mut line) = self.line.try_borrow_mut() {
            line.take();
        }
    }

    /// Keeps what the client needs after a reload.
    fn keep(&self) {
        let snapshot = self.read(ClientSession::snapshot);
        self.store.save(&snapshot, self.reporter());
    }

    fn reporter(&self) -> impl Fn(Fault) + use<> {
        let this = self.this.clone();
        move |fault| {
            if let Some(driver) = this.upgrade() {
                driver.observer.fault(fault);
            }
        }
    }
}
