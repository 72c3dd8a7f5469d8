//! Requests of pages to the network.

use push_wire_shared::session::op::ClientOp;
use push_wire_shared::session::wire::Records;

/// Request of a page to the network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wish {
    /// Open a connection, named so.
    Connect(u32),
    /// Send a message.
    Transmit(Vec<u8>),
    /// Close with this code.
    Disconnect(u16),
    /// Fetch the dictionary of this hash.
    Fetch([u8; 32]),
    /// Get a token, for this request.
    Token(u32),
}

impl Wish {
    /// In few words.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Connect(attempt) => format!("connects, attempt {attempt}"),
            Self::Transmit(message) => format!("sends {}", describe(message)),
            Self::Disconnect(code) => format!("disconnects with {code}"),
            Self::Token(request) => format!("wants a token, request {request}"),
            Self::Fetch(sha256) => format!("fetches dictionary {:02x?}", &sha256[..4]),
        }
    }
}

/// The client's side of a message, in few words.
fn describe(message: &[u8]) -> String {
    let frame = |frame| match frame {
        Ok((header, payload)) => match ClientOp::decode(payload) {
            Ok(op) => format!("{op:?}"),
            Err(_) => format!("{header:?} {:?}", String::from_utf8_lossy(payload)),
        },
        Err(error) => format!("{error}"),
    };
    let frames: Vec<String> = Records::new(message).map(frame).collect();
    frames.join(", ")
}
