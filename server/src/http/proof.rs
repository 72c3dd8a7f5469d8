//! Proof that a POST of the JSON dialect comes from the client of its session (docs/event-streams.md section 3).

use axum::http::StatusCode;
use axum::http::request::Parts;
use push_wire_shared::hidden::Hidden;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::error::RequestError;
use crate::auth::{AuthError, bearer};
use crate::clock;
use crate::connection::{Application, grant_within};
use crate::hub::{PostError, PostProof};
use crate::peer::AuthRequest;

/// Finds the proof: the bearer token, or for a session that was opened without a token and has an identity the one that
/// the authenticator gives to this request.
pub(super) async fn json_proof(
    app: &dyn Application,
    parts: &Parts,
    client: Uuid,
) -> Result<PostProof, RequestError> {
    let token = bearer(&parts.headers);
    let Some(_check) = app.hub().begin_post_check(client)? else {
        let sha256 = token.map(|token| Hidden(Sha256::digest(token).into()));
        return Ok(PostProof::Token(sha256));
    };
    let request = AuthRequest {
        client_id: client,
        token: token.map(str::to_owned),
        channels: Vec::new(),
    };
    let time = app.hub().session_config().handshake;
    let shown = clock::wall();
    let granted = grant_within(time, app.authenticate(request, parts)).await;
    let granted = granted.map_err(|error| refusal(app, &error))?;
    let granted = granted.or_issued_at(shown);
    let is_revoked = app.hub().is_revoked(client, &granted);
    if is_revoked || granted.expiry().is_some_and(clock::is_past) {
        return Err(PostError::Unauthorized.into());
    }
    let identity = granted.who().ok_or(PostError::Unauthorized)?;
    Ok(PostProof::Identity(identity.to_owned()))
}

/// The answer to a client that the authenticator refuses, or cannot check now.
fn refusal(app: &dyn Application, error: &AuthError) -> RequestError {
    let status = match error {
        AuthError::Unavailable(detail) => {
            let logs = app.admission().logs();
            logs.note_unchecked(clock::now(), detail);
            StatusCode::SERVICE_UNAVAILABLE
        }
        AuthError::InvalidToken | AuthError::Forbidden | AuthError::Other(_) => {
            StatusCode::UNAUTHORIZED
        }
    };
    RequestError::new(status, error.to_string())
}
