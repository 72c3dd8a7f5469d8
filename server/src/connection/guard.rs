//! Calls into the application whose panics do not end the connection.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};
use std::time::Duration;

use push_wire_shared::session::op::ErrorCode;
use push_wire_shared::session::server::MessageError;
use tokio::time::timeout;

use super::Application;
use crate::auth::{AuthError, Grant, PendingGrant};
use crate::peer::Inbound;

/// Passes a message to its handler. A panic of the handler becomes an error of the message.
///
/// No state of the server is changed during the call, so a panic leaves it consistent.
pub(super) fn deliver(app: &dyn Application, message: Inbound) -> Result<(), MessageError> {
    let (client_id, channel) = (message.client_id, message.channel);
    catch_unwind(AssertUnwindSafe(|| app.deliver(message))).unwrap_or_else(|panic| {
        let (panic, channel) = (text(&*panic), app.hub().channels().name(channel));
        tracing::error!(%client_id, channel, panic, "a message handler panicked");
        let message = "the message handler failed".into();
        Err(MessageError::new(ErrorCode::HandlerFailed, message))
    })
}

/// The authenticator's answer. One that panics counts as unavailable.
async fn grant(mut pending: PendingGrant) -> Result<Grant, AuthError> {
    poll_fn(|cx| poll_grant(&mut pending, cx)).await
}

/// The authenticator's answer. One that takes longer than `time` counts as unavailable.
pub(crate) async fn grant_within(
    time: Duration,
    pending: PendingGrant,
) -> Result<Grant, AuthError> {
    let answer = timeout(time, grant(pending)).await;
    let late = |_| AuthError::Unavailable(format!("no answer within {} ms", time.as_millis()));
    answer.map_err(late).flatten()
}

/// Polls an authenticator. One that panics counts as unavailable.
pub(super) fn poll_grant(
    grant: &mut PendingGrant,
    cx: &mut Context<'_>,
) -> Poll<Result<Grant, AuthError>> {
    catch_unwind(AssertUnwindSafe(|| grant.as_mut().poll(cx))).unwrap_or_else(|panic| {
        let panic = format!("the authenticator panicked: {}", text(&*panic));
        Poll::Ready(Err(AuthError::Unavailable(panic)))
    })
}

fn text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no text")
}
