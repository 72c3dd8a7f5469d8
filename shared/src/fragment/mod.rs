//! Fragments: large payloads in several frames, so that small messages can pass between them.
//!
//! A fragment is `[fragment id: 16][total: 2 BE][index: 2 BE][bytes]`; the id is the same in all fragments of one message.
//!
//! ```
//! use push_wire_shared::fragment::{FragmentAssembler, split};
//! use uuid::Uuid;
//!
//! let mut assembler = FragmentAssembler::new();
//! let mut whole = None;
//! for shard in split(Uuid::from_u128(1), b"hello world", 4)? {
//!     whole = assembler.push(shard)?;
//! }
//! assert_eq!(whole.as_deref(), Some(&b"hello world"[..]));
//! # Ok::<(), push_wire_shared::fragment::FragmentError>(())
//! ```

mod assembler;
mod error;
mod message;
mod shard;

pub use assembler::{FragmentAssembler, FragmentLimits, FragmentRetention};
pub use error::FragmentError;
pub use shard::{FRAGMENT_HEADER_LEN, FragmentHeader, FragmentShard, split};
