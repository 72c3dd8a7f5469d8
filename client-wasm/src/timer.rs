//! Timer of the session's next deadline.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::Function;
use push_wire_shared::time::Moment;
use wasm_bindgen::prelude::*;

use crate::clock;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    pub(crate) fn set_timeout(task: &Function, millis: f64) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    pub(crate) fn clear_timeout(handle: &JsValue);
}

/// Longest wait that `setTimeout` takes: 31 bits, in milliseconds.
const MAX_WAIT: f64 = 2_147_483_647.0;

/// One timer for all of a session's deadlines. Dropping it stops it.
pub(crate) struct Timer {
    task: Closure<dyn Fn()>,
    due: Rc<Cell<Option<Moment>>>,
    handle: RefCell<JsValue>,
}

impl Timer {
    /// A timer that calls `task` when it is due.
    pub(crate) fn new(task: impl Fn() + 'static) -> Self {
        let due = Rc::new(Cell::new(None));
        let passed = Rc::clone(&due);
        Self {
            task: Closure::new(move || {
                passed.set(None);
                task();
            }),
            due,
            handle: RefCell::new(JsValue::UNDEFINED),
        }
    }

    /// Sets the deadline; `None` for none. A deadline that moves later keeps the timer, which is then early once: cheaper
    /// than two calls of the page for each message.
    pub(crate) fn set(&self, due: Option<Moment>) {
        if due.is_some() && self.due.get().is_some_and(|set| Some(set) <= due) {
            return;
        }
        self.clear();
        let Some(at) = due else {
            return;
        };
        self.due.set(due);
        let millis = clock::to_millis(at.since(clock::now())).ceil();
        let handle = set_timeout(self.task.as_ref().unchecked_ref(), millis.min(MAX_WAIT));
        self.handle.replace(handle);
    }

    /// Stops it after a panic, which may have left anything borrowed.
    pub(crate) fn abandon(&self) {
        if let Ok(handle) = self.handle.try_borrow() {
            clear_timeout(&handle);
        }
    }

    fn clear(&self) {
        if self.due.take().is_some() {
            clear_timeout(&self.handle.borrow());
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.clear();
    }
}
