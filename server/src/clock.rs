//! The process's monotonic clock, read by the server only here; all other code takes moments as arguments.

use std::sync::LazyLock;
use std::time::Instant;

use push_wire_shared::time::Moment;

static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

pub(crate) fn now() -> Moment {
    Moment::after_origin(ORIGIN.elapsed())
}

/// Conversion to the runtime's type.
pub(crate) fn instant(moment: Moment) -> tokio::time::Instant {
    tokio::time::Instant::from_std(*ORIGIN + moment.since_origin())
}
