//! The process's clocks, read by the server only here; all other code takes moments as arguments.

use std::sync::LazyLock;
use std::time::{Instant, SystemTime};

use push_wire_shared::time::Moment;

static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

pub(crate) fn now() -> Moment {
    Moment::after_origin(ORIGIN.elapsed())
}

/// The moment that is as far from now as a time of the wall clock is; now for a time in the past.
pub(crate) fn moment(time: SystemTime) -> Moment {
    now() + time.duration_since(SystemTime::now()).unwrap_or_default()
}

/// The wall clock.
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

/// Returns whether a time of the wall clock has come.
pub(crate) fn is_past(time: SystemTime) -> bool {
    time <= SystemTime::now()
}

/// Conversion to the runtime's type.
pub(crate) fn instant(moment: Moment) -> tokio::time::Instant {
    tokio::time::Instant::from_std(*ORIGIN + moment.since_origin())
}
