//! Requests of pages of other origins, and the headers that let these read the answers (CORS, in WHATWG's Fetch).

use std::ops::ControlFlow;

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, ALLOW, HeaderValue, ORIGIN, VARY,
};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::error::RequestError;
use super::peer;
use super::refusal::refuse;
use crate::admission::{OriginError, Page};
use crate::connection::Application;

/// Headers of requests that a page may set: those of our clients.
const HEADERS: HeaderValue =
    HeaderValue::from_static("content-type, last-event-id, push-wire-secret");
const HEADERS_AND_CREDENTIALS: HeaderValue =
    HeaderValue::from_static("content-type, last-event-id, push-wire-secret, authorization");

/// Headers of answers that a page may read, besides those that every page may.
const EXPOSED: HeaderValue = HeaderValue::from_static("retry-after");

/// Time that a browser keeps the answer to a preflight, in seconds (two hours): as long as Chromium does at most.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// Finds the page of a request to a route with these methods; breaks with the answer to a request that is refused, and to
/// one that only asks whether it is allowed (a preflight).
pub(super) fn enter(
    app: &dyn Application,
    request: &Parts,
    methods: &'static str,
) -> ControlFlow<Response, Page> {
    let page = match app.admission().page(peer(request), request) {
        Ok(page) => page,
        Err(error) => {
            let answer = |error: OriginError| {
                RequestError::new(StatusCode::FORBIDDEN, error.to_string()).into_response()
            };
            return ControlFlow::Break(refuse(app, request, error, answer));
        }
    };
    if request.method != Method::OPTIONS {
        return ControlFlow::Continue(page);
    }
    let asks = request.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    ControlFlow::Break(match page {
        Page::Other { credentials, .. } if asks => {
            readable(&page, permission(credentials, methods))
        }
        Page::Own | Page::Other { .. } => {
            let methods = [(ALLOW, methods)];
            (StatusCode::METHOD_NOT_ALLOWED, methods).into_response()
        }
    })
}

/// The answer to a preflight.
fn permission(credentials: bool, methods: &'static str) -> Response {
    let headers = if credentials {
        HEADERS_AND_CREDENTIALS
    } else {
        HEADERS
    };
    let headers = [
        (
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static(methods),
        ),
        (ACCESS_CONTROL_ALLOW_HEADERS, headers),
        (ACCESS_CONTROL_MAX_AGE, MAX_AGE),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Lets a page of another origin read an answer.
pub(super) fn readable(page: &Page, mut response: Response) -> Response {
    let Page::Other {
        origin,
        credentials,
    } = page
    else {
        return response;
    };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.append(VARY, HeaderValue::from(ORIGIN));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    if *credentials {
        let allowed = HeaderValue::from_static("true");
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, allowed);
    }
    response
}
