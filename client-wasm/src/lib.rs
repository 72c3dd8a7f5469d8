//! The push-wire browser client: the shared session compiled to WebAssembly, which the page drives with its own
//! socket, timer and fetches.
//!
//! It is called by the npm package `push-wire` (folder `pkg`) only. Bodies pass through as bytes: the page decodes the
//! text and parses the JSON itself, which is several times faster than building its values from here.
//!
//! One rule keeps it sound: JavaScript is never called while a Rust borrow is held, because it may call back.
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
