//! Readers of channels that drop entries: the cursor at which a reader too far behind continues.

use push_wire_broker::{Lag, Log};
use push_wire_shared::position::Cursor;
use push_wire_shared::time::Moment;

use crate::policy::MaxLag;

/// The cursor to which a reader at `after` skips, if it is further behind than `max`: the newest entries within half of
/// each limit then remain, so that a reader that stays too slow skips many entries at a time and not one for each that is
/// published. The newest entry is never skipped while it is kept.
pub(super) fn skip_target(
    log: &dyn Log,
    now: Moment,
    after: Cursor,
    max: &MaxLag,
) -> Option<Cursor> {
    let lag = log.lag(now, after);
    if lag.is_some_and(|lag| lag.entries <= 1 || is_within(&lag, max)) {
        return None;
    }
    let bounds = log.bounds(now);
    let half = max.half();
    let is_near = |cursor| {
        log.lag(now, cursor)
            .is_some_and(|lag| is_within(&lag, &half))
    };
    // The lag shrinks with the cursor, so a bisection finds the first one that is near enough.
    let mut near = bounds.head.saturating_sub(1).max(bounds.floor);
    let mut far = after.max(bounds.floor);
    while far < near {
        let middle = far + (near - far) / 2;
        if is_near(middle) {
            near = middle;
        } else {
            far = middle + 1;
        }
    }
    (near > after).then_some(near)
}

fn is_within(lag: &Lag, max: &MaxLag) -> bool {
    lag.entries <= max.entries && lag.bytes <= max.bytes && lag.age <= max.age
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use bytes::Bytes;
    use push_wire_broker::{Broker, Memory, Record, Retention};
    use push_wire_shared::position::{Scope, StreamKey};
    use push_wire_shared::session::wire::Content;

    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::after_origin(Duration::from_secs(seconds))
    }

    /// A log of entries of 10 bytes, one a second.
    fn log(entries: u64) -> Arc<dyn Log> {
        let key = StreamKey {
            channel: 1,
            scope: Scope::Channel,
        };
        let retention = Retention {
            entries: 50,
            ..Retention::log()
        };
        let log = Memory::new(|| 7).open(&key, retention);
        for second in 1..=entries {
            let record = Record {
                content: Content::Bytes,
                body: Bytes::from_static(&[0; 10]),
            };
            log.append(at(second), record).unwrap();
        }
        log
    }

    const WIDE: MaxLag = MaxLag {
        entries: u64::MAX,
        bytes: usize::MAX,
        age: Duration::MAX,
    };

    #[test]
    fn each_limit_skips_to_half_of_it() {
        let log = log(40);
        let target = |after, max| skip_target(&*log, at(40), after, &max);
        let entries = MaxLag {
            entries: 10,
            ..WIDE
        };
        assert_eq!(target(30, entries), None);
        assert_eq!(target(29, entries), Some(35));
        let bytes = MaxLag { bytes: 100, ..WIDE };
        assert_eq!(target(30, bytes), None);
        assert_eq!(target(0, bytes), Some(35));
        let age = MaxLag {
            age: Duration::from_secs(10),
            ..WIDE
        };
        assert_eq!(target(29, age), None);
        assert_eq!(target(28, age), Some(34));
        assert_eq!(target(0, WIDE), None);
    }

    #[test]
    fn newest_entry_is_sent_at_any_age_and_size() {
        let log = log(40);
        let none = MaxLag {
            entries: 1,
            bytes: 1,
            age: Duration::ZERO,
        };
        let target = |after| skip_target(&*log, at(90), after, &none);
        assert_eq!(target(40), None);
        assert_eq!(target(39), None);
        assert_eq!(target(20), Some(39));
    }

    #[test]
    fn entries_past_retention_are_skipped_too() {
        let log = log(90);
        let max = MaxLag {
            entries: 30,
            ..WIDE
        };
        assert_eq!(skip_target(&*log, at(90), 10, &max), Some(75));
        assert_eq!(skip_target(&*log, at(9_000), 10, &max), Some(90));
        assert_eq!(skip_target(&*log, at(9_000), 90, &max), None);
    }
}
