//! Event streams (HTML, "Server-sent events") as clients read them, and the messages in them (docs/event-streams.md
//! section 1).

mod message;
mod parser;

pub use message::{StreamClose, StreamError, StreamItem, read_item};
pub use parser::{EventParser, EventTooLarge, StreamEvent};
