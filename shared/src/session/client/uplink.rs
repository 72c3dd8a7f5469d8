//! What the application sends: numbered, bounded, and sent again after a lost connection
//! (docs/protocol.md section 7).

use alloc::string::String;
use alloc::vec::Vec;

use super::connection::Server;
use super::output::{Outputs, record_bytes};
use super::{ClientConfig, Event, SendError};
use crate::channel::ChannelMode;
use crate::frame::{BinaryFlags, FrameHeader};
use crate::position::low_bits;
use crate::session::op::{ErrorCode, RejectedMessage};
use crate::session::wire::{Content, UplinkHeader};

/// The sends that the server has not answered.
#[derive(Debug)]
pub(super) struct Uplink {
    items: Vec<Item>,
    bytes: usize,
    last_ticket: u64,
    /// Number of the next send to leave in the server's session.
    next_number: u64,
}

#[derive(Debug)]
struct Item {
    ticket: u64,
    channel: String,
    content: Content,
    body: Vec<u8>,
    /// Set once it has left in the server's session.
    number: Option<u64>,
}

impl Uplink {
    pub(super) const fn new() -> Self {
        Self {
            items: Vec::new(),
            bytes: 0,
            last_ticket: 0,
            next_number: 1,
        }
    }

    /// Queues a send; returns its ticket.
    pub(super) fn push(
        &mut self,
        channel: &str,
        content: Content,
        body: Vec<u8>,
        config: &ClientConfig,
    ) -> Result<u64, SendError> {
        let bytes = self.bytes.saturating_add(body.len());
        if self.items.len() >= config.max_uplink_messages || bytes > config.max_uplink_bytes {
            return Err(SendError::QueueFull);
        }
        self.bytes = bytes;
        self.last_ticket += 1;
        self.items.push(Item {
            ticket: self.last_ticket,
            channel: channel.into(),
            content,
            body,
            number: None,
        });
        Ok(self.last_ticket)
    }

    /// A session stands that has taken the sends up to `received`. Where it is the one before, those are done;
    /// `rejected` were refused. The others
    /// leave (again), numbered from there.
    pub(super) fn start(
        &mut self,
        resumed: bool,
        received: u64,
        rejected: Vec<RejectedMessage>,
        outputs: &mut Outputs,
    ) {
        if resumed {
            for rejection in rejected {
                self.rejected(rejection, outputs);
            }
            self.taken(received, outputs);
        }
        self.items.iter_mut().for_each(|item| item.number = None);
        self.next_number = received.saturating_add(1);
    }

    /// Sends what has not left yet.
    pub(super) fn transmit(&mut self, server: &Server, outputs: &mut Outputs) {
        let mut at = self
            .items
            .iter()
            .take_while(|item| item.number.is_some())
            .count();
        while let Some(item) = self.items.get_mut(at) {
            let channel = server.channel(&item.channel);
            // What is not a control op would end the connection on the system channel, again and again.
            let channel = channel.filter(|channel| channel.mode != ChannelMode::System);
            let channel = channel.map(|channel| channel.id);
            let fault = match channel {
                None => Some((
                    ErrorCode::UnknownChannel,
                    "the server has no channel of this name",
                )),
                Some(_) if record_bytes(1 + item.body.len()) > server.max_message_bytes => Some((
                    ErrorCode::TooLarge,
                    "the message is larger than the server takes",
                )),
                Some(_) => None,
            };
            if let Some((code, message)) = fault {
                self.refuse(at, code, message.into(), outputs);
                continue;
            }
            item.number = Some(self.next_number);
            let header = FrameHeader {
                flags: BinaryFlags::default(),
                channel: channel.unwrap_or_default(),
                sequence: low_bits(self.next_number),
            };
            let mut payload = Vec::with_capacity(1 + item.body.len());
            let content = item.content;
            UplinkHeader { content }.write(&mut payload);
            payload.extend_from_slice(&item.body);
            outputs.frame(header, &payload, server.max_message_bytes);
            self.next_number += 1;
            at += 1;
        }
    }

    /// The server has taken everything up to this number.
    pub(super) fn taken(&mut self, upto: u64, outputs: &mut Outputs) {
        let is_taken = |item: &&Item| item.number.is_some_and(|number| number <= upto);
        let taken = self.items.iter().take_while(is_taken).count();
        for item in self.items.drain(..taken) {
            self.bytes -= item.body.len();
            let ticket = item.ticket;
            outputs.event(Event::Sent { ticket });
        }
    }

    /// The server will not carry out this one.
    pub(super) fn rejected(&mut self, rejection: RejectedMessage, outputs: &mut Outputs) {
        let RejectedMessage {
            number,
            code,
            message,
        } = rejection;
        let at = self
            .items
            .iter()
            .position(|item| item.number == Some(number));
        if let Some(at) = at {
            self.refuse(at, code, message, outputs);
        }
    }

    fn refuse(&mut self, at: usize, code: ErrorCode, message: String, outputs: &mut Outputs) {
        let item = self.items.remove(at);
        self.bytes -= item.body.len();
        outputs.event(Event::Refused {
            ticket: item.ticket,
            code,
            message,
        });
    }
}
