//! One stream of the server, read once for all of its listeners.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use push_wire_shared::channel::ChannelMode;
use push_wire_shared::position::{Cursor, Outcome, Position};
use push_wire_shared::session::client::{EndCause, Entry, Subscription};
use push_wire_shared::session::op::ScopeRequest;

/// Most items for which a sink is prepared at once.
const PREPARED: usize = 256;

/// Item that listeners receive, in the order of the stream.
pub(crate) enum Item {
    Entry(Entry),
    /// The server did not send entries.
    Skipped {
        count: u64,
        position: Position,
    },
    /// A subscribe or resume ended.
    Outcome {
        outcome: Outcome,
        position: Position,
        floor: Option<Cursor>,
        head: Cursor,
    },
    /// The server ended the subscription; nothing follows.
    Ended {
        cause: EndCause,
        message: String,
    },
}

impl Item {
    /// Position of the stream after it.
    const fn position(&self) -> Option<Position> {
        match self {
            Self::Entry(entry) => Some(entry.position),
            Self::Skipped { position, .. } | Self::Outcome { position, .. } => Some(*position),
            Self::Ended { .. } => None,
        }
    }

    /// Continuity with what came before cannot be proved.
    const fn is_reset(&self) -> bool {
        matches!(
            self,
            Self::Outcome {
                outcome: Outcome::Reset(_),
                ..
            }
        )
    }
}

/// Answer of a listener to an item.
pub(crate) enum Taken {
    /// Handled.
    Now,
    /// [`Listener::handled`] is called later; no further item is passed until then.
    Later,
}

/// Receiver of a stream's items.
pub(crate) trait Sink {
    /// Prepares for these items, which are passed next unless a reset or the end comes before.
    fn prepare(&self, _items: &[Rc<Item>]) {}

    fn take(&self, item: &Rc<Item>) -> Taken;

    /// The client is closed; nothing follows.
    fn closed(&self);
}

/// One stream, and its listeners.
pub(crate) struct Source {
    /// Name of the channel, and stream of it.
    pub(crate) channel: String,
    pub(crate) scope: ScopeRequest,
    /// Handled entries change the state that the client stores.
    pub(crate) keeps_position: bool,
    /// Id of the subscription; `None` after its end.
    id: Cell<Option<u32>>,
    mode: Cell<ChannelMode>,
    received: Cell<Option<Position>>,
    /// The newest value of a state, for listeners that are added later.
    value: RefCell<Option<Rc<Item>>>,
    listeners: RefCell<Vec<Rc<Listener>>>,
}

impl Source {
    /// A stream without listeners, read from a position if there is one.
    pub(crate) fn new(subscription: Subscription, id: u32, position: Option<Position>) -> Rc<Self> {
        Rc::new(Self {
            channel: subscription.channel,
            scope: subscription.scope,
            keeps_position: subscription.keeps_position,
            id: Cell::new(Some(id)),
            mode: Cell::new(ChannelMode::Log),
            received: Cell::new(position),
            value: RefCell::default(),
            listeners: RefCell::default(),
        })
    }

    pub(crate) const fn id(&self) -> Option<u32> {
        self.id.get()
    }

    /// Sets the position after which it is read, which was not known when its listeners were added.
    pub(crate) fn begin_at(&self, position: Option<Position>) {
        self.received.set(position);
        for listener in self.listeners.borrow().iter() {
            listener.handled.set(position);
        }
    }

    /// Adds a listener to everything from now on, and to the value of a state. `changed` is called after it has handled
    /// something.
    pub(crate) fn listen(
        self: &Rc<Self>,
        sink: impl Sink + 'static,
        changed: impl Fn(&Rc<Self>) + 'static,
    ) -> Rc<Listener> {
        let listener = Rc::new(Listener {
            source: Rc::downgrade(self),
            waiting: RefCell::default(),
            handled: Cell::new(self.received.get()),
            is_busy: Cell::new(false),
            is_over: Cell::new(false),
            prepared: Cell::new(0),
            sink: Box::new(sink),
            changed: Box::new(changed),
        });
        self.listeners.borrow_mut().push(Rc::clone(&listener));
        let value = self.value.borrow().clone();
        if let Some(value) = value {
            listener.waiting.borrow_mut().push_back(value);
        }
        listener
    }

    /// Queues an item for all listeners, which [`go_on`](Self::go_on) passes to them.
    pub(crate) fn push(&self, item: Item, mode: Option<ChannelMode>) {
        if let Some(mode) = mode {
            self.mode.set(mode);
        }
        match item.position() {
            Some(position) => self.received.set(Some(position)),
            None => self.id.set(None),
        }
        let item = Rc::new(item);
        if self.mode.get() == ChannelMode::State {
            self.keep(&item);
        }
        let listeners = self.listeners.borrow().clone();
        for listener in listeners {
            listener.push(&item);
        }
    }

    /// Passes what waits to the listeners.
    pub(crate) fn go_on(&self) {
        let listeners = self.listeners.borrow().clone();
        for listener in listeners {
            listener.go_on();
        }
    }

    /// Ends all listeners, since the client is closed.
    pub(crate) fn close(&self) {
        for listener in self.listeners.take() {
            listener.is_over.set(true);
            listener.waiting.borrow_mut().clear();
            listener.sink.closed();
        }
    }

    /// Removes a listener. Returns whether it was the last one.
    pub(crate) fn leave(&self, listener: &Rc<Listener>) -> bool {
        listener.is_over.set(true);
        listener.waiting.borrow_mut().clear();
        let mut listeners = self.listeners.borrow_mut();
        listeners.retain(|other| !Rc::ptr_eq(other, listener));
        listeners.is_empty()
    }

    /// Position up to which every listener has handled the stream.
    pub(crate) fn handled(&self) -> Option<Position> {
        let received = self.received.get()?;
        let mut least = received;
        for listener in self.listeners.borrow().iter() {
            let handled = listener.handled.get()?;
            if handled.epoch != received.epoch {
                return None;
            }
            if handled.cursor < least.cursor {
                least = handled;
            }
        }
        Some(least)
    }

    fn keep(&self, item: &Rc<Item>) {
        if matches!(**item, Item::Entry(_)) {
            self.value.replace(Some(Rc::clone(item)));
        } else if item.is_reset() {
            self.value.replace(None);
        }
    }
}

/// Called after a listener has handled something of the stream.
type Changed = dyn Fn(&Rc<Source>);

/// A listener to a stream, and what waits for it. The session bounds what waits: it pauses a subscription of which the
/// application holds too much, until half of that is handled.
pub(crate) struct Listener {
    source: Weak<Source>,
    waiting: RefCell<VecDeque<Rc<Item>>>,
    handled: Cell<Option<Position>>,
    is_busy: Cell<bool>,
    is_over: Cell<bool>,
    /// Number of items at the front for which the sink is prepared.
    prepared: Cell<usize>,
    sink: Box<dyn Sink>,
    changed: Box<Changed>,
}

impl Listener {
    /// Position up to which it has handled the stream.
    pub(crate) const fn position(&self) -> Option<Position> {
        self.handled.get()
    }

    /// Records that the item is handled that the sink has kept, and passes the next ones on.
    pub(crate) fn finished(&self, item: &Item) {
        self.is_busy.set(false);
        self.done(item);
        self.go_on();
    }

    /// Passes what waits to the sink, until it keeps an item.
    pub(crate) fn go_on(&self) {
        while !self.is_busy.get() && !self.is_over.get() {
            self.prepare();
            let next = self.waiting.borrow_mut().pop_front();
            let Some(item) = next else {
                return;
            };
            self.is_busy.set(true);
            match self.sink.take(&item) {
                Taken::Later => return,
                Taken::Now => {
                    self.is_busy.set(false);
                    self.done(&item);
                }
            }
        }
    }

    fn push(&self, item: &Rc<Item>) {
        if self.is_over.get() {
            return;
        }
        let mut waiting = self.waiting.borrow_mut();
        if item.is_reset() {
            // They are from before the reset.
            waiting.clear();
            self.prepared.set(0);
        }
        waiting.push_back(Rc::clone(item));
    }

    /// Prepares the sink for the next items, if it is not prepared and they are several.
    fn prepare(&self) {
        let prepared = self.prepared.get();
        if prepared > 0 {
            self.prepared.set(prepared - 1);
            return;
        }
        let waiting = self.waiting.borrow();
        if waiting.len() < 2 {
            return;
        }
        let next: Vec<_> = waiting.iter().take(PREPARED).cloned().collect();
        drop(waiting);
        self.prepared.set(next.len() - 1);
        self.sink.prepare(&next);
    }

    fn done(&self, item: &Item) {
        let Some(position) = item.position() else {
            return;
        };
        self.handled.set(Some(position));
        if let Some(source) = self.source.upgrade() {
            (self.changed)(&source);
        }
    }
}
