//! [`serve`]: an HTTP server for a router, with the limits and the end that a public process needs.

mod connection;
mod signal;
#[cfg(feature = "tls")]
mod tls;

use std::fmt;
use std::future::{Future, IntoFuture, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use push_wire_shared::ChannelKind;
use tokio::time::timeout;

use crate::server::PushServer;
use connection::Connections;
#[cfg(feature = "tls")]
pub use tls::{TlsError, TlsListener};

/// Default time for the headers of a request (10 s), which is also the time of push-wire's own handshake.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Default time that a connection may take no bytes (30 s), as [`Limits::stall`](crate::Limits::stall).
const STALL: Duration = Duration::from_secs(30);

/// Time that requests have to be answered after the end has begun (10 s).
const LAST_REQUESTS: Duration = Duration::from_secs(10);

type End = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Serves a router over HTTP/1.1 and HTTP/2, as `axum::serve` does, with what that lacks:
///
/// - WebSockets over HTTP/2 (RFC 8441). HTTP/2 is used where the client begins with it: over TLS after its negotiation
///   (see `TlsListener`, feature `tls`), in clear text with prior knowledge (RFC 9113 section 3.3).
/// - A client that does not send the headers of a request within 10 s loses its connection; see
///   [`header_timeout`](Serve::header_timeout).
/// - On Linux, a connection whose other end takes no bytes for 30 s ends, whatever is sent on it; see
///   [`stall`](Serve::stall).
/// - Little is kept unsent, so that urgent messages are not delayed: [`tune_tcp`](crate::tune_tcp) is called for TCP
///   streams, and the buffers of HTTP are small. Over HTTP/1.1 a response is taken at most 16 KiB ahead of the socket;
///   the same limit applies to the head of a request (431 beyond it). Over HTTP/2 it is 16 KiB for each stream, and 16
///   KiB for a head.
/// - An HTTP/2 connection has at most 256 streams at once. It is pinged every 30 s, and ends if the answer takes 20 s.
/// - [`drain_on_signal`](Serve::drain_on_signal) drains the server on SIGTERM or Ctrl-C before the process ends.
///
/// Handlers can extract `ConnectInfo<SocketAddr>`, the address of the other end, if the listener is a `TcpListener` or
/// another one with such addresses.
///
/// ```no_run
/// # use std::{sync::Arc, time::Duration};
/// # use push_wire_server::{ChannelKind, PushServer};
/// # async fn run<C: ChannelKind>(server: Arc<PushServer<C>>) -> std::io::Result<()> {
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:9100").await?;
/// let app = axum::Router::new().merge(server.router());
/// push_wire_server::serve(listener, app)
///     .drain_on_signal(server, Duration::from_secs(20))
///     .await;
/// # Ok(())
/// # }
/// ```
pub fn serve<L: Listener>(listener: L, router: Router) -> Serve<L>
where
    L::Addr: 'static,
{
    Serve {
        listener,
        router,
        header_timeout: HEADER_TIMEOUT,
        stall: STALL,
        end: Box::pin(pending()),
    }
}

/// A server that runs once it is awaited, by default for ever; see [`serve`].
#[must_use = "a server runs only when it is awaited"]
pub struct Serve<L> {
    listener: L,
    router: Router,
    header_timeout: Duration,
    stall: Duration,
    end: End,
}

impl<L: fmt::Debug> fmt::Debug for Serve<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve")
            .field("listener", &self.listener)
            .field("header_timeout", &self.header_timeout)
            .field("stall", &self.stall)
            .finish_non_exhaustive()
    }
}

impl<L> Serve<L> {
    /// Sets the time for the headers of a request; default 10 s. Over HTTP/1.1 it holds for each request, and so ends a
    /// connection that has been idle for this time. Over HTTP/2 it holds for the first request of a connection; later
    /// headers that do not end delay only their own connection, which is kept while it answers pings.
    pub const fn header_timeout(mut self, limit: Duration) -> Self {
        self.header_timeout = limit;
        self
    }

    /// Sets the time that a TCP connection may take no bytes while some are waiting, or not answer while it is idle;
    /// default 30 s, on Linux only. If [`Limits::stall`](crate::Limits::stall) is set to a longer time, so should this.
    pub const fn stall(mut self, limit: Duration) -> Self {
        self.stall = limit;
        self
    }

    /// Ends when this future does, in place of an earlier one: no more connections are accepted, and requests that are
    /// being answered have another 10 s.
    pub fn until(mut self, end: impl Future<Output = ()> + Send + 'static) -> Self {
        self.end = Box::pin(end);
        self
    }

    /// Ends on Ctrl-C, or on Unix on SIGTERM, once the server's connections have been [drained](PushServer::drain).
    pub fn drain_on_signal<C: ChannelKind>(
        self,
        server: Arc<PushServer<C>>,
        grace: Duration,
    ) -> Self {
        self.until(async move {
            signal::asked_to_end().await;
            let left = server.drain(grace).await;
            if left > 0 {
                tracing::warn!(left, ?grace, "connections did not end in time");
            }
        })
    }
}

impl<L: Listener> IntoFuture for Serve<L>
where
    L::Addr: 'static,
{
    type Output = ();
    type IntoFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<L: Listener> Serve<L>
where
    L::Addr: 'static,
{
    async fn run(self) {
        let Self {
            mut listener,
            router,
            header_timeout,
            stall,
            mut end,
        } = self;
        let connections = Connections::new(router, header_timeout, stall);
        loop {
            let (io, address) = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut end => break,
            };
            connections.spawn(io, &address);
        }
        drop(listener);
        if timeout(LAST_REQUESTS, connections.end()).await.is_err() {
            tracing::warn!("requests were not answered in time");
        }
    }
}
