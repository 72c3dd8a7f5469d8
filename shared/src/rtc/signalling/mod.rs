//! Signalling at the server: rooms, and the messages that clients of one room exchange.
//!
//! [`Signalling`] is the sans-IO state machine. Its driver reads messages from clients, and writes the outputs to their
//! inboxes. `docs/relay.md` has the rules.
//!
//! ```
//! use push_wire_shared::rtc::RtcMessage;
//! use push_wire_shared::rtc::signalling::{Output, Sender, Signal, Signalling, SignallingConfig};
//! use push_wire_shared::time::Moment;
//! use uuid::Uuid;
//!
//! let mut signalling = Signalling::new(SignallingConfig::default());
//! let (now, a, b) = (Moment::default(), Uuid::from_u128(1), Uuid::from_u128(2));
//! for client in [a, b] {
//!     let enter = Signal::read(br#"{"type": "peer_discovery", "room": "lobby"}"#)?;
//!     signalling.handle(now, Sender::new(client), enter, |_| true)?;
//! }
//! while signalling.poll_output().is_some() {} // The lists of peers.
//!
//! let offer = RtcMessage::Offer { from: b, to: b, sdp: "v=0".into(), meta: ().into() };
//! signalling.handle(now, Sender::new(a), Signal::Message(offer), |_| true)?;
//! let Some(Output::Send { to, message: RtcMessage::Offer { from, .. } }) = signalling.poll_output() else {
//!     panic!("no offer");
//! };
//! assert_eq!((from, to), (a, b), "the sender is the server's to say");
//! # Ok::<(), push_wire_shared::rtc::signalling::SignalError>(())
//! ```

mod absent;
mod config;
mod ends;
mod error;
mod rooms;
mod signal;
mod state;
#[cfg(test)]
mod tests;

pub use config::SignallingConfig;
pub use error::SignalError;
pub use signal::Signal;
pub use state::{Output, Sender, Signalling};
