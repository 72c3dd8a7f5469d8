//! Limits of requests that belong to no session, by the network that they come from.

use axum::body::{Body, Bytes, HttpBody};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use super::error::RequestError;
use super::{body, peer};
use crate::admission::{self, AdmissionError};
use crate::clock;
use crate::connection::Application;
use crate::hub::Owner;
use crate::rate::Load;

/// The sender of a request.
pub(super) struct Requester<'a> {
    pub(super) app: &'a dyn Application,
    bytes: admission::Requester,
    owner: Owner,
}

impl<'a> Requester<'a> {
    pub(super) fn of(app: &'a dyn Application, request: &Parts) -> Self {
        let bytes = admission::Requester::new(app.admission(), peer(request), &request.headers);
        Self {
            app,
            owner: Owner::new(None, bytes.address()),
            bytes,
        }
    }

    /// Answers a request with a body of this size. Refused, it counts towards the rates of its network; while these are
    /// overdrawn, a request is refused at once.
    pub(super) async fn answer(
        &self,
        body_bytes: usize,
        answer: impl Future<Output = Result<Response, RequestError>>,
    ) -> Response {
        if let Err(error) = self.check_rates() {
            return error.into_response();
        }
        let answer = answer.await;
        if answer.as_ref().is_err_and(RequestError::reached_no_session) {
            self.charge(body_bytes);
        }
        answer.into_response()
    }

    /// Answers a request that is refused before its body is read; it counts in the same way.
    pub(super) fn refuse(&self, answer: impl FnOnce() -> Response) -> Response {
        if let Err(error) = self.check_rates() {
            return error.into_response();
        }
        self.charge(0);
        answer()
    }

    fn check_rates(&self) -> Result<(), RequestError> {
        match self.app.hub().refused_for(clock::now(), &self.owner) {
            Some(wait) => Err(AdmissionError::Requests(wait).into()),
            None => Ok(()),
        }
    }

    fn charge(&self, body_bytes: usize) {
        let mut load = Load::of_bytes(body_bytes);
        load.add_frame();
        let hub = self.app.hub();
        hub.charge_request(clock::now(), &self.owner, load);
    }

    /// Reads a body of which it is not known yet for which session it is.
    pub(super) async fn read(&self, request: &Parts, body: Body) -> Result<Bytes, RequestError> {
        let hub = self.app.hub();
        let limit = hub.limits().message_bytes;
        let _counted = self.bytes.reserve(announced(&body, limit))?;
        body::read_message(hub, request, body).await
    }
}

/// Maximum size of a body, in bytes: the size that the request announces, at most the limit.
pub(super) fn announced(body: &Body, limit: usize) -> usize {
    let announced = body.size_hint().upper();
    announced.map_or(limit, |bytes| {
        usize::try_from(bytes).map_or(limit, |bytes| bytes.min(limit))
    })
}
