//! Check of an asset's bytes, exported to TypeScript.

use push_wire_shared::frame::{self, AssetError};
use wasm_bindgen::prelude::*;

/// Check of an asset's bytes as they arrive.
#[wasm_bindgen]
pub struct AssetCheck(Result<frame::AssetCheck, AssetError>);

#[wasm_bindgen]
impl AssetCheck {
    /// The check of an asset of `size` bytes with this SHA-256 in hexadecimal, of which at most `limit` are taken.
    #[wasm_bindgen(constructor)]
    pub fn new(size: f64, sha256: &str, limit: f64) -> AssetCheck {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole numbers from 0 to 2^53, as the caller has checked"
        )]
        let (size, limit) = (size as u64, limit as u64);
        Self(frame::AssetCheck::new(size, sha256, limit))
    }

    /// Takes the next bytes; returns whether all is right so far.
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        if let Ok(check) = &mut self.0
            && let Err(error) = check.push(bytes)
        {
            self.0 = Err(error);
        }
        self.0.is_ok()
    }

    /// Ends the check; returns the text of the error, if there is one.
    pub fn finish(self) -> Option<String> {
        let finished = self.0.and_then(frame::AssetCheck::finish);
        finished.err().as_ref().map(ToString::to_string)
    }
}
