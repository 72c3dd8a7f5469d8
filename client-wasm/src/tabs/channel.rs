//! A broadcast channel that carries bytes.

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use web_sys::{BroadcastChannel, MessageEvent};

use crate::task::drop_later;

type Hearing = Closure<dyn Fn(MessageEvent)>;

/// A broadcast channel. Dropping it closes it.
pub(super) struct Channel {
    /// `None` where the page may have none.
    channel: Option<BroadcastChannel>,
    hearing: Option<Hearing>,
}

impl Channel {
    pub(super) fn new(name: &str) -> Self {
        Self {
            channel: BroadcastChannel::new(name).ok(),
            hearing: None,
        }
    }

    /// Calls a function with each message.
    pub(super) fn hearing(mut self, hear: impl Fn(Vec<u8>) + 'static) -> Self {
        let closure = Closure::new(move |event: MessageEvent| {
            if let Ok(bytes) = event.data().dyn_into::<Uint8Array>() {
                hear(bytes.to_vec());
            }
        });
        if let Some(channel) = &self.channel {
            let hearing: &Hearing = &closure;
            channel.set_onmessage(Some(hearing.as_ref().unchecked_ref()));
        }
        self.hearing = Some(closure);
        self
    }

    pub(super) fn post(&self, bytes: &[u8]) {
        if let Some(channel) = &self.channel {
            // It fails only for what cannot be cloned, and for a closed channel.
            drop(channel.post_message(&Uint8Array::from(bytes)));
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        if let Some(channel) = &self.channel {
            channel.set_onmessage(None);
            channel.close();
        }
        // It may run now.
        if let Some(hearing) = self.hearing.take() {
            drop_later(hearing);
        }
    }
}

/// Returns whether the runtime has broadcast channels.
pub(super) fn is_available() -> bool {
    js_sys::Reflect::has(&js_sys::global(), &"BroadcastChannel".into()).unwrap_or(false)
}
