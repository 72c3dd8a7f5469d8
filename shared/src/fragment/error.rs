//! Why a fragment is refused.

use core::fmt;

/// Why a fragment is refused, or a payload cannot be split.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FragmentError {
    /// Bytes shorter than a fragment's header.
    TooShort,
    /// A message of no fragments, an index beyond the last, or pieces of no bytes.
    InvalidSize,
    /// The same fragment again. The message is kept.
    Duplicate {
        /// Which of the message's fragments.
        index: u16,
        /// How many it has.
        total: u16,
    },
    /// The same fragment again, with other bytes. The message is dropped.
    Conflict {
        /// Which of the message's fragments.
        index: u16,
    },
    /// Another number of fragments than earlier ones of the message announced. The message is dropped.
    TotalMismatch,
    /// A message larger than the assembler may hold. It is dropped.
    TooLarge {
        /// What the assembler may hold, in bytes.
        limit: usize,
    },
    /// A payload that would need more than 65,535 fragments.
    TooManyFragments,
}

impl fmt::Display for FragmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort => f.write_str("fragment shorter than its 20-byte header"),
            Self::InvalidSize => f.write_str("invalid fragment index, total or size"),
            Self::Duplicate { index, total } => {
                write!(f, "fragment {index} of {total} arrived twice")
            }
            Self::Conflict { index } => {
                write!(f, "fragment {index} arrived twice, with different bytes")
            }
            Self::TotalMismatch => {
                f.write_str("fragments of one message announce different totals")
            }
            Self::TooLarge { limit } => {
                write!(f, "fragmented message above the limit of {limit} bytes")
            }
            Self::TooManyFragments => {
                f.write_str("payload needs more than 65535 fragments: use larger ones")
            }
        }
    }
}

impl core::error::Error for FragmentError {}
