//! Task of one connection: drives a peer over a WebSocket, woken by the socket, the hub and one timer.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use push_wire_shared::close::CloseReason;
use push_wire_shared::time::Moment;
use push_wire_websocket::{Event, ProtocolError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::yield_now;
use tokio::time::timeout;

use super::alarm::Alarm;
use super::websocket::{ReceiveError, Received, Socket};
use super::{Application, guard};
use crate::auth::{AuthError, PendingGrant};
use crate::carrier::WebSocketFrames;
use crate::clock;
use crate::peer::{Action, AuthFailure, AuthRequest, Dialect, Message, Peer};

/// Time that a closing connection has for the closing handshake (5 s).
const CLOSE_WAIT: Duration = Duration::from_secs(5);

/// Actions carried out in one poll of the task (32). The other tasks of the thread, which are woken by what the
/// application publishes for a message, then run before the next ones: retention must not pass an idle reader because of
/// one client's burst.
const ACTIONS_PER_POLL: usize = 32;

/// One connection.
pub(crate) struct Connection<Io> {
    app: Arc<dyn Application>,
    socket: Socket<Io>,
    peer: Peer,
    alarm: Alarm,
    /// The HTTP request that opened the connection, until authentication begins.
    request: Option<Box<Parts>>,
    grant: Option<PendingGrant>,
    /// The newest ping without a pong (RFC 6455 section 5.5.3 permits to ignore older ones).
    ping: Option<Vec<u8>>,
    /// The client's close frame.
    closed_by_client: Option<Option<u16>>,
    /// Violation of the WebSocket protocol by the client, after which nothing more is read.
    protocol_error: Option<ProtocolError>,
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

impl<Io: AsyncRead + AsyncWrite + Unpin> Connection<Io> {
    /// A connection whose opening handshake is done.
    pub(crate) fn new(
        app: Arc<dyn Application>,
        dialect: Dialect,
        request: Box<Parts>,
        io: Io,
    ) -> Box<Self> {
        let hub = Arc::clone(app.hub());
        let now = clock::now();
        let mut peer = Peer::new(hub, dialect, now);
        if let Some(ConnectInfo(address)) = request.extensions.get::<ConnectInfo<SocketAddr>>() {
            peer.set_address(address.ip());
        }
        // Boxed, since a task's future is as large as its largest state and would hold this twice.
        Box::new(Self {
            app,
            socket: Socket::new(io, peer.message_limit()),
            alarm: Alarm::new(peer.poll_timeout().unwrap_or(now)),
            peer,
            request: Some(request),
            grant: None,
            ping: None,
            closed_by_client: None,
            protocol_error: None,
        })
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
        if self.peer.poll_wake(cx).is_ready() {
            self.peer.handle_wake(now);
        }
        let mut budget = ACTIONS_PER_POLL;
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
            match self.poll_read(cx, now) {
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
            self.peer.handle_authenticated(now, answer.map_err(failure));
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
                let text = self.protocol_error.map_or(text, |error| error.to_string());
                return Some(End::Ours { code, text });
            }
        }
        None
    }

    fn authenticate(&mut self, client: AuthRequest) {
        // A peer authenticates once.
        if let Some(request) = self.request.take() {
            self.grant = Some(self.app.authenticate(client, &request));
        }
    }

    /// Writes until the socket accepts no more or nothing is left.
    fn write(&mut self, cx: &mut Context<'_>, now: Moment) -> io::Result<()> {
        while !self.socket.is_written() || self.pull(now) {
            let written = self.socket.write(cx)?;
            if written.bytes > 0 {
                self.peer.wrote(now, written.all);
            }
            if !written.all {
                break;
            }
        }
        Ok(())
    }

    /// Takes the next message to write from the peer. Returns false when there is none.
    fn pull(&mut self, now: Moment) -> bool {
        if let Some(ping) = self.ping.take() {
            self.socket.give_pong(&ping);
        }
        if self.peer.has_output() {
            let mut frames = WebSocketFrames::new(self.socket.outgoing());
            self.peer.poll_write(now, &mut frames);
            frames.finish();
        }
        !self.socket.is_written()
    }

    /// Reads once, unless answers to the client must be written first.
    fn poll_read(&mut self, cx: &mut Context<'_>, now: Moment) -> Poll<Option<End>> {
        if self.protocol_error.is_some() || self.peer.is_full() {
            return Poll::Pending;
        }
        self.socket.set_limit(self.peer.message_limit());
        let Self {
            socket,
            peer,
            ping,
            closed_by_client,
            ..
        } = self;
        let received = socket.poll_receive(cx, |event| {
            match event {
                Event::Text(text) => peer.handle_message(now, Message::Text(text.into_owned())),
                Event::Binary(bytes) => {
                    peer.handle_message(now, Message::Binary(bytes.into_owned().into()));
                }
                Event::Ping(payload) => *ping = Some(payload.into_owned()),
                Event::Pong => {}
                Event::Close(code) => *closed_by_client = Some(code),
            }
            if closed_by_client.is_some() || peer.is_full() {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        match received {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(Received::Bytes)) => {
                // A piece of a long message also counts as activity of the client.
                self.peer.note_activity(now);
                Poll::Ready(self.closed_by_client.map(|code| End::Theirs { code }))
            }
            Poll::Ready(Ok(Received::End)) => Poll::Ready(Some(End::Broken)),
            Poll::Ready(Err(ReceiveError::Io(error))) => Poll::Ready(Some(broken(&error))),
            Poll::Ready(Err(ReceiveError::Protocol(error))) => {
                self.protocol_error = Some(error);
                self.peer.close(now, close_reason(error));
                Poll::Ready(None)
            }
        }
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

    /// The closing handshake (RFC 6455 section 7.1).
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
        self.socket.give_close(code, &text);
        if let Err(error) = self.say_goodbye().await {
            tracing::debug!(%error, "a connection was lost during the closing handshake");
        }
    }

    /// Writes the peer's last messages.
    async fn write_rest(&mut self) -> io::Result<()> {
        poll_fn(|cx| match self.write(cx, clock::now()) {
            Err(error) => Poll::Ready(Err(error)),
            Ok(()) if self.socket.is_written() => Poll::Ready(Ok(())),
            Ok(()) => Poll::Pending,
        })
        .await
    }

    /// Writes the queued frames, shuts down our direction, and reads to the end of the client's: closing a socket with
    /// unread bytes would reset it, and the close frame might be lost.
    async fn say_goodbye(&mut self) -> io::Result<()> {
        poll_fn(|cx| match self.socket.write(cx) {
            Err(error) => Poll::Ready(Err(error)),
            Ok(written) if written.all => Poll::Ready(Ok(())),
            Ok(_) => Poll::Pending,
        })
        .await?;
        poll_fn(|cx| self.socket.poll_shutdown(cx)).await?;
        while poll_fn(|cx| self.socket.poll_discard(cx)).await? != Received::End {}
        Ok(())
    }
}

impl<Io> Drop for Connection<Io> {
    /// Reports the end of the connection to the session, in whatever way the task ends.
    fn drop(&mut self) {
        self.peer.disconnected(clock::now());
    }
}

fn broken(error: &io::Error) -> End {
    tracing::debug!(%error, "a connection broke");
    End::Broken
}

/// Close reason of a WebSocket error: the standard's code, except for a message above the limit, where 4204 tells the
/// client not to send it again (docs/protocol.md section 10).
const fn close_reason(error: ProtocolError) -> CloseReason {
    match error.close_code() {
        1009 => CloseReason::MessageTooLarge,
        1007 => CloseReason::BadText,
        _ => CloseReason::BadFraming,
    }
}

fn failure(error: AuthError) -> AuthFailure {
    if let AuthError::Unavailable(detail) = &error {
        tracing::error!(detail, "credentials could not be checked");
    }
    AuthFailure {
        unavailable: error.close_reason() == CloseReason::AuthUnavailable,
        message: error.to_string(),
    }
}

#[cfg(test)]
mod tests;
