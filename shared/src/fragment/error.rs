//! Errors of fragments.

/// Error of a fragment that cannot be taken, or a payload that cannot be split.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FragmentError {
    /// Bytes shorter than a fragment's header.
    #[error("fragment shorter than its 20-byte header")]
    TooShort,
    /// A total of 0, an index at or above the total, or fragments of 0 bytes.
    #[error("invalid fragment index, total or size")]
    InvalidSize,
    /// The same fragment again. The message is kept.
    #[error("fragment {index} of {total} arrived twice")]
    Duplicate {
        /// Index of the fragment.
        index: u16,
        /// Number of the message's fragments.
        total: u16,
    },
    /// The same fragment again, with other bytes. The message is dropped.
    #[error("fragment {index} arrived twice, with different bytes")]
    Conflict {
        /// Index of the fragment.
        index: u16,
    },
    /// Another number of fragments than earlier ones of the message announced. The message is dropped.
    #[error("fragments of one message announce different totals")]
    TotalMismatch,
    /// A message above the assembler's limit. It is dropped.
    #[error("fragmented message above the limit of {limit} bytes")]
    TooLarge {
        /// Limit of the assembler, in bytes.
        limit: usize,
    },
    /// A payload that would need more than 65,535 fragments.
    #[error("payload needs more than 65535 fragments: use larger ones")]
    TooManyFragments,
}
