//! From the application to many clients.

use bytes::Bytes;
use push_wire_broker::Record;
use push_wire_shared::ChannelKind;
use push_wire_shared::encoding::json;
use push_wire_shared::position::{Position, Scope, StreamKey};
use push_wire_shared::session::wire::Content;
use serde::Serialize;

use crate::hub::PublishError;
use crate::{PushServer, clock};

impl<C: ChannelKind> PushServer<C> {
    /// Publishes a value to all who read the channel.
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

    /// Publishes a value to all who read a topic of the channel.
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

    /// Publishes bytes, which mean something to the application only, to all who read the channel.
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

    /// Publishes bytes to all who read a topic of the channel.
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
}

/// A value as a log keeps it.
pub(crate) fn value_record(value: &(impl Serialize + ?Sized)) -> Result<Record, PublishError> {
    let body = json::to_vec(value)?;
    Ok(Record {
        content: Content::Value,
        body: body.into(),
    })
}

/// The application's bytes as a log keeps them.
pub(crate) fn bytes_record(body: Bytes) -> Record {
    Record {
        content: Content::Bytes,
        body,
    }
}
