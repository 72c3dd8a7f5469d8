//! Errors of the other side against the protocol.

/// Error of the other side against RFC 6455, after which the connection cannot continue.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A reserved bit is set (section 5.2).
    #[error("a reserved bit is set, but no extension was agreed on")]
    ReservedBits,
    /// A frame of a client without a mask (section 5.1).
    #[error("a client's frame must be masked")]
    Unmasked,
    /// A frame of a server with a mask (section 5.1).
    #[error("a server's frame must not be masked")]
    Masked,
    /// An opcode that the standard does not define (section 5.2).
    #[error("unknown opcode {0}")]
    UnknownOpcode(u8),
    /// A control frame that is not final (section 5.5).
    #[error("a control frame must not be fragmented")]
    FragmentedControl,
    /// A control frame with a payload above 125 bytes (section 5.5).
    #[error("a control frame has at most 125 bytes")]
    LongControl,
    /// A payload length that is not in its shortest form, or of 2^63 bytes and more (section 5.2).
    #[error("a length must be in its shortest form, below 2^63")]
    BadLength,
    /// A continuation frame outside a message (section 5.4).
    #[error("a continuation without a message to continue")]
    NothingToContinue,
    /// A text or binary frame inside a message (section 5.4).
    #[error("a new message before the last fragment of the one before")]
    UnfinishedMessage,
    /// Text or a close reason that is not UTF-8 (sections 5.5.1 and 8.1).
    #[error("text that is not UTF-8")]
    NotUtf8,
    /// A close frame with a payload of one byte (section 5.5.1).
    #[error("a close frame of one byte")]
    CutCloseCode,
    /// A close code that must not be sent (section 7.4).
    #[error("close code {0} must not be sent")]
    BadCloseCode(u16),
    /// A message above the reader's limit.
    #[error("a message above the limit of {limit} bytes")]
    TooLarge {
        /// The reader's limit, in bytes.
        limit: usize,
    },
}

impl ProtocolError {
    /// Close code that answers it (section 7.4.1): 1002, 1007 or 1009.
    #[must_use]
    pub const fn close_code(self) -> u16 {
        match self {
            Self::TooLarge { .. } => 1009,
            Self::NotUtf8 => 1007,
            Self::ReservedBits
            | Self::Unmasked
            | Self::Masked
            | Self::UnknownOpcode(_)
            | Self::FragmentedControl
            | Self::LongControl
            | Self::BadLength
            | Self::NothingToContinue
            | Self::UnfinishedMessage
            | Self::CutCloseCode
            | Self::BadCloseCode(_) => 1002,
        }
    }
}
