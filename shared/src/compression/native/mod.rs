//! Compression with the C library, for servers and native clients.

mod compressor;
mod decompressor;
pub(crate) mod thread;
mod train;

pub use compressor::{Compressor, Goal, PreparedDictionary};
pub use decompressor::Decompressor;
pub use thread::compress_short_into;
pub use train::train_dictionary;
