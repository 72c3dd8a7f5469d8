//! Assembler of fragments, bounded in bytes, messages and age.

use alloc::vec::Vec;
use core::time::Duration;

use super::message::Message;
use super::{FragmentError, FragmentShard};
use crate::limits;
use crate::time::Moment;

/// Limits of an assembler.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FragmentLimits {
    /// Unfinished messages; default 1,024. Above it the oldest is dropped.
    pub max_messages: usize,
    /// Bytes held in unfinished messages, with 64 bytes of overhead for each fragment; default 16 MiB. Above it the
    /// oldest messages are dropped; a single message above it is refused.
    pub max_bytes: usize,
    /// Time from a message's first fragment to its last; default 60 s.
    pub max_age: Duration,
}

impl Default for FragmentLimits {
    fn default() -> Self {
        Self {
            max_messages: limits::FRAGMENTED_MESSAGES,
            max_bytes: limits::FRAGMENTED_BYTES,
            max_age: limits::FRAGMENTED_AGE,
        }
    }
}

/// Number of unfinished messages to keep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FragmentRetention {
    /// Unfinished messages; default 1,024.
    pub max_inflight: usize,
}

impl Default for FragmentRetention {
    fn default() -> Self {
        Self {
            max_inflight: limits::FRAGMENTED_MESSAGES,
        }
    }
}

/// Assembler of fragments into messages.
///
/// Memory is allocated for fragments that have arrived, never for what one announces, and stays within the
/// [`FragmentLimits`].
#[derive(Debug, Default)]
pub struct FragmentAssembler {
    limits: FragmentLimits,
    /// Unfinished messages, oldest first. Searched from the end, since the next fragment mostly belongs to the newest.
    messages: Vec<Message>,
    held_bytes: usize,
    now: Moment,
    dropped: u64,
}

impl FragmentAssembler {
    /// An assembler with the default limits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An assembler with these limits.
    #[must_use]
    pub fn with_limits(limits: FragmentLimits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Adds a fragment; returns the payload when the message is complete.
    ///
    /// It checks no ages: call [`push_at`](Self::push_at) or [`expire`](Self::expire), or incomplete messages stay
    /// until newer ones replace them.
    ///
    /// # Errors
    /// Fails if the fragment is invalid, contradicts or repeats an earlier one, or makes its message too large. The message is then
    /// dropped, except after a repeat.
    pub fn push(&mut self, shard: FragmentShard) -> Result<Option<Vec<u8>>, FragmentError> {
        let found = self.position(&shard);
        if let Err(fault) = self.check(&shard, found) {
            let harmless = matches!(fault, FragmentError::Duplicate { .. });
            if let Some(place) = found.filter(|_| !harmless) {
                self.drop_at(place);
            }
            return Err(fault);
        }
        let place = found.unwrap_or_else(|| {
            let message = Message::new(shard.fragment_id, shard.total, self.now);
            self.messages.push(message);
            self.messages.len() - 1
        });
        self.held_bytes += Message::cost(&shard);
        self.messages[place].add(shard);
        if self.messages[place].is_whole() {
            return Ok(Some(self.remove(place).join()));
        }
        self.make_room(place);
        Ok(None)
    }

    /// As [`push`](Self::push), after dropping messages that are too old.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn push_at(
        &mut self,
        now: Moment,
        shard: FragmentShard,
    ) -> Result<Option<Vec<u8>>, FragmentError> {
        self.expire(now);
        self.push(shard)
    }

    /// Drops the messages that are too old.
    pub fn expire(&mut self, now: Moment) {
        self.now = self.now.max(now);
        while self.deadline().is_some_and(|deadline| deadline <= self.now) {
            self.drop_at(0);
        }
    }

    /// Time at which the oldest message becomes too old.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        let oldest = self.messages.first()?;
        Some(oldest.begun + self.limits.max_age)
    }

    /// Number of unfinished messages.
    #[must_use]
    pub fn inflight(&self) -> usize {
        self.messages.len()
    }

    /// Bytes held in unfinished messages, with 64 bytes of overhead for each fragment.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Number of unfinished messages dropped so far: too old, above the limits, or with a bad fragment.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Drops the oldest messages above the retention's number.
    pub fn enforce_retention(&mut self, retention: FragmentRetention) {
        while self.messages.len() > retention.max_inflight {
            self.drop_at(0);
        }
    }
}

impl FragmentAssembler {
    fn position(&self, shard: &FragmentShard) -> Option<usize> {
        self.messages
            .iter()
            .rposition(|message| message.id == shard.fragment_id)
    }

    /// Checks a fragment whose message, if it has begun, is at `found`.
    fn check(&self, shard: &FragmentShard, found: Option<usize>) -> Result<(), FragmentError> {
        if shard.index >= shard.total {
            return Err(FragmentError::InvalidSize);
        }
        let mut held_bytes = Message::cost(shard);
        if let Some(place) = found {
            self.messages[place].check(shard)?;
            held_bytes += self.messages[place].held_bytes;
        }
        let limit = self.limits.max_bytes;
        if held_bytes > limit {
            return Err(FragmentError::TooLarge { limit });
        }
        Ok(())
    }

    /// Drops the oldest messages, but not the one at `kept`, until the limits hold.
    fn make_room(&mut self, mut kept: usize) {
        while self.messages.len() > 1
            && (self.messages.len() > self.limits.max_messages
                || self.held_bytes > self.limits.max_bytes)
        {
            if kept == 0 {
                self.drop_at(1);
            } else {
                self.drop_at(0);
                kept -= 1;
            }
        }
    }

    fn drop_at(&mut self, place: usize) {
        drop(self.remove(place));
        self.dropped += 1;
    }

    fn remove(&mut self, place: usize) -> Message {
        let message = self.messages.remove(place);
        self.held_bytes -= message.held_bytes;
        message
    }
}
