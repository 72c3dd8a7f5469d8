//! The header of a server's WebSocket frame.

pub(crate) use push_wire_websocket::{MAX_HEADER_BYTES as MAX_HEADER, Opcode, frame_header};
