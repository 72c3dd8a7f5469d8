//! The control ops of the JSON dialect (docs/protocol.md section 9).

use alloc::string::String;
use alloc::vec::Vec;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ChannelKind;

/// A control op of the JSON dialect, in both directions. The tag is `op`, in snake case; absent and empty
/// fields are left out.
///
/// For JSON and CBOR. An encoding that writes structs as arrays cannot tell which field was left out: the
/// push-wire dialect has [ops](crate::session::op) of its own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(
    tag = "op",
    rename_all = "snake_case",
    bound(serialize = "", deserialize = "")
)]
#[non_exhaustive]
pub enum SystemOp<C: ChannelKind> {
    /// Client: who I am; the first message of a connection.
    Auth {
        /// The client's own id, kept across connections.
        client_id: Uuid,
        /// The application's credential.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
        /// Channels to read; empty means all that are permitted.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        capabilities: Vec<C>,
        /// Last entry handled, on channels that `resume_cursors` does not name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resume_cursor: Option<u64>,
        /// Last entry handled, per channel.
        #[serde(default, skip_serializing_if = "HashMap::is_empty")]
        resume_cursors: HashMap<C, u64>,
    },
    /// Server: welcome.
    AuthOk {
        /// The highest of `resume_cursors`.
        #[serde(default)]
        resume_cursor: u64,
        /// Last entry acknowledged, per channel.
        #[serde(default, skip_serializing_if = "HashMap::is_empty")]
        resume_cursors: HashMap<C, u64>,
    },
    /// Server: something could not be done; nothing else is affected.
    Error {
        /// What, and what to do.
        message: String,
    },
    /// Are you there?
    Ping,
    /// I am here.
    Pong,
    /// Client: I cannot keep up.
    Slow {
        /// Messages that it can take at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
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
        /// Where it goes on.
        from_cursor: u64,
    },
    /// Client: read these channels too.
    Subscribe {
        /// The channels.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        channels: Vec<C>,
    },
    /// Client: stop reading these channels.
    Unsubscribe {
        /// The channels.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        channels: Vec<C>,
    },
    /// How the sender is.
    Health {
        /// One word, such as `ok`.
        status: String,
        /// More words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
    /// What the sender can do, and what it wants from the other side.
    Features {
        /// Can do.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        supported: Vec<String>,
        /// Wants.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        requested: Vec<String>,
    },
    /// The sender is leaving.
    Goodbye {
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
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

#[cfg(test)]
#[cfg(feature = "derive")]
mod tests {
    use alloc::vec;

    use super::*;

    #[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
    enum Channel {
        #[channel(system)]
        System,
        Chat,
    }

    fn says(op: &SystemOp<Channel>, json: &str) {
        assert_eq!(serde_json::to_string(op).unwrap(), json);
        assert_eq!(
            &serde_json::from_str::<SystemOp<Channel>>(json).unwrap(),
            op
        );
    }

    #[test]
    fn ops_are_tagged_and_leave_out_what_is_absent() {
        says(&SystemOp::Ping, r#"{"op":"ping"}"#);
        says(
            &SystemOp::auth_ok(9),
            r#"{"op":"auth_ok","resume_cursor":9}"#,
        );
        says(
            &SystemOp::ResumeRequired {
                channel: Channel::Chat,
                from_cursor: 3,
            },
            r#"{"op":"resume_required","channel":"chat","from_cursor":3}"#,
        );
        says(
            &SystemOp::Features {
                supported: vec![],
                requested: vec!["delta".into()],
            },
            r#"{"op":"features","requested":["delta"]}"#,
        );
    }

    #[test]
    fn auth_carries_cursors_by_channel_name() {
        says(
            &SystemOp::Auth {
                client_id: Uuid::from_u128(1),
                token: None,
                capabilities: vec![Channel::Chat],
                resume_cursor: None,
                resume_cursors: HashMap::from([(Channel::Chat, u64::MAX)]),
            },
            r#"{"op":"auth","client_id":"00000000-0000-0000-0000-000000000001","capabilities":["chat"],"resume_cursors":{"chat":18446744073709551615}}"#,
        );
    }

    #[test]
    fn unknown_channels_and_ops_are_errors() {
        for json in [
            r#"{"op":"ack","channel":"nope","cursor":1}"#,
            r#"{"op":"acks"}"#,
            r#"{"channel":"chat","cursor":1}"#,
        ] {
            assert!(
                serde_json::from_str::<SystemOp<Channel>>(json).is_err(),
                "{json}"
            );
        }
    }
}
