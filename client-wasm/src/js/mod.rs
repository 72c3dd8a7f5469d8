//! Classes for JavaScript, of which the npm package is made (folder `pkg`).
//!
//! Options, statuses, outcomes and statistics cross as objects, by serde-wasm-bindgen. Values in JSON are read by `JSON.parse`,
//! which is several times faster than building them from Rust, as is done with those in MessagePack and CBOR.

#![expect(
    missing_debug_implementations,
    reason = "the classes are JavaScript's, which prints them itself"
)]

mod ahead;
mod asset;
#[cfg(feature = "binary-values")]
mod binary;
mod channels;
mod client;
mod error;
mod events;
mod hooks;
#[cfg(not(feature = "binary-values"))]
mod json_only;
mod options;
mod panic;
mod subscription;
mod value;

pub use asset::AssetCheck;
pub use client::PageClient;
pub use hooks::{ClientHooks, StreamHooks};
#[cfg(not(feature = "binary-values"))]
use json_only as binary;
pub use subscription::PageSubscription;
