//! The WebSocket protocol (RFC 6455) without a socket: the server's opening handshake over HTTP/1.1 and HTTP/2 (RFC
//! 8441), frame headers, and a reader that puts messages together from bytes.
//!
//! Made for servers with very many idle connections: between messages a [`Reader`] holds no memory on the heap, a
//! message that lies whole in one read is lent from it, and frames that are the same for many connections are made once
//! with [`frame_header`]. No extensions.
//!
//! ```
//! use push_wire_websocket::{Event, Opcode, Reader, Role, frame_header};
//!
//! let mut reader = Reader::new(Role::Server, 1024);
//! // RFC 6455 section 5.7: a masked text message "Hello".
//! let mut bytes = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
//! let event = reader.next(&mut &mut bytes[..])?;
//! assert_eq!(event, Some(Event::Text("Hello".into())));
//!
//! let mut frame = Vec::new();
//! frame_header(Opcode::Text, 5, &mut frame);
//! frame.extend_from_slice(b"Hello");
//! # Ok::<(), push_wire_websocket::ProtocolError>(())
//! ```

mod close;
mod error;
mod handshake;
mod header;
mod mask;
mod reader;
mod utf8;

pub use close::close_payload;
pub use error::ProtocolError;
pub use handshake::{Handshake, HandshakeError};
pub use header::{Header, MAX_HEADER_BYTES, Opcode, Role, frame_header};
pub use mask::apply_mask;
pub use reader::{Event, Reader};
