//! Task of one connection: drives a peer over a transport, woken by the transport, the hub and one timer.

use std::future::poll_fn;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::request::Parts;
use push_wire_shared::close::CloseReason;
use push_wire_shared::time::Moment;
use tokio::task::yield_now;
use tokio::time::timeout;

use super::alarm::Alarm;
use super::{Application, ReceiveError, Received, Transport, guard};
use crate::admission::Admitted;
use crate::auth::{AuthError, Grant, PendingGrant};
use crate::clock;
use crate::peer::{Accepted, Action, AuthFailure, AuthRequest, Dialect, Message, Peer};

/// Time that a closing connection has for the closing handshake (5 s).
const CLOSE_WAIT: Duration = Duration::from_secs(5);

/// Actions carried out in one poll of the task (32). The other tasks of the thread, which are woken by what the
/// application publishes for a message, then run before the next ones: retention must not pass an idle reader because of
/// one client's burst.
const ACTIONS_PER_POLL: usize = 32;

/// Messages, and parts of them, that are read in one poll of the task (32): a client that floods the server then delays the
/// other tasks of the thread by a fraction of a millisecond, and not by all that the kernel has received.
const READS_PER_POLL: usize = 32;

/// One connection.
pub(crate) struct Connection<T> {
    app: Arc<dyn Application>,
    transport: T,
    peer: Peer,
    alarm: Alarm,
    /// The HTTP request that opened the connection: for the authenticator, until the client has a grant that does not expire.
    request: Option<Box<Parts>>,
    grant: Option<PendingGrant>,
    /// Violation of the transport's protocol by the client, after which nothing more is read.
    protocol_error: Option<String>,
}

/// End of a connection.
enum End {
    /// The server closes it.
    Ours { code: u16, text: String },
    /// The client closes it.
    Theirs { code: Option<u16> },
    /// The connection was lost.
    Broken,
}

impl<T: Transport> Connection<T> {
    /// A connection that has just been opened by this request; `transport` makes its transport, which takes messages of
    /// up to the given number of bytes.
    pub(crate) fn new(
        app: Arc<dyn Application>,
        dialect: Dialect,
        request: Box<Parts>,
        transport: impl FnOnce(usize) -> T,
        admitted: Admitted,
    ) -> Box<Self> {
        let hub = Arc::clone(app.hub());
        let now = clock::now();
        let mut peer = Peer::new(hub, dialect, now);
        peer.set_admitted(admitted);
        // Boxed, since a task's future is as large as its largest state and would hold this twice.
        Box::new(Self {
            app,
            transport: transport(peer.message_limit()),
            alarm: Alarm::new(peer.poll_timeout().unwrap_or(now)),
            peer,
            request: Some(request),
            grant: None,
            protocol_error: None,
        })
    }

    /// Takes a message that came with the request, and for an event stream the id of the last event that its client has
    /// seen.
    pub(crate) fn receive(&mut self, message: Message, last_event: Option<String>) {
        if let Some(id) = last_event {
            self.peer.set_last_event(id);
        }
        self.peer.handle_message(clock::now(), message);
    }

    /// Sets an error of the request that the client is sent in the JSON dialect, once it is authenticated.
    pub(crate) fn remark(&mut self, text: Option<String>) {
        if let Some(text) = text {
            self.peer.set_remark(text);
        }
    }

    /// Closes the connection, before it runs.
    pub(crate) fn refuse(&mut self, reason: CloseReason) {
        self.peer.close(clock::now(), reason);
    }

    /// Runs until the connection has ended.
    pub(crate) async fn run(mut self: Box<Self>) {
        let end = poll_fn(|cx| self.poll(cx)).await;
        // Boxed, since the task would hold room for it from the beginning.
        let ending = Box::pin(timeout(CLOSE_WAIT, self.end(end)));
        if ending.await.is_err() {
            tracing::debug!("a client did not finish the closing handshake in time");
        }
    }

    /// One wake-up: one pass, and a further one only after input.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let now = clock::now();
        // First, since a client that always sends would else postpone them: the end of its grant among them.
        if self.peer.poll_timeout().is_some_and(|due| due <= now) {
            self.peer.handle_timeout(now);
        }
        if self.peer.poll_wake(cx).is_ready() {
            self.peer.handle_wake(now);
        }
        let mut budget = ACTIONS_PER_POLL;
        let mut reads = READS_PER_POLL;
        loop {
            if let Some(end) = self.act(cx, now, &mut budget) {
                return Poll::Ready(end);
            }
            if let Err(error) = self.write(cx, now) {
                return Poll::Ready(broken(&error));
            }
            if self.peer.has_actions() {
                if budget == 0 {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                // Writing has made room for the rest of a message.
                continue;
            }
            if reads == 0 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            match self.poll_read(cx, now, &mut reads) {
                Poll::Ready(Some(end)) => return Poll::Ready(end),
                Poll::Ready(None) => continue,
                Poll::Pending => {}
            }
            if !self.alarm.is_due(cx, self.peer.poll_timeout()) {
                return Poll::Pending;
            }
            self.peer.handle_timeout(clock::now());
        }
    }

    /// Carries out the peer's actions until there are none, an answer is pending, or the budget is used up.
    fn act(&mut self, cx: &mut Context<'_>, now: Moment, budget: &mut usize) -> Option<End> {
        loop {
            while *budget > 0
                && let Some(action) = self.peer.poll_action(now)
            {
                *budget -= 1;
                if let Some(end) = self.carry_out(now, action) {
                    return Some(end);
                }
            }
            if *budget == 0 {
                // Puts out the answers to those that were carried out.
                self.peer.handle_wake(now);
                return None;
            }
            let Poll::Ready(answer) = guard::poll_grant(self.grant.as_mut()?, cx) else {
                return None;
            };
            self.grant = None;
            let answer = answer.map(accepted);
            let answer = answer.map_err(|error| failure(&*self.app, &error));
            if answer
                .as_ref()
                .is_ok_and(|accepted| accepted.expires.is_none())
            {
                self.request = None;
            }
            self.peer.handle_authenticated(now, answer);
        }
    }

    fn carry_out(&mut self, now: Moment, action: Action) -> Option<End> {
        match action {
            Action::Authenticate(request) => self.authenticate(request),
            Action::Deliver(message) => {
                let number = message.number;
                let answer = guard::deliver(&*self.app, message);
                self.peer.handle_answer(now, number, answer);
            }
            Action::Close { code, text } => {
                let text = self.protocol_error.take().unwrap_or(text);
                return Some(End::Ours { code, text });
            }
        }
        None
    }

    /// Begins to check a client's credentials. The check takes at most the time of a handshake, also that of a renewed token.
    fn authenticate(&mut self, client: AuthRequest) {
        let Some(request) = &self.request else {
            return;
        };
        // Read before the call, so that a revocation during the check covers the token.
        let shown = clock::wall();
        let pending = self.app.authenticate(client, request);
        let time = self.app.hub().session_config().handshake;
        self.grant = Some(Box::pin(async move {
            let grant = guard::grant_within(time, pending).await?;
            Ok(grant.or_issued_at(shown))
        }));
    }

    /// Writes until the transport accepts no more or nothing is left.
    fn write(&mut self, cx: &mut Context<'_>, now: Moment) -> io::Result<()> {
        while !self.transport.is_written() || self.fill(now) {
            let written = self.transport.write(cx)?;
            if written.bytes > 0 {
                self.peer.wrote(now, written.all);
            }
            if !written.all {
                break;
            }
        }
        Ok(())
    }

    /// Takes what is to be written next. Returns false when there is nothing.
    fn fill(&mut self, now: Moment) -> bool {
        self.transport.fill(now, &mut self.peer);
        !self.transport.is_written()
    }

    /// Reads once, unless answers to the client must be written first. Takes at most as many messages as `reads` has left.
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        now: Moment,
        reads: &mut usize,
    ) -> Poll<Option<End>> {
        if self.protocol_error.is_some() || self.peer.is_full() {
            return Poll::Pending;
        }
        self.transport.set_limit(self.peer.message_limit());
        let peer = &mut self.peer;
        let received = self.transport.poll_receive(cx, &mut |message| {
            peer.handle_message(now, message);
            *reads -= 1;
            match peer.is_full() || *reads == 0 {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
        let Poll::Ready(received) = received else {
            return Poll::Pending;
        };
        *reads = reads.saturating_sub(1);
        let extra = self.transport.take_extra_frames();
        self.peer.handle_extra_frames(now, extra);
        Poll::Ready(match received {
            Ok(Received::Bytes) => {
                // A piece of a long message also counts as activity of the client.
                self.peer.note_activity(now);
                None
            }
            Ok(Received::Closed(code)) => Some(End::Theirs { code }),
            Ok(Received::End) => Some(End::Broken),
            Err(ReceiveError::Io(error)) => Some(broken(&error)),
            Err(ReceiveError::Protocol { reason, text }) => {
                self.protocol_error = Some(text);
                self.peer.close(now, reason);
                None
            }
        })
    }

    /// Hands the application the messages that came before the end.
    async fn deliver_rest(&mut self) {
        let mut budget = ACTIONS_PER_POLL;
        while let Some(action) = self.peer.poll_action(clock::now()) {
            if matches!(action, Action::Deliver(_)) {
                self.carry_out(clock::now(), action);
            }
            budget -= 1;
            if budget == 0 {
                yield_now().await;
                budget = ACTIONS_PER_POLL;
            }
        }
    }

    /// Ends the connection: hands on and writes what is left, then closes the transport.
    async fn end(&mut self, end: End) {
        self.deliver_rest().await;
        let (code, text) = match end {
            End::Broken => return self.peer.disconnected(clock::now()),
            End::Theirs { code } => (code, String::new()),
            End::Ours { code, text } => {
                if self.write_rest().await.is_err() {
                    return self.peer.disconnected(clock::now());
                }
                (Some(code), text)
            }
        };
        self.peer.disconnected(clock::now());
        if let Err(error) = self.transport.close(code, &text).await {
            tracing::debug!(%error, "a connection was lost while it was closed");
        }
    }

    /// Writes the peer's last messages.
    async fn write_rest(&mut self) -> io::Result<()> {
        poll_fn(|cx| match self.write(cx, clock::now()) {
            Err(error) => Poll::Ready(Err(error)),
            Ok(()) if self.transport.is_written() => Poll::Ready(Ok(())),
            Ok(()) => Poll::Pending,
        })
        .await
    }
}

impl<T> Drop for Connection<T> {
    /// Reports the end of the connection to the session, in whatever way the task ends.
    fn drop(&mut self) {
        self.peer.disconnected(clock::now());
    }
}

fn broken(error: &io::Error) -> End {
    tracing::debug!(%error, "a connection broke");
    End::Broken
}

fn accepted(grant: Grant) -> Accepted {
    let expires = grant.expiry().map(clock::moment);
    Accepted { grant, expires }
}

fn failure(app: &dyn Application, error: &AuthError) -> AuthFailure {
    if let AuthError::Unavailable(detail) = error {
        app.admission().logs().note_unchecked(clock::now(), detail);
    }
    AuthFailure {
        unavailable: error.close_reason() == CloseReason::AuthUnavailable,
        message: error.to_string(),
    }
}

#[cfg(test)]
mod tests;
