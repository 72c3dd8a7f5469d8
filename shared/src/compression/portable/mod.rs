//! Decompression without C and without the standard library: for the browser.
//!
//! A decoder of zstd frames (RFC 8878) that is made for many small messages and to be small itself: a message comes
//! out in one piece, so there is no window to go round in, and the tables of a dictionary are shared, not copied. It weighs a third
//! of what `ruzstd` does in the browser module (bench/README.md). Tests and fuzz targets compare it with the C library.

mod bits;
mod block;
mod codes;
mod decompressor;
mod fse;
mod huffman;
mod literals;
mod output;
mod sequences;
mod tables;

pub use decompressor::Decompressor;

/// What comes out of one block at most, if the window is no smaller (RFC 8878 section 3.1.1.2.4).
const BLOCK_BYTES: usize = 128 * 1024;
