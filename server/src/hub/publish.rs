//! Into the logs.

use std::sync::Arc;

use push_wire_broker::{AppendError, Record};
use push_wire_shared::encoding::EncodeError;
use push_wire_shared::position::{Position, Scope, StreamKey};
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::{Hub, Stream};

/// Why an entry was not published.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The channel carries control ops, or is unknown.
    #[error(
        "nothing can be published on the channel of id {0}: it is the system channel, or none of the server's"
    )]
    NoEntries(u8),
    /// A topic is 1 to 255 bytes long.
    #[error("a topic is 1 to 255 bytes long, not {0}")]
    BadTopic(usize),
    /// The body is larger than an entry may be.
    #[error(
        "a body of {bytes} bytes is above the limit of {limit}, which is `Limits::entry_bytes`"
    )]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// There are too many streams for another one.
    #[error("no room for another stream")]
    TooManyStreams,
    /// The value cannot be serialised, or holds what one of the encodings cannot express.
    #[error("the value cannot be serialised: {0}")]
    Serialization(#[from] EncodeError),
    /// The broker did not take it.
    #[error(transparent)]
    Broker(#[from] AppendError),
}

/// Why an entry was not put into a client's inbox.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubSendError {
    /// The server knows no session of this client.
    #[error("no session of client {0} is known")]
    UnknownClient(Uuid),
    /// The entry was not published.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

impl Hub {
    /// The stream, made when there is none.
    pub(crate) fn stream(&self, key: &StreamKey) -> Option<Arc<Stream>> {
        self.streams.open(key)
    }

    /// Appends an entry to a stream and marks its readers.
    ///
    /// # Errors
    /// [`PublishError`]; nothing was appended.
    pub fn publish(
        &self,
        now: Moment,
        key: &StreamKey,
        record: Record,
    ) -> Result<Position, PublishError> {
        let limit = self.limits.entry_bytes;
        if record.body.len() > limit {
            return Err(PublishError::TooLarge {
                bytes: record.body.len(),
                limit,
            });
        }
        if let Scope::Topic(topic) = &key.scope
            && !(1..=push_wire_shared::limits::MAX_TOPIC_BYTES).contains(&topic.len())
        {
            return Err(PublishError::BadTopic(topic.len()));
        }
        if self.channels().by_id(key.channel).is_none() || key.channel == self.system {
            return Err(PublishError::NoEntries(key.channel));
        }
        self.sweep(now);
        let stream = self.streams.open(key).ok_or(PublishError::TooManyStreams)?;
        self.dictionaries.offer(now, key, &record.body);
        let position = stream.log().append(now, record)?;
        self.counters.published();
        Ok(position)
    }

    /// Appends an entry to a client's inbox, where it waits while the client is away.
    ///
    /// # Errors
    /// [`HubSendError`]; nothing was appended.
    pub fn send(
        &self,
        now: Moment,
        client: Uuid,
        channel: u8,
        record: Record,
    ) -> Result<Position, HubSendError> {
        if !self.knows(now, client) {
            return Err(HubSendError::UnknownClient(client));
        }
        let key = StreamKey {
            channel,
            scope: Scope::Inbox(client),
        };
        Ok(self.publish(now, &key, record)?)
    }
}
