//! Count of the messages that readers received.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::Fallible;

/// Counts of all readers together.
#[derive(Default)]
pub struct Tally {
    /// Readers that are subscribed.
    pub ready: usize,
    /// Delivered entries, counted once per reader.
    pub deliveries: u64,
    /// Entries that were repeats or out of order.
    pub misplaced: u64,
    /// Bytes read from the sockets.
    pub bytes: u64,
    /// Latency of each delivery, from publish to read, in microseconds.
    pub latencies_us: Vec<u64>,
}

impl Tally {
    /// Resets all counts except `ready`.
    pub fn clear(&mut self) {
        *self = Self {
            ready: self.ready,
            ..Self::default()
        };
    }

    /// Latency percentile in milliseconds; `share` is from 0 to 1. Sorts the latencies.
    pub fn latency_ms(&mut self, share: f64) -> f64 {
        self.latencies_us.sort_unstable();
        let last = self.latencies_us.len().saturating_sub(1);
        let at = (last as f64 * share) as usize;
        self.latencies_us
            .get(at)
            .map_or(f64::NAN, |&us| us as f64 / 1e3)
    }

    /// Counts an entry of a reader whose previous one had the number `last`. Returns the entry's number.
    pub(super) fn count(&mut self, body: &[u8], last: u64) -> Fallible<u64> {
        let number = number_after(body, b"\"number\":").ok_or("an entry without its number")?;
        let sent = number_after(body, b"\"sent_us\":").ok_or("an entry without its time")?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let now = u64::try_from(now.as_micros())?;
        self.deliveries += 1;
        self.misplaced += u64::from(number <= last);
        self.latencies_us.push(now.saturating_sub(sent));
        Ok(number)
    }
}

fn number_after(body: &[u8], key: &[u8]) -> Option<u64> {
    let at = body.windows(key.len()).position(|window| window == key)?;
    let digits = body[at + key.len()..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}
