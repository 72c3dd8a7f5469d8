//! Drives one session with a socket and a timer of the page.

use alloc::rc::{Rc, Weak};
use core::cell::{Cell, RefCell};

use push_wire_shared::close::CloseReason;
use push_wire_shared::session::client::{ClientSession, Input, Output};
use push_wire_shared::time::Moment;
use wasm_bindgen::prelude::*;

use crate::host::Host;
use crate::socket::{PROTOCOL, Socket};
use crate::timer::Timer;
use crate::{clock, convert};

pub(crate) struct Driver {
    session: RefCell<ClientSession>,
    socket: RefCell<Option<Socket>>,
    timer: Timer,
    host: Host,
    max_message_bytes: u32,
    /// Outputs are being carried out further up the stack: whoever comes here then leaves his to that loop, so
    /// that they keep their order.
    draining: Cell<bool>,
    this: Weak<Driver>,
}

impl Driver {
    pub(crate) fn new(session: ClientSession, host: Host, max_message_bytes: u32) -> Rc<Self> {
        Rc::new_cyclic(|this: &Weak<Self>| {
            let driver = this.clone();
            let fire = Closure::<dyn FnMut()>::new(move || {
                if let Some(driver) = driver.upgrade() {
                    driver.timer.fired();
                    driver.with(ClientSession::handle_timeout);
                }
            });
            Self {
                session: RefCell::new(session),
                socket: RefCell::new(None),
                timer: Timer::new(fire),
                host,
                max_message_bytes,
                draining: Cell::new(false),
                this: this.clone(),
            }
        })
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

    /// Ends an attempt's socket because of what it said.
    pub(crate) fn give_up(&self, attempt: u32, reason: CloseReason) {
        let code = reason.code();
        self.disconnect(code);
        self.input(Input::Closed {
            attempt,
            code: Some(code),
        });
    }

    fn drain(&self) {
        if self.draining.replace(true) {
            return;
        }
        while let Some(output) = self.next() {
            self.perform(output);
        }
        self.draining.set(false);
        self.timer.arm(self.session.borrow().poll_timeout());
    }

    /// The borrow ends here, before anything is done about the output.
    fn next(&self) -> Option<Output> {
        self.session.borrow_mut().poll_output()
    }

    fn perform(&self, output: Output) {
        match output {
            Output::Connect { attempt } => self.connect(attempt),
            Output::Transmit(message) => self.transmit(&message),
            Output::Disconnect { code } => self.disconnect(code),
            Output::FetchDictionary { .. } => {}
            Output::Event(event) => convert::tell(&self.host, clock::now(), &event),
        }
    }

    fn connect(&self, attempt: u32) {
        drop(self.socket.take());
        let Ok(socket) = self.host.open(PROTOCOL) else {
            return self.input(Input::Closed {
                attempt,
                code: None,
            });
        };
        let socket = Socket::new(socket, attempt, self.max_message_bytes, &self.this);
        self.socket.replace(Some(socket));
    }

    fn transmit(&self, message: &[u8]) {
        let socket = self.socket.take();
        if let Some(socket) = &socket {
            socket.send(message);
        }
        self.socket.replace(socket);
    }

    fn disconnect(&self, code: u16) {
        let socket = self.socket.take();
        if let Some(socket) = socket {
            socket.close(code);
        }
    }
}
