//! Outputs of the session, carried out: connections, downloads, and events for the application.

use std::rc::Rc;

use push_wire_shared::hidden::Hidden;
use push_wire_shared::session::client::{
    ClientSession, Entry, Event, Input, Output, Status, Transport,
};

use super::{Answer, Driver};
use crate::error::{Fault, FaultCode};
use crate::fetch::text;
use crate::stream::{Item, Source};
use crate::transport::{Attempt, Line};

impl Driver {
    /// Carries out all outputs, then sets the timer to the session's next deadline.
    pub(crate) fn drain(&self) {
        if self.is_closed() || self.is_draining.replace(true) {
            return;
        }
        self.carry_out();
        self.is_draining.set(false);
        if !self.is_closed() {
            self.timer.set(self.read(ClientSession::poll_timeout));
            self.observer.counted();
        }
    }

    /// Carries out all outputs, also inside of a call from [`drain`](Self::drain).
    pub(crate) fn carry_out(&self) {
        loop {
            match self.next() {
                Some(Output::Event(event @ Event::Entry(_))) => self.tell(event),
                Some(output) => {
                    self.pass_on();
                    self.perform(output);
                }
                // Listeners may have caused outputs.
                None if self.pass_on() => {}
                None => return,
            }
        }
    }

    /// Queues an entry for the listeners of its stream, which are called when something else follows: entries that wait
    /// together are read together.
    fn queue(&self, entry: Entry) {
        // Absent when the application ended the subscription a moment ago.
        let Some(source) = self.source(entry.id) else {
            return;
        };
        let is_same = |other: &Rc<Source>| Rc::ptr_eq(other, &source);
        if !self.reading.borrow().as_ref().is_some_and(is_same) {
            self.pass_on();
        }
        source.push(Item::Entry(entry), None);
        self.reading.replace(Some(source));
    }

    /// Calls the listeners for whom entries are queued. Returns whether there was a stream with such entries.
    fn pass_on(&self) -> bool {
        let Some(source) = self.reading.take() else {
            return false;
        };
        source.go_on();
        true
    }

    /// Next output. The borrow of the session ends before the output is carried out.
    fn next(&self) -> Option<Output> {
        self.session.borrow_mut().poll_output()
    }

    fn perform(&self, output: Output) {
        match output {
            Output::TokenWanted { request } => self.want_token(request),
            Output::Connect { attempt, transport } => self.open(attempt, transport),
            Output::Transmit(message) => {
                if let Some(line) = self.line() {
                    line.send(message);
                }
            }
            Output::Post {
                number,
                query,
                secret,
                message,
            } => {
                if let Some(Line::EventStream(stream)) = self.line().as_deref() {
                    stream.post(number, &query, secret.0, message);
                }
            }
            Output::Disconnect { code } => self.hang_up(code),
            Output::FetchDictionary { sha256 } => {
                let route = &self.settings.address.route;
                self.dictionaries.fetch(route, sha256, self.this.clone());
            }
            Output::Event(event) => self.tell(event),
        }
    }

    fn line(&self) -> Option<Rc<Line>> {
        self.line.borrow().clone()
    }

    fn want_token(&self, request: u32) {
        let Some(tokens) = &self.tokens else {
            return;
        };
        let (answer, this) = (tokens.get(), self.this.clone());
        wasm_bindgen_futures::spawn_local(async move {
            let token = answer.await.map(Hidden);
            if let Some(driver) = this.upgrade() {
                driver.input(Input::Token { request, token });
            }
        });
    }

    fn open(&self, number: u32, transport: Transport) {
        // Kept before an attempt, so that a page which is left in its midst counts it.
        self.keep();
        self.line.take();
        self.transport.set(transport);
        let attempt = Attempt {
            number,
            driver: self.this.clone(),
        };
        match Line::open(&self.settings, transport, attempt) {
            Ok(line) => {
                self.line.replace(Some(Rc::new(line)));
            }
            Err(thrown) => {
                let url = &self.settings.address.socket;
                let reason = format!("no connection to {url} can be opened: {}", text(&thrown));
                let fault = Fault::new(FaultCode::NoTransport, reason.clone());
                self.observer.fault(fault);
                self.input(Input::Closed {
                    attempt: number,
                    code: None,
                    reason,
                });
            }
        }
    }

    pub(crate) fn hang_up(&self, code: u16) {
        let line = self.line.take();
        if let Some(line) = line {
            line.close(code);
        }
    }

    fn tell(&self, event: Event) {
        if matches!(event, Event::Ready { .. }) {
            self.note_network();
        }
        let Some(event) = self.observer.take(event) else {
            return;
        };
        let tabs = self.settings.tabs.as_ref();
        match event {
            Event::Status(status) => {
                let is_ready = status == Status::Ready;
                let transport = || tabs.map_or(self.transport.get(), |tabs| tabs.transport());
                let transport = is_ready.then(transport);
                self.observer.status(&status, transport);
            }
            Event::Ready { .. } => self.keep(),
            Event::Numbered { number, .. } => {
                if let Some(tabs) = tabs {
                    tabs.pass(number);
                }
            }
            // Without a position the subscription has ended, which the next event reports.
            Event::Outcome { position: None, .. } => {}
            Event::Outcome {
                id,
                outcome,
                position: Some(position),
                floor,
                head,
                mode,
            } => {
                let item = Item::Outcome {
                    outcome,
                    position,
                    floor,
                    head,
                };
                if let Some(source) = self.source(id) {
                    source.push(item, Some(mode));
                    source.go_on();
                }
            }
            Event::Skipped {
                id,
                count,
                position,
            } => self.push(id, Item::Skipped { count, position }),
            Event::Entry(entry) => self.queue(entry),
            Event::Ended {
                id, cause, message, ..
            } => self.ended(id, Item::Ended { cause, message }),
            Event::Sent { ticket } => self.answer(ticket, Answer::Sent),
            Event::Refused {
                ticket,
                code,
                message,
                retry,
            } => {
                let refused = Answer::Refused {
                    code,
                    message,
                    retry,
                };
                self.answer(ticket, refused);
            }
            Event::Notice(notice) => self.observer.notice(&notice),
            Event::Error { code, message } => {
                let fault = Fault::new(FaultCode::Server(code), message);
                self.observer.fault(fault);
            }
        }
    }

    fn source(&self, id: u32) -> Option<Rc<Source>> {
        let sources = self.sources.borrow();
        sources
            .iter()
            .find(|source| source.id() == Some(id))
            .cloned()
    }

    fn push(&self, id: u32, item: Item) {
        // Absent when the application ended the subscription a moment ago.
        if let Some(source) = self.source(id) {
            source.push(item, None);
            source.go_on();
        }
    }

    /// Ends a stream: a later listener subscribes anew.
    fn ended(&self, id: u32, item: Item) {
        let Some(source) = self.source(id) else {
            return;
        };
        let mut sources = self.sources.borrow_mut();
        sources.retain(|other| !Rc::ptr_eq(other, &source));
        drop(sources);
        source.push(item, None);
        source.go_on();
    }
}
