//! Requests over HTTP.

use js_sys::{Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, RequestInit, Response};

#[wasm_bindgen]
extern "C" {
    // Of a page, a worker, or a server's runtime.
    #[wasm_bindgen(js_name = fetch)]
    fn global_fetch(url: &str, request: &RequestInit) -> Promise;
}

/// Sends a request. The error is the exception.
pub(crate) async fn fetch(url: &str, request: &RequestInit) -> Result<Response, JsValue> {
    let response = JsFuture::from(global_fetch(url, request)).await?;
    Ok(response.unchecked_into())
}

/// Body of a response, in pieces. Dropping it cancels the rest.
pub(crate) struct Body {
    reader: Option<ReadableStreamDefaultReader>,
}

impl Body {
    /// The body of a response.
    pub(crate) fn of(response: &Response) -> Result<Self, JsValue> {
        let reader = response.body().map(|body| body.get_reader());
        let reader = reader.map(JsCast::unchecked_into);
        Ok(Self { reader })
    }

    /// The next piece; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Uint8Array>, JsValue> {
        let Some(reader) = &self.reader else {
            return Ok(None);
        };
        let piece = JsFuture::from(reader.read()).await?;
        if Reflect::get(&piece, &"done".into())?.is_truthy() {
            self.reader = None;
            return Ok(None);
        }
        let value = Reflect::get(&piece, &"value".into())?;
        Ok(Some(value.unchecked_into()))
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if let Some(reader) = &self.reader {
            // Its promise rejects if the stream has failed, which was reported already.
            let cancelled = reader.cancel();
            wasm_bindgen_futures::spawn_local(async move { drop(JsFuture::from(cancelled).await) });
        }
    }
}
