//! Drives one session with the page's socket, alarm and fetches.

use core::cell::{Cell, RefCell};

use push_wire_shared::session::client::{ClientSession, Input, Output};
use push_wire_shared::time::Moment;

use crate::host::Host;
use crate::{clock, convert};

pub(crate) struct Driver {
    session: RefCell<ClientSession>,
    host: Host,
    /// Outputs are being carried out further up the stack: whoever comes here then leaves his to that loop, so
    /// that they keep their order.
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

    /// Looks into the session.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&ClientSession) -> T) -> T {
        read(&self.session.borrow())
    }

    /// Calls a method of the session and does what it wants done.
    pub(crate) fn with<T>(&self, call: impl FnOnce(&mut ClientSession, Moment) -> T) -> T {
        let answer = call(&mut self.session.borrow_mut(), clock::now());
        self.drain();
        answer
    }

    /// Passes on what the socket reports.
    pub(crate) fn input(&self, input: Input) {
        self.with(|session, now| session.handle_input(now, input));
    }

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
        self.host.alarm(deadline.unwrap_or(f64::INFINITY));
    }

    /// The borrow ends here, before anything is done about the output.
    fn next(&self) -> Option<Output> {
        self.session.borrow_mut().poll_output()
    }

    fn perform(&self, output: Output) {
        match output {
            // Sessions of this engine do not renew their token.
            Output::TokenWanted { .. } => {}
            Output::Connect { attempt } => self.host.connect(attempt),
            Output::Transmit(message) => self.host.transmit(&message),
            Output::Disconnect { code } => self.host.disconnect(code),
            Output::FetchDictionary { sha256 } => self.host.fetch_dictionary(&sha256),
            Output::Event(event) => convert::tell(&self.host, clock::now(), &event),
        }
    }
}
