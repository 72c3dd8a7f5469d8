//! Signalling and relay through the server: channels of the application on which clients reach each other.
//!
//! The rules are in [`push_wire_shared::rtc::signalling`] and [`push_wire_shared::relay`]; here are their settings, locks
//! and clock, and the inboxes that they write to.

mod channel;
mod config;
mod enable;
mod error;
mod relay;

pub(crate) use channel::Rtc;
pub use config::RtcConfig;
pub use error::EnableRtcError;
