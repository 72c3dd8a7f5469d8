//! Messages that a client POSTs beside its event stream (docs/event-streams.md section 3).

use std::ops::ControlFlow;

use axum::body::{Body, Bytes};
use axum::extract::{Query, Request};
use axum::http::StatusCode;
use axum::http::header::{HeaderMap, HeaderName};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use push_wire_shared::hidden::Hidden;
use push_wire_shared::session::op::ErrorCode;
use push_wire_shared::session::server::PostNumber;
use serde::Deserialize;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::error::{RequestError, json};
use super::object::{Fields, read_object};
use super::proof::json_proof;
use super::requester::{Requester, announced};
use super::{body, cors};
use crate::connection::Application;
use crate::hub::{AnswerKind, Hub, OpAnswer, Post, PostAnswer, PostError, PostProof, Reply};
use crate::peer::Dialect;

/// Methods of the routes.
const METHODS: &str = "POST";

/// Header with the session's secret, in hexadecimal.
const SECRET: HeaderName = HeaderName::from_static("push-wire-secret");

/// Query of a POST in the push-wire dialect.
#[derive(Deserialize)]
struct PostQuery {
    client: Uuid,
    attempt: u64,
    number: u64,
}

/// Field of a message in the JSON dialect with the sender's client id.
#[derive(Deserialize)]
struct Sender {
    client_id: Uuid,
}

impl Fields<'_> for Sender {
    const EXPECTED: &'static str = "an object with client_id, and a frame or an op";
}

/// Body of an acknowledgement, as published clients send it.
#[derive(Deserialize)]
struct AckBody {
    client_id: Uuid,
    channel: String,
    cursor: u64,
}

impl Fields<'_> for AckBody {
    const EXPECTED: &'static str = "an object with client_id, channel and cursor";
}

/// A message that was POSTed, with the proof that it is the client's.
struct Posted {
    client: Uuid,
    proof: PostProof,
    number: Option<PostNumber>,
    content: Bytes,
}

/// Answers a POST of messages: a message of the push-wire dialect, or one frame or op of the JSON dialect.
pub(crate) async fn send(app: &dyn Application, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let page = match cors::enter(app, &parts, METHODS) {
        ControlFlow::Continue(page) => page,
        ControlFlow::Break(answer) => return answer,
    };
    let (hub, requester) = (app.hub(), Requester::of(app, &parts));
    let bytes = announced(&body, hub.limits().message_bytes);
    let post = async {
        let posted = match body::dialect(&parts.headers)? {
            Dialect::Wire => read_wire(hub, &parts, body).await?,
            Dialect::Json | Dialect::JsonEvents => read_json(&requester, &parts, body).await?,
        };
        hand_on(hub, posted).await
    };
    cors::readable(&page, requester.answer(bytes, post).await)
}

/// Answers a POST of an acknowledgement in the JSON dialect.
pub(crate) async fn ack(app: &dyn Application, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let page = match cors::enter(app, &parts, METHODS) {
        ControlFlow::Continue(page) => page,
        ControlFlow::Break(answer) => return answer,
    };
    let (hub, requester) = (app.hub(), Requester::of(app, &parts));
    let bytes = announced(&body, hub.limits().message_bytes);
    let post = async { hand_on(hub, read_ack(&requester, &parts, body).await?).await };
    cors::readable(&page, requester.answer(bytes, post).await)
}

async fn read_wire(hub: &Hub, parts: &Parts, body: Body) -> Result<Posted, RequestError> {
    let query = Query::<PostQuery>::try_from_uri(&parts.uri).map_err(|rejection| {
        let why = rejection.body_text();
        RequestError::bad(format!(
            "{why}. The query is client=UUID&attempt=N&number=N"
        ))
    })?;
    let Query(PostQuery {
        client,
        attempt,
        number,
    }) = query;
    let Some(secret) = secret(&parts.headers) else {
        let message =
            "the header Push-Wire-Secret is the session's secret, in 32 hexadecimal digits";
        return Err(RequestError::new(StatusCode::UNAUTHORIZED, message));
    };
    let proof = PostProof::Secret(Hidden(secret));
    // Checked before a body is read that nobody may send.
    hub.may_post(client, &proof)?;
    Ok(Posted {
        client,
        proof,
        number: Some(PostNumber { attempt, number }),
        content: body::read_message(hub, parts, body).await?,
    })
}

async fn read_json(
    requester: &Requester<'_>,
    parts: &Parts,
    body: Body,
) -> Result<Posted, RequestError> {
    let content = requester.read(parts, body).await?;
    let Sender { client_id } = read_object(&content)?;
    Ok(Posted {
        client: client_id,
        proof: json_proof(requester.app, parts, client_id).await?,
        number: None,
        content,
    })
}

async fn read_ack(
    requester: &Requester<'_>,
    parts: &Parts,
    body: Body,
) -> Result<Posted, RequestError> {
    if body::dialect(&parts.headers)? == Dialect::Wire {
        let message = "acknowledgements of the push-wire dialect are ops of its messages";
        return Err(RequestError::bad_type(message));
    }
    let content = requester.read(parts, body).await?;
    let AckBody {
        client_id,
        channel,
        cursor,
    } = read_object(&content)?;
    let op = serde_json::json!({ "op": "ack", "channel": channel, "cursor": cursor });
    Ok(Posted {
        client: client_id,
        proof: json_proof(requester.app, parts, client_id).await?,
        number: None,
        content: op.to_string().into(),
    })
}

fn secret(headers: &HeaderMap) -> Option<[u8; 16]> {
    let mut secret = [0; 16];
    hex::decode_to_slice(headers.get(SECRET)?, &mut secret).ok()?;
    Some(secret)
}

/// Passes the message to the client's connection, and waits for the answer.
async fn hand_on(hub: &Hub, posted: Posted) -> Result<Response, RequestError> {
    let (sender, answer) = oneshot::channel();
    let reply = Reply::new(move |answer| {
        if sender.send(answer).is_err() {
            tracing::debug!("a client left before the answer to its POST");
        }
    });
    let Posted {
        client,
        proof,
        number,
        content,
    } = posted;
    let post = Post {
        content,
        number,
        reply,
    };
    hub.post(client, proof, post)?;
    match answer.await.unwrap_or(PostAnswer::Gone) {
        PostAnswer::Taken(ops) => Ok(result(&ops)),
        PostAnswer::Gap { received } => {
            let body = serde_json::json!({ "received": received });
            Ok(json(StatusCode::CONFLICT, body.to_string()))
        }
        PostAnswer::Gone => {
            let message = "this connection of the client has ended";
            Err(RequestError::new(StatusCode::GONE, message))
        }
    }
}

/// The answer of the JSON dialect: the first refusal, else the first op, else nothing.
fn result(ops: &[OpAnswer]) -> Response {
    let refusal = ops.iter().find(|op| op.kind != AnswerKind::Information);
    match refusal.or(ops.first()) {
        None => StatusCode::NO_CONTENT.into_response(),
        Some(op) => json(status(op.kind), op.text.clone()),
    }
}

const fn status(kind: AnswerKind) -> StatusCode {
    match kind {
        AnswerKind::Information => StatusCode::OK,
        AnswerKind::Unproved => StatusCode::CONFLICT,
        AnswerKind::Error(code) => match code {
            ErrorCode::NotPermitted => StatusCode::FORBIDDEN,
            ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::NoHandler => StatusCode::NOT_FOUND,
            ErrorCode::Refused => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorCode::HandlerFailed => StatusCode::INTERNAL_SERVER_ERROR,
            ErrorCode::UnknownChannel
            | ErrorCode::BadTopic
            | ErrorCode::BadOp
            | ErrorCode::BadFrame
            | ErrorCode::BadPayload
            | ErrorCode::TooManySubscriptions
            | ErrorCode::BadSubscription
            | _ => StatusCode::BAD_REQUEST,
        },
    }
}

impl From<PostError> for RequestError {
    fn from(error: PostError) -> Self {
        let status = match error {
            PostError::NoConnection => StatusCode::NOT_FOUND,
            PostError::Unauthorized => StatusCode::UNAUTHORIZED,
            PostError::Busy => StatusCode::TOO_MANY_REQUESTS,
        };
        Self::new(status, error.to_string())
    }
}
