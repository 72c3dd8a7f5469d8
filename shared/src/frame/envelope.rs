//! [`Frame`]: the JSON dialect's message on a channel, which handlers receive and `send` takes.

use alloc::string::String;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

/// A payload of any shape.
pub type RawPayload = serde_json::Value;

/// One message on a channel.
///
/// In JSON `{"channel": name, "cursor"?: n, "payload": value, "client_id"?: uuid, "topic"?: name}`; absent fields are left
/// out.
///
/// It is written as such a map in every encoding, also in MessagePack, where structs are arrays: an array cannot show
/// which field was left out. The published crate reads maps, and writes arrays; of its arrays, only frames with a
/// cursor can be read, by either crate.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(bound(deserialize = "C: Deserialize<'de>, T: Deserialize<'de>"))]
#[non_exhaustive]
pub struct Frame<C, T = RawPayload> {
    /// Channel of the message.
    pub channel: C,
    /// Number of the entry in its stream; none for a message that is in no log.
    #[serde(default)]
    pub cursor: Option<u64>,
    /// Content of the message.
    pub payload: T,
    /// The client that it goes to or comes from.
    #[serde(default)]
    pub client_id: Option<Uuid>,
    /// Topic of the channel that it is published to, or that a client's message is for; none for the channel itself and
    /// for inboxes.
    #[serde(default)]
    pub topic: Option<String>,
}

impl<C, T> Frame<C, T> {
    /// A message without cursor, client and topic.
    pub fn new(channel: C, payload: T) -> Self {
        Self {
            channel,
            cursor: None,
            payload,
            client_id: None,
            topic: None,
        }
    }

    /// The same message as this entry of its stream.
    #[must_use]
    pub fn with_cursor(self, cursor: u64) -> Self {
        Self {
            cursor: Some(cursor),
            ..self
        }
    }

    /// The same message to or from this client.
    #[must_use]
    pub fn with_client(self, client_id: Uuid) -> Self {
        Self {
            client_id: Some(client_id),
            ..self
        }
    }

    /// The same message for this topic of its channel.
    #[must_use]
    pub fn with_topic(self, topic: impl Into<String>) -> Self {
        Self {
            topic: Some(topic.into()),
            ..self
        }
    }
}

impl<C: Serialize, T: Serialize> Serialize for Frame<C, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let optional = usize::from(self.cursor.is_some())
            + usize::from(self.client_id.is_some())
            + usize::from(self.topic.is_some());
        let mut map = serializer.serialize_map(Some(2 + optional))?;
        map.serialize_entry("channel", &self.channel)?;
        if let Some(cursor) = self.cursor {
            map.serialize_entry("cursor", &cursor)?;
        }
        map.serialize_entry("payload", &self.payload)?;
        if let Some(client_id) = self.client_id {
            map.serialize_entry("client_id", &client_id)?;
        }
        if let Some(topic) = &self.topic {
            map.serialize_entry("topic", topic)?;
        }
        map.end()
    }
}

#[cfg(test)]
#[cfg(feature = "derive")]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{ChannelKind, PayloadEncoding};

    const ENCODINGS: [PayloadEncoding; 3] = [
        PayloadEncoding::MessagePack,
        PayloadEncoding::Cbor,
        PayloadEncoding::Json,
    ];

    #[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
    enum Channel {
        #[channel(system)]
        System,
        Chat,
    }

    #[test]
    fn absent_fields_are_left_out() {
        let frame = Frame::new(Channel::Chat, json!({"text": "hi"}));
        let json = serde_json::to_string(&frame).unwrap();
        assert_eq!(json, r#"{"channel":"chat","payload":{"text":"hi"}}"#);
        assert_eq!(
            serde_json::from_str::<Frame<Channel>>(&json).unwrap(),
            frame
        );

        let frame = frame
            .with_cursor(7)
            .with_client(Uuid::from_u128(1))
            .with_topic("room");
        let json = serde_json::to_string(&frame).unwrap();
        assert_eq!(
            json,
            r#"{"channel":"chat","cursor":7,"payload":{"text":"hi"},"client_id":"00000000-0000-0000-0000-000000000001","topic":"room"}"#
        );
        assert_eq!(
            serde_json::from_str::<Frame<Channel>>(&json).unwrap(),
            frame
        );
    }

    #[test]
    fn any_field_may_be_absent_in_every_encoding() {
        for encoding in ENCODINGS {
            for present in 0..8 {
                let mut frame = Frame::new(Channel::Chat, 5_u64);
                frame.cursor = (present & 1 != 0).then_some(7);
                frame.client_id = (present & 2 != 0).then_some(Uuid::from_u128(1));
                frame.topic = (present & 4 != 0).then(|| "room".into());
                let bytes = encoding.encode(&frame).unwrap();
                assert_eq!(encoding.decode(&bytes), Ok(frame), "{encoding:?}");
            }
        }
    }

    #[test]
    fn reads_published_arrays_with_cursor() {
        let read = |bytes: &[u8]| PayloadEncoding::MessagePack.decode::<Frame<Channel>>(bytes);
        let frame = Frame::new(Channel::Chat, json!(true));
        assert_eq!(read(b"\x93\xa4chat\x07\xc3"), Ok(frame.with_cursor(7)));
        assert!(read(b"\x92\xa4chat\xc3").is_err());
    }

    #[test]
    fn payloads_may_be_typed() {
        let json = r#"{"channel":"chat","payload":"hi"}"#;
        let frame: Frame<Channel, String> = serde_json::from_str(json).unwrap();
        assert_eq!(frame, Frame::new(Channel::Chat, "hi".into()));
        assert!(serde_json::from_str::<Frame<Channel, u8>>(json).is_err());
    }
}
