//! The push-wire client for browsers: the shared session, driven over the page's WebSocket, event stream, timers, storage and
//! events.
//!
//! [`Client`] is the API for front ends in Rust. With the feature `js` the crate exports classes for JavaScript, of which the
//! npm package `push-wire` (folder `pkg`) is made, and `export_client!` makes a module with an application's own channels.
//!
//! Cargo features leave parts out, for a smaller module:
//!
//! | feature | | without it |
//! |---|---|---|
//! | `zstd` (default) | compressed entries | the client does not offer compression |
//! | `sse` (default) | event streams with POST requests | WebSocket is the only transport |
//! | `tabs` | one connection for the tabs of an origin | [`Config::shared`] is refused |
//! | `binary-values` | values in MessagePack and CBOR | [`Config::encoding`] takes JSON only |
//! | `js` | the classes for JavaScript | |
//! | `allocator` | the allocator of the npm package, half the size of Rust's | |
//!
//! A setting that needs a part which was left out is [`ConnectError::LeftOut`]. `pkg/README.md` has the sizes.

mod address;
mod allocator;
mod client;
mod clock;
mod config;
mod console;
mod dictionaries;
mod document;
mod driver;
mod error;
#[cfg(feature = "js")]
#[doc(hidden)]
pub mod export;
mod fetch;
#[cfg(feature = "js")]
pub mod js;
mod locks;
#[cfg(not(feature = "tabs"))]
mod no_tabs;
mod page;
mod storage;
mod stream;
mod subscription;
#[cfg(feature = "tabs")]
mod tabs;
mod task;
mod timer;
mod token;
mod transport;
mod values;
mod watch;

#[cfg(not(feature = "tabs"))]
use no_tabs as tabs;

pub use client::{Client, SendError, Sending};
pub use config::Config;
pub use document::Document;
pub use error::{ConnectError, Fault, FaultCode};
pub use push_wire_shared::ChannelKind;
pub use push_wire_shared::PayloadEncoding;
pub use push_wire_shared::encoding::{DecodeError, EncodeError};
pub use push_wire_shared::position::{Cursor, Epoch, Outcome, Position, ResetReason, StartAt, Tag};
pub use push_wire_shared::session::client::{
    Cause, ConfigError, EndCause, RetryPolicy, SendError as QueueError, Stats, Status,
    SubscribeError, TokenError, Transport, TransportPreference,
};
pub use push_wire_shared::session::op::{ErrorCode, ScopeRequest, SystemNotice};
pub use push_wire_shared::session::wire::Content;
pub use storage::KeyValueStorage;
pub use subscription::{Delivery, Entry, StreamRequest, Subscription};
pub use uuid::Uuid;
pub use watch::Changes;
