//! [`Logs`]: the log lines that requests can cause before their clients are known, and the bound of their number.

use std::sync::{Mutex, PoisonError};

use push_wire_shared::time::Moment;

use super::OriginError;
use crate::limits::LOG_INTERVAL;

/// Lines in the log, each kind of which is bounded.
#[derive(Debug, Default)]
pub(crate) struct Logs {
    refused: LogLimit,
    unchecked: LogLimit,
}

impl Logs {
    /// Logs a request that is refused for its origin or host.
    pub(crate) fn note_refused(&self, now: Moment, error: &OriginError) {
        if let Some(left_out) = self.refused.take(now) {
            let advice = error.advice();
            tracing::warn!(%error, left_out, "{advice}");
        }
    }

    /// Logs that the authenticator could not check the credentials of a client.
    pub(crate) fn note_unchecked(&self, now: Moment, detail: &str) {
        if let Some(left_out) = self.unchecked.take(now) {
            tracing::error!(detail, left_out, "credentials could not be checked");
        }
    }
}

/// Bound of the lines of one kind: the first one is logged, and then one a minute at most.
#[derive(Debug, Default)]
struct LogLimit(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Time of the next line; `None` for any time.
    next: Option<Moment>,
    /// Lines that were left out since the last one.
    left_out: u64,
}

impl LogLimit {
    /// Returns the number of lines that were left out before this one; `None` if this one is left out too.
    fn take(&self, now: Moment) -> Option<u64> {
        // Nothing panics while the lock is held.
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.next.is_some_and(|next| now < next) {
            state.left_out = state.left_out.saturating_add(1);
            return None;
        }
        state.next = Some(now + LOG_INTERVAL);
        Some(std::mem::take(&mut state.left_out))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::after_origin(Duration::from_secs(seconds))
    }

    #[test]
    fn first_line_and_one_a_minute() {
        let limit = LogLimit::default();
        for (now, expected) in [
            (5, Some(0)),
            (5, None),
            (64, None),
            (65, Some(2)),
            (66, None),
            (500, Some(1)),
            (559, None),
            (560, Some(1)),
        ] {
            assert_eq!(limit.take(at(now)), expected, "{now}");
        }
    }

    #[test]
    fn flood_is_two_lines_in_a_minute() {
        let limit = LogLimit::default();
        let lines = (0..100_000).filter_map(|n| limit.take(at(n / 1_000)));
        assert_eq!(lines.collect::<Vec<_>>(), [0, 59_999]);
    }
}
