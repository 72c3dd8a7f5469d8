//! Helpers of the tests of the Rust API, against the backend of the npm package's tests (`tests/examples/fixture.rs`).

use std::future::poll_fn;
use std::pin::Pin;

use futures_core::Stream;
use js_sys::Reflect;
use push_wire_client_wasm::{ChannelKind, Client, Config, Delivery, Status, Subscription};
use serde_json::{Value, json};
use wasm_bindgen::JsValue;

#[derive(ChannelKind, Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Channel {
    #[channel(system)]
    System,
    Log,
    Document,
    Room,
    Lines,
    Nowhere,
}

/// A property of an object, which it has.
pub(crate) fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap()
}

/// URL of the backend: in Node it is in the environment variable `PUSH_WIRE_SERVER`, in a browser it has the origin of the
/// tests.
pub(crate) fn server() -> String {
    let global = js_sys::global();
    let location = get(&global, "location");
    let url = if location.is_undefined() {
        get(&get(&get(&global, "process"), "env"), "PUSH_WIRE_SERVER")
    } else {
        get(&location, "origin")
    };
    url.as_string()
        .expect("PUSH_WIRE_SERVER names the server, or there is a page")
}

pub(crate) fn connect() -> Client<Channel> {
    connect_with(Config::new())
}

pub(crate) fn connect_with(config: Config) -> Client<Channel> {
    Client::connect(&server(), config).unwrap()
}

/// Number of items until the stream's end.
pub(crate) async fn rest<S: Stream + Unpin>(mut stream: S) -> usize {
    let mut items = 0;
    while poll_fn(|cx| Pin::new(&mut stream).poll_next(cx))
        .await
        .is_some()
    {
        items += 1;
    }
    items
}

pub(crate) async fn next<S: Stream + Unpin>(stream: &mut S) -> S::Item {
    let next = poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx)).await;
    next.expect("the stream goes on")
}

/// Waits until the client has such a status.
pub(crate) async fn status(client: &Client<Channel>, is_it: impl Fn(&Status) -> bool) {
    let mut changes = client.status_changes();
    while !is_it(&client.status()) {
        next(&mut changes).await;
    }
}

pub(crate) async fn connected(client: &Client<Channel>) {
    status(client, |status| *status == Status::Ready).await;
}

/// Reads past the outcome of a subscription.
pub(crate) async fn outcome(reader: &mut Subscription<Channel>) {
    loop {
        if let Delivery::Outcome { .. } = next(reader).await {
            return;
        }
    }
}

pub(crate) fn message(text: &str) -> Value {
    json!({"room": "lobby", "name": "Ada", "text": text})
}

pub(crate) async fn texts(reader: &mut Subscription<Channel>, count: usize) -> Vec<String> {
    let mut texts = Vec::new();
    while texts.len() < count {
        let entry = reader.next_entry().await.unwrap();
        let value: Value = entry.value().unwrap();
        texts.push(value["text"].as_str().unwrap().to_owned());
    }
    texts
}
