//! The native push-wire client, for services, command lines and tests.
//!
//! [`PushClient`] reads channels, topics and its own inbox over one connection. After a loss it reconnects and resumes
//! each stream by its cursor. Messages sent in the meantime are queued.
//!
//! ```no_run
//! use push_wire_client::{ChannelKind, ClientConfig, Frame, PushClient};
//!
//! #[derive(ChannelKind, Clone, Copy, PartialEq, Eq, Hash, Debug)]
//! enum Channel {
//!     #[channel(system)]
//!     System,
//!     Chat,
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let mut client = PushClient::<Channel>::new(ClientConfig::new("http://127.0.0.1:9100"));
//! client.on(Channel::Chat, |frame: Frame<Channel>| println!("{}", frame.payload));
//! client.connect().await?;
//! client.send(Frame::new(Channel::Chat, serde_json::json!({ "text": "hello" }))).await?;
//! client.disconnect().await?;
//! # Ok(())
//! # }
//! ```
//!
//! The protocol's decisions (resumes, gaps, reconnects) are made by [`session::client::ClientSession`]; this crate
//! drives it over a tokio WebSocket. The names of `push_wire_shared` that a program needs are re-exported here.

mod address;
mod assets;
mod client;
mod command;
mod config;
mod connector;
mod cursors;
mod dictionaries;
mod dispatch;
mod driver;
mod error;
mod event;
mod event_stream;
mod messages;
mod receiver;
mod request;
mod socket;
mod state;
mod tls;
mod tokens;
mod waiting;
mod websocket;

pub use assets::{Asset, OpenAssetError};
pub use client::PushClient;
pub use config::{ClientConfig, ReconnectPolicy, SessionKey};
pub use cursors::{CursorResult, CursorTracker};
pub use error::{ConnectError, SendError, StreamError};
pub use event::{ClientEvent, ConnectionState};
// Named by code that `#[derive(ChannelKind)]` writes.
pub use messages::{Delivery, Messages};
#[doc(hidden)]
pub use push_wire_shared::__private;
pub use push_wire_shared::frame::AssetError;
pub use push_wire_shared::session::client::{
    Cause, ConfigError, EndCause, Snapshot, SnapshotError, Stats, Status, TokenError,
    TransportPreference,
};
pub use push_wire_shared::session::op::{
    ErrorCode, Features, Health, ScopeRequest, Slow, SystemNotice,
};
pub use push_wire_shared::{
    BinaryEnvelope, BinaryError, BinaryFlags, BinaryFrame, ChannelKind, CompressionConfig,
    CompressionDictionary, DeltaApplyResult, DeltaError, DeltaOp, FRAGMENT_HEADER_LEN,
    FragmentAssembler, FragmentError, FragmentRetention, FragmentShard, Frame, MAGIC_HEADER,
    PayloadDelta, PayloadEncoding, RawPayload, SystemOp, VERSION_BYTE, apply_delta, binary,
    channel, close, compute_delta, decode_frame, decode_frame_with_decompressor,
    decode_frame_with_dictionaries, decode_frame_within, delta, encode_frame,
    encode_frame_with_compression, encode_frame_with_compressor, encoding, fragment, frame,
    parse_channels, position, session, time, train_dictionary,
};
#[cfg(feature = "rtc")]
pub use push_wire_shared::{RtcMessage, RtcRouter, TurnCredential, rtc, transport};
pub use receiver::ChannelReceiver;
pub use request::StreamRequest;
/// The TLS library, whose types [`ClientConfig::with_tls`] takes.
#[cfg(feature = "tls")]
pub use rustls;
