//! The server's side of a WebSocket (RFC 6455), made for very many quiet connections.
//!
//! A ready-made layer was not taken because of what an idle connection costs, and because none of them writes
//! one buffer, frame header included, to many sockets: ARCHITECTURE.md has the comparison.

mod close;
mod handshake;
mod header;
mod mask;
mod protocol_error;
mod reader;
mod socket;
mod transcript;

pub(crate) use handshake::{accept, is_key};
pub(crate) use protocol_error::ProtocolError;
pub(crate) use reader::{Event, Reader};
pub(crate) use socket::{ReceiveError, Received, Socket};
pub use transcript::transcript;
