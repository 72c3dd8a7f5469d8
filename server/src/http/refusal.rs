//! Requests that are refused for their origin or host: the log, and the rates of their network.

use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use super::peer;
use super::requester::Requester;
use crate::admission::OriginError;
use crate::clock;
use crate::connection::Application;

/// Checks the page and the host of a request that has no headers of CORS in its answer.
///
/// # Errors
/// The answer to the request.
pub(crate) fn check_page(app: &dyn Application, request: &Parts) -> Result<(), Box<Response>> {
    let page = app.admission().page(peer(request), request);
    page.map(drop)
        .map_err(|error| Box::new(refuse(app, request, error, OriginError::into_response)))
}

/// Checks the host of a request that pages of every origin may send.
///
/// # Errors
/// The answer to the request.
pub(crate) fn check_host(app: &dyn Application, request: &Parts) -> Result<(), Box<Response>> {
    let checked = app.admission().check_hosts(peer(request), request);
    checked.map_err(|error| Box::new(refuse(app, request, error, OriginError::into_response)))
}

/// The answer to a request that is refused. It is logged within the bound of such lines, and counts towards the rates of its
/// network.
pub(super) fn refuse(
    app: &dyn Application,
    request: &Parts,
    error: OriginError,
    answer: impl FnOnce(OriginError) -> Response,
) -> Response {
    let logs = app.admission().logs();
    logs.note_refused(clock::now(), &error);
    Requester::of(app, request).refuse(|| answer(error))
}
