//! `#[derive(ChannelKind)]` for push-wire.
//!
//! Re-exported beside the trait by `push-wire-shared`, `push-wire-server` and `push-wire-client`; depend on those. Its tests are in
//! `tests/derive`.

mod attributes;
mod expand;
mod library;
mod naming;
mod parse;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Implements `ChannelKind` for an enum without fields, and serde's `Serialize` and `Deserialize` by the channels'
/// names (so do not derive those too).
///
/// On a variant, `#[channel(…)]` takes:
///
/// | key | meaning | default |
/// |---|---|---|
/// | `system` | marks the system channel; exactly one variant has it | |
/// | `name = "…"` | the name in JSON and URLs: any text without commas and blanks | the variant in snake case |
/// | `id = 0..=255` | the id in binary frames | the variant's place in the enum, from 0 |
/// | `priority = …` | the lane: `"high"` or 0, `"normal"` or 1, `"low"` or 2 | `"normal"`; `"high"` for the system channel |
///
/// Ids and names are part of the wire: give them explicitly before you reorder or rename variants of a deployed enum.
///
/// The generated code finds push-wire under the name that the crate's `Cargo.toml` gives to `push-wire-shared`,
/// `push-wire-server` or `push-wire-client`, in this order. If another crate re-exports it, name the path on the
/// enum: `#[channel(crate = "my_framework::push_wire")]`.
#[proc_macro_derive(ChannelKind, attributes(channel))]
pub fn derive_channel_kind(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    match parse::channels(&input) {
        Ok(channels) => expand::channel_kind(&channels).into(),
        Err(errors) => errors.to_compile_error().into(),
    }
}
