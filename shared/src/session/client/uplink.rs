//! Client messages that wait to be sent or acknowledged: numbered, bounded, and sent again after a lost connection
//! (docs/protocol.md section 7).

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::link::Link;
use super::output::{Outputs, record_bytes};
use super::timer::Timer;
use super::{ClientConfig, Event, SendError};
use crate::channel::ChannelMode;
use crate::encoding::PayloadEncoding;
use crate::frame::{BinaryFlags, FrameHeader};
use crate::limits::RETRY_DIRECTED_MAX;
use crate::position::low_bits;
use crate::quote::quoted;
use crate::session::op::{ChannelInfo, ErrorCode, RejectedMessage};
use crate::session::wire::{Content, UplinkHeader};
use crate::time::Moment;

/// Sends that the server has not answered.
#[derive(Debug)]
pub(super) struct Uplink {
    items: Vec<Item>,
    bytes: usize,
    last_ticket: u64,
    /// Number of the next send in the server's session.
    next_number: u64,
    /// Nothing is sent, because the server has asked for a pause.
    is_paused: bool,
    /// Each send's number is reported before it leaves.
    tells_numbers: bool,
    max_messages: usize,
    max_bytes: usize,
}

#[derive(Debug)]
struct Item {
    ticket: u64,
    channel: String,
    topic: Option<String>,
    content: Content,
    /// Encoding of the body of a value.
    encoding: PayloadEncoding,
    body: Vec<u8>,
    /// Number in the server's session; `None` before it is sent there.
    number: Option<u64>,
}

impl Uplink {
    pub(super) const fn new(config: &ClientConfig) -> Self {
        Self {
            items: Vec::new(),
            bytes: 0,
            last_ticket: 0,
            next_number: 1,
            is_paused: false,
            tells_numbers: config.tells_numbers,
            max_messages: config.max_uplink_messages,
            max_bytes: config.max_uplink_bytes,
        }
    }

    /// Queues a send; returns its ticket.
    pub(super) fn push(
        &mut self,
        channel: &str,
        topic: Option<&str>,
        content: Content,
        encoding: PayloadEncoding,
        body: Vec<u8>,
    ) -> Result<u64, SendError> {
        let item = Item {
            ticket: self.last_ticket + 1,
            channel: channel.into(),
            topic: topic.map(String::from),
            content,
            encoding,
            body,
            number: None,
        };
        let bytes = self.bytes.saturating_add(item.payload_bytes());
        if self.items.len() >= self.max_messages || bytes > self.max_bytes {
            return Err(SendError::QueueFull);
        }
        self.bytes = bytes;
        self.last_ticket = item.ticket;
        self.items.push(item);
        Ok(self.last_ticket)
    }

    /// Drops all sends.
    pub(super) fn abandon(&mut self) {
        self.items.clear();
        self.bytes = 0;
    }

    /// Withdraws a send that was not sent; returns false if there is none.
    pub(super) fn withdraw(&mut self, ticket: u64) -> bool {
        let is_it = |item: &Item| item.ticket == ticket && item.number.is_none();
        let Some(at) = self.items.iter().position(is_it) else {
            return false;
        };
        self.bytes -= self.items.remove(at).payload_bytes();
        true
    }

    /// Continues with a session that has taken the messages up to `received`. If it is the earlier session, those are
    /// done, and `rejected` were refused. The others are sent (again), numbered from there.
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
        self.is_paused = false;
        self.items.iter_mut().for_each(|item| item.number = None);
        self.next_number = received.saturating_add(1);
    }

    /// Sends nothing for this long: the server is sent more than its limit. A new connection ends the pause.
    pub(super) fn pause(&mut self, now: Moment, time: Duration, link: &mut Link) {
        self.is_paused = true;
        let until = now + time.min(RETRY_DIRECTED_MAX);
        link.timers.set(Timer::Uplink, until);
    }

    /// Ends the pause.
    pub(super) fn go_on(&mut self, channels: &[ChannelInfo], link: &mut Link) {
        self.is_paused = false;
        self.transmit(channels, link);
    }

    /// Sends the messages that have not been sent yet, unless there is a pause.
    pub(super) fn transmit(&mut self, channels: &[ChannelInfo], link: &mut Link) {
        if self.is_paused {
            return;
        }
        let has_left = |item: &&Item| item.number.is_some();
        let mut at = self.items.iter().take_while(has_left).count();
        while let Some(item) = self.items.get_mut(at) {
            match destination(item, channels, link) {
                Ok(channel) => {
                    if self.tells_numbers {
                        let (ticket, number) = (item.ticket, self.next_number);
                        link.event(Event::Numbered { ticket, number });
                    }
                    item.transmit(channel, self.next_number, link);
                    self.next_number += 1;
                    at += 1;
                }
                Err((code, message)) => self.refuse(at, code, message, None, &mut link.outputs),
            }
        }
    }

    /// Records that the server has taken everything up to this number.
    pub(super) fn taken(&mut self, upto: u64, outputs: &mut Outputs) {
        let is_taken = |item: &&Item| item.number.is_some_and(|number| number <= upto);
        let taken = self.items.iter().take_while(is_taken).count();
        for item in self.items.drain(..taken) {
            self.bytes -= item.payload_bytes();
            let ticket = item.ticket;
            outputs.event(Event::Sent { ticket });
        }
    }

    /// Records that the server has refused a message.
    pub(super) fn rejected(&mut self, rejection: RejectedMessage, outputs: &mut Outputs) {
        let RejectedMessage {
            number,
            code,
            message,
            retry_ms,
        } = rejection;
        let at = self
            .items
            .iter()
            .position(|item| item.number == Some(number));
        if let Some(at) = at {
            let message = if message.is_empty() {
                String::from("the server refused it, and has not kept the reason")
            } else {
                message
            };
            let retry = retry_ms.map(Duration::from_millis);
            self.refuse(at, code, message, retry, outputs);
        }
    }

    fn refuse(
        &mut self,
        at: usize,
        code: ErrorCode,
        message: String,
        retry: Option<Duration>,
        outputs: &mut Outputs,
    ) {
        let item = self.items.remove(at);
        self.bytes -= item.payload_bytes();
        outputs.event(Event::Refused {
            ticket: item.ticket,
            code,
            message,
            retry,
        });
    }
}

impl Item {
    fn payload_bytes(&self) -> usize {
        UplinkHeader::length(self.topic.as_deref().map(str::len)) + self.body.len()
    }

    fn transmit(&mut self, channel: u8, number: u64, link: &mut Link) {
        self.number = Some(number);
        let header = FrameHeader {
            flags: BinaryFlags::default(),
            channel,
            sequence: low_bits(number),
        };
        let topic = self.topic.as_deref();
        let mut payload = Vec::with_capacity(self.payload_bytes());
        UplinkHeader {
            content: self.content,
            topic: topic.map(str::as_bytes),
        }
        .write(&mut payload);
        payload.extend_from_slice(&self.body);
        link.outputs.frame(header, &payload, link.max_message_bytes);
    }
}

/// Wire id of a send's channel, or the error that prevents sending.
fn destination(
    item: &Item,
    channels: &[ChannelInfo],
    link: &Link,
) -> Result<u8, (ErrorCode, String)> {
    // Only control ops travel on the system channel: anything else ends the connection, again and again.
    let mut named = channels.iter();
    let named = named.find(|channel| channel.name == item.channel);
    let Some(channel) = named.filter(|channel| channel.mode != ChannelMode::System) else {
        let message = match named {
            Some(_) => "the system channel takes no messages of the application".into(),
            None => String::from("the server has no channel named ") + &quoted(&item.channel),
        };
        return Err((ErrorCode::UnknownChannel, message));
    };
    if message_bytes(item.topic.as_deref(), item.body.len()) > link.max_message_bytes {
        let message = "the message is larger than the server takes";
        return Err((ErrorCode::TooLarge, message.into()));
    }
    if item.content == Content::Value && item.encoding != link.encoding {
        let message = "the server takes another encoding now than before: send the value again";
        return Err((ErrorCode::Unavailable, message.into()));
    }
    Ok(channel.id)
}

/// Largest size, in bytes, of a message that carries only a body of this length, for this topic.
pub(super) fn message_bytes(topic: Option<&str>, body: usize) -> usize {
    record_bytes(body.saturating_add(UplinkHeader::length(topic.map(str::len))))
}
