//! [`PushClient`], the public API of the client.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use push_wire_shared::limits::ASSET_BYTES;
use push_wire_shared::position::Position;
use push_wire_shared::session::client::{Status, SubscribeError};
use push_wire_shared::session::op::ScopeRequest;
use push_wire_shared::{BinaryEnvelope, ChannelKind, Frame};
use tokio::sync::{Semaphore, broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::assets::{self, Asset, OpenAssetError};
use crate::command::{Command, Facts, Message, Outgoing, Subscribing};
use crate::driver::Driver;
use crate::messages::Queued;
use crate::state::{ConnectionStatus, Shared, connect_error};
use crate::{
    ChannelReceiver, ClientConfig, ClientEvent, ConnectError, ConnectionState, CursorTracker,
    Messages, SendError, SessionKey, Stats, StreamRequest,
};

/// Events kept for a slow receiver (1,024). One that is further behind gets the number of those that it missed.
const EVENTS: usize = 1024;

/// Messages that wait for the client's task to queue them (64); a further send waits for a place. A message stays there when
/// the future of its send is dropped.
const SENDS: usize = 64;

/// A client of one server: reads streams and sends messages over one connection, which it restores after a loss.
///
/// Dropping it sends a goodbye to the server in the background.
pub struct PushClient<C: ChannelKind> {
    config: ClientConfig,
    shared: Arc<Shared<C>>,
    /// Commands of the application, which waits for the answer to each. Messages have [`SENDS`] places.
    commands: mpsc::UnboundedSender<Command<C>>,
    sends: Arc<Semaphore>,
    /// The driver while it does not run.
    stopped: Mutex<Option<Box<Driver<C>>>>,
    running: Option<JoinHandle<Box<Driver<C>>>>,
}

impl<C: ChannelKind> PushClient<C> {
    /// A client that does nothing until [`connect`](Self::connect).
    #[must_use]
    pub fn new(config: ClientConfig) -> Self {
        let connection = ConnectionStatus {
            status: Status::Idle,
            was_ready: false,
            open_error: None,
        };
        let shared = Arc::new(Shared {
            connection: watch::Sender::new(connection),
            events: broadcast::Sender::new(EVENTS),
            cursors: CursorTracker::new(),
        });
        let (commands, asked) = mpsc::unbounded_channel();
        let driver = Driver::new(&config, Arc::clone(&shared), asked);
        Self {
            config,
            shared,
            commands,
            sends: Arc::new(Semaphore::new(SENDS)),
            stopped: Mutex::new(Some(Box::new(driver))),
            running: None,
        }
    }

    /// Reads a channel, and the client's inbox in it, from the oldest entries kept, and passes them to `receiver`, as
    /// well as the entries of subscribed topics of the channel. Replaces the receiver that was set before.
    pub fn on(&mut self, channel: C, receiver: impl ChannelReceiver<C>) {
        self.receive(channel, receiver);
        for request in both_streams(channel) {
            // The subscription may exist already: then the receiver was all that was new.
            drop(self.ask_subscribe(request, None));
        }
    }

    /// Sets the receiver of a channel's entries, without subscribing to anything.
    pub fn receive(&self, channel: C, receiver: impl ChannelReceiver<C>) {
        self.tell(Command::Receive(channel, Arc::new(receiver)));
    }

    /// Connects, and reconnects after each loss. Returns once the server has accepted the handshake. An attempt that fails
    /// is repeated by the [`ReconnectPolicy`](crate::ReconnectPolicy): by default until the server can be reached. The
    /// reasons are logged as warnings, and reported by [`events`](Self::events). To give up after a time, use
    /// [`tokio::time::timeout`] and [`disconnect`](Self::disconnect).
    ///
    /// # Errors
    /// [`ConnectError`]: the reason of the last attempt. The client is not connected and does not try again: the
    /// configuration is wrong, the server refuses the client (its credentials, or the version of the protocol), or the
    /// policy allows no further attempt.
    pub async fn connect(&mut self) -> Result<(), ConnectError> {
        self.config.check()?;
        let url = self.config.endpoint()?.to_string();
        let stopped = self.lock_stopped().take();
        match stopped {
            Some(mut driver) => {
                driver.start(url);
                self.running = Some(tokio::spawn(driver.run()));
            }
            None => {
                let stopped = || ConnectError::Transport("the client's task has ended".into());
                let done = |done| Command::Connect(done);
                self.ask(done).await.map_err(|_| stopped())?;
            }
        }
        let mut connection = self.shared.connection.subscribe();
        let settled = |connection: &ConnectionStatus| {
            connection.status == Status::Ready || connect_error(connection).is_some()
        };
        let error = match connection.wait_for(settled).await {
            Ok(connection) => connect_error(&connection),
            Err(_) => Some(ConnectError::Transport(
                "the client's task has ended".into(),
            )),
        };
        match error {
            None => Ok(()),
            Some(error) => {
                self.stop_driver().await;
                Err(error)
            }
        }
    }

    /// Waits until the client is closed: the server has refused it, its token function has denied a token, or the attempts of
    /// its [`ReconnectPolicy`](crate::ReconnectPolicy) are used up. Returns the reason. Streams do not end with that: they go
    /// on with the next [`connect`](Self::connect).
    ///
    /// ```no_run
    /// # use push_wire_client::{ChannelKind, Messages, PushClient};
    /// # async fn follow<C: ChannelKind>(client: &PushClient<C>, mut chat: Messages<C>) {
    /// loop {
    ///     tokio::select! {
    ///         Some(frame) = chat.recv() => println!("{}", frame.payload),
    ///         error = client.closed() => return eprintln!("{error}"),
    ///     }
    /// }
    /// # }
    /// ```
    pub async fn closed(&self) -> ConnectError {
        let mut connection = self.shared.connection.subscribe();
        let is_closed = |connection: &ConnectionStatus| connect_error(connection).is_some();
        let closed = connection.wait_for(is_closed).await;
        let error = closed
            .ok()
            .and_then(|connection| connect_error(&connection));
        error.unwrap_or_else(|| ConnectError::Transport("the client's task has ended".into()))
    }

    /// Sends a message on the frame's channel, or for its topic; returns once it is queued. It waits while the client is not
    /// connected, and is sent again after a lost connection; if the server refuses it, [`ClientEvent::Refused`] is emitted.
    ///
    /// # Errors
    /// [`SendError`]: the reason for which it was not queued.
    pub async fn send(&self, frame: Frame<C>) -> Result<(), SendError> {
        self.queue(Message::value(frame)?, None).await
    }

    /// Sends a message; returns once the server has carried it out.
    ///
    /// # Errors
    /// [`SendError`]: the reason for which it was not queued, or the server refused it.
    pub async fn send_confirmed(&self, frame: Frame<C>) -> Result<(), SendError> {
        let (answered, answer) = oneshot::channel();
        self.queue(Message::value(frame)?, Some(answered)).await?;
        answer.await.map_err(|_| SendError::NotConnected)?
    }

    /// Sends bytes, which only the application interprets; otherwise as [`send`](Self::send).
    ///
    /// # Errors
    /// [`SendError`]: the reason for which they were not queued.
    pub async fn send_bytes(&self, channel: C, body: Vec<u8>) -> Result<(), SendError> {
        self.queue(Message::bytes(channel, None, body), None).await
    }

    /// Sends bytes for a topic of a channel; otherwise as [`send`](Self::send).
    ///
    /// # Errors
    /// [`SendError`]: the reason for which they were not queued.
    pub async fn send_bytes_to(
        &self,
        channel: C,
        topic: &str,
        body: Vec<u8>,
    ) -> Result<(), SendError> {
        let message = Message::bytes(channel, Some(topic.into()), body);
        self.queue(message, None).await
    }

    async fn queue(
        &self,
        message: Message<C>,
        answered: Option<oneshot::Sender<Result<(), SendError>>>,
    ) -> Result<(), SendError> {
        if message.channel.is_system() {
            return Err(SendError::SystemChannel);
        }
        let place = Arc::clone(&self.sends).acquire_owned().await;
        let place = place.map_err(|_| SendError::NotConnected)?;
        let outgoing = |queued| {
            Command::Send(Outgoing {
                message,
                queued,
                answered,
                _place: place,
            })
        };
        self.ask(outgoing).await?
    }

    /// Reads these channels, and the client's inbox in each, from the oldest entries kept.
    ///
    /// # Errors
    /// [`SendError::Subscribe`] above 1,024 subscriptions. Channels that are subscribed to already are ignored.
    pub async fn subscribe(&self, channels: &[C]) -> Result<(), SendError> {
        for request in channels.iter().flat_map(|&channel| both_streams(channel)) {
            match self.subscribe_to(request).await {
                Ok(()) | Err(SendError::Subscribe(SubscribeError::Duplicate(_))) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads one stream; its entries go to the channel's receiver.
    ///
    /// # Errors
    /// [`SendError::Subscribe`] for an invalid request. The server's answer comes in [`events`](Self::events).
    pub async fn subscribe_to(&self, request: StreamRequest<C>) -> Result<(), SendError> {
        self.finish_subscribe(request, None).await
    }

    /// Subscribes to one stream with a queue of its own for `capacity` entries, which ends when the server ends the
    /// subscription. Dropping the queue ends the subscription. See [`Messages`] for when an entry counts as handled.
    ///
    /// At most 1,024 entries or 1 MiB that were not handled wait in this client, in the queue and before it; then the
    /// subscription is paused until half of them was handled. Further entries stay in the server's log; other
    /// subscriptions are not affected.
    ///
    /// # Errors
    /// [`SendError::Subscribe`]: the reason for which the request is invalid.
    pub async fn messages(
        &self,
        request: StreamRequest<C>,
        capacity: usize,
    ) -> Result<Messages<C>, SendError> {
        let (queue, messages) = mpsc::channel(capacity.max(1));
        self.finish_subscribe(request, Some(queue)).await?;
        Ok(Messages::new(messages))
    }

    async fn finish_subscribe(
        &self,
        request: StreamRequest<C>,
        queue: Option<mpsc::Sender<Queued<C>>>,
    ) -> Result<(), SendError> {
        let mut done = self.ask_subscribe(request, queue);
        self.serve_stopped();
        (&mut done)
            .await
            .map_err(|_| SendError::NotConnected)?
            .map_err(SendError::from)
    }

    fn ask_subscribe(
        &self,
        request: StreamRequest<C>,
        queue: Option<mpsc::Sender<Queued<C>>>,
    ) -> oneshot::Receiver<Result<(), SubscribeError>> {
        let (done, answer) = oneshot::channel();
        self.tell(Command::Subscribe(Subscribing {
            request,
            queue,
            done,
        }));
        answer
    }

    /// Stops reading these channels and the client's inbox in each.
    ///
    /// # Errors
    /// Fails if the client's task has ended.
    pub async fn unsubscribe(&self, channels: &[C]) -> Result<(), SendError> {
        for request in channels.iter().flat_map(|&channel| both_streams(channel)) {
            self.unsubscribe_from(request.channel, request.scope)
                .await?;
        }
        Ok(())
    }

    /// Stops reading one stream.
    ///
    /// # Errors
    /// Fails if the client's task has ended.
    pub async fn unsubscribe_from(&self, channel: C, scope: ScopeRequest) -> Result<(), SendError> {
        self.ask(|done| Command::Unsubscribe(channel, scope, done))
            .await
    }

    /// Sends a goodbye to the server, which ends the session there, and stops. The position in each stream is kept for
    /// the next [`connect`](Self::connect).
    ///
    /// # Errors
    /// None at present.
    pub async fn disconnect(&mut self) -> Result<(), SendError> {
        self.stop_driver().await;
        Ok(())
    }

    /// Stops the driver's task and takes the driver back.
    async fn stop_driver(&mut self) {
        let Some(running) = self.running.take() else {
            return;
        };
        self.tell(Command::Disconnect);
        match running.await {
            Ok(driver) => *self.lock_stopped() = Some(driver),
            Err(error) => tracing::error!(%error, "the client's task failed"),
        }
    }

    /// Sets the token. While connected, the server is sent it at once, and the connection goes on under its grant: what that
    /// does not allow any more ends. A token that the server refuses closes the client. `None`, or a token that is set while
    /// there is no connection, counts from the next attempt; a client [with a token
    /// function](ClientConfig::with_token_source) calls that before each attempt, and shows its answer instead.
    ///
    /// # Errors
    /// [`SendError::Token`] when it is larger than 16 KiB, [`SendError::NotConnected`] when the client's task has ended.
    pub async fn set_token(&self, token: Option<String>) -> Result<(), SendError> {
        self.ask(|done| Command::SetToken(token, done))
            .await?
            .map_err(SendError::from)
    }

    /// State to continue from after a restart, for [`ClientConfig::restored`]: id, secret, attempts, and the positions
    /// up to which streams were handled: see [`ChannelReceiver`] and [`Messages`]. It contains the secret: store it as
    /// carefully as a password. Call it while connected, since `disconnect` ends the session.
    ///
    /// # Errors
    /// Fails if the client's task has ended.
    pub async fn snapshot(&self) -> Result<Vec<u8>, SendError> {
        self.ask(Command::Snapshot).await
    }

    /// Opens an asset that the server has sent with `send_binary`, of at most 16 MiB: decodes it, or fetches its URL (http, https,
    /// or relative to the server) within 60 s, and checks its size and SHA-256.
    ///
    /// ```no_run
    /// # use push_wire_client::{BinaryEnvelope, ChannelKind, Frame, PushClient};
    /// # async fn show<C: ChannelKind>(client: &PushClient<C>, frame: Frame<C>)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let envelope: BinaryEnvelope = serde_json::from_value(frame.payload)?;
    /// let picture = client.open_asset(&envelope).await?;
    /// println!("{} of {} bytes", picture.mime, picture.bytes.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`OpenAssetError`].
    pub async fn open_asset(&self, envelope: &BinaryEnvelope) -> Result<Asset, OpenAssetError> {
        self.open_asset_within(envelope, ASSET_BYTES as u64).await
    }

    /// As [`open_asset`](Self::open_asset), with another limit in bytes.
    ///
    /// # Errors
    /// [`OpenAssetError`].
    pub async fn open_asset_within(
        &self,
        envelope: &BinaryEnvelope,
        max_bytes: u64,
    ) -> Result<Asset, OpenAssetError> {
        let server = self
            .config
            .endpoint()
            .map_err(|error| OpenAssetError::Url {
                url: self.config.url.clone(),
                why: error.to_string(),
            })?;
        assets::open(envelope, &server, &self.config.tls, max_bytes).await
    }

    /// Events other than entries, from now on. A receiver that is more than 1,024 events behind gets the number of
    /// those that it missed.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<ClientEvent<C>> {
        self.shared.events.subscribe()
    }

    /// Summary of the connection's state; [`status`](Self::status) has the details.
    #[must_use]
    pub fn state(&self) -> ConnectionState {
        self.shared.connection.borrow().summary()
    }

    /// State of the connection.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared.connection.borrow().status.clone()
    }

    /// The newest handled cursor of each channel itself, without topics and inboxes.
    #[must_use]
    pub fn cursors(&self) -> HashMap<C, u64> {
        self.shared.cursors.export()
    }

    /// Positions up to which each stream was handled, for [`StreamRequest::after`] after a restart. The meaning of
    /// "handled" is documented at [`ChannelReceiver`] and [`Messages`].
    ///
    /// # Errors
    /// Fails if the client's task has ended.
    pub async fn positions(&self) -> Result<Vec<(C, ScopeRequest, Position)>, SendError> {
        Ok(self.facts().await?.positions)
    }

    /// Credentials of the session, for [`ClientConfig::continuing`] after a restart, together with the
    /// [`positions`](Self::positions). Call it while connected, since `disconnect` ends the session.
    ///
    /// # Errors
    /// Fails if the client's task has ended.
    pub async fn session(&self) -> Result<SessionKey, SendError> {
        Ok(self.facts().await?.session)
    }

    /// Counters of messages, bytes and entries since the client was created.
    ///
    /// # Errors
    /// Fails if the client's task has ended.
    pub async fn stats(&self) -> Result<Stats, SendError> {
        Ok(self.facts().await?.stats)
    }

    /// The client's id.
    #[must_use]
    pub const fn client_id(&self) -> Uuid {
        self.config.client_id
    }

    async fn facts(&self) -> Result<Facts<C>, SendError> {
        self.ask(Command::Ask).await
    }

    /// Sends a command and waits for its answer.
    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command<C>,
    ) -> Result<T, SendError> {
        let (done, answer) = oneshot::channel();
        self.tell(command(done));
        self.serve_stopped();
        answer.await.map_err(|_| SendError::NotConnected)
    }

    fn tell(&self, command: Command<C>) {
        if self.commands.send(command).is_err() {
            tracing::error!("the client's task has failed; make a new client");
        }
    }

    /// Lets a stopped driver handle its queued commands.
    fn serve_stopped(&self) {
        if let Some(driver) = self.lock_stopped().as_mut() {
            driver.serve();
        }
    }

    fn lock_stopped(&self) -> MutexGuard<'_, Option<Box<Driver<C>>>> {
        // A panic while it was locked leaves the driver as it was.
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: ChannelKind> fmt::Debug for PushClient<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushClient")
            .field("url", &self.config.url)
            .field("client_id", &self.config.client_id)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

/// The two streams of a channel that are read by default: the channel itself and the client's inbox.
fn both_streams<C: ChannelKind>(channel: C) -> [StreamRequest<C>; 2] {
    [
        StreamRequest::channel(channel),
        StreamRequest::inbox(channel),
    ]
}
