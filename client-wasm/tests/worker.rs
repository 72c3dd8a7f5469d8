//! Tests of the Rust API in dedicated workers, which have no document.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[allow(dead_code, reason = "each file of tests uses a part")]
mod common;

use js_sys::{Function, Reflect};
use push_wire_client_wasm::{Status, StreamRequest, Transport};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

use common::{Channel, connect, connected, get, message, outcome, status, texts};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[wasm_bindgen_test]
async fn entries_follow_over_a_lost_connection() {
    let client = connect();
    let topic = StreamRequest::topic(Channel::Room, "lobby").from_newest();
    let mut reader = client.subscribe(topic).unwrap();
    outcome(&mut reader).await;
    assert_eq!(client.transport(), Some(Transport::WebSocket));
    let say = |text: &str| client.send(Channel::Room, Some("lobby"), &message(text));
    say("one").await.unwrap();
    client.interrupt(std::time::Duration::from_millis(10));
    say("two").await.unwrap();
    assert_eq!(texts(&mut reader, 2).await, ["one", "two"]);
}

/// Lets the worker's browser say whether there is a network, and tells the worker.
fn set_online(is_online: bool) {
    let navigator = get(&js_sys::global(), "navigator");
    let define =
        "Object.defineProperty(navigator, 'onLine', { value: online, configurable: true });
        dispatchEvent(new Event(online ? 'online' : 'offline'));";
    let define = Function::new_with_args("navigator, online", define);
    define
        .call2(&JsValue::UNDEFINED, &navigator, &is_online.into())
        .unwrap();
}

#[wasm_bindgen_test]
async fn worker_waits_for_the_network() {
    let client = connect();
    connected(&client).await;
    set_online(false);
    // The connection is lost, as it is without a network.
    client.interrupt(std::time::Duration::ZERO);
    status(&client, |status| matches!(status, Status::Suspended { .. })).await;
    set_online(true);
    connected(&client).await;
    let online = Reflect::delete_property(
        &get(&js_sys::global(), "navigator").into(),
        &"onLine".into(),
    );
    assert_eq!(online, Ok(true));
}
