//! Pushes live data from a Rust backend to browsers over one connection each.
//!
//! [`PushServer`] is embedded in an axum application: it keeps a log per stream, and every client is a cursor
//! into the logs that it reads. Live delivery and replay after a lost connection use the same code.
//!
//! ```no_run
//! use push_wire_server::{ChannelKind, ChannelPolicy, PushServer};
//!
//! #[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
//! enum Channel {
//!     #[channel(system)]
//!     System,
//!     Chat,
//!     Prices,
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let server = PushServer::builder()
//!     .channel(Channel::Prices, ChannelPolicy::state())
//!     .build()?;
//! server.on_message(Channel::Chat, |message, server| {
//!     let text: String = message.json()?;
//!     server.publish_to(Channel::Chat, "lobby", &text)?;
//!     Ok(())
//! });
//! server.publish(Channel::Prices, &serde_json::json!({"EUR": 1.08}))?;
//!
//! let app: axum::Router = axum::Router::new().merge(server.router());
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:9100").await?;
//! axum::serve(listener, app).await?;
//! # Ok(())
//! # }
//! ```
//!
//! The layers, each using only those below it: `http → connection → peer → outbox → dialect → {hub, carrier} → broker`,
//! with `auth` beside them. The names of `push_wire_shared` that a backend needs are re-exported here.
// With the feature the lint applies: what is public is reachable from here or from `internals`.
#![cfg_attr(
    not(feature = "__internals"),
    expect(
        unreachable_pub,
        reason = "public for `internals`, which this build leaves out"
    )
)]

mod admission;
mod assets;
mod auth;
mod builder;
mod carrier;
mod clock;
mod compression;
mod connection;
mod dialect;
mod handler;
mod http;
mod hub;
#[cfg(feature = "__internals")]
#[doc(hidden)]
pub mod internals;
mod limits;
mod network;
mod outbox;
mod peer;
mod policy;
mod rate;
mod record;
pub mod relay;
mod revoke;
mod routes;
mod send;
mod serve;
mod server;
#[cfg(feature = "rtc")]
mod signalling;
pub mod transport;
#[cfg(feature = "rtc")]
mod turn;
mod upkeep;

pub use admission::ForwardedHeader;
pub use auth::{
    AuthError, AuthValidator, Authenticator, Credentials, Grant, Revocation, RevokeError,
};
#[cfg(feature = "jwt")]
pub use auth::{JwtAuthenticator, JwtClaims, JwtKeys, JwtKeysError};
pub use builder::{BuildError, PushServerBuilder};
pub use compression::SetDictionaryError;
pub use connection::tune_tcp;
pub use handler::{ChannelHandler, ClientMessage, HandlerError};
pub use http::{UpgradeError, WebSocketUpgrade};
pub use hub::{PublishError, Stats};
/// Network of [`PushServerBuilder::trusted_proxies`] and [`PushServerBuilder::exempt_addresses`].
pub use ipnet::IpNet;
pub use limits::{Limits, Rate, Rates};
pub use policy::{ChannelPolicy, Compression, MaxLag, SlowReaders};
// Named by code that `#[derive(ChannelKind)]` writes.
#[doc(hidden)]
pub use push_wire_shared::__private;
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
pub use push_wire_shared::{RtcMessage, RtcRouter, TurnCredential, rtc};
pub use relay::{RelayBandwidth, RelayController, RelayLimits, RelayOutcome};
pub use send::SendError;
pub use serve::{Serve, serve};
#[cfg(feature = "tls")]
pub use serve::{TlsError, TlsListener};
pub use server::PushServer;
#[cfg(feature = "rtc")]
pub use signalling::{EnableRtcError, RtcConfig};
pub use transport::{
    FailoverPolicy, ModeSwitchReason, ModeSwitchSignal, RouteOutcome, TransportDispatcher,
    TransportError, TransportManager, TransportMode, TransportPacket, TransportRoute,
};
#[cfg(feature = "rtc")]
pub use turn::TurnSecret;
/// Type of client ids.
pub use uuid::Uuid;
