//! Shared code of the measurements: timing, messages, server processes and the readers that load them.
//!
//! `rounds` times codecs side by side, `messages` is what they are given. `subject` runs a server in a process of its
//! own, so that its processor time and memory are the server's alone; `load` is the other side: many lean readers in
//! one process, which spend as little as they can.

pub mod load;
pub mod messages;
pub mod rounds;
pub mod subject;

use std::error::Error;

/// Result of a measurement, which ends at the first error.
pub type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;
