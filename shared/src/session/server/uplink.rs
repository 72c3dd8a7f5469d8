//! Client messages: each once, in order (docs/protocol.md section 7).

use alloc::string::String;

use bytes::Bytes;

use super::{MessageError, Output, ServerSession};
use crate::channel::ChannelMode;
use crate::close::CloseReason;
use crate::position::cursor_from_low_bits;
use crate::session::op::{ErrorCode, RejectedMessage, ServerOp};
use crate::session::wire::Content;
use crate::time::Moment;

/// A client's message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Uplink {
    /// Wire id of the channel.
    pub channel: u8,
    /// Low 32 bits of the message's number; `None` in the JSON dialect, which has none.
    pub sequence: Option<u32>,
    /// What the body is.
    pub content: Content,
    /// The message.
    pub body: Bytes,
}

/// Which message comes next.
#[derive(Default, Debug)]
pub(super) struct UplinkOrder {
    /// Newest message taken.
    received: u64,
    /// Up to here each message has been answered; what the client is told.
    answered: u64,
}

impl UplinkOrder {
    pub(super) fn start_after(&mut self, received: u64) {
        *self = Self {
            received,
            answered: received,
        };
    }

    /// The application answers in order, so that this one's answer is the last of all up to it.
    fn carried_out(&mut self, number: u64) {
        self.answered = self.answered.max(number);
    }

    /// A refusal may overtake messages that the application still has before it.
    fn refused(&mut self, number: u64) {
        if number == self.answered + 1 {
            self.answered = number;
        }
    }
}

impl ServerSession {
    /// Takes a client's message.
    pub fn handle_uplink(&mut self, now: Moment, uplink: Uplink) {
        self.heard(now);
        if !self.is_ready() {
            return self.close(CloseReason::AuthExpected);
        }
        let number = match uplink.sequence {
            None => None,
            Some(low) => {
                let number = cursor_from_low_bits(low, self.uplink.received);
                if number <= self.uplink.received {
                    return self.acknowledge();
                }
                if number > self.uplink.received + 1 {
                    return self.close(CloseReason::ProtocolError);
                }
                self.uplink.received = number;
                Some(number)
            }
        };
        let Uplink {
            channel,
            content,
            body,
            ..
        } = uplink;
        match self.config.channels.by_id(channel) {
            Some(known) if known.mode != ChannelMode::System => {
                self.put(Output::Deliver {
                    channel,
                    content,
                    body,
                    number,
                });
            }
            _ => {
                let message = String::from("no channel of this id");
                self.refuse(
                    number,
                    MessageError {
                        code: ErrorCode::UnknownChannel,
                        message,
                    },
                );
            }
        }
    }

    /// The application has carried out a message, or has refused to.
    pub fn handle_answer(&mut self, number: Option<u64>, answer: Result<(), MessageError>) {
        match (answer, number) {
            (Ok(()), None) => {}
            (Ok(()), Some(number)) => {
                self.uplink.carried_out(number);
                self.acknowledge();
            }
            (Err(refusal), number) => self.refuse(number, refusal),
        }
    }

    fn refuse(&mut self, number: Option<u64>, refusal: MessageError) {
        let MessageError { code, message } = refusal;
        match number {
            Some(number) => {
                let rejection = RejectedMessage {
                    number,
                    code,
                    message,
                };
                self.put(Output::Op(ServerOp::Rejected(rejection)));
                self.uplink.refused(number);
                self.acknowledge();
            }
            None => self.error(code, &message, None),
        }
    }

    /// Not up to what has come in: a client takes a send for done that is acknowledged before its refusal.
    fn acknowledge(&mut self) {
        self.put(Output::Op(ServerOp::Received {
            upto: self.uplink.answered,
        }));
    }
}
