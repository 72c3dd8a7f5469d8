//! Fields of an object of the TypeScript face.
//!
//! They are read one by one: whole objects, read with serde, take 3 KB more of the module with brotli, and 10 KB for the text of
//! a float in serde's errors.

use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};

/// An object whose fields are read by their types. A field that is `undefined` or `null` is absent.
pub(super) struct Fields<'a>(pub(super) &'a JsValue);

/// A field of another type than its own.
#[derive(Debug, thiserror::Error)]
#[error("{name} must be {expected}")]
pub(super) struct FieldError {
    pub(super) name: &'static str,
    pub(super) expected: &'static str,
}

impl Fields<'_> {
    /// The value as it is; `undefined` where there is none.
    pub(super) fn value(&self, name: &str) -> JsValue {
        Reflect::get(self.0, &name.into()).unwrap_or_default()
    }

    /// The field in the type that `read` makes of it; `expected` describes the type.
    pub(super) fn field<T>(
        &self,
        name: &'static str,
        expected: &'static str,
        read: impl FnOnce(&JsValue) -> Option<T>,
    ) -> Result<Option<T>, FieldError> {
        let value = self.value(name);
        if value.is_null() || value.is_undefined() {
            return Ok(None);
        }
        match read(&value) {
            Some(field) => Ok(Some(field)),
            None => Err(FieldError { name, expected }),
        }
    }

    pub(super) fn text(&self, name: &'static str) -> Result<Option<String>, FieldError> {
        self.field(name, "a string", JsValue::as_string)
    }

    pub(super) fn flag(&self, name: &'static str) -> Result<Option<bool>, FieldError> {
        self.field(name, "a boolean", JsValue::as_bool)
    }

    pub(super) fn number(&self, name: &'static str) -> Result<Option<f64>, FieldError> {
        self.field(name, "a number", JsValue::as_f64)
    }

    /// A whole number of at most 32 bits.
    pub(super) fn count(&self, name: &'static str) -> Result<Option<u32>, FieldError> {
        self.field(name, "a whole number", |value| whole(value.as_f64()?))
    }

    pub(super) fn object(&self, name: &'static str) -> Result<Option<JsValue>, FieldError> {
        self.field(name, "an object", |value| {
            value.is_object().then(|| value.clone())
        })
    }

    pub(super) fn function<F: JsCast>(&self, name: &'static str) -> Result<Option<F>, FieldError> {
        self.field(name, "a function", |value| {
            value.is_function().then(|| value.clone().unchecked_into())
        })
    }
}

fn whole(number: f64) -> Option<u32> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is compared with the number"
    )]
    let whole = number as u32;
    (f64::from(whole) == number).then_some(whole)
}
