//! The control ops of the JSON dialect (docs/protocol.md section 9).

mod debug;
mod read;
#[cfg(test)]
#[cfg(feature = "derive")]
mod tests;
mod write;

use alloc::string::String;
use alloc::vec::Vec;
use core::hash::Hash;
use std::collections::HashMap;

use uuid::Uuid;

/// A control op of the JSON dialect, in both directions. The tag is `op`, in snake case; absent and empty
/// fields are left out.
///
/// It is written as a map in every encoding, also in MessagePack, where structs are arrays: an array cannot show which
/// field was left out. The published crate reads maps, and writes arrays. Arrays are read by place, as it reads them
/// itself: an op with a left-out field before its last one is then an error, or is read with fields mixed up.
///
/// Lists and maps of more than [`limits::LISTED_NAMES`](crate::limits::LISTED_NAMES) items are errors, found while they
/// are read. `C` is a [`ChannelKind`](crate::ChannelKind) for programs; servers read and write ops by the names of the
/// channels (`SystemOp<String>`).
///
/// `Debug` leaves the token out.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SystemOp<C: Eq + Hash> {
    /// Client: credentials; the first message of a connection.
    Auth {
        /// Id that the client has chosen and keeps across connections.
        client_id: Uuid,
        /// The application's credential.
        token: Option<String>,
        /// Channels to read; empty means all that are permitted.
        capabilities: Vec<C>,
        /// Last entry handled, on channels that `resume_cursors` does not name.
        resume_cursor: Option<u64>,
        /// Last entry handled, per channel.
        resume_cursors: HashMap<C, u64>,
    },
    /// Server: the credentials are accepted.
    AuthOk {
        /// The highest of `resume_cursors`.
        resume_cursor: u64,
        /// Last entry acknowledged, per channel.
        resume_cursors: HashMap<C, u64>,
    },
    /// Server: something could not be done; nothing else is affected.
    Error {
        /// Description for people.
        message: String,
    },
    /// Request for a pong, to check the connection.
    Ping,
    /// Answer to a ping.
    Pong,
    /// Client: entries arrive faster than they are handled.
    Slow {
        /// Number of messages that the client can take at once.
        window: Option<u32>,
    },
    /// Client: every entry of the channel up to the cursor has been handled.
    Ack {
        /// The channel.
        channel: C,
        /// The last entry handled.
        cursor: u64,
    },
    /// Server: continuity cannot be proved; entries go on after the cursor.
    ResumeRequired {
        /// The channel.
        channel: C,
        /// Entries after this one follow.
        from_cursor: u64,
    },
    /// Client: read these channels too.
    Subscribe {
        /// The channels.
        channels: Vec<C>,
    },
    /// Client: stop reading these channels.
    Unsubscribe {
        /// The channels.
        channels: Vec<C>,
    },
    /// State of the sender.
    Health {
        /// One word, such as `ok`.
        status: String,
        /// Longer description.
        detail: Option<String>,
    },
    /// Features of the sender, and those that it requests.
    Features {
        /// Features that the sender has.
        supported: Vec<String>,
        /// Features that the sender requests.
        requested: Vec<String>,
    },
    /// End of the connection, announced by the sender.
    Goodbye {
        /// Reason, for people.
        reason: Option<String>,
    },
}

impl<C: Eq + Hash> SystemOp<C> {
    /// An `auth_ok` with this cursor and none per channel.
    #[must_use]
    pub fn auth_ok(resume_cursor: u64) -> Self {
        Self::AuthOk {
            resume_cursor,
            resume_cursors: HashMap::new(),
        }
    }
}
