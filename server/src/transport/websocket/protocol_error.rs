//! What a client may do wrong on the level of WebSocket frames.

use push_wire_shared::close::CloseReason;

/// What a client did wrong; the connection cannot go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum ProtocolError {
    #[error("a reserved bit is set, but no extension was agreed on")]
    ReservedBits,
    #[error("a client's frame must be masked")]
    Unmasked,
    #[error("unknown opcode {0}")]
    UnknownOpcode(u8),
    #[error("a control frame must not be fragmented")]
    FragmentedControl,
    #[error("a control frame has at most 125 bytes")]
    LongControl,
    #[error("a length must be in its shortest form, below 2^63")]
    BadLength,
    #[error("a continuation without a message to continue")]
    NothingToContinue,
    #[error("a new message before the last fragment of the one before")]
    UnfinishedMessage,
    #[error("a text message that is not UTF-8")]
    NotUtf8,
    #[error("a close frame of one byte")]
    CutCloseCode,
    #[error("close code {0} must not be sent")]
    BadCloseCode(u16),
    #[error("a message above the limit of {limit} bytes")]
    TooLarge { limit: usize },
}

impl ProtocolError {
    /// What the connection is closed with (docs/protocol.md section 10).
    pub(crate) const fn close_reason(self) -> CloseReason {
        match self {
            Self::TooLarge { .. } => CloseReason::MessageTooLarge,
            Self::ReservedBits
            | Self::Unmasked
            | Self::UnknownOpcode(_)
            | Self::FragmentedControl
            | Self::LongControl
            | Self::BadLength
            | Self::NothingToContinue
            | Self::UnfinishedMessage
            | Self::NotUtf8
            | Self::CutCloseCode
            | Self::BadCloseCode(_) => CloseReason::ProtocolError,
        }
    }
}
