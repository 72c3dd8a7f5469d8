//! The lock of a record: no other live page uses the record.

use js_sys::{Array, Function, Object, Promise};
use wasm_bindgen::prelude::*;

use super::answer::in_time;
use crate::locks;

#[wasm_bindgen]
extern "C" {
    type LockOptions;

    #[wasm_bindgen(method, setter, js_name = ifAvailable)]
    fn set_if_available(this: &LockOptions, is_set: bool);
}

/// A lock that is held. Dropping it releases it.
pub(super) struct Lock {
    /// Resolves the promise for which the browser holds the lock.
    release: Function,
}

impl Lock {
    /// Takes the lock of this name; `None` if another page, or another client of this one, holds it.
    pub(super) async fn take(name: &str) -> Result<Option<Self>, JsValue> {
        let locks = locks::manager()
            .ok_or("there are no Web Locks, which a page has over https or on localhost")?;
        let options: LockOptions = Object::new().unchecked_into();
        options.set_if_available(true);
        let mut ended = None;
        let answered = Promise::new(&mut |answer, _| {
            let granted = Closure::once_into_js(move |lock: JsValue| hold(&lock, &answer));
            ended = Some(locks.request(name, &options, granted.unchecked_ref()));
        });
        // The request's own promise settles first only if the request fails.
        let first = Promise::race(&Array::from_iter(
            [Some(answered), ended.transpose()?].into_iter().flatten(),
        ));
        let release = in_time(first, "Web Locks").await?;
        Ok(release.dyn_into().ok().map(|release| Self { release }))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // It resolves a promise, which does not throw.
        drop(self.release.call0(&JsValue::UNDEFINED));
    }
}

/// Answers a request for a lock: passes the function that releases it, or null, and returns the promise that holds it.
fn hold(lock: &JsValue, answer: &Function) -> JsValue {
    let pass = |value: &JsValue| drop(answer.call1(&JsValue::UNDEFINED, value));
    if lock.is_null() {
        pass(&JsValue::NULL);
        return JsValue::UNDEFINED;
    }
    Promise::new(&mut |release, _| pass(&release)).into()
}
