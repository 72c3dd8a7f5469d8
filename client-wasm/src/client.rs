//! [`Client`], the Rust API of a page.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use push_wire_shared::ChannelKind;
use push_wire_shared::session::client::{
    ClientSession, ConfigError, SendError as QueueError, Stats, Status, SubscribeError, Transport,
};
use push_wire_shared::session::op::{ErrorCode, SystemNotice};
use push_wire_shared::session::wire::Content;
use serde::Serialize;
use uuid::Uuid;

use crate::document::Document;
use crate::driver::{Answer, Driver, Observer};
use crate::subscription::{StreamRequest, Subscription};
use crate::watch::{Changes, Teller};
use crate::{Config, ConnectError, Fault, values};

/// Statuses, notices and faults that wait for a slow reader.
const CHANGES: usize = 64;

/// Client of a push-wire server: one connection, its subscriptions and its sends. Clones share them. The client is closed when
/// it, its clones, its subscriptions and its documents are all dropped.
///
/// ```no_run
/// use push_wire_client_wasm::{Client, ChannelKind, Config, StreamRequest};
///
/// #[derive(ChannelKind, Clone, Copy, PartialEq, Eq, Hash, Debug)]
/// enum Channel {
///     #[channel(system)]
///     System,
///     Chat,
/// }
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::<Channel>::connect("/rps", Config::new())?;
/// let mut lobby = client.subscribe(StreamRequest::topic(Channel::Chat, "lobby"))?;
/// client.send(Channel::Chat, Some("lobby"), &"hello").await?;
/// while let Some(entry) = lobby.next_entry().await {
///     let text: String = entry.value()?;
///     drop(text);
/// }
/// # Ok(())
/// # }
/// ```
pub struct Client<C: ChannelKind> {
    shared: Rc<Shared>,
    channels: PhantomData<fn() -> C>,
}

/// State shared by the clones of a client, its subscriptions and documents. Dropping the last reference closes the client.
pub(crate) struct Shared {
    pub(crate) driver: Rc<Driver>,
    signals: Rc<Signals>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.driver.close();
    }
}

/// Events that belong to no single stream or send.
struct Signals {
    status: RefCell<(Status, Option<Transport>)>,
    statuses: Teller<Status>,
    notices: Teller<SystemNotice>,
    faults: Teller<Fault>,
}

impl Observer for Rc<Signals> {
    fn status(&self, status: &Status, transport: Option<Transport>) {
        self.status.replace((status.clone(), transport));
        self.statuses.tell(status);
    }

    fn notice(&self, notice: &SystemNotice) {
        self.notices.tell(notice);
    }

    fn fault(&self, fault: Fault) {
        if !self.faults.tell(&fault) {
            crate::console::warn(&format!("push-wire: {fault}"));
        }
    }
}

impl<C: ChannelKind> Client<C> {
    /// Connects to a server, and returns at once. `url` is absolute (`https://host/rps`, `wss://…`) or relative to the page;
    /// without a path it is `/rps`.
    ///
    /// # Errors
    /// [`ConnectError`] for an address or a setting that cannot be used. Errors of the connection are told by
    /// [`status`](Self::status).
    pub fn connect(url: &str, config: Config) -> Result<Self, ConnectError> {
        let signals = Rc::new(Signals {
            status: RefCell::new((Status::Idle, None)),
            statuses: Teller::new(),
            notices: Teller::new(),
            faults: Teller::new(),
        });
        let driver = config.driver(url, Box::new(Rc::clone(&signals)))?;
        driver.start();
        Ok(Self {
            shared: Rc::new(Shared { driver, signals }),
            channels: PhantomData,
        })
    }

    /// The client's id, by which the server addresses it; nil until what is [kept on the device](Config::storage_on_device) was
    /// read.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.driver().client_id().unwrap_or_default()
    }

    /// State of the connection.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared.signals.status.borrow().0.clone()
    }

    /// Transport of the connection; `None` while there is none.
    #[must_use]
    pub fn transport(&self) -> Option<Transport> {
        self.shared.signals.status.borrow().1
    }

    /// States of the connection from now on.
    #[must_use]
    pub fn status_changes(&self) -> Changes<Status> {
        self.shared.signals.statuses.read(CHANGES)
    }

    /// Notices of the application on the server from now on.
    #[must_use]
    pub fn notices(&self) -> Changes<SystemNotice> {
        self.shared.signals.notices.read(CHANGES)
    }

    /// Errors that belong to no call, from now on. Without a reader they are warnings in the console.
    #[must_use]
    pub fn faults(&self) -> Changes<Fault> {
        self.shared.signals.faults.read(CHANGES)
    }

    /// Counters since the client was created.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.driver().read(|session| session.stats())
    }

    /// Number of failed downloads of compression dictionaries: entries arrive without them, and they are tried again on the
    /// next connection.
    #[must_use]
    pub fn dictionaries_failed(&self) -> u32 {
        self.driver().dictionaries_failed()
    }

    /// Reads a stream. Several subscriptions to one stream share its entries: a later one gets those from now on, and the
    /// value of a state at once.
    ///
    /// # Errors
    /// [`SubscribeError`]; nothing was changed.
    pub fn subscribe(&self, request: StreamRequest<C>) -> Result<Subscription<C>, SubscribeError> {
        Subscription::new(&self.shared, request)
    }

    /// Reads a document: the newest value of a state.
    ///
    /// # Errors
    /// [`SubscribeError`]; nothing was changed.
    pub fn document<T>(&self, request: StreamRequest<C>) -> Result<Document<T>, SubscribeError>
    where
        T: serde::de::DeserializeOwned + 'static,
    {
        Document::new(&self.shared, request)
    }

    /// Sends a value, on a channel or for a topic of it. It is what its JSON is, whatever the [encoding](Config::encoding). The message is queued at once, also while the client is
    /// away; the future is ready when the server has carried it out, and need not be awaited.
    ///
    /// # Errors
    /// [`SendError`]; from the call if nothing was queued.
    pub fn send<T: Serialize + ?Sized>(
        &self,
        channel: C,
        topic: Option<&str>,
        value: &T,
    ) -> Sending {
        let encoding = self.driver().read(ClientSession::encoding);
        match values::encode(value, encoding) {
            Ok(body) => self.queue(channel, topic, Content::Value, body),
            Err(error) => Sending::failed(SendError::Value(error.to_string())),
        }
    }

    /// Sends bytes, which only the application interprets; otherwise as [`send`](Self::send).
    ///
    /// # Errors
    /// [`SendError`].
    pub fn send_bytes(&self, channel: C, topic: Option<&str>, bytes: Vec<u8>) -> Sending {
        self.queue(channel, topic, Content::Bytes, bytes)
    }

    fn queue(&self, channel: C, topic: Option<&str>, content: Content, body: Vec<u8>) -> Sending {
        let mut sending = Sending::new();
        let answered = Rc::clone(&sending.answered);
        let answered = move |answer: Answer| answered.set(answer.into());
        let driver = self.driver();
        match driver.send(channel.name(), topic, content, body, answered) {
            Ok(ticket) => {
                sending.queued = Some((Rc::downgrade(driver), ticket));
                sending
            }
            Err(error) => Sending::failed(SendError::Queue(error)),
        }
    }

    /// Sets the token. While connected, the server is sent it at once, and when it has checked it the connection goes on under
    /// its grant, or a new one is opened; else it counts from the next connection. A [token
    /// function](Config::token_source) is asked for another one before that.
    ///
    /// # Errors
    /// [`ConfigError::TokenBytes`] if it is larger than 16 KiB.
    pub fn set_token(&self, token: Option<String>) -> Result<(), ConfigError> {
        self.driver().set_token(token)
    }

    /// Connects at once: after the client was closed by the server, or while it waits for its next attempt.
    pub fn reconnect(&self) {
        self.driver().connect();
    }

    /// Drops the connection and makes no attempt for this long, for tests of a page.
    pub fn interrupt(&self, wait: Duration) {
        self.driver()
            .with(|session, now| session.interrupt(now, wait));
    }

    /// Sends a goodbye, and ends subscriptions and sends.
    pub fn close(&self) {
        self.driver().close();
    }

    fn driver(&self) -> &Rc<Driver> {
        &self.shared.driver
    }
}

impl<C: ChannelKind> Clone for Client<C> {
    fn clone(&self) -> Self {
        Self {
            shared: Rc::clone(&self.shared),
            channels: PhantomData,
        }
    }
}

impl<C: ChannelKind> std::fmt::Debug for Client<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("id", &self.id())
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

/// Error of a send.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The value has no form in every encoding: a NaN, for example.
    #[error("the value cannot be sent: {0}")]
    Value(String),
    /// Nothing was queued.
    #[error(transparent)]
    Queue(QueueError),
    /// The server did not carry it out.
    #[error("{}: {message}", code.name())]
    Refused {
        /// Reason, for programs.
        code: ErrorCode,
        /// Reason, for people.
        message: String,
        /// Time after which the server may carry out the same send; only with [`ErrorCode::RateLimited`].
        retry: Option<Duration>,
    },
    /// The client was closed before the server's answer.
    #[error("the client was closed before the server's answer")]
    Closed,
}

impl From<Answer> for Result<(), SendError> {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Sent => Ok(()),
            Answer::Refused {
                code,
                message,
                retry,
            } => Err(SendError::Refused {
                code,
                message,
                retry,
            }),
            Answer::Closed => Err(SendError::Closed),
        }
    }
}

/// Future of the result of a send. Dropping it does not withdraw the message.
pub struct Sending {
    answered: Rc<Answered>,
    /// The driver that has queued the message, and its ticket.
    queued: Option<(Weak<Driver>, u64)>,
}

#[derive(Default, Debug)]
struct Answered {
    answer: RefCell<Option<Result<(), SendError>>>,
    waker: RefCell<Option<Waker>>,
}

impl Answered {
    fn set(&self, answer: Result<(), SendError>) {
        self.answer.replace(Some(answer));
        let waker = self.waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Sending {
    /// Withdraws the message, if it waits to be sent. One that was sent may be carried out all the same.
    pub fn withdraw(self) {
        let Some((driver, ticket)) = &self.queued else {
            return;
        };
        if let Some(driver) = driver.upgrade() {
            driver.withdraw(*ticket);
        }
    }

    fn new() -> Self {
        Self {
            answered: Rc::default(),
            queued: None,
        }
    }

    fn failed(error: SendError) -> Self {
        let sending = Self::new();
        sending.answered.set(Err(error));
        sending
    }
}

impl std::fmt::Debug for Sending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sending")
            .field("answered", &self.answered)
            .finish_non_exhaustive()
    }
}

impl Future for Sending {
    type Output = Result<(), SendError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = self.answered.answer.borrow().clone();
        if let Some(answer) = answer {
            return Poll::Ready(answer);
        }
        self.answered.waker.replace(Some(cx.waker().clone()));
        Poll::Pending
    }
}
