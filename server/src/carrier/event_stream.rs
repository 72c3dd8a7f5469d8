//! Messages as events of an event stream (HTML, "Server-sent events"; docs/event-streams.md).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::pieces::Pieces;
use super::{Carrier, Kind, Message, Part};

/// Beginning of a line of data.
const DATA: &[u8] = b"data: ";

/// A keep-alive: a comment.
const COMMENT: &[u8] = b":\n\n";

/// Carrier that collects events as pieces.
///
/// A text is the data of one event. A binary message is an event whose lines of data are in base64: decoded and joined
/// they are the message.
#[derive(Debug)]
pub struct EventFrames<'a>(Pieces<'a>);

impl<'a> EventFrames<'a> {
    /// Events to be appended to `pieces`.
    #[must_use]
    pub const fn new(pieces: &'a mut Vec<Bytes>) -> Self {
        Self(Pieces::new(pieces))
    }

    /// Adds the event that announces the end: the close code and its text, as a WebSocket's close frame has them.
    pub fn close(&mut self, code: u16, reason: &str) {
        let data = serde_json::json!({ "code": code, "reason": reason });
        let event = format!("event: close\ndata: {data}\n\n");
        self.0.copied().extend_from_slice(event.as_bytes());
    }

    /// Completes the last piece.
    pub fn finish(mut self) {
        self.0.flush();
    }

    fn text(&mut self, message: Message) {
        let out = self.0.copied();
        if let Some(id) = message.event.id {
            out.extend_from_slice(format!("id: {id}\n").as_bytes());
        }
        if let Some(retry_ms) = message.event.retry_ms {
            out.extend_from_slice(format!("retry: {retry_ms}\n").as_bytes());
        }
        if message
            .parts
            .iter()
            .any(|part| has_line_end(part.as_slice()))
        {
            return self.lines(&message.content());
        }
        out.extend_from_slice(DATA);
        message.parts.into_iter().for_each(|part| self.0.add(part));
        self.0.copied().extend_from_slice(b"\n\n");
    }

    /// Adds a text of several lines. Only the whitespace of JSON has line ends, so that it does not matter which.
    fn lines(&mut self, text: &[u8]) {
        let out = self.0.copied();
        for line in text.split(|byte| matches!(byte, b'\n' | b'\r')) {
            out.extend_from_slice(DATA);
            out.extend_from_slice(line);
            out.push(b'\n');
        }
        out.push(b'\n');
    }

    fn binary(&mut self, parts: Vec<Part>) {
        if let [Part::Record(record)] = &parts[..] {
            return self.0.share(record.event().clone());
        }
        let mut bytes = Vec::new();
        for part in parts {
            match part {
                Part::Bytes(part) => bytes.extend_from_slice(&part),
                Part::Record(record) => {
                    self.encoded_line(&mut bytes);
                    self.0.add(Part::Bytes(record.event_line()));
                }
            }
        }
        self.encoded_line(&mut bytes);
        self.0.copied().push(b'\n');
    }

    /// Adds collected bytes as one line, and clears them.
    fn encoded_line(&mut self, bytes: &mut Vec<u8>) {
        if !bytes.is_empty() {
            encode_line(bytes, self.0.copied());
            bytes.clear();
        }
    }
}

impl Carrier for EventFrames<'_> {
    fn send(&mut self, message: Message) {
        match message.kind {
            Kind::Text => self.text(message),
            Kind::Binary => self.binary(message.parts),
            Kind::Ping => self.0.copied().extend_from_slice(COMMENT),
        }
    }
}

/// Appends bytes as a line of data in base64.
pub(super) fn encode_line(bytes: &[u8], out: &mut Vec<u8>) {
    let before = out.len();
    let encoded = base64::encoded_len(bytes.len(), true).unwrap_or_default();
    out.extend_from_slice(DATA);
    out.resize(before + DATA.len() + encoded, 0);
    // The room is exactly that of the encoded bytes.
    let written = STANDARD.encode_slice(bytes, &mut out[before + DATA.len()..]);
    debug_assert_eq!(written, Ok(encoded));
    out.push(b'\n');
}

fn has_line_end(text: &[u8]) -> bool {
    text.iter().any(|byte| matches!(byte, b'\n' | b'\r'))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::carrier::{EventFields, SharedRecord};

    fn framed(messages: Vec<Message>) -> Vec<Bytes> {
        let mut pieces = Vec::new();
        let mut frames = EventFrames::new(&mut pieces);
        messages.into_iter().for_each(|one| frames.send(one));
        frames.finish();
        pieces
    }

    fn text(parts: &[&'static str], event: EventFields) -> Message {
        let parts = parts
            .iter()
            .map(|part| Part::Bytes(Bytes::from_static(part.as_bytes())));
        Message {
            event,
            ..Message::new(Kind::Text, parts.collect())
        }
    }

    fn record(bytes: &'static [u8]) -> Part {
        let record = SharedRecord::new(bytes.len(), |out| out.extend_from_slice(bytes));
        Part::Record(Arc::new(record))
    }

    #[test]
    fn texts_are_events_with_their_fields() {
        let numbered = EventFields {
            id: Some(7),
            retry_ms: None,
        };
        let later = EventFields {
            id: None,
            retry_ms: Some(250),
        };
        let pieces = framed(vec![
            text(&["{\"a\":", "1}"], numbered),
            text(&["{}"], later),
            Message::new(Kind::Ping, Vec::new()),
        ]);
        let expected = "id: 7\ndata: {\"a\":1}\n\nretry: 250\ndata: {}\n\n:\n\n";
        assert_eq!(pieces.concat(), expected.as_bytes());
    }

    #[test]
    fn line_ends_divide_data() {
        let pieces = framed(vec![text(&["{\n\"a\":", "\r1}"], EventFields::default())]);
        assert_eq!(pieces.concat(), b"data: {\ndata: \"a\":\ndata: 1}\n\n");
    }

    #[test]
    fn records_are_lines() {
        let ops = Part::Bytes(Bytes::from_static(b"ops"));
        let pieces = framed(vec![Message::new(
            Kind::Binary,
            vec![ops, record(b"one"), record(b"two!")],
        )]);
        assert_eq!(
            pieces.concat(),
            b"data: b3Bz\ndata: b25l\ndata: dHdvIQ==\n\n"
        );
        let fragment = [&b"he"[..], b"ad"].map(|part| Part::Bytes(Bytes::from_static(part)));
        let pieces = framed(vec![Message::new(Kind::Binary, fragment.into())]);
        assert_eq!(pieces.concat(), b"data: aGVhZA==\n\n");
    }

    #[test]
    fn lone_record_is_one_shared_buffer() {
        let record = record(b"shared");
        let send = || framed(vec![Message::new(Kind::Binary, vec![record.clone()])]);
        let (first, second) = (send(), send());
        assert_eq!(first, [&b"data: c2hhcmVk\n\n"[..]]);
        assert_eq!(first[0].as_ptr(), second[0].as_ptr());
    }

    #[test]
    fn close_has_code_and_reason() {
        let mut pieces = Vec::new();
        let mut frames = EventFrames::new(&mut pieces);
        frames.close(4201, "replaced");
        frames.finish();
        let expected = "event: close\ndata: {\"code\":4201,\"reason\":\"replaced\"}\n\n";
        assert_eq!(pieces.concat(), expected.as_bytes());
    }
}
