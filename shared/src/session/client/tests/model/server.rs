//! The model's server, and the network before it.

use alloc::vec;
use alloc::vec::Vec;

use super::super::peer::*;
use super::{Log, Model, Reader, STREAMS, logs, scope, text};
use crate::position::{ResetReason, StartAt};
use crate::session::client::{Input, Output, Status};
use crate::session::op::{ClientOp, ServerOp, Subscribe};

/// The server.
impl Model {
    pub(super) fn publish(&mut self, stream: usize) {
        let log = &mut self.logs[stream];
        log.head += 1;
    }

    pub(super) fn restart(&mut self) {
        self.logs = logs(self.logs[0].epoch.0 + 1);
        self.has_session = false;
        self.taken.clear();
        self.cut();
    }

    pub(super) fn serve(&mut self, frame: SentFrame) {
        let op = match frame {
            SentFrame::Op(op) => op,
            SentFrame::Message { number, body, .. } => return self.take(number, &body),
        };
        match op {
            ClientOp::Auth(auth) => {
                self.is_ready = true;
                let resumed = core::mem::replace(&mut self.has_session, true);
                if !resumed {
                    self.taken.clear();
                }
                let mut ops = vec![auth_ok(resumed, self.taken.len() as u64)];
                ops.extend(auth.subscriptions.iter().map(|ask| self.begin(ask)));
                self.harness.control(&ops);
            }
            ClientOp::Subscribe(asks) => {
                let ops: Vec<_> = asks.iter().map(|ask| self.begin(ask)).collect();
                self.harness.control(&ops);
            }
            ClientOp::Unsubscribe(ids) => {
                self.readers.retain(|reader| !ids.contains(&reader.wire_id));
            }
            ClientOp::Ping => self.harness.control(&[ServerOp::Pong]),
            ClientOp::Goodbye => self.has_session = false,
            ClientOp::Ack(_) | ClientOp::Have(_) | ClientOp::Pong => {}
            ClientOp::Whole(_) | ClientOp::Token(_) => panic!("nothing of the model: {op:?}"),
        }
    }

    /// Takes a message: they come in order, without holes.
    pub(super) fn take(&mut self, number: u32, body: &[u8]) {
        let ticket = core::str::from_utf8(body).unwrap().parse().unwrap();
        assert_eq!(number as usize, self.taken.len() + 1);
        assert!(self.taken.last() < Some(&ticket), "each once, in order");
        assert!(!self.withdrawn.contains(&ticket));
        self.taken.push(ticket);
        self.ever_taken.push(ticket);
    }

    /// Begins to read for a subscription; returns its outcome.
    pub(super) fn begin(&mut self, ask: &Subscribe) -> ServerOp {
        let stream = (0..STREAMS).find(|&stream| scope(stream) == ask.scope);
        let stream = stream.unwrap();
        let log = &self.logs[stream];
        assert_eq!(ask.start, StartAt::Oldest);
        self.last_number += 1;
        let (id, number) = (ask.id, self.last_number);
        let position = ask.position.unwrap_or_else(|| log.at(log.floor));
        let is_known = position.epoch == log.epoch && position.cursor >= log.floor;
        let start = if is_known {
            position
        } else {
            log.at(log.floor)
        };
        let (next, head) = (start.cursor + 1, log.head);
        let outcome = if is_known {
            resumed(id, number, position, head - position.cursor)
        } else {
            reset(id, number, log)
        };
        self.readers.push(Reader {
            wire_id: id,
            stream,
            number,
            next,
        });
        outcome
    }

    /// Sends the next entry of the first reader that lacks one.
    pub(super) fn deliver(&mut self) {
        let logs = &self.logs;
        let lacks = |reader: &&mut Reader| reader.next <= logs[reader.stream].head;
        let Some(reader) = self.readers.iter_mut().find(lacks) else {
            return;
        };
        let log = &self.logs[reader.stream];
        let (number, stream) = (reader.number, reader.stream);
        if reader.next <= log.floor {
            reader.next = log.floor + 1;
            let op = reset(reader.wire_id, number, log);
            self.harness.control(&[op]);
        } else {
            let cursor = reader.next;
            reader.next += 1;
            let text = text(stream, log.epoch, cursor);
            self.harness.entry(number, cursor, &text);
        }
        self.settle();
    }

    pub(super) fn acknowledge(&mut self) {
        let upto = self.taken.len() as u64;
        if self.is_ready && upto > 0 {
            self.harness.control(&[ServerOp::Received { upto }]);
        }
    }
}

/// The network.
impl Model {
    pub(super) fn open(&mut self) {
        if core::mem::take(&mut self.may_open) {
            let attempt = self.harness.attempt();
            self.harness.input(Input::Opened { attempt });
        }
    }

    pub(super) fn cut(&mut self) {
        self.harness.close(None);
        self.disconnected();
    }

    pub(super) fn disconnected(&mut self) {
        self.is_ready = false;
        self.may_open = false;
        self.readers.clear();
    }

    /// Lets the server answer until the client is silent, and checks what the client did.
    pub(super) fn settle(&mut self) {
        loop {
            self.harness.drain();
            let frames = self.harness.sent_frames();
            self.look();
            if frames.is_empty() {
                break;
            }
            for frame in frames {
                self.serve(frame);
            }
        }
        let status = self.harness.session.status();
        let is_closed = matches!(status, Status::Closed { .. } | Status::Idle);
        assert!(!self.is_closed || is_closed, "{status:?}");
        assert!(!self.is_closed || self.harness.session.poll_timeout().is_none());
    }

    /// Looks at the client's outputs.
    pub(super) fn look(&mut self) {
        for output in core::mem::take(&mut self.harness.outputs) {
            match output {
                Output::Connect { .. } => {
                    assert!(!self.is_closed && !self.is_suspended, "no attempt is due");
                    self.disconnected();
                    self.may_open = true;
                }
                Output::Disconnect { .. } => self.disconnected(),
                Output::Event(event) => self.told(event),
                Output::Transmit(_)
                | Output::Post { .. }
                | Output::TokenWanted { .. }
                | Output::FetchDictionary { .. } => panic!("nothing of the model: {output:?}"),
            }
        }
    }
}

fn reset(id: u32, number: u64, log: &Log) -> ServerOp {
    ServerOp::Reset {
        id,
        reason: ResetReason::Expired,
        reading: Some((number, log.at(log.floor))),
        floor: log.floor,
        head: log.head,
    }
}
