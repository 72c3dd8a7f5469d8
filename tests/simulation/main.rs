//! Both ends on virtual time, over the simulator of `src/sim`.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

mod interleave;
mod sabotage;
mod seeds;
