//! Tests of hostile input: fuzz corpora, random bytes and bombs, with the memory that each allocates.
//!
//! A test program of its own, because it installs an allocator that counts.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

mod bombs;
mod corpora;
mod lists;
mod readers;

/// Most that a case may allocate at any one time.
const PEAK: u64 = 4 * 1024 * 1024;

/// Runs a case; returns the most bytes that it held at any one time.
fn peak(case: impl FnOnce()) -> u64 {
    allocation_counter::measure(case).bytes_max
}
