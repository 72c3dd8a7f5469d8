//! Signals that follow the client.

use std::rc::Rc;

use futures_util::StreamExt;
use leptos::prelude::*;
use leptos::reactive::spawn_local_scoped_with_cancellation;
use live_channels::Live;
use push_wire_client_wasm::{Client, StreamRequest};
use serde::de::DeserializeOwned;

/// Newest value of a state channel; `None` before the first. Reading ends with the component that calls this.
pub(crate) fn newest<T>(
    client: &Client<Live>,
    channel: Live,
) -> ReadSignal<Option<Rc<T>>, LocalStorage>
where
    T: DeserializeOwned + 'static,
{
    let (value, set_value) = signal_local(None);
    match client.document::<T>(StreamRequest::channel(channel)) {
        Ok(document) => {
            spawn_local_scoped_with_cancellation(async move {
                let mut changes = document.changes();
                while let Some(newest) = changes.next().await {
                    set_value.set(Some(newest));
                }
                if let Some((_, message)) = document.ended() {
                    leptos::logging::error!("the server has ended {channel:?}: {message}");
                }
            });
        }
        Err(error) => leptos::logging::error!("{channel:?} is not read: {error}"),
    }
    value
}
