//! Payload header of client messages (docs/protocol.md section 7).

use alloc::vec::Vec;

use super::kind::{self, TOPIC};
use super::{Content, WireError};
use crate::limits::MAX_TOPIC_BYTES;

/// The payload of a client's message: `[kind: 1][topic length: 1][topic][body]`; the topic and its length only if the kind
/// says so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UplinkHeader<'a> {
    /// Kind of the body.
    pub content: Content,
    /// The topic that the message is for; none for the channel itself. Up to 255 bytes, which may be no topic: empty, or
    /// no UTF-8.
    pub topic: Option<&'a [u8]>,
}

impl<'a> UplinkHeader<'a> {
    /// Header of a message to the channel itself.
    #[must_use]
    pub const fn new(content: Content) -> Self {
        let topic = None;
        Self { content, topic }
    }

    /// Largest length of the header, in bytes, with a topic of this length.
    pub(in crate::session) fn length(topic: Option<usize>) -> usize {
        1 + topic.map_or(0, |bytes| 1 + bytes)
    }

    /// Appends the header. Of a topic above 255 bytes, the first 255 are written.
    pub fn write(self, out: &mut Vec<u8>) {
        let content = kind::of(self.content);
        let Some(topic) = self.topic else {
            return out.push(content);
        };
        let length = topic.len().min(MAX_TOPIC_BYTES);
        out.push(content | TOPIC);
        out.push(u8::try_from(length).unwrap_or(u8::MAX));
        out.extend_from_slice(&topic[..length]);
    }

    /// Splits a client message's payload.
    ///
    /// # Errors
    /// Fails if the payload is empty, of an unknown kind, or cut off in the topic.
    pub fn split(payload: &'a [u8]) -> Result<(Self, &'a [u8]), WireError> {
        let (kind, content, rest) = kind::split(payload, TOPIC)?;
        if kind & TOPIC == 0 {
            return Ok((Self::new(content), rest));
        }
        let topic = rest.split_first();
        let topic = topic.and_then(|(&length, rest)| rest.split_at_checked(length.into()));
        let (topic, body) = topic.ok_or(WireError("a client message cut off in its topic"))?;
        let topic = Some(topic);
        Ok((Self { content, topic }, body))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn survives_the_wire(
            bytes: bool,
            topic in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..=255)),
            body: Vec<u8>,
        ) {
            let content = if bytes { Content::Bytes } else { Content::Value };
            let topic = topic.as_deref();
            let header = UplinkHeader { content, topic };
            let mut out = Vec::new();
            header.write(&mut out);
            prop_assert_eq!(out.len(), UplinkHeader::length(topic.map(<[u8]>::len)));
            out.extend_from_slice(&body);
            prop_assert_eq!(UplinkHeader::split(&out), Ok((header, &body[..])));
        }

        #[test]
        fn any_payload_is_read_or_refused(payload: Vec<u8>) {
            prop_assert!(UplinkHeader::split(&payload).is_err() || !payload.is_empty());
        }
    }

    #[test]
    fn cut_off_topics_are_refused() {
        let mut message = Vec::new();
        let topic = Some(&b"room"[..]);
        let content = Content::Value;
        UplinkHeader { content, topic }.write(&mut message);
        assert_eq!(message, b"\x08\x04room");
        for length in 1..message.len() {
            assert!(UplinkHeader::split(&message[..length]).is_err(), "{length}");
        }
        assert!(UplinkHeader::split(b"\x09\x04room").is_err());
    }
}
