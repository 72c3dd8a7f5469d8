//! The control ops of the JSON dialect (docs/protocol.md section 9).

#[cfg(test)]
#[cfg(feature = "derive")]
mod tests;
mod write;

use alloc::string::String;
use alloc::vec::Vec;
use std::collections::HashMap;

use serde::Deserialize;
use uuid::Uuid;

use crate::ChannelKind;
use crate::encoding::integer;

/// A control op of the JSON dialect, in both directions. The tag is `op`, in snake case; absent and empty
/// fields are left out.
///
/// It is written as a map in every encoding, also in MessagePack, where structs are arrays: an array cannot tell which
/// field was left out. The published crate reads that, and writes arrays. They are read by place, as it reads them
/// itself: an op of which something before its last field was left out is then an error, or another op.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", bound(deserialize = ""))]
#[non_exhaustive]
pub enum SystemOp<C: ChannelKind> {
    /// Client: its credentials; the first message of a connection.
    Auth {
        /// The client's own id, kept across connections.
        client_id: Uuid,
        /// The application's credential.
        #[serde(default)]
        token: Option<String>,
        /// Channels to read; empty means all that are permitted.
        #[serde(default)]
        capabilities: Vec<C>,
        /// Last entry handled, on channels that `resume_cursors` does not name.
        #[serde(default, deserialize_with = "integer::optional")]
        resume_cursor: Option<u64>,
        /// Last entry handled, per channel.
        #[serde(default, deserialize_with = "integer::by_key")]
        resume_cursors: HashMap<C, u64>,
    },
    /// Server: the session is open.
    AuthOk {
        /// The highest of `resume_cursors`.
        #[serde(default, deserialize_with = "integer::one")]
        resume_cursor: u64,
        /// Last entry acknowledged, per channel.
        #[serde(default, deserialize_with = "integer::by_key")]
        resume_cursors: HashMap<C, u64>,
    },
    /// Server: something could not be done; nothing else is affected.
    Error {
        /// Error, and what to do about it.
        message: String,
    },
    /// Asks for a `pong`.
    Ping,
    /// Answers a `ping`.
    Pong,
    /// Client: messages come faster than it can handle them.
    Slow {
        /// Messages that it can take at once.
        #[serde(default, deserialize_with = "integer::optional")]
        window: Option<u32>,
    },
    /// Client: every entry of the channel up to the cursor has been handled.
    Ack {
        /// The channel.
        channel: C,
        /// The last entry handled.
        #[serde(deserialize_with = "integer::one")]
        cursor: u64,
    },
    /// Server: continuity cannot be proved; entries go on after the cursor.
    ResumeRequired {
        /// The channel.
        channel: C,
        /// Cursor after which entries go on.
        #[serde(deserialize_with = "integer::one")]
        from_cursor: u64,
    },
    /// Client: read these channels too.
    Subscribe {
        /// The channels.
        #[serde(default)]
        channels: Vec<C>,
    },
    /// Client: stop reading these channels.
    Unsubscribe {
        /// The channels.
        #[serde(default)]
        channels: Vec<C>,
    },
    /// State of the sender.
    Health {
        /// One word, such as `ok`.
        status: String,
        /// More words.
        #[serde(default)]
        detail: Option<String>,
    },
    /// Features of the sender, and those that it wants from the other side.
    Features {
        /// Features of the sender.
        #[serde(default)]
        supported: Vec<String>,
        /// Features that it wants.
        #[serde(default)]
        requested: Vec<String>,
    },
    /// The sender is leaving.
    Goodbye {
        /// Reason.
        #[serde(default)]
        reason: Option<String>,
    },
}

impl<C: ChannelKind> SystemOp<C> {
    /// An `auth_ok` with this cursor and none per channel.
    #[must_use]
    pub fn auth_ok(resume_cursor: u64) -> Self {
        Self::AuthOk {
            resume_cursor,
            resume_cursors: HashMap::new(),
        }
    }
}
