//! Shared code of the benchmarks: timing, messages, server processes and the readers that load them.
//!
//! `rounds` times functions in turn; `messages` generates input for codecs. `subject` runs a server in its own process,
//! so that its CPU time and memory can be measured. `load` contains the clients: many readers in one process, with
//! little work per message, and an attacker.

pub mod load;
pub mod messages;
pub mod rounds;
pub mod subject;

use std::error::Error;

/// Result of a benchmark, which ends at the first error.
pub type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;
