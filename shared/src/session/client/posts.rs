//! A client's messages beside an event stream: POST requests, one at a time (docs/event-streams.md section 3).

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use crate::limits::{BATCH_BYTES, POST_BYTES, POST_RETRY, POST_RETRY_MAX};

/// Answer to a POST.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PostAnswer {
    /// 204: the server has the message.
    Taken,
    /// No answer, or one that does not show whether the message was taken (408, 429, 5xx): it is sent again.
    Unknown,
    /// The same, and the answer states a time, before which it is not sent again (at most
    /// [`RETRY_DIRECTED_MAX`](crate::limits::RETRY_DIRECTED_MAX)).
    Later(Duration),
    /// Another answer: the server does not take this connection's messages any more.
    Ended,
}

impl PostAnswer {
    /// The meaning of an HTTP status, with the time after which the request may be sent again, if the answer has one.
    #[must_use]
    pub fn of_status(status: u16, retry: Option<Duration>) -> Self {
        match status {
            200..=299 => Self::Taken,
            408 | 429 | 500..=599 => retry.map_or(Self::Unknown, Self::Later),
            _ => Self::Ended,
        }
    }
}

/// Messages that wait to be sent, and the one that is being sent.
#[derive(Default, Debug)]
pub(super) struct Posts {
    waiting: VecDeque<Vec<u8>>,
    /// Bytes of those that wait.
    waiting_bytes: usize,
    /// The message that is under way, or is sent again.
    current: Option<Vec<u8>>,
    /// Number of the newest POST.
    number: u64,
    /// The current message has no answer yet.
    is_under_way: bool,
    /// Tries of the current message without an answer.
    failures: u32,
}

impl Posts {
    /// Adds a record: to the last message that waits, if it has room.
    pub(super) fn add(&mut self, record: &[u8], max_message_bytes: usize) {
        self.waiting_bytes += record.len();
        let room = max_message_bytes.min(BATCH_BYTES);
        match self.waiting.back_mut() {
            Some(last) if last.len() + record.len() <= room => last.extend_from_slice(record),
            Some(_) | None => self.waiting.push_back(record.to_vec()),
        }
    }

    /// Returns whether more wait than the limit allows.
    pub(super) const fn is_over_limit(&self) -> bool {
        self.waiting_bytes > POST_BYTES
    }

    /// The next POST, if none is under way: its number and its message.
    pub(super) fn next(&mut self) -> Option<(u64, Vec<u8>)> {
        if self.is_under_way || self.current.is_some() {
            return None;
        }
        self.begin()
    }

    /// The next POST, although another may be under way, for the last message of a connection.
    pub(super) fn next_at_once(&mut self) -> Option<(u64, Vec<u8>)> {
        self.begin()
    }

    fn begin(&mut self) -> Option<(u64, Vec<u8>)> {
        let message = self.waiting.pop_front()?;
        self.waiting_bytes -= message.len();
        self.number += 1;
        self.is_under_way = true;
        self.failures = 0;
        self.current = Some(message.clone());
        Some((self.number, message))
    }

    /// Records that the server has the message of this number. Returns false for an older one.
    pub(super) fn taken(&mut self, number: u64) -> bool {
        let is_current = number == self.number && self.is_under_way;
        if is_current {
            self.current = None;
            self.is_under_way = false;
        }
        is_current
    }

    /// Records that there is no answer. Returns the time after which the POST is sent again.
    pub(super) fn failed(&mut self, number: u64) -> Option<Duration> {
        if number != self.number || !self.is_under_way {
            return None;
        }
        self.is_under_way = false;
        let doubled = POST_RETRY.saturating_mul(1 << self.failures.min(10));
        self.failures += 1;
        Some(doubled.min(POST_RETRY_MAX))
    }

    /// The POST that is sent again.
    pub(super) fn again(&mut self) -> Option<(u64, Vec<u8>)> {
        if self.is_under_way {
            return None;
        }
        let message = self.current.clone()?;
        self.is_under_way = true;
        Some((self.number, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_under_way_and_others_are_joined() {
        let mut posts = Posts::default();
        posts.add(b"a", 100);
        assert_eq!(posts.next(), Some((1, b"a".to_vec())));
        posts.add(b"b", 100);
        posts.add(b"c", 100);
        posts.add(&[b'd'; 99], 100);
        assert_eq!(posts.next(), None);
        assert!(posts.taken(1) && !posts.taken(1));
        assert_eq!(posts.next(), Some((2, b"bc".to_vec())));
        assert!(posts.taken(2));
        assert_eq!(posts.next(), Some((3, [b'd'; 99].to_vec())));
    }

    #[test]
    fn waiting_messages_are_bounded() {
        let mut posts = Posts::default();
        let record = [b'a'; 10_000];
        (0..POST_BYTES / record.len()).for_each(|_| posts.add(&record, 100));
        assert!(!posts.is_over_limit());
        posts.add(&record, 100);
        assert!(posts.is_over_limit());
        assert!(posts.next().is_some() && !posts.is_over_limit());
    }

    #[test]
    fn unanswered_is_sent_again_with_its_number() {
        let mut posts = Posts::default();
        posts.add(b"a", 100);
        let first = posts.next();
        let waits: Vec<_> = (0..6)
            .map(|_| {
                let wait = posts.failed(1).unwrap();
                posts.add(b"b", 100);
                assert_eq!((posts.next(), posts.again()), (None, first.clone()));
                wait.as_millis()
            })
            .collect();
        assert_eq!(waits, [250, 500, 1_000, 2_000, 4_000, 4_000]);
        assert_eq!((posts.failed(2), posts.again()), (None, None));
        assert!(posts.taken(1));
        assert_eq!(posts.next(), Some((2, b"bbbbbb".to_vec())));
    }
}
