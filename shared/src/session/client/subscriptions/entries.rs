//! Handling of arriving entries and fragments.

use bytes::Bytes;

use super::Subscriptions;
use crate::close::CloseReason;
use crate::fragment::{FRAGMENT_HEADER_LEN, FragmentHeader};
use crate::frame::{FRAME_HEADER_LEN, FrameHeader};
use crate::position::low_bits;
use crate::session::client::Event;
use crate::session::client::dictionaries::Dictionaries;
use crate::session::client::error::ConnectionError;
use crate::session::client::fragments::Step;
use crate::session::client::link::Link;
use crate::session::client::subscription::{Arrival, Place, Repair, Stage, Verdict};
use crate::session::op::ClientOp;
use crate::session::wire::{Body, EntryHeader, fragment_of};

/// The frame of an entry, received whole or in fragments.
#[derive(Clone, Copy, Debug)]
pub(in crate::session::client) struct EntryFrame<'a> {
    pub(in crate::session::client) header: FrameHeader,
    pub(in crate::session::client) payload: &'a [u8],
    /// Message that the payload is a part of.
    pub(in crate::session::client) message: &'a Bytes,
    pub(in crate::session::client) wire_bytes: usize,
}

impl Subscriptions {
    /// Takes an entry.
    pub(in crate::session::client) fn entry(
        &mut self,
        frame: EntryFrame<'_>,
        dictionaries: &mut Dictionaries,
        link: &mut Link,
    ) -> Result<(), ConnectionError> {
        let header = frame.header;
        let (entry, body) = EntryHeader::split(frame.payload)
            .map_err(|error| ConnectionError::protocol(error.0))?;
        let Some(at) = self.reading(entry.stream, header.channel)? else {
            return Ok(());
        };
        let is_delta = matches!(body, Body::Delta(..));
        let unpacked = header
            .flags
            .compressed
            .then(|| dictionaries.unpack(body, self.max_value_bytes))
            .transpose()?;
        let (body, message) = match &unpacked {
            Some(unpacked) => (body.with_bytes(unpacked), unpacked),
            None => (body, frame.message),
        };
        let verdict = self.readers[at].take(&Arrival {
            sequence: header.sequence,
            tag: entry.tag,
            wants_ack: header.flags.ack_required,
            content: entry.content,
            encoding: link.encoding,
            body,
            message,
            wire_bytes: frame.wire_bytes,
            max_value_bytes: self.max_value_bytes,
        });
        let stats = &mut link.outputs.stats;
        stats.compressed += u64::from(unpacked.is_some());
        stats.deltas += u64::from(is_delta && matches!(verdict, Verdict::Next(_)));
        self.judged(at, verdict, link)
    }

    /// Takes a fragment of an entry.
    pub(in crate::session::client) fn fragment(
        &mut self,
        header: FrameHeader,
        payload: &[u8],
        dictionaries: &mut Dictionaries,
        link: &mut Link,
    ) -> Result<(), ConnectionError> {
        let Ok((fragment, bytes)) = FragmentHeader::split(payload) else {
            let what = "a fragment cut off in its header, or of an index beyond its total";
            return Err(ConnectionError::protocol(what));
        };
        let (stream, cursor) = fragment_of(fragment.fragment_id);
        if low_bits(cursor) != header.sequence {
            let what = "a fragment that names another entry than its frame";
            return Err(ConnectionError::protocol(what));
        }
        let Some(at) = self.reading(stream, header.channel)? else {
            return Ok(());
        };
        link.outputs.stats.fragments += 1;
        match self.readers[at].place(cursor) {
            Place::Next => {}
            Place::Repeat => {
                self.forget_fragments(stream, link);
                link.outputs.stats.repeats += u64::from(fragment.index == 0);
                return Ok(());
            }
            Place::Gap => return self.read_again(at, link),
        }
        match self.fragments.push(fragment, bytes) {
            Step::Wait => Ok(()),
            Step::Whole(payload) => {
                let headers = FRAME_HEADER_LEN + FRAGMENT_HEADER_LEN;
                let wire_bytes = payload.len() + usize::from(fragment.total) * headers;
                let message = Bytes::from(payload);
                let frame = EntryFrame {
                    header,
                    payload: &message,
                    message: &message,
                    wire_bytes,
                };
                self.entry(frame, dictionaries, link)
            }
            Step::OutOfOrder => self.read_again(at, link),
            Step::TooLarge => {
                let what = "the server's entry is above the limit of a value's size";
                Err(ConnectionError::new(CloseReason::MessageTooLarge, what))
            }
            Step::TooMany => {
                let what = "more entries under way in fragments than there are lanes";
                Err(ConnectionError::protocol(what))
            }
        }
    }

    /// The reader of a stream; `None` for a stream whose subscription has ended on this connection, an error for an
    /// unknown one.
    fn reading(&self, stream: u64, channel: u8) -> Result<Option<usize>, ConnectionError> {
        let stage = Stage::Reading { stream, channel };
        let at = self.readers.iter().position(|reader| reader.stage == stage);
        if at.is_none() && !self.left_streams.contains(&stream) {
            let what = "an entry of a stream that was not subscribed to";
            return Err(ConnectionError::new(CloseReason::OutOfSequence, what));
        }
        Ok(at)
    }

    fn judged(
        &mut self,
        at: usize,
        verdict: Verdict,
        link: &mut Link,
    ) -> Result<(), ConnectionError> {
        match verdict {
            Verdict::Next(entry) => {
                let stats = &mut link.outputs.stats;
                stats.entries += 1;
                stats.value_bytes += entry.body.len() as u64;
                self.may_be_full |= self.readers[at].backlog.is_full(self.limits);
                link.event(Event::Entry(entry));
            }
            Verdict::Repeat => link.outputs.stats.repeats += 1,
            Verdict::Gap => return self.read_again(at, link),
            Verdict::Unusable => self.ask_whole(at, link),
            Verdict::Misplaced => {
                return Err(ConnectionError::protocol("a delta on a log channel"));
            }
        }
        Ok(())
    }

    /// Requests a state's value whole, once until it arrives.
    pub(super) fn ask_whole(&mut self, at: usize, link: &mut Link) {
        let reader = &mut self.readers[at];
        if reader.repair == Repair::None {
            reader.repair = Repair::Asked;
            link.outputs.stats.gaps += 1;
            link.send(&ClientOp::Whole(reader.wire_id));
        }
    }
}
