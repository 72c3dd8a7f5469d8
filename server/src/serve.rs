//! [`serve`]: an HTTP server for a router, with the limits and the end that a public process needs.

use std::any::Any;
use std::fmt;
use std::future::{Future, IntoFuture, pending};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::serve::Listener;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use push_wire_shared::ChannelKind;
use tokio::signal;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::server::PushServer;

/// Default time for the headers of a request (10 s), which is also the time of push-wire's own handshake.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Time that requests have to be answered after the end has begun (10 s).
const LAST_REQUESTS: Duration = Duration::from_secs(10);

type End = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Serves a router over HTTP/1.1, as `axum::serve` does, with what that lacks:
///
/// - A client that does not send the headers of a request within 10 s loses its connection; see
///   [`header_timeout`](Serve::header_timeout).
/// - [`drain_on_signal`](Serve::drain_on_signal) ends the process in good order.
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
        end: Box::pin(pending()),
    }
}

/// A server that runs once it is awaited, by default for ever; see [`serve`].
#[must_use = "a server runs only when it is awaited"]
pub struct Serve<L> {
    listener: L,
    router: Router,
    header_timeout: Duration,
    end: End,
}

impl<L: fmt::Debug> fmt::Debug for Serve<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve")
            .field("listener", &self.listener)
            .field("header_timeout", &self.header_timeout)
            .finish_non_exhaustive()
    }
}

impl<L> Serve<L> {
    /// Sets the time for the headers of a request; default 10 s.
    pub const fn header_timeout(mut self, limit: Duration) -> Self {
        self.header_timeout = limit;
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
            asked_to_end().await;
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
            mut end,
        } = self;
        let mut http = auto::Builder::new(TokioExecutor::new());
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(header_timeout);
        let (connections, ending) = (TaskTracker::new(), CancellationToken::new());
        loop {
            let (io, address) = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut end => break,
            };
            let router = TowerToHyperService::new(router.clone());
            let address = (&address as &dyn Any).downcast_ref::<SocketAddr>();
            let info = address.copied().map(ConnectInfo);
            let answer = service_fn(move |mut request: Request<Incoming>| {
                info.map(|info| request.extensions_mut().insert(info));
                router.call(request)
            });
            let connection = http.serve_connection_with_upgrades(TokioIo::new(io), answer);
            let connection = connection.into_owned();
            let ending = ending.clone();
            connections.spawn(async move {
                let mut connection = pin!(connection);
                let ended = tokio::select! {
                    ended = connection.as_mut() => ended,
                    () = ending.cancelled() => {
                        connection.as_mut().graceful_shutdown();
                        connection.await
                    }
                };
                if let Err(error) = ended {
                    tracing::debug!(%error, "an HTTP connection broke");
                }
            });
        }
        drop(listener);
        ending.cancel();
        connections.close();
        if timeout(LAST_REQUESTS, connections.wait()).await.is_err() {
            tracing::warn!("requests were not answered in time");
        }
    }
}

/// Waits for Ctrl-C or SIGTERM. Where the system does not let a program wait for SIGTERM, it ends the process as usual.
#[cfg(unix)]
async fn asked_to_end() {
    let Ok(mut terminated) = signal::unix::signal(signal::unix::SignalKind::terminate()) else {
        return interrupted().await;
    };
    tokio::select! {
        () = interrupted() => {}
        _ = terminated.recv() => {}
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
async fn asked_to_end() {
    interrupted().await;
}

async fn interrupted() {
    if let Err(error) = signal::ctrl_c().await {
        tracing::warn!(%error, "cannot wait for Ctrl-C");
        pending::<()>().await;
    }
}
