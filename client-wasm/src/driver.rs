//! Driver of one session over the page's socket, timer and fetches.

use core::cell::{Cell, RefCell};

use push_wire_shared::session::client::{ClientSession, Input, Output};
use push_wire_shared::time::Moment;
use wasm_bindgen::JsValue;

use crate::host::{Called, Host};
use crate::{clock, convert, host};

pub(crate) struct Driver {
    session: RefCell<ClientSession>,
    host: Host,
    /// True while `drain` runs. A call from the page during that time only queues outputs, which the running `drain`
    /// carries out in order.
    draining: Cell<bool>,
}

impl Driver {
    pub(crate) fn new(session: ClientSession, host: Host) -> Self {
        Self {
            session: RefCell::new(session),
            host,
            draining: Cell::new(false),
        }
    }

    /// Reads from the session.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&ClientSession) -> T) -> T {
        read(&self.session.borrow())
    }

    /// Calls a method of the session and carries out its outputs.
    pub(crate) fn with<T>(&self, call: impl FnOnce(&mut ClientSession, Moment) -> T) -> T {
        let answer = call(&mut self.session.borrow_mut(), clock::now());
        self.drain();
        answer
    }

    /// Passes an event of the socket to the session.
    pub(crate) fn input(&self, input: Input) {
        self.with(|session, now| session.handle_input(now, input));
    }

    /// Carries out all outputs, then sets the page's timer to the session's next deadline; infinity if there is none.
    fn drain(&self) {
        if self.draining.replace(true) {
            return;
        }
        while let Some(output) = self.next() {
            self.perform(output);
        }
        self.draining.set(false);
        let deadline = self.read(ClientSession::poll_timeout);
        let deadline = deadline.map(Moment::since_origin).map(clock::to_millis);
        if let Err(thrown) = self.host.alarm(deadline.unwrap_or(f64::INFINITY)) {
            self.report_thrown(&thrown);
        }
    }

    /// Next output. The borrow of the session ends before the output is carried out.
    fn next(&self) -> Option<Output> {
        self.session.borrow_mut().poll_output()
    }

    /// Carries out an output. An exception of the page is reported and changes nothing else; a socket that could not be
    /// opened counts as lost.
    fn perform(&self, output: Output) {
        let attempt = match output {
            Output::Connect { attempt, .. } => Some(attempt),
            Output::TokenWanted { .. }
            | Output::Transmit(_)
            | Output::Post { .. }
            | Output::Disconnect { .. }
            | Output::FetchDictionary { .. }
            | Output::Event(_) => None,
        };
        let Err(thrown) = self.call(output) else {
            return;
        };
        self.report_thrown(&thrown);
        if let Some(attempt) = attempt {
            self.input(Input::Closed {
                attempt,
                code: None,
                reason: host::words(&thrown).unwrap_or_default(),
            });
        }
    }

    fn call(&self, output: Output) -> Called {
        match output {
            Output::TokenWanted { request } => self.host.want_token(request),
            Output::Connect { attempt, .. } => self.host.connect(attempt),
            // The configuration allows only WebSockets.
            Output::Post { .. } => Ok(()),
            Output::Transmit(message) => self.host.transmit(&message),
            Output::Disconnect { code } => self.host.disconnect(code),
            Output::FetchDictionary { sha256 } => self.host.fetch_dictionary(&sha256),
            Output::Event(event) => convert::tell(&self.host, clock::now(), &event),
        }
    }

    /// Reports to the page an error that concerns no single subscription or send.
    pub(crate) fn report(&self, code: &str, message: &str) {
        if let Err(thrown) = self.host.fault(code, message) {
            host::console_error(&thrown);
        }
    }

    fn report_thrown(&self, thrown: &JsValue) {
        let message = host::words(thrown).unwrap_or_default();
        self.report("page", &message);
    }
}
