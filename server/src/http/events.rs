//! The request that opens an event stream (docs/event-streams.md).

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, Request};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use push_wire_shared::channel::channel_names;
use push_wire_shared::close::{CloseReason, RetryAdvice, retry_advice};
use push_wire_shared::limits::HANDSHAKE_BYTES;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::error::{RequestError, error_op, json};
use super::query::without_effect;
use super::redact::redact_token;
use super::upgrade::draining;
use super::{GOING_AWAY, body, cors, peer};
use crate::auth::bearer;
use crate::connection::{Application, Connection, EventStream, Head};
use crate::hub::Hub;
use crate::peer::{Dialect, Message};

/// Header of a client that reconnects: id of the last event that it has seen.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Methods of the route.
const METHODS: &str = "GET, POST";

/// Query of a GET: the `auth` op of the JSON dialect.
#[derive(Deserialize)]
struct AuthQuery {
    client_id: Uuid,
    token: Option<String>,
    capabilities: Option<String>,
    channels: Option<String>,
    resume_cursor: Option<u64>,
    #[serde(default)]
    renews: bool,
}

/// A frame of the system channel.
#[derive(Deserialize)]
struct SystemFrame<'a> {
    #[serde(borrow)]
    payload: &'a RawValue,
}

/// Opens an event stream: a GET in the JSON dialect, a POST of the `auth` message in the push-wire dialect.
pub(crate) async fn open_events(
    app: Arc<dyn Application>,
    tasks: &TaskTracker,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let page = match cors::enter(&*app, &parts, METHODS) {
        ControlFlow::Continue(page) => page,
        ControlFlow::Break(answer) => return answer,
    };
    let opened = match parts.method {
        Method::GET => open_json(app, tasks, parts).await,
        Method::POST => open_wire(app, tasks, parts, body).await,
        // It is answered without a connection.
        Method::HEAD => Ok(event_stream(Body::empty())),
        _ => {
            let methods = [(ALLOW, METHODS)];
            return (StatusCode::METHOD_NOT_ALLOWED, methods).into_response();
        }
    };
    cors::readable(&page, opened.into_response())
}

async fn open_wire(
    app: Arc<dyn Application>,
    tasks: &TaskTracker,
    parts: Parts,
    body: Body,
) -> Result<Response, RequestError> {
    if app.hub().is_draining() {
        return Ok(draining());
    }
    let admitted = match app.admission().admit(peer(&parts), &parts.headers) {
        Ok(admitted) => admitted,
        Err(error) => return Ok(error.into_response()),
    };
    if body::dialect(&parts.headers)? != Dialect::Wire {
        let message = "in the JSON dialect an event stream is opened by a GET";
        return Err(RequestError::bad_type(message));
    }
    let time = app.hub().session_config().handshake;
    let auth = body::read(&parts.headers, body, HANDSHAKE_BYTES, time).await?;
    let (transport, body) = EventStream::open();
    let request = Box::new(parts);
    let mut connection = Connection::new(app, Dialect::Wire, request, |_| transport, admitted);
    connection.receive(Message::Binary(auth), None);
    tasks.spawn(connection.run());
    Ok(event_stream(Body::new(body)))
}

async fn open_json(
    app: Arc<dyn Application>,
    tasks: &TaskTracker,
    mut parts: Parts,
) -> Result<Response, RequestError> {
    let hub = Arc::clone(app.hub());
    if hub.is_draining() {
        return Ok(come_back(&hub, &error_frame(&hub, GOING_AWAY)));
    }
    let auth = auth_text(&parts)?;
    let admitted = match app.admission().admit(peer(&parts), &parts.headers) {
        Ok(admitted) => admitted,
        Err(error) => return Ok(come_back(&hub, &error_frame(&hub, &error.to_string()))),
    };
    let remark = without_effect(Dialect::JsonEvents, &parts.uri);
    parts.uri = redact_token(&parts.uri);
    let last_event = parts.headers.get(LAST_EVENT_ID);
    let last_event = last_event.map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned());
    let (transport, body, head) = EventStream::new();
    let request = Box::new(parts);
    let mut connection =
        Connection::new(app, Dialect::JsonEvents, request, |_| transport, admitted);
    connection.remark(remark);
    connection.receive(Message::Text(auth), last_event);
    tasks.spawn(connection.run());
    match head.await {
        Ok(Head::Open) => Ok(event_stream(Body::new(body))),
        Ok(Head::Refused { code, text }) => Ok(refused(&hub, code, &text)),
        Err(_) => Err(RequestError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the connection ended before it was open",
        )),
    }
}

/// The `auth` op that a query stands for.
fn auth_text(parts: &Parts) -> Result<String, RequestError> {
    let query = Query::<AuthQuery>::try_from_uri(&parts.uri).map_err(|rejection| {
        let why = rejection.body_text();
        RequestError::bad(format!(
            "{why}. The query is client_id=UUID, and optionally channels=a,b token=T resume_cursor=N renews=true"
        ))
    })?;
    let Query(query) = query;
    let lists = [&query.channels, &query.capabilities];
    let lists = lists.map(|list| channel_names(list.as_deref()).collect::<Vec<_>>());
    let names = lists.into_iter().find(|names| !names.is_empty());
    let token = query.token.as_deref().or_else(|| bearer(&parts.headers));
    let auth = serde_json::json!({
        "op": "auth",
        "client_id": query.client_id,
        "token": token,
        "capabilities": names.unwrap_or_default(),
        "resume_cursor": query.resume_cursor,
        "renews": query.renews,
    });
    Ok(auth.to_string())
}

/// The answer to a client that is refused.
fn refused(hub: &Hub, code: u16, text: &[u8]) -> Response {
    // Also the published dialect's 1008, whose range carries no retry advice.
    let said = serde_json::from_slice::<SystemFrame<'_>>(text);
    let status = if code == 1008 || code == CloseReason::Unauthorized.code() {
        StatusCode::UNAUTHORIZED
    } else if retry_advice(Some(code)) == RetryAdvice::Never {
        StatusCode::BAD_REQUEST
    } else {
        let text = String::from_utf8_lossy(text);
        return match said {
            Ok(_) => come_back(hub, &text),
            Err(_) => come_back(hub, &error_frame(hub, &text)),
        };
    };
    // `text` is the op that the server sent, or else the text of the close code.
    let op = match said {
        Ok(frame) => frame.payload.get().as_bytes().to_vec(),
        Err(_) => error_op(&String::from_utf8_lossy(text)),
    };
    json(status, op)
}

/// The error of a client that is not connected, as a frame of the JSON dialect.
fn error_frame(hub: &Hub, message: &str) -> String {
    let op: Value = serde_json::from_slice(&error_op(message)).unwrap_or_default();
    let system = hub.channels().system().map(|channel| &*channel.name);
    serde_json::json!({ "channel": system, "payload": op }).to_string()
}

/// An event stream with one event that ends at once: any other answer would stop an `EventSource` for ever.
fn come_back(hub: &Hub, data: &str) -> Response {
    let retry: Duration = hub.return_delay();
    event_stream(Body::from(format!(
        "retry: {}\ndata: {data}\n\n",
        retry.as_millis()
    )))
}

/// The response whose body is an event stream. No cache or proxy may keep it, or wait for more of it.
fn event_stream(body: Body) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
    ];
    (headers, body).into_response()
}
