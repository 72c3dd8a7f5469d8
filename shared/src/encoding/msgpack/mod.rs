//! MessagePack.

pub mod token;
