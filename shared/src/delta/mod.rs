//! Deltas: a value as copies from an earlier value and the bytes that are new (docs/protocol.md sections 4.2
//! and 4.3).
//!
//! A sender calls [`encode`] and sends the [`Check`] of both values with the ops; a receiver compares the base's
//! check, calls [`apply`] and compares the result's. Without the checks, ops that are applied to a wrong base may
//! build a wrong value, because they hold the offsets of the bytes to copy and not the bytes.
//!
//! ```
//! use push_wire_shared::delta::{apply, check, encode};
//!
//! let base = br#"{"cpu":[12,40,3,99],"load":"0.52 0.48 0.40","host":"web-1"}"#;
//! let target = br#"{"cpu":[12,7,3,99],"load":"0.53 0.48 0.40","host":"web-1"}"#;
//!
//! let ops = encode(base, target).expect("much smaller than the target");
//! assert!(ops.len() < 24);
//!
//! let value = apply(base, &ops, 1024)?;
//! assert_eq!(check(&value).result(), check(target).result());
//! # Ok::<(), push_wire_shared::delta::DeltaApplyError>(())
//! ```

mod apply;
mod check;
#[cfg(any(test, feature = "__internals"))]
#[doc(hidden)]
pub mod corpus;
mod encode;
mod index;
mod matching;
mod ops;
mod replace;
#[cfg(test)]
mod tests;

pub use apply::{DeltaApplyError, apply};
pub use check::{Check, check};
pub use encode::encode;
pub use replace::{
    DeltaApplyResult, DeltaError, DeltaOp, PayloadDelta, apply_delta, compute_delta,
};
