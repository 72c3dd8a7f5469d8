//! HTTP connections, in a task each.

use std::any::Any;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::connection::{end_stalled, tune_tcp};
use crate::limits;

/// Time between pings of an HTTP/2 connection (30 s).
const PING_INTERVAL: Duration = Duration::from_secs(30);

/// Time for the answer to a ping (20 s).
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// The connections of one listener.
pub(super) struct Connections {
    http: Builder<TokioExecutor>,
    router: Router,
    header_timeout: Duration,
    stall: Duration,
    tasks: TaskTracker,
    ending: CancellationToken,
}

impl Connections {
    pub(super) fn new(router: Router, header_timeout: Duration, stall: Duration) -> Self {
        Self {
            http: builder(header_timeout),
            router,
            header_timeout,
            stall,
            tasks: TaskTracker::new(),
            ending: CancellationToken::new(),
        }
    }

    /// Serves a connection in a task of its own.
    pub(super) fn spawn<Io>(&self, io: Io, address: &(impl Any + Send))
    where
        Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if let Some(tcp) = tcp_stream(&io)
            && let Err(error) = tune_tcp(tcp).and_then(|()| end_stalled(tcp, self.stall))
        {
            tracing::debug!(%error, "could not set the TCP options of a connection");
        }
        let router = TowerToHyperService::new(self.router.clone());
        let address = (address as &dyn Any).downcast_ref::<SocketAddr>();
        let info = address.copied().map(ConnectInfo);
        let requested = Arc::new(AtomicBool::new(false));
        let begun = Arc::clone(&requested);
        let answer = service_fn(move |mut request: Request<Incoming>| {
            begun.store(true, Ordering::Relaxed);
            info.map(|info| request.extensions_mut().insert(info));
            router.call(request)
        });
        let connection = self
            .http
            .serve_connection_with_upgrades(TokioIo::new(io), answer)
            .into_owned();
        let (header_timeout, ending) = (self.header_timeout, self.ending.clone());
        self.tasks.spawn(async move {
            let mut connection = pin!(connection);
            let mut first_request = pin!(sleep(header_timeout));
            let (mut waiting, mut serving) = (true, true);
            let ended = loop {
                tokio::select! {
                    ended = connection.as_mut() => break ended,
                    () = ending.cancelled(), if serving => {
                        serving = false;
                        connection.as_mut().graceful_shutdown();
                    }
                    // Of all this, hyper times only the headers of HTTP/1.1, from their first byte on.
                    () = first_request.as_mut(), if waiting => {
                        if !requested.load(Ordering::Relaxed) {
                            tracing::debug!("a connection made no request in time");
                            return;
                        }
                        waiting = false;
                    }
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "an HTTP connection broke");
            }
        });
    }

    /// Ends idle connections at once, and waits until the others have answered their requests.
    pub(super) async fn end(self) {
        self.ending.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// HTTP/1.1 and HTTP/2 with the limits of `limits.rs`.
fn builder(header_timeout: Duration) -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(limits::HTTP1_BUFFER_BYTES);
    http.http2()
        .timer(TokioTimer::new())
        .enable_connect_protocol()
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .max_header_list_size(limits::HTTP2_HEAD_BYTES)
        .max_concurrent_streams(limits::HTTP2_STREAMS)
        .initial_stream_window_size(limits::HTTP2_STREAM_WINDOW_BYTES)
        .initial_connection_window_size(limits::HTTP2_WINDOW_BYTES)
        .max_send_buf_size(limits::HTTP2_SEND_BYTES)
        .max_pending_accept_reset_streams(limits::HTTP2_CLIENT_RESETS)
        .max_local_error_reset_streams(limits::HTTP2_ERROR_RESETS);
    http
}

/// The TCP stream that this is, or that is under its TLS.
fn tcp_stream(io: &dyn Any) -> Option<&TcpStream> {
    #[cfg(feature = "tls")]
    if let Some(tls) = io.downcast_ref::<tokio_rustls::server::TlsStream<TcpStream>>() {
        return Some(tls.get_ref().0);
    }
    io.downcast_ref()
}
