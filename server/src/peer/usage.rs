//! Counts of the state that one connection holds, for tests of the limits.

/// Counts of the state that one connection holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Usage {
    /// Streams that are read.
    pub readers: usize,
    /// Streams that were opened and are not read yet.
    pub opened: usize,
    /// Control ops that wait to be written.
    pub pending_ops: usize,
    /// Bytes that wait to be written.
    pub pending_bytes: usize,
}
