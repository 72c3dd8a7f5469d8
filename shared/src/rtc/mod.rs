//! Signalling of peer-to-peer connections: the messages that peers exchange through the server until they are
//! connected. [`signalling`] is the server's end, [`peer`] is a client's.
//!
//! ```
//! use push_wire_shared::rtc::RtcMessage;
//! use serde_json::json;
//! use uuid::Uuid;
//!
//! let offer: RtcMessage = serde_json::from_value(json!({
//!     "type": "offer",
//!     "from": Uuid::from_u128(1),
//!     "to": Uuid::from_u128(2),
//!     "sdp": "v=0",
//! }))?;
//! assert!(matches!(offer, RtcMessage::Offer { sdp, .. } if sdp == "v=0"));
//! # Ok::<(), serde_json::Error>(())
//! ```

mod message;
pub mod peer;
mod request;
#[cfg(feature = "std")]
mod router;
mod seen;
pub mod signalling;

pub use message::{RtcMessage, TurnCredential};
pub use request::RtcRequest;
#[cfg(feature = "std")]
pub use router::RtcRouter;
pub use seen::SeenCandidates;
