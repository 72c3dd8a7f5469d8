//! Messages that a client POSTs beside its event stream (docs/protocol.md section 12.3).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Query, Request};
use axum::http::StatusCode;
use axum::http::header::{HeaderMap, HeaderName, RETRY_AFTER};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use push_wire_shared::session::op::ErrorCode;
use push_wire_shared::session::server::PostNumber;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::body;
use super::error::{error, json};
use super::events::bearer;
use crate::hub::{AnswerKind, Hub, OpAnswer, Post, PostAnswer, PostError, PostProof, Reply};
use crate::peer::Dialect;

/// Header with the session's secret, in hexadecimal.
const SECRET: HeaderName = HeaderName::from_static("push-wire-secret");

/// Query of a POST in the push-wire dialect.
#[derive(Deserialize)]
struct PostQuery {
    client: Uuid,
    attempt: u64,
    number: u64,
}

/// The field of a message in the JSON dialect that says whose it is.
#[derive(Deserialize)]
struct Sender {
    client_id: Uuid,
}

/// Body of an acknowledgement, as published clients send it.
#[derive(Deserialize)]
struct AckBody {
    client_id: Uuid,
    channel: String,
    cursor: u64,
}

/// A client, its proof, its message and the number of that.
type Checked = (Uuid, PostProof, Option<PostNumber>, Bytes);

/// Answers a POST of messages: a message of the push-wire dialect, or one frame or op of the JSON dialect.
pub(crate) async fn send(hub: &Arc<Hub>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let checked = match body::dialect(&parts.headers) {
        Ok(Dialect::Wire) => read_wire(hub, &parts, body).await,
        Ok(Dialect::Json | Dialect::JsonEvents) => read_json(hub, &parts, body).await,
        Err(response) => Err(response),
    };
    match checked {
        Ok(checked) => hand_on(hub, checked).await,
        Err(response) => response,
    }
}

/// Answers a POST of an acknowledgement in the JSON dialect.
pub(crate) async fn ack(hub: &Arc<Hub>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match read_ack(hub, &parts, body).await {
        Ok(checked) => hand_on(hub, checked).await,
        Err(response) => response,
    }
}

async fn read_wire(hub: &Hub, parts: &Parts, body: axum::body::Body) -> Result<Checked, Response> {
    let query = Query::<PostQuery>::try_from_uri(&parts.uri).map_err(|rejection| {
        let message = format!(
            "{}. The query is client=UUID&attempt=N&number=N",
            rejection.body_text()
        );
        error(StatusCode::BAD_REQUEST, &message)
    })?;
    let Query(PostQuery {
        client,
        attempt,
        number,
    }) = query;
    let Some(secret) = secret(&parts.headers) else {
        let message =
            "the header Push-Wire-Secret is the session's secret, in 32 hexadecimal digits";
        return Err(error(StatusCode::UNAUTHORIZED, message));
    };
    let proof = PostProof::Secret(secret);
    // Checked before a body is read that nobody may send.
    hub.may_post(client, proof).map_err(unreached)?;
    let content = read_body(hub, body).await?;
    let number = PostNumber { attempt, number };
    Ok((client, proof, Some(number), content))
}

async fn read_json(hub: &Hub, parts: &Parts, body: axum::body::Body) -> Result<Checked, Response> {
    let content = read_body(hub, body).await?;
    let Sender { client_id } = from_json(&content)?;
    Ok((client_id, token_proof(parts), None, content))
}

async fn read_ack(hub: &Hub, parts: &Parts, body: axum::body::Body) -> Result<Checked, Response> {
    if body::dialect(&parts.headers)? == Dialect::Wire {
        let message = "acknowledgements of the push-wire dialect are ops of its messages";
        return Err(error(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let content = read_body(hub, body).await?;
    let AckBody {
        client_id,
        channel,
        cursor,
    } = from_json(&content)?;
    let op = serde_json::json!({ "op": "ack", "channel": channel, "cursor": cursor });
    let content = Bytes::from(op.to_string());
    Ok((client_id, token_proof(parts), None, content))
}

async fn read_body(hub: &Hub, body: axum::body::Body) -> Result<Bytes, Response> {
    let (limit, time) = (hub.limits().message_bytes, hub.session_config().handshake);
    body::read(body, limit, time).await
}

fn from_json<'a, T: Deserialize<'a>>(content: &'a [u8]) -> Result<T, Response> {
    serde_json::from_slice(content).map_err(|failure| {
        error(
            StatusCode::BAD_REQUEST,
            &format!("the body is not valid: {failure}"),
        )
    })
}

fn secret(headers: &HeaderMap) -> Option<[u8; 16]> {
    let mut secret = [0; 16];
    hex::decode_to_slice(headers.get(SECRET)?, &mut secret).ok()?;
    Some(secret)
}

fn token_proof(parts: &Parts) -> PostProof {
    let token = bearer(&parts.headers);
    PostProof::Token(token.map(|token| Sha256::digest(token).into()))
}

/// Passes the message to the client's connection, and waits for the answer.
async fn hand_on(hub: &Hub, (client, proof, number, content): Checked) -> Response {
    let (sender, answer) = oneshot::channel();
    let reply = Reply::new(move |answer| {
        if sender.send(answer).is_err() {
            tracing::debug!("a client left before the answer to its POST");
        }
    });
    let post = Post {
        content,
        number,
        reply,
    };
    if let Err(failure) = hub.post(client, proof, post) {
        return unreached(failure);
    }
    answered(answer.await.unwrap_or(PostAnswer::Gone))
}

fn answered(answer: PostAnswer) -> Response {
    match answer {
        PostAnswer::Taken(ops) => result(&ops),
        PostAnswer::Gap { received } => {
            let body = serde_json::json!({ "received": received });
            json(StatusCode::CONFLICT, body.to_string())
        }
        PostAnswer::Gone => error(StatusCode::GONE, "this connection of the client has ended"),
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
            ErrorCode::NoHandler => StatusCode::NOT_FOUND,
            ErrorCode::Refused => StatusCode::UNPROCESSABLE_ENTITY,
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

fn unreached(failure: PostError) -> Response {
    let status = match failure {
        PostError::NoConnection => StatusCode::NOT_FOUND,
        PostError::Unauthorized => StatusCode::UNAUTHORIZED,
        PostError::Busy => StatusCode::TOO_MANY_REQUESTS,
    };
    let mut response = error(status, &failure.to_string());
    if failure == PostError::Busy {
        response.headers_mut().insert(RETRY_AFTER, 1.into());
    }
    response
}
