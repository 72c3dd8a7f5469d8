//! Tests of the crate through its public API: published bytes, published functions, values of many types.

#![expect(
    clippy::unwrap_used,
    reason = "a test that meets an error it did not expect should panic"
)]

mod any_frame;
mod cbor_vectors;
mod compression;
mod fragments;
mod frames;
mod golden;
mod json_text;
mod msgpack_vectors;
mod published;
mod values;
