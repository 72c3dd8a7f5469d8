//! Stand-in for event streams in builds without them: no client chooses them, so that there is none.

use wasm_bindgen::JsValue;

use super::{Attempt, Settings};

/// An event stream, of which there are none.
pub(crate) enum EventStream {}

impl EventStream {
    pub(crate) fn new(_: &Settings, _: Attempt) -> Result<Self, JsValue> {
        Err("this client was built without event streams".into())
    }

    pub(crate) fn open(&self, _: Vec<u8>) {
        match *self {}
    }

    pub(crate) fn close(&self) {
        match *self {}
    }

    pub(crate) fn post(&self, _: u64, _: &str, _: [u8; 16], _: Vec<u8>) {
        match *self {}
    }
}
