//! Requests of pages to the network.

use push_wire_shared::session::client::Transport;
use push_wire_shared::session::op::ClientOp;
use push_wire_shared::session::wire::Records;

use super::posts::PostRequest;

/// Request of a page to the network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PageRequest {
    /// Open a connection with this number.
    Connect(u32, Transport),
    /// Send a message.
    Transmit(Vec<u8>),
    /// POST a message beside the event stream of this number.
    Post(u32, PostRequest),
    /// Close with this code.
    Disconnect(u16),
    /// Fetch the dictionary of this hash.
    Fetch([u8; 32]),
    /// Get a token, for the request of this number.
    Token(u32),
}

impl PageRequest {
    /// Short text for the trace.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Connect(attempt, transport) => {
                format!("connects, attempt {attempt}, {transport:?}")
            }
            Self::Transmit(message) => format!("sends {}", describe(message)),
            Self::Post(_, post) => format!("posts {}: {}", post.query, describe(&post.message)),
            Self::Disconnect(code) => format!("disconnects with {code}"),
            Self::Token(request) => format!("requests a token, request {request}"),
            Self::Fetch(sha256) => format!("fetches dictionary {:02x?}", &sha256[..4]),
        }
    }
}

/// Ops and frames of a client's message, as a short text.
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
