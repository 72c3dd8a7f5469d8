//! Locks that one tab at a time has (the Web Locks API).

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortController;

use crate::locks;

/// A request for a lock, which is granted later. Dropping it withdraws it, or releases the lock.
pub(super) struct Lock(Rc<Request>);

struct Request {
    is_over: Cell<bool>,
    /// Withdraws the request while it waits; `None` for one that takes the lock.
    withdrawal: Option<AbortController>,
    /// Releases the lock, once there is one.
    release: RefCell<Option<Function>>,
}

impl Lock {
    /// Requests a lock, or takes it from the tab that has it (`steals`). Each function is called once at most, and not any more
    /// when the request was dropped: `robbed` if another tab takes the lock.
    pub(super) fn request(
        name: &str,
        steals: bool,
        granted: impl FnOnce() + 'static,
        robbed: impl FnOnce() + 'static,
    ) -> Self {
        let options = Object::new();
        let withdrawal = if steals {
            set(&options, "steal", &JsValue::TRUE);
            None
        } else {
            AbortController::new().ok()
        };
        if let Some(withdrawal) = &withdrawal {
            set(&options, "signal", &withdrawal.signal());
        }
        let request = Rc::new(Request {
            is_over: Cell::new(false),
            withdrawal,
            release: RefCell::default(),
        });
        let held = Rc::clone(&request);
        let granted = Closure::once_into_js(move || held.hold(granted));
        let promise =
            locks::manager().map(|locks| locks.request(name, &options, granted.unchecked_ref()));
        if let Some(Ok(promise)) = promise {
            let request = Rc::clone(&request);
            wasm_bindgen_futures::spawn_local(async move {
                // An error if the lock was taken, or if the request was withdrawn or is not possible now.
                let is_error = JsFuture::from(promise).await.is_err();
                let was_held = request.release.borrow().is_some();
                if is_error && was_held && !request.is_over.get() {
                    robbed();
                }
            });
        }
        Self(request)
    }

    pub(super) fn is_held(&self) -> bool {
        self.0.release.borrow().is_some()
    }
}

impl Request {
    /// Returns a promise that ends with the lock; none if the request is over.
    fn hold(&self, granted: impl FnOnce()) -> JsValue {
        if self.is_over.get() {
            return JsValue::UNDEFINED;
        }
        let promise = Promise::new(&mut |resolve, _| {
            self.release.replace(Some(resolve));
        });
        granted();
        promise.into()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.is_over.set(true);
        let release = self.0.release.take();
        match (release, &self.0.withdrawal) {
            // It settles a promise, which does not throw.
            (Some(release), _) => drop(release.call0(&JsValue::UNDEFINED)),
            (None, Some(withdrawal)) => withdrawal.abort(),
            (None, None) => {}
        }
    }
}

fn set(options: &Object, name: &str, value: &JsValue) {
    // An own property of a new object can be set.
    drop(Reflect::set(options, &name.into(), value));
}
