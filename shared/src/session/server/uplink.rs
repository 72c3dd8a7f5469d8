//! Server side of client messages: each delivered once, in order (docs/protocol.md section 7).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use super::outputs::Outputs;
use super::{Delivery, MessageError, Output, ServerConfig};
use crate::channel::ChannelMode;
use crate::close::CloseReason;
use crate::limits::{MAX_TOPIC_BYTES, TEXT_BYTES};
use crate::position::{cursor_from_low_bits, is_topic};
use crate::quote::cut;
use crate::session::op::{ErrorCode, RejectedMessage, ServerOp};
use crate::session::wire::Content;

/// A client's message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Uplink {
    /// Wire id of the channel.
    pub channel: u8,
    /// The topic that it is for, as the client wrote it: it may be no topic.
    pub topic: Option<Bytes>,
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
        match delivery(uplink, number, config) {
            Ok(delivery) => outputs.put(Output::Deliver(delivery)),
            Err(error) => self.refuse(number, error, outputs),
        }
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
        let MessageError {
            code,
            message,
            retry_ms,
        } = error;
        let Some(number) = number else {
            return outputs.error(code, &message, None);
        };
        outputs.op(ServerOp::Rejected(RejectedMessage {
            number,
            code,
            message: cut(&message, TEXT_BYTES).into_owned(),
            retry_ms,
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

/// The message for the application.
///
/// # Errors
/// Fails if there is no such channel, or if the topic is none.
fn delivery(
    uplink: Uplink,
    number: Option<u64>,
    config: &ServerConfig,
) -> Result<Delivery, MessageError> {
    let Uplink {
        channel,
        topic,
        content,
        body,
        sequence: _,
    } = uplink;
    let known = config.channels.by_id(channel);
    if known.is_none_or(|channel| channel.mode == ChannelMode::System) {
        let message = String::from("no channel of this id");
        return Err(MessageError::new(ErrorCode::UnknownChannel, message));
    }
    let topic = topic.map(read_topic).transpose()?;
    Ok(Delivery {
        channel,
        topic,
        content,
        body,
        number,
    })
}

fn read_topic(bytes: Bytes) -> Result<String, MessageError> {
    let topic = String::from_utf8(Vec::from(bytes)).ok();
    topic.filter(|topic| is_topic(topic)).ok_or_else(|| {
        let message = format!("a topic is 1 to {MAX_TOPIC_BYTES} bytes of text");
        MessageError::new(ErrorCode::BadTopic, message)
    })
}
