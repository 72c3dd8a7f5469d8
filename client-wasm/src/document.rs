//! [`Document`], the newest value of a state.

use std::cell::RefCell;
use std::rc::Rc;

use push_wire_shared::ChannelKind;
use push_wire_shared::position::Position;
use push_wire_shared::session::client::{EndCause, SubscribeError};
use serde::de::DeserializeOwned;

use crate::client::Shared;
use crate::stream::{Item, Listener, Sink, Source, Taken};
use crate::subscription::StreamRequest;
use crate::values;
use crate::watch::{Changes, Teller};

/// A document that the server keeps up to date: a state channel, or a topic of one. The reading ends when it and its
/// streams of changes are dropped.
///
/// Its value is read like a signal: [`get`](Self::get) gives the newest one, and [`changes`](Self::changes) a stream that
/// yields after each change.
pub struct Document<T>(Rc<Reading<T>>);

struct Reading<T> {
    client: Rc<Shared>,
    source: Rc<Source>,
    listener: Rc<Listener>,
    state: Rc<State<T>>,
}

struct State<T> {
    value: RefCell<Option<Rc<T>>>,
    changes: Teller<Rc<T>>,
    error: RefCell<Option<String>>,
    end: RefCell<Option<(EndCause, String)>>,
}

impl<T: DeserializeOwned> Sink for Rc<State<T>> {
    fn take(&self, item: &Rc<Item>) -> Taken {
        match &**item {
            Item::Entry(entry) => match values::decode::<T>(&entry.body, entry.encoding) {
                Ok(value) => {
                    let value = Rc::new(value);
                    self.value.replace(Some(Rc::clone(&value)));
                    self.error.replace(None);
                    self.changes.tell(&value);
                }
                Err(error) => {
                    self.error.replace(Some(error.to_string()));
                }
            },
            Item::Ended { cause, message } => {
                self.end.replace(Some((*cause, message.clone())));
                self.changes.end();
            }
            Item::Skipped { .. } | Item::Outcome { .. } => {}
        }
        Taken::Now
    }

    fn closed(&self) {
        self.changes.end();
    }
}

impl<T: DeserializeOwned + 'static> Document<T> {
    pub(crate) fn new<C: ChannelKind>(
        client: &Rc<Shared>,
        request: StreamRequest<C>,
    ) -> Result<Self, SubscribeError> {
        let state = Rc::new(State {
            value: RefCell::new(None),
            changes: Teller::new(),
            error: RefCell::default(),
            end: RefCell::default(),
        });
        let (source, listener) = client
            .driver
            .listen(request.subscription(), Rc::clone(&state))?;
        Ok(Self(Rc::new(Reading {
            client: Rc::clone(client),
            source,
            listener,
            state,
        })))
    }

    /// Values from now on. A slow reader gets the newest one only. The stream ends when the server ends the subscription
    /// ([`ended`](Self::ended)), and when the client is closed.
    #[must_use]
    pub fn changes(&self) -> Changes<Rc<T>> {
        let reading: Rc<Reading<T>> = Rc::clone(&self.0);
        self.0.state.changes.read(1).keeping(reading)
    }
}

impl<T> Document<T> {
    /// The newest value that could be read; `None` before the first.
    #[must_use]
    pub fn get(&self) -> Option<Rc<T>> {
        self.0.state.value.borrow().clone()
    }

    /// Reason for which the newest value cannot be read as a `T`, if it cannot.
    #[must_use]
    pub fn error(&self) -> Option<String> {
        self.0.state.error.borrow().clone()
    }

    /// Reason, for programs and for people, for which the server has ended the subscription, if it has. The value stays, and
    /// does not change any more.
    #[must_use]
    pub fn ended(&self) -> Option<(EndCause, String)> {
        self.0.state.end.borrow().clone()
    }

    /// Position of the value; `None` before the first.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.0.listener.position()
    }
}

impl<T> Drop for Reading<T> {
    fn drop(&mut self) {
        self.client.driver.leave(&self.source, &self.listener);
    }
}

impl<T> std::fmt::Debug for Document<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document")
            .field("channel", &self.0.source.channel)
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}
