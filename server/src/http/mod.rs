//! Answers to HTTP requests: those that open a WebSocket or an event stream, messages that are POSTed, dictionaries; and
//! the permission of pages of other origins to read them.

mod body;
mod cors;
mod dictionary;
mod error;
mod events;
mod object;
mod peer;
mod post;
mod proof;
mod query;
mod redact;
mod refusal;
mod requester;
mod upgrade;

pub(crate) use dictionary::dictionary;
pub(crate) use events::open_events;
pub(crate) use peer::{note_peer, peer};
pub(crate) use post::{ack, send};
pub(crate) use query::without_effect;
pub(crate) use refusal::{check_host, check_page};
pub use upgrade::{UpgradeError, WebSocketUpgrade};
pub(crate) use upgrade::{draining, tcp_stream};

/// Error text for a client that connects while the server drains.
const GOING_AWAY: &str = "the server is going away: connect again later";
