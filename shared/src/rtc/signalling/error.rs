//! [`SignalError`]: error of a client's signalling message.

use alloc::string::String;
use core::time::Duration;

use crate::limits::MAX_TOPIC_BYTES;

/// Error of a client's signalling message, which was not carried out.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SignalError {
    /// The message is neither an [`RtcMessage`](crate::rtc::RtcMessage) nor an [`RtcRequest`](crate::rtc::RtcRequest).
    #[error("the payload is not a signalling message: {0}")]
    Unreadable(String),
    /// Only the server sends such a message.
    #[error("only the server sends {0}")]
    OfServer(&'static str),
    /// A part of the message is above its limit.
    #[error("{part} of {size} {} is above the limit of {limit}", unit(part))]
    TooLarge {
        /// Name of the part.
        part: &'static str,
        /// Its size: bytes, or candidates of a batch.
        size: usize,
        /// Largest size.
        limit: usize,
    },
    /// The name of the room is empty or too long, or differs from the topic of the message.
    #[error(
        "the room must be 1 to {MAX_TOPIC_BYTES} bytes of text, and equal the topic of the message if there is one"
    )]
    BadRoom,
    /// The sender has no right to the room.
    #[error("no right to send to this room")]
    RoomNotPermitted,
    /// The sender and the receiver share no room, and nothing else allows the message.
    #[error("no room is shared with the receiver")]
    PeerNotPermitted,
    /// The room has as many members as it may have.
    #[error("the room has {0} members already")]
    RoomFull(usize),
    /// The clients of the sender's owner have as many places in the room as they may have.
    #[error("clients of this user or network have {0} places in the room already")]
    TooManyMembers(usize),
    /// The client is in as many rooms as it may be.
    #[error("the client is in {0} rooms already")]
    TooManyRooms(usize),
    /// The clients of the sender's owner have opened as many rooms as they may have.
    #[error("clients of this user or network have opened {0} rooms already")]
    TooManyOpened(usize),
    /// There are as many rooms as there may be.
    #[error("there are {0} rooms already")]
    NoRoomLeft(usize),
    /// The client sends more than its rate.
    #[error("signalling rate exceeded")]
    RateLimited {
        /// Time until the message can be sent; `None` for never.
        retry: Option<Duration>,
    },
}

/// Unit of a part's size.
fn unit(part: &str) -> &'static str {
    match part {
        "candidates" => "items",
        _ => "bytes",
    }
}
