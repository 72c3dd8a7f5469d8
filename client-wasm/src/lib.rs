//! The push-wire browser client: the shared session compiled to WebAssembly, which the page drives with its own
//! socket, timer and fetches.
//!
//! Only the npm package `push-wire` (folder `pkg`) calls this crate. Bodies are passed as bytes: the package decodes
//! the text and parses the JSON, which is several times faster than building JavaScript values from Rust.
//!
//! Invariant: JavaScript is never called while a Rust borrow is held, because it may call back into this crate.
#![cfg_attr(all(feature = "rt", target_arch = "wasm32"), no_std)]

extern crate alloc;

mod asset;
mod clock;
mod convert;
mod driver;
mod engine;
mod host;
mod rt;

pub use asset::AssetCheck;
pub use engine::Engine;
pub use host::Host;
