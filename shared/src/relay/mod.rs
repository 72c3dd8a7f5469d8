//! Budgets of the senders whose packets a relay passes on.
//!
//! [`RelayBudgets`] and [`RelayMeter`], which also has a budget of all senders, are sans-IO: time is an argument, and the
//! driver sends the packets.
//!
//! ```
//! use push_wire_shared::relay::{RelayBandwidth, RelayBudgets};
//! use push_wire_shared::time::Moment;
//! use uuid::Uuid;
//!
//! let mut budgets = RelayBudgets::new(RelayBandwidth { bytes_per_second: 1_000, burst_bytes: 4_000 });
//! let (now, sender) = (Moment::default(), Uuid::from_u128(1));
//! let charge = budgets.charge(now, sender, 3_000)?;
//! assert!(budgets.charge(now, sender, 3_000).is_err(), "1,000 bytes are left");
//! budgets.sent(charge);
//! assert_eq!(budgets.total_bytes(sender), 3_000);
//! # Ok::<(), push_wire_shared::transport::TransportError>(())
//! ```

mod bandwidth;
mod bucket;
mod budgets;
mod meter;

pub use bandwidth::RelayBandwidth;
pub use budgets::{Charge, RelayBudgets};
pub use meter::{RelayError, RelayLimits, RelayMeter};
