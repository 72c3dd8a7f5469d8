//! Handlers of clients' messages.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use push_wire_shared::session::op::ErrorCode;
use push_wire_shared::session::server::MessageError;
use push_wire_shared::session::wire::Content;
use push_wire_shared::{ChannelKind, Frame};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::auth::Grant;
use crate::hub::PublishError;
use crate::peer::Inbound;
use crate::{PushServer, SendError};

/// Handler of clients' messages. Arguments: client id of the sender, message, server to answer through.
pub type ChannelHandler<C> = Arc<dyn Fn(Uuid, Frame<C>, &PushServer<C>) + Send + Sync>;

/// A message from a client.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ClientMessage<C> {
    /// Client id of the sender, to answer with [`PushServer::send`].
    pub client_id: Uuid,
    /// Identity of the sender, if the authenticator gave one with [`Grant::identity`].
    pub identity: Option<Arc<str>>,
    /// Grant of the sender, which allows this message.
    pub grant: Arc<Grant>,
    /// The channel that it was sent on.
    pub channel: C,
    /// The topic that it is for, 1 to 255 bytes; none for the channel itself.
    pub topic: Option<String>,
    /// Kind of the body.
    pub content: Content,
    /// A value as JSON text, or the application's bytes.
    pub body: Bytes,
}

impl<C> ClientMessage<C> {
    /// The body as a value.
    ///
    /// # Errors
    /// [`HandlerError::BadPayload`] if it is bytes, or a value of another type; a handler may return it with `?`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, HandlerError> {
        match self.content {
            Content::Value => Ok(serde_json::from_slice(&self.body)?),
            Content::Bytes => Err(HandlerError::BadPayload(
                "a value is expected, not bytes".into(),
            )),
        }
    }
}

/// Error of a handler, which is sent to the client.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandlerError {
    /// The body is not of the type that the handler expects (`bad_payload`).
    #[error("{0}")]
    BadPayload(String),
    /// The client may not do this (`not_permitted`).
    #[error("{0}")]
    NotPermitted(String),
    /// A part of the message is above its limit (`too_large`).
    #[error("{0}")]
    TooLarge(String),
    /// The client sends more than a rate (`rate_limited`).
    #[error("{text}")]
    RateLimited {
        /// Reason, for people.
        text: String,
        /// Time after which the same message may be carried out (`retry_ms`); `None` if it is not known, or for never.
        retry: Option<Duration>,
    },
    /// Any other reason (`refused`).
    #[error("{0}")]
    Refused(String),
}

impl From<serde_json::Error> for HandlerError {
    fn from(error: serde_json::Error) -> Self {
        Self::BadPayload(format!(
            "the payload is not what this channel takes: {error}"
        ))
    }
}

/// A publish error of a handler is an error of the client's message.
impl From<PublishError> for HandlerError {
    fn from(error: PublishError) -> Self {
        Self::Refused(error.to_string())
    }
}

/// A send error of a handler is an error of the client's message.
impl From<SendError> for HandlerError {
    fn from(error: SendError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl From<HandlerError> for MessageError {
    fn from(error: HandlerError) -> Self {
        let (code, retry) = match error {
            HandlerError::BadPayload(_) => (ErrorCode::BadPayload, None),
            HandlerError::NotPermitted(_) => (ErrorCode::NotPermitted, None),
            HandlerError::TooLarge(_) => (ErrorCode::TooLarge, None),
            HandlerError::RateLimited { retry, .. } => (ErrorCode::RateLimited, retry),
            HandlerError::Refused(_) => (ErrorCode::Refused, None),
        };
        Self {
            code,
            message: error.to_string(),
            retry_ms: retry.map(whole_ms),
        }
    }
}

/// The time in milliseconds, rounded up, so that the rest of the last one has passed too.
fn whole_ms(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

type MessageHandler<C> =
    Arc<dyn Fn(&ClientMessage<C>, &PushServer<C>) -> Result<(), HandlerError> + Send + Sync>;

/// One handler per channel.
pub(crate) struct Handlers<C: ChannelKind>(RwLock<Vec<(C, MessageHandler<C>)>>);

impl<C: ChannelKind> Default for Handlers<C> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<C: ChannelKind> Handlers<C> {
    /// Sets the channel's handler, in place of an earlier one.
    pub(crate) fn set(&self, channel: C, handler: MessageHandler<C>) {
        let mut handlers = self.0.write().unwrap_or_else(PoisonError::into_inner);
        handlers.retain(|(known, _)| *known != channel);
        handlers.push((channel, handler));
    }

    fn get(&self, channel: C) -> Option<MessageHandler<C>> {
        let handlers = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = handlers.iter().find(|(known, _)| *known == channel);
        known.map(|(_, handler)| Arc::clone(handler))
    }

    /// Passes a client's message to the handler of its channel.
    pub(crate) fn handle(
        &self,
        message: Inbound,
        server: &PushServer<C>,
    ) -> Result<(), MessageError> {
        let channel = C::from_wire_id(message.channel);
        let Some((channel, handler)) =
            channel.and_then(|channel| Some((channel, self.get(channel)?)))
        else {
            let message = "nobody handles messages on this channel".into();
            return Err(MessageError::new(ErrorCode::NoHandler, message));
        };
        let Inbound {
            client_id,
            grant,
            topic,
            content,
            body,
            ..
        } = message;
        Ok(handler(
            &ClientMessage {
                client_id,
                identity: grant.shared_identity(),
                grant,
                channel,
                topic,
                content,
                body,
            },
            server,
        )?)
    }
}
