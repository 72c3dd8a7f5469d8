//! Tests of the Rust API, and of a panic in the classes for JavaScript, in pages.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[allow(dead_code, reason = "each file of tests uses a part")]
mod common;

use std::time::Duration;

use js_sys::Function;
use push_wire_client_wasm::{Config, Status, StreamRequest, Transport, TransportPreference};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

use common::{Channel, connect, connect_with, connected, message, next, outcome, status, texts};

wasm_bindgen_test_configure!(run_in_browser);

fn run(script: &str) {
    let script = Function::new_no_args(script);
    script.call0(&JsValue::UNDEFINED).unwrap();
}

#[wasm_bindgen_test]
async fn entries_follow_over_a_lost_connection() {
    for (preference, transport) in [
        (TransportPreference::WsOnly, Transport::WebSocket),
        (TransportPreference::SseOnly, Transport::EventStream),
    ] {
        let client = connect_with(Config::new().storage(None).transports(preference));
        let topic = StreamRequest::topic(Channel::Room, "lobby").from_newest();
        let mut reader = client.subscribe(topic).unwrap();
        outcome(&mut reader).await;
        assert_eq!(client.transport(), Some(transport));
        let say = |text: &str| client.send(Channel::Room, Some("lobby"), &message(text));
        say("one").await.unwrap();
        client.interrupt(Duration::from_millis(10));
        say("two").await.unwrap();
        assert_eq!(texts(&mut reader, 2).await, ["one", "two"]);
    }
}

#[wasm_bindgen_test]
async fn position_is_kept_over_a_reload() {
    let name = || Config::new().storage_key("position");
    let topic = || StreamRequest::topic(Channel::Room, "garden").keeping_position();
    let before = connect_with(name());
    let mut reader = before.subscribe(topic()).unwrap();
    let say = |text: &str| before.send(Channel::Room, Some("garden"), &message(text));
    let id = before.id();
    let taken = format!("taken by {id}");
    for text in ["handled", &taken] {
        say(text).await.unwrap();
    }
    // An entry is handled when the next one is asked for.
    while texts(&mut reader, 1).await[0] != taken {}
    // The page is left, and its next one begins.
    run("dispatchEvent(new Event('pagehide'))");
    before.close();
    let after = connect_with(name());
    assert_eq!(after.id(), id);
    let mut read_on = after.subscribe(topic()).unwrap();
    assert_eq!(texts(&mut read_on, 1).await, [taken]);
}

#[wasm_bindgen_test]
async fn left_page_has_no_connection_until_it_is_shown() {
    let client = connect_with(Config::new().storage_key("left"));
    connected(&client).await;
    let mut changes = client.status_changes();
    run("dispatchEvent(new Event('pagehide'))");
    assert!(matches!(next(&mut changes).await, Status::Suspended { .. }));
    // A page that returns is visible before it is told that it is shown.
    run("document.dispatchEvent(new Event('visibilitychange'))");
    assert!(matches!(client.status(), Status::Suspended { .. }));
    run("dispatchEvent(new Event('pageshow'))");
    assert!(matches!(client.status(), Status::Connecting { .. }));
    connected(&client).await;
}

#[wasm_bindgen_test]
async fn hidden_page_makes_one_attempt() {
    run(
        "Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })",
    );
    let client = connect_with(Config::new().storage(None));
    connected(&client).await;
    client.interrupt(Duration::ZERO);
    status(&client, |status| matches!(status, Status::Suspended { .. })).await;
    run("delete document.visibilityState; document.dispatchEvent(new Event('visibilitychange'))");
    connected(&client).await;
}

#[wasm_bindgen_test]
async fn clients_of_a_page_have_ids_of_their_own() {
    let (one, other) = (connect(), connect());
    assert_ne!(one.id(), other.id());
    connected(&one).await;
    connected(&other).await;
}

#[cfg(feature = "js")]
#[wasm_bindgen_test]
fn panic_is_told_with_its_place() {
    use js_sys::{Array, Object};
    use push_wire_client_wasm::js::PageClient;
    use wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;

    let hooks = Function::new_no_args(
        "return { told: [], status() {}, fault() {}, panicked(text) { this.told.push(text) } }",
    );
    let hooks = hooks.call0(&JsValue::UNDEFINED).unwrap();
    let told = common::get(&hooks, "told");
    let client = PageClient::new(
        &common::server(),
        Object::new().into(),
        hooks.unchecked_into(),
    );
    let panic = Closure::<dyn FnMut()>::new(|| panic!("on purpose"));
    let caught = "try { panic() } catch (error) { return String(error) }";
    let caught = Function::new_with_args("panic", caught);
    let thrown = caught.call1(&JsValue::UNDEFINED, panic.as_ref()).unwrap();
    assert!(thrown.is_string(), "the panic ends the call");
    let told: Array = told.unchecked_into();
    assert_eq!(told.length(), 1);
    let text = told.get(0).as_string().unwrap();
    assert!(
        text.contains("on purpose") && text.contains("tests/page.rs"),
        "{text}"
    );
    drop(client);
}
