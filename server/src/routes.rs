//! The HTTP routes of a [`PushServer`].

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, any, get, on};
use push_wire_shared::ChannelKind;
use push_wire_shared::close::CloseReason;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::PushServer;
#[cfg(doc)]
use crate::PushServerBuilder;
use crate::admission::Admitted;
use crate::connection::{Connection, Socket};
use crate::http::{WebSocketUpgrade, check_host, check_page, tcp_stream};
use crate::peer::Dialect;

impl<C: ChannelKind> PushServer<C> {
    /// The server's routes. The router can be served alone, or merged or nested into a router of any state.
    ///
    /// | route, by default below `/rps` | |
    /// |---|---|
    /// | `/rps` | the WebSocket |
    /// | `/rps/sse` | an event stream, for clients that cannot open a WebSocket: [`events`](Self::events) |
    /// | `/rps/send`, `/rps/ack` | messages of their clients: [`receive`](Self::receive), [`acknowledge`](Self::acknowledge) |
    /// | `/rps/dictionaries/{sha256}` | [compression dictionaries](Self::dictionary) |
    pub fn router<S>(self: &Arc<Self>) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        let server = Arc::clone(self);
        let upgrade = move |upgrade: WebSocketUpgrade| Arc::clone(&server).upgrade(upgrade);
        let server = Arc::clone(self);
        let dictionary = async move |Path(sha256): Path<String>, request: Request| {
            let (request, _) = request.into_parts();
            match check_host(&*server, &request) {
                Ok(()) => server.dictionary(&sha256),
                Err(answer) => *answer,
            }
        };
        let server = Arc::clone(self);
        let events = move |request: Request| Arc::clone(&server).events(request);
        let server = Arc::clone(self);
        let receive = async move |request: Request| server.receive(request).await;
        let server = Arc::clone(self);
        let acknowledge = async move |request: Request| server.acknowledge(request).await;
        // Pages of other origins ask with OPTIONS whether they may POST.
        let posts = MethodFilter::POST.or(MethodFilter::OPTIONS);
        let below = |name: &str| format!("{}/{name}", self.path.trim_end_matches('/'));
        Router::new()
            .route(
                &self.path,
                on(MethodFilter::GET.or(MethodFilter::CONNECT), upgrade),
            )
            .route(&below("sse"), any(events))
            .route(&below("send"), on(posts, receive))
            .route(&below("ack"), on(posts, acknowledge))
            .route(&below("dictionaries/{sha256}"), get(dictionary))
    }

    /// Answers the request for an event stream, in a route of the application's own: `sse` below that of
    /// [`upgrade`](Self::upgrade). Published clients, `EventSource` and `curl` use GET, clients of push-wire POST
    /// (docs/event-streams.md). The connection runs in a task of the current tokio runtime.
    pub async fn events(self: Arc<Self>, request: Request) -> Response {
        self.upkeep.start(&self.hub);
        let tasks = self.connections.clone();
        crate::http::open_events(self, &tasks, request).await
    }

    /// Answers a POST of a message by a client that has an event stream, in a route of the application's own: `send`
    /// below that of [`upgrade`](Self::upgrade).
    pub async fn receive(&self, request: Request) -> Response {
        crate::http::send(self, request).await
    }

    /// Answers a POST of an acknowledgement by a client of the JSON dialect, in a route of the application's own: `ack`
    /// below that of [`upgrade`](Self::upgrade).
    pub async fn acknowledge(&self, request: Request) -> Response {
        crate::http::ack(self, request).await
    }

    /// Answers the request for a dictionary, in a route of the application's own: `dictionaries/{sha256}` below that of
    /// [`upgrade`](Self::upgrade). Without such a route clients use no dictionaries. Unlike the route of
    /// [`router`](Self::router), it does not compare the host of the request with
    /// [`allowed_hosts`](PushServerBuilder::allowed_hosts).
    #[must_use]
    pub fn dictionary(&self, sha256: &str) -> Response {
        crate::http::dictionary(&self.hub, sha256)
    }

    /// Answers the request that opens a WebSocket, in a route of the application's own: with GET over HTTP/1.1, with
    /// CONNECT over HTTP/2. The connection runs in a task of the current tokio runtime.
    ///
    /// A page of another origin may be answered 403 ([`allowed_origins`](PushServerBuilder::allowed_origins)).
    /// A server that is being [drained](Self::drain), or has [as many connections](crate::Limits::connections) as it may
    /// have, answers 503; a client whose address has reached a limit of its own is answered 429. Where the address is
    /// known only after the upgrade, as in a router served without `ConnectInfo`, its connection is closed with 4102.
    pub async fn upgrade(self: Arc<Self>, upgrade: WebSocketUpgrade) -> Response {
        if self.hub.is_draining() {
            return crate::http::draining();
        }
        let (response, on_upgrade, dialect, mut request) = upgrade.accept();
        if let Err(answer) = check_page(&*self, &request) {
            return *answer;
        }
        let admitted = match self
            .admission
            .admit(crate::http::peer(&request), &request.headers)
        {
            Ok(admitted) => admitted,
            Err(error) => return error.into_response(),
        };
        self.upkeep.start(&self.hub);
        let connections = self.connections.clone();
        connections.spawn(async move {
            match on_upgrade.await {
                Ok(upgraded) => match tcp_stream(upgraded) {
                    Ok(io) => {
                        crate::http::note_peer(&mut request, io.get_ref());
                        self.run_socket(dialect, request, io, admitted).await;
                    }
                    Err(io) => self.run_socket(dialect, request, io, admitted).await,
                },
                Err(error) => tracing::debug!(%error, "a connection broke before it was open"),
            }
        });
        response
    }

    async fn run_socket<Io>(
        self: Arc<Self>,
        dialect: Dialect,
        request: Box<Parts>,
        io: Io,
        mut admitted: Admitted,
    ) where
        Io: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let peer = crate::http::peer(&request);
        let located = peer.map_or(Ok(()), |peer| admitted.locate(peer, &request.headers));
        let socket = |limit| Socket::new(io, limit);
        let remark = crate::http::without_effect(dialect, &request.uri);
        let mut connection = Connection::new(self, dialect, request, socket, admitted);
        connection.remark(remark);
        if located.is_err() {
            connection.refuse(CloseReason::RateLimited);
        }
        connection.run().await;
    }
}
