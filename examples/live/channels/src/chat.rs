//! Payloads of [`Live::Room`](crate::Live::Room).

use serde::{Deserialize, Serialize};

/// The rooms, each a topic: a fixed list, so that clients cannot create topics without limit.
pub const ROOMS: [&str; 3] = ["lobby", "workshop", "garden"];

/// Message as a client sends it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ChatMessage {
    /// Name of the sender, at most 32 characters.
    pub name: String,
    /// Text, at most 1,000 characters.
    pub text: String,
}

/// Message as clients read it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Message {
    /// Name of the sender.
    pub name: String,
    /// Text.
    pub text: String,
    /// Time at which the server accepted it, in seconds since 1970.
    pub at_s: u64,
}
