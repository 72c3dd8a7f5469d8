//! One timer for all of a session's deadlines.

use core::cell::{Cell, RefCell};

use push_wire_shared::time::Moment;
use wasm_bindgen::prelude::*;

use crate::clock;

#[wasm_bindgen]
extern "C" {
    // Browsers name a timer by a number, Node by an object.
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &js_sys::Function, millis: u32) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);
}

/// Longest wait that `setTimeout` takes: 31 bits.
const MAX_WAIT: u32 = i32::MAX.cast_unsigned();

pub(crate) struct Timer {
    fire: Closure<dyn FnMut()>,
    armed: Cell<Option<Moment>>,
    handle: RefCell<JsValue>,
}

impl Timer {
    /// A timer that is not armed.
    pub(crate) fn new(fire: Closure<dyn FnMut()>) -> Self {
        Self {
            fire,
            armed: Cell::new(None),
            handle: RefCell::new(JsValue::UNDEFINED),
        }
    }

    /// To be called first when it fires.
    pub(crate) fn fired(&self) {
        self.armed.set(None);
    }

    /// Sees to it that it fires no later than the deadline. A deadline that moved away costs nothing here: the
    /// timer fires once too early and is armed anew, which is cheaper than two calls for each message.
    pub(crate) fn arm(&self, deadline: Option<Moment>) {
        let Some(deadline) = deadline else {
            return self.disarm();
        };
        if self.armed.get().is_some_and(|armed| armed <= deadline) {
            return;
        }
        self.disarm();
        let wait = clock::to_millis(deadline.since(clock::now())).min(MAX_WAIT);
        let fire = self.fire.as_ref().unchecked_ref();
        self.handle.replace(set_timeout(fire, wait));
        self.armed.set(Some(deadline));
    }

    fn disarm(&self) {
        if self.armed.take().is_some() {
            clear_timeout(&self.handle.borrow());
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.disarm();
    }
}
