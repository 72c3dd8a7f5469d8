//! Publishing: checks of an entry, and its append to the stream's log.

use std::sync::Arc;

use push_wire_broker::{AppendError, Record};
use push_wire_shared::channel::ChannelMode;
use push_wire_shared::encoding::EncodeError;
use push_wire_shared::position::{Position, Scope, StreamKey, is_topic};
use push_wire_shared::session::server::ServerConfig;
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::streams::{Creator, OpenError, Streams};
use super::{Counters, LimitError, Stream};
use crate::compression::Dictionaries;

/// Error of publishing an entry.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The channel carries control ops, or is unknown.
    #[error(
        "nothing can be published on the channel of id {0}: it is the system channel, or none of the server's"
    )]
    NoEntries(u8),
    /// The stream is an inbox, which ends with its session: `send`, which checks the session, is the way to it.
    #[error("a client's inbox is written with `send`")]
    Inbox,
    /// A topic is 1 to 255 bytes long.
    #[error("a topic is 1 to 255 bytes long, not {0}")]
    BadTopic(usize),
    /// The body is larger than an entry may be.
    #[error(
        "a body of {bytes} bytes is above the limit of {limit}, which is `Limits::entry_bytes`"
    )]
    TooLarge {
        /// Size of the body, in bytes.
        bytes: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The limit of streams is reached.
    #[error("no room for another stream: {0}")]
    TooManyStreams(LimitError),
    /// The value cannot be serialised, or holds what one of the encodings cannot express.
    #[error("the value cannot be serialised: {0}")]
    Serialization(#[from] EncodeError),
    /// The broker could not append it.
    #[error(transparent)]
    Broker(#[from] AppendError),
}

/// Error of sending an entry to a client's inbox.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubSendError {
    /// There is no session of this client.
    #[error("no session of client {0} is known")]
    UnknownClient(Uuid),
    /// The entry was not published.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// Publisher of entries to logs. It uses no sessions, so a publish never waits for their lock.
#[derive(Debug)]
pub(super) struct Publisher {
    pub(super) config: Arc<ServerConfig>,
    pub(super) entry_bytes: usize,
    pub(super) streams: Arc<Streams>,
    pub(super) dictionaries: Arc<Dictionaries>,
    pub(super) counters: Arc<Counters>,
}

impl Publisher {
    /// Appends an entry to a stream, created if there is none, and wakes its readers.
    pub(super) fn publish(
        &self,
        now: Moment,
        key: &StreamKey,
        record: Record,
    ) -> Result<Position, PublishError> {
        if matches!(key.scope, Scope::Inbox(_)) {
            return Err(PublishError::Inbox);
        }
        self.check(key, &record)?;
        let stream = self.streams.open(key, Creator::Application);
        let stream = stream.map_err(|error| publish_error(key, error))?;
        self.append(now, &stream, record)
    }

    /// Returns whether an entry can be published to a stream.
    pub(super) fn check(&self, key: &StreamKey, record: &Record) -> Result<(), PublishError> {
        let (bytes, limit) = (record.body.len(), self.entry_bytes);
        if bytes > limit {
            return Err(PublishError::TooLarge { bytes, limit });
        }
        if let Scope::Topic(topic) = &key.scope
            && !is_topic(topic)
        {
            return Err(PublishError::BadTopic(topic.len()));
        }
        let channel = self.config.channels.by_id(key.channel);
        match channel.filter(|channel| channel.mode != ChannelMode::System) {
            Some(_) => Ok(()),
            None => Err(PublishError::NoEntries(key.channel)),
        }
    }

    /// Appends a checked entry, and wakes the readers.
    pub(super) fn append(
        &self,
        now: Moment,
        stream: &Stream,
        record: Record,
    ) -> Result<Position, PublishError> {
        self.dictionaries.offer(now, stream.key(), &record.body);
        stream.note_published(now);
        let position = stream.log().append(now, record)?;
        self.counters.published();
        Ok(position)
    }
}

/// Converts the error of opening a stream to the publisher's.
pub(super) fn publish_error(key: &StreamKey, error: OpenError) -> PublishError {
    match error {
        OpenError::NoEntries | OpenError::NoSession => PublishError::NoEntries(key.channel),
        OpenError::Limit(limit) => PublishError::TooManyStreams(limit),
    }
}
