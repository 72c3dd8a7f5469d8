//! Tests of hostile input: fuzz corpora, random bytes and decompression bombs. Each measures the memory it allocates.
//!
//! A test program of its own, because it installs an allocator that counts.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod bombs;
mod corpora;
mod lists;
mod readers;
mod stopped_readers;

/// Limit of the memory that a case may hold at any one time (4 MiB), in bytes.
const PEAK: u64 = 4 * 1024 * 1024;

/// Runs a case. Returns the peak of its allocated bytes.
fn peak(case: impl FnOnce()) -> u64 {
    allocation_counter::measure(case).bytes_max
}
