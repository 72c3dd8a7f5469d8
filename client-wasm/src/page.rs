//! The page's life: hidden, offline, left, and shown again.

use std::cell::Cell;
use std::rc::Weak;

use js_sys::{Function, Reflect};
use push_wire_shared::session::client::Attention;
use wasm_bindgen::prelude::*;
use web_sys::{Document, EventTarget, VisibilityState, Window};

use crate::driver::Driver;
use crate::storage::KeyValueStorage;

/// Listeners to the events of the page. Dropping them removes them.
pub(crate) struct PageEvents {
    listeners: Vec<Listener>,
}

struct Listener {
    target: EventTarget,
    event: &'static str,
    closure: Closure<dyn Fn()>,
}

impl PageEvents {
    /// Follows the page's life for a driver; in a worker only the network. `None` without either, as in Node.
    pub(crate) fn follow(driver: &Weak<Driver>) -> Option<Self> {
        let global: EventTarget = js_sys::global().dyn_into().ok()?;
        let listen = |target: &EventTarget, event, act: fn(&Driver)| {
            let driver = driver.clone();
            let closure = Closure::new(move || {
                if let Some(driver) = driver.upgrade() {
                    act(&driver);
                }
            });
            Listener::new(target.clone(), event, closure)
        };
        let mut listeners = vec![
            listen(&global, "online", Driver::attend),
            listen(&global, "offline", Driver::attend),
        ];
        if let Some(document) = window().and_then(|window| window.document()) {
            let document: EventTarget = document.into();
            listeners.extend([
                listen(&document, "visibilitychange", Driver::attend),
                listen(&document, "prerenderingchange", Driver::attend),
                listen(&document, "freeze", Driver::freeze),
                listen(&document, "resume", Driver::attend),
                listen(&global, "pagehide", Driver::leave_page),
                listen(&global, "pageshow", Driver::return_to_page),
            ]);
        }
        Some(Self { listeners })
    }
}

impl Listener {
    fn new(target: EventTarget, event: &'static str, closure: Closure<dyn Fn()>) -> Self {
        let listener: &Function = closure.as_ref().unchecked_ref();
        // It fails for no event.
        drop(target.add_event_listener_with_callback(event, listener));
        Self {
            target,
            event,
            closure,
        }
    }
}

impl Drop for PageEvents {
    fn drop(&mut self) {
        for Listener {
            target,
            event,
            closure,
        } in self.listeners.drain(..)
        {
            let listener: &Function = closure.as_ref().unchecked_ref();
            drop(target.remove_event_listener_with_callback(event, listener));
            // The client may end inside of one of these calls.
            crate::task::drop_later(closure);
        }
    }
}

/// Attempts that the page asks for; the usual ones where there is no page.
pub(crate) fn attention() -> Attention {
    if is_hidden() {
        Attention::Hidden
    } else if is_offline() {
        Attention::Offline
    } else {
        Attention::Full
    }
}

/// Returns whether the page is hidden; false where this is not known.
fn is_hidden() -> bool {
    let document = window().and_then(|window| window.document());
    let state = document.as_ref().map(Document::visibility_state);
    state == Some(VisibilityState::Hidden)
}

thread_local! {
    /// A connection was made while the browser said that there was no network.
    static IS_DISPROVED: Cell<bool> = const { Cell::new(false) };
}

/// Records that a connection was made. If the browser says that there is no network, it is not believed from now on; returns
/// whether that is so.
pub(crate) fn note_network() -> bool {
    let is_disproved = is_offline();
    if is_disproved {
        IS_DISPROVED.set(true);
    }
    is_disproved
}

/// Returns whether the browser says that there is no network, unless it was wrong before.
fn is_offline() -> bool {
    if IS_DISPROVED.get() {
        return false;
    }
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into());
    let on_line = navigator.and_then(|navigator| Reflect::get(&navigator, &"onLine".into()));
    on_line.is_ok_and(|on_line| on_line == false)
}

/// Returns whether the page is built before it is shown.
pub(crate) fn is_prerendering() -> bool {
    let document = window().and_then(|window| window.document());
    document.is_some_and(|document| {
        let flag = Reflect::get(&document, &"prerendering".into());
        flag.is_ok_and(|flag| flag.is_truthy())
    })
}

/// Base of relative addresses: the document's, which a `<base>` may set, or the worker's. What was made of a blob has its origin.
pub(crate) fn base() -> Option<String> {
    let get = |object: &str, name: &str| {
        let object = Reflect::get(&js_sys::global(), &object.into()).ok()?;
        Reflect::get(&object, &name.into()).ok()?.as_string()
    };
    let base = get("document", "baseURI").or_else(|| get("location", "href"))?;
    if base.starts_with("blob:") {
        return get("location", "origin");
    }
    Some(base)
}

/// Returns whether the runtime has a class of WebSockets.
pub(crate) fn has_web_socket() -> bool {
    Reflect::has(&js_sys::global(), &"WebSocket".into()).unwrap_or(false)
}

/// The page's session storage; `None` where there is none. The error is the exception where the page may not use it.
pub(crate) fn session_storage() -> Result<Option<KeyValueStorage>, JsValue> {
    let storage = window().map_or(Ok(None), |window| window.session_storage())?;
    Ok(storage.map(|storage| JsValue::from(storage).unchecked_into()))
}

/// The page's local storage; `None` where there is none, or the page may not use it.
#[cfg(feature = "tabs")]
pub(crate) fn local_storage() -> Option<KeyValueStorage> {
    let storage = window()?.local_storage().ok()??;
    Some(JsValue::from(storage).unchecked_into())
}

/// Random bytes; `None` where there are none to be had.
pub(crate) fn random<const N: usize>() -> Option<[u8; N]> {
    let crypto = Reflect::get(&js_sys::global(), &"crypto".into()).ok()?;
    let crypto: web_sys::Crypto = crypto.is_object().then(|| crypto.unchecked_into())?;
    let mut bytes = [0; N];
    crypto.get_random_values_with_u8_array(&mut bytes).ok()?;
    Some(bytes)
}

fn window() -> Option<Window> {
    js_sys::global().dyn_into().ok()
}
