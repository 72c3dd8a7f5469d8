//! [`PushServer`], the public API of the server, typed by the user's channels.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
#[cfg(feature = "rtc")]
use std::sync::OnceLock;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use bytes::Bytes;
use push_wire_broker::Record;
use push_wire_shared::position::{Position, Scope, StreamKey};
use push_wire_shared::session::server::MessageError;
use push_wire_shared::{ChannelKind, Frame, SystemOp};
use serde::Serialize;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::admission::Admission;
use crate::auth::{AnyAuthenticator, AuthValidator, Credentials, PendingGrant};
use crate::builder::PushServerBuilder;
use crate::clock;
use crate::compression::SetDictionaryError;
use crate::connection::Application;
use crate::handler::{ClientMessage, HandlerError, Handlers};
use crate::hub::{Hub, PublishError, Stats};
use crate::peer::{AuthRequest, Inbound};
use crate::record::{bytes_record, value_record};
use crate::send::{SendError, notice};
#[cfg(feature = "rtc")]
use crate::signalling::Rtc;
use crate::upkeep::Upkeep;

/// A server that pushes live data on the channels `C` to browsers and other clients.
///
/// Mount its [`router`](Self::router) in the backend's own axum `Router`, then
/// [`publish`](Self::publish) and [`send`](Self::send) from anywhere: the server is shared by `Arc`.
pub struct PushServer<C: ChannelKind> {
    pub(crate) hub: Arc<Hub>,
    pub(crate) admission: Arc<Admission>,
    handlers: Handlers<C>,
    authenticator: Arc<dyn AnyAuthenticator<C>>,
    pub(crate) path: String,
    pub(crate) connections: TaskTracker,
    pub(crate) upkeep: Upkeep,
    /// The signalling channel, if it is enabled.
    #[cfg(feature = "rtc")]
    pub(crate) rtc: OnceLock<Arc<Rtc>>,
}

impl<C: ChannelKind> fmt::Debug for PushServer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hub, path, .. } = self;
        f.debug_struct("PushServer")
            .field("hub", hub)
            .field("path", path)
            .finish_non_exhaustive()
    }
}

impl<C: ChannelKind> Default for PushServer<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: ChannelKind> PushServer<C> {
    /// A server that accepts every client, with the defaults of [`builder`](Self::builder).
    ///
    /// # Panics
    /// If `C` was implemented by hand and its ids or names are not unique, or not exactly one channel is the
    /// system channel.
    #[must_use]
    pub fn new() -> Self {
        Self::of(Self::builder())
    }

    /// A server that accepts the clients that the validator accepts, with the defaults of [`builder`](Self::builder).
    ///
    /// # Panics
    /// As [`new`](Self::new).
    #[must_use]
    pub fn with_auth_validator(auth_validator: AuthValidator<C>) -> Self {
        Self::of(Self::builder().shared_auth_validator(auth_validator))
    }

    /// Returns a builder: policies of channels, limits, times, authentication.
    #[must_use]
    pub fn builder() -> PushServerBuilder<C> {
        PushServerBuilder::new()
    }

    fn of(builder: PushServerBuilder<C>) -> Self {
        match builder.build_server() {
            Ok(server) => server,
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) fn from_parts(
        (hub, admission, authenticator): (Arc<Hub>, Arc<Admission>, Arc<dyn AnyAuthenticator<C>>),
        path: String,
    ) -> Self {
        let connections = TaskTracker::new();
        // Closed, its wait ends whenever there is no task; tasks are taken as before.
        connections.close();
        let upkeep = Upkeep::default();
        upkeep.start(&hub);
        Self {
            hub,
            admission,
            handlers: Handlers::default(),
            authenticator,
            path,
            connections,
            upkeep,
            #[cfg(feature = "rtc")]
            rtc: OnceLock::new(),
        }
    }

    /// Sets a channel's compression dictionary, made by [`train_dictionary`](push_wire_shared::train_dictionary) or the
    /// `zstd --train` command from similar messages. Its readers change to it without reconnecting; from then on none
    /// is trained from live traffic.
    ///
    /// # Errors
    /// [`SetDictionaryError`]; nothing has changed.
    pub fn set_dictionary(
        &self,
        channel: C,
        bytes: impl Into<Vec<u8>>,
    ) -> Result<(), SetDictionaryError> {
        self.hub.set_dictionary(channel.wire_id(), bytes.into())
    }

    /// The channel's newest dictionary, to be stored and set again after a restart.
    #[must_use]
    pub fn newest_dictionary(&self, channel: C) -> Option<Bytes> {
        let newest = self.hub.dictionaries().newest(channel.wire_id())?;
        Some(newest.bytes().clone())
    }

    /// Number of running connection tasks, including connections that are being opened or closed, or are not
    /// authenticated.
    #[must_use]
    pub fn connection_tasks(&self) -> usize {
        self.connections.len()
    }

    /// Ends all connections so that the process can end and its clients continue at another one, or at the next.
    ///
    /// New connections are refused with 503. On each connection, what the client has sent so far is handled, and answered
    /// in the push-wire dialect; then it is closed with 4100 (server going away), and its client comes back after a random
    /// part of 5 s. Publishing goes on. Returns when the last connection has ended, or after `grace`, with the number of
    /// connections that are left. By default a connection that does not authenticate ends within 10 s, one whose client
    /// takes no bytes within 35 s.
    ///
    /// ```
    /// # use std::{sync::Arc, time::Duration};
    /// # use push_wire_server::{ChannelKind, PushServer};
    /// # async fn end<C: ChannelKind>(server: Arc<PushServer<C>>) {
    /// let left = server.drain(Duration::from_secs(20)).await;
    /// println!("{left} connections did not end in time");
    /// # }
    /// ```
    pub async fn drain(&self, grace: Duration) -> usize {
        self.hub.drain();
        // After a timeout too, the count below is the number of connections left.
        let _ended = timeout(grace, self.connections.wait()).await;
        self.connections.len()
    }

    /// Waits until no connection task runs. It closes no connection, and new ones are still accepted.
    pub async fn connections_ended(&self) {
        self.connections.wait().await;
    }

    /// Sets the handler of clients' messages on a channel, in place of an earlier one. The frame carries the sender as
    /// its `client_id`, the topic that the message is for, and no cursor.
    ///
    /// Messages of one connection are handled one after the other, on the connection's task. A handler that blocks the
    /// thread delays other connections too: calls that wait belong in `tokio::task::block_in_place`, as
    /// [`on_message`](Self::on_message) shows. That method also takes handlers that can refuse, and messages of bytes.
    pub fn register_handler<F>(&self, channel: C, handler: F)
    where
        F: Fn(Uuid, Frame<C>, &Self) + Send + Sync + 'static,
    {
        self.on_message(channel, move |message, server| {
            let mut frame =
                Frame::new(message.channel, message.json()?).with_client(message.client_id);
            frame.topic = message.topic.clone();
            handler(message.client_id, frame, server);
            Ok(())
        });
    }

    /// Sets a handler of clients' messages on a channel that can refuse a message: the client then gets the error, and
    /// knows that the message was not carried out.
    ///
    /// A handler that waits, for example for a database, does so in `tokio::task::block_in_place`. This needs tokio's
    /// multi-thread runtime, and panics on the current-thread one. Other connections are served meanwhile, and later messages
    /// of this one wait:
    ///
    /// ```
    /// # use push_wire_server::{ChannelKind, HandlerError, PushServer};
    /// # use tokio::runtime::Handle;
    /// # use tokio::task::block_in_place;
    /// # #[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
    /// # enum Channel { #[channel(system)] System, Chat }
    /// # async fn store(text: &str) -> Result<(), std::io::Error> { Ok(()) }
    /// # let server = PushServer::<Channel>::builder().build()?;
    /// server.on_message(Channel::Chat, |message, server| {
    ///     let text: String = message.json()?;
    ///     let stored = block_in_place(|| Handle::current().block_on(store(&text)));
    ///     stored.map_err(|error| HandlerError::Refused(format!("not stored: {error}")))?;
    ///     server.publish(Channel::Chat, &text)?;
    ///     Ok(())
    /// });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Replaces the channel's handler; called as described at [`register_handler`](Self::register_handler).
    pub fn on_message<F>(&self, channel: C, handler: F)
    where
        F: Fn(&ClientMessage<C>, &Self) -> Result<(), HandlerError> + Send + Sync + 'static,
    {
        self.handlers.set(channel, Arc::new(handler));
    }

    /// Publishes a value to all readers of the channel.
    ///
    /// # Errors
    /// [`PublishError`]; nothing was published.
    pub fn publish(
        &self,
        channel: C,
        value: &(impl Serialize + ?Sized),
    ) -> Result<Position, PublishError> {
        self.append(channel, Scope::Channel, value_record(value)?)
    }

    /// Publishes a value to all readers of a topic of the channel.
    ///
    /// # Errors
    /// [`PublishError`]; nothing was published.
    pub fn publish_to(
        &self,
        channel: C,
        topic: &str,
        value: &(impl Serialize + ?Sized),
    ) -> Result<Position, PublishError> {
        self.append(channel, Scope::Topic(topic.into()), value_record(value)?)
    }

    /// Publishes bytes, which only the application interprets, to all readers of the channel.
    ///
    /// # Errors
    /// [`PublishError`]; nothing was published.
    pub fn publish_bytes(
        &self,
        channel: C,
        bytes: impl Into<Bytes>,
    ) -> Result<Position, PublishError> {
        self.append(channel, Scope::Channel, bytes_record(bytes.into()))
    }

    /// Publishes bytes to all readers of a topic of the channel.
    ///
    /// # Errors
    /// [`PublishError`]; nothing was published.
    pub fn publish_bytes_to(
        &self,
        channel: C,
        topic: &str,
        bytes: impl Into<Bytes>,
    ) -> Result<Position, PublishError> {
        self.append(
            channel,
            Scope::Topic(topic.into()),
            bytes_record(bytes.into()),
        )
    }

    fn append(&self, channel: C, scope: Scope, record: Record) -> Result<Position, PublishError> {
        let key = StreamKey {
            channel: channel.wire_id(),
            scope,
        };
        self.hub.publish(clock::now(), &key, record)
    }

    /// Sends a frame to a client: into its inbox on the frame's channel, in order, kept while it is disconnected. A
    /// cursor and a topic in the frame are ignored: the inbox is a stream of its own, which numbers its entries itself.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn send(&self, client_id: Uuid, frame: Frame<C>) -> Result<(), SendError> {
        self.send_record(client_id, frame.channel, value_record(&frame.payload)?)
    }

    /// Sends bytes, which only the application interprets, to a client's inbox.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn send_bytes(
        &self,
        client_id: Uuid,
        channel: C,
        bytes: impl Into<Bytes>,
    ) -> Result<(), SendError> {
        self.send_record(client_id, channel, bytes_record(bytes.into()))
    }

    fn send_record(&self, client_id: Uuid, channel: C, record: Record) -> Result<(), SendError> {
        let sent = self
            .hub
            .send(clock::now(), client_id, channel.wire_id(), record);
        sent.map(|_| ()).map_err(SendError::from)
    }

    /// Sends a control op to a connected client; a failure is logged. [`try_send_system`](Self::try_send_system)
    /// returns it.
    pub fn send_system(&self, client_id: Uuid, op: SystemOp<C>) {
        if let Err(error) = self.try_send_system(client_id, op) {
            tracing::warn!(%client_id, %error, "a system op was not sent");
        }
    }

    /// Sends a control op to a connected client. Clients of both dialects get `Error`, `Ping`, `Pong`, `Health`, `Slow`
    /// and `Features`; the native client and the page report the last three as notices. The other ops are those of the
    /// JSON dialect, and are sent to its clients only.
    ///
    /// # Errors
    /// [`SendError::NotConnected`] for a client without a connection, even if it has a session;
    /// [`SendError::Backpressure`] if too many ops are queued for its connection; [`SendError::Rejected`] if `Features`
    /// has more than 32 names in a list, or one above 48 bytes.
    pub fn try_send_system(&self, client_id: Uuid, op: SystemOp<C>) -> Result<(), SendError> {
        let left = self.hub.notify(client_id, notice(op)?);
        left.map_err(|error| SendError::of_notice(error, client_id))
    }

    /// Number of clients that are connected.
    #[must_use]
    pub fn connected_clients(&self) -> usize {
        self.stats().connections
    }

    /// Ids of the clients that are connected, in no order.
    #[must_use]
    pub fn connected_client_ids(&self) -> Vec<Uuid> {
        self.hub.connected()
    }

    /// Identities ([`Grant::identity`](crate::Grant::identity)) of the clients that are connected, each with the ids of its
    /// clients, in no order. Clients without an identity are left out.
    #[must_use]
    pub fn connected_identities(&self) -> HashMap<String, Vec<Uuid>> {
        self.hub.connected_identities()
    }

    /// Returns the numbers of what the server holds now, and the counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.hub.stats()
    }
}

impl<C: ChannelKind> Application for PushServer<C> {
    fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    fn admission(&self) -> &Arc<Admission> {
        &self.admission
    }

    fn authenticate(&self, client: AuthRequest, request: &Parts) -> PendingGrant {
        let remote = request.extensions.get::<ConnectInfo<SocketAddr>>();
        let credentials = Credentials {
            client_id: client.client_id,
            token: client.token,
            channels: client
                .channels
                .into_iter()
                .filter_map(C::from_wire_id)
                .collect(),
            uri: request.uri.clone(),
            headers: request.headers.clone(),
            remote_addr: remote.map(|ConnectInfo(address)| *address),
        };
        Arc::clone(&self.authenticator).begin(credentials)
    }

    fn deliver(&self, message: Inbound) -> Result<(), MessageError> {
        self.handlers.handle(message, self)
    }
}
