//! Server side of client messages: each delivered once, in order (docs/protocol.md section 7).

use alloc::format;
use alloc::string::String;

use bytes::Bytes;

use super::outputs::Outputs;
use super::{MessageError, Output, ServerConfig};
use crate::channel::ChannelMode;
use crate::close::CloseReason;
use crate::limits::TEXT_BYTES;
use crate::position::cursor_from_low_bits;
use crate::quote::cut;
use crate::session::op::{ErrorCode, RejectedMessage, ServerOp};
use crate::session::wire::Content;

/// A client's message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Uplink {
    /// Wire id of the channel.
    pub channel: u8,
    /// Low 32 bits of the message's number; `None` in the JSON dialect, which has none.
    pub sequence: Option<u32>,
    /// Kind of the body.
    pub content: Content,
    /// The message.
    pub body: Bytes,
}

/// Numbers of the messages taken and answered.
#[derive(Default, Debug)]
pub(super) struct UplinkOrder {
    /// Newest message taken.
    received: u64,
    /// Number of the newest message such that it and all before it were answered.
    answered: u64,
    /// The client waits for the number of the newest answer.
    is_ack_due: bool,
}

impl UplinkOrder {
    pub(super) fn start_after(&mut self, received: u64) {
        *self = Self {
            received,
            answered: received,
            is_ack_due: false,
        };
    }

    /// Delivers a message if it is the next one; acknowledges a repeat again.
    pub(super) fn take(&mut self, uplink: Uplink, config: &ServerConfig, outputs: &mut Outputs) {
        let number = match uplink.sequence {
            None => None,
            Some(low) => {
                let number = cursor_from_low_bits(low, self.received);
                if number <= self.received {
                    self.is_ack_due = true;
                    return;
                }
                if number > self.received + 1 {
                    self.acknowledge(outputs);
                    let received = self.received;
                    let message =
                        format!("message {number} after {received}: no number is skipped");
                    outputs.error(ErrorCode::BadFrame, &message, None);
                    return outputs.close(CloseReason::ProtocolError);
                }
                self.received = number;
                Some(number)
            }
        };
        let known = config.channels.by_id(uplink.channel);
        if known.is_none_or(|channel| channel.mode == ChannelMode::System) {
            let error = MessageError {
                code: ErrorCode::UnknownChannel,
                message: String::from("no channel of this id"),
            };
            return self.refuse(number, error, outputs);
        }
        outputs.put(Output::Deliver {
            channel: uplink.channel,
            content: uplink.content,
            body: uplink.body,
            number,
        });
    }

    /// Takes the application's answer to a message, and acknowledges what is complete.
    pub(super) fn answer(
        &mut self,
        number: Option<u64>,
        answer: Result<(), MessageError>,
        outputs: &mut Outputs,
    ) {
        match (answer, number) {
            (Ok(()), None) => {}
            (Ok(()), Some(number)) => {
                // The application answers in order, so that this is the last answer of all up to it.
                self.answered = self.answered.max(number);
                self.is_ack_due = true;
            }
            (Err(error), number) => self.refuse(number, error, outputs),
        }
    }

    fn refuse(&mut self, number: Option<u64>, error: MessageError, outputs: &mut Outputs) {
        let MessageError { code, message } = error;
        let Some(number) = number else {
            return outputs.error(code, &message, None);
        };
        outputs.op(ServerOp::Rejected(RejectedMessage {
            number,
            code,
            message: cut(&message, TEXT_BYTES).into_owned(),
        }));
        // A refusal may overtake messages that the application has not answered yet.
        if number == self.answered + 1 {
            self.answered = number;
        }
        self.is_ack_due = true;
    }

    /// Acknowledges up to `answered`, with one op for all answers since the last time. To be called when nothing else is
    /// to be put out, so that it follows the refusals among them: a message acknowledged before its refusal would count
    /// as carried out.
    pub(super) fn acknowledge(&mut self, outputs: &mut Outputs) {
        if core::mem::take(&mut self.is_ack_due) {
            outputs.op(ServerOp::Received {
                upto: self.answered,
            });
        }
    }
}
