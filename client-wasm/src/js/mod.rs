//! Classes for JavaScript, of which the npm package is made (folder `pkg`).
//!
//! Options, statuses, outcomes and statistics cross as objects, by serde-wasm-bindgen. Values of entries are read by
//! `JSON.parse`, which is several times faster than building them from Rust.

#![expect(
    missing_debug_implementations,
    reason = "the classes are JavaScript's, which prints them itself"
)]

mod asset;
mod client;
mod error;
mod events;
mod hooks;
mod options;
mod panic;
mod subscription;
mod value;

pub use asset::AssetCheck;
pub use client::PageClient;
pub use hooks::{ClientHooks, StreamHooks};
pub use subscription::PageSubscription;
