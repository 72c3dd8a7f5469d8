//! The envelope of the JSON dialect: what handlers and `send` take.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ChannelKind;

/// A payload of any shape.
pub type RawPayload = serde_json::Value;

/// One message on a channel.
///
/// In JSON `{"channel": name, "cursor"?: n, "payload": value, "client_id"?: uuid}`; absent fields are left out.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(bound(serialize = "T: Serialize", deserialize = "T: Deserialize<'de>"))]
#[non_exhaustive]
pub struct Frame<C: ChannelKind, T = RawPayload> {
    /// Where it travels.
    pub channel: C,
    /// Number of the entry in its stream; none for a message that is in no log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<u64>,
    /// What it says.
    pub payload: T,
    /// The client that it goes to or comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<Uuid>,
}

impl<C: ChannelKind, T> Frame<C, T> {
    /// A message without cursor and client.
    pub fn new(channel: C, payload: T) -> Self {
        Self {
            channel,
            cursor: None,
            payload,
            client_id: None,
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
}

#[cfg(test)]
#[cfg(feature = "derive")]
mod tests {
    use alloc::string::String;

    use serde_json::json;

    use super::*;

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

        let frame = frame.with_cursor(7).with_client(Uuid::from_u128(1));
        let json = serde_json::to_string(&frame).unwrap();
        assert_eq!(
            json,
            r#"{"channel":"chat","cursor":7,"payload":{"text":"hi"},"client_id":"00000000-0000-0000-0000-000000000001"}"#
        );
        assert_eq!(
            serde_json::from_str::<Frame<Channel>>(&json).unwrap(),
            frame
        );
    }

    #[test]
    fn payloads_may_be_typed() {
        let json = r#"{"channel":"chat","payload":"hi"}"#;
        let frame: Frame<Channel, String> = serde_json::from_str(json).unwrap();
        assert_eq!(frame, Frame::new(Channel::Chat, "hi".into()));
        assert!(serde_json::from_str::<Frame<Channel, u8>>(json).is_err());
    }
}
