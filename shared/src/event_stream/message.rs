//! Messages of the push-wire dialect in events.

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::StreamEvent;

/// Content of an event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StreamItem {
    /// A message of the server.
    Message(Vec<u8>),
    /// The end of the connection: the JSON text of a [`StreamClose`], which a browser reads with its own parser.
    Close(Vec<u8>),
}

/// Error of an event that is none of the push-wire dialect.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StreamError {
    /// Data that is not base64.
    #[error("an event whose data is not base64")]
    Base64,
    /// A `close` without a code.
    #[error("an event `close` without a code")]
    Close,
}

/// Data of the event `close`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct StreamClose {
    /// Close code.
    pub code: u16,
    /// Its text.
    #[serde(default)]
    pub reason: String,
}

impl StreamClose {
    /// Reads the data of a [`StreamItem::Close`].
    ///
    /// # Errors
    /// Fails if it is no JSON object with a code.
    pub fn from_json(text: &[u8]) -> Result<Self, StreamError> {
        serde_json::from_slice(text).map_err(|_| StreamError::Close)
    }
}

/// Reads an event; `None` for one of another name, which later servers may send.
///
/// # Errors
/// [`StreamError`]; the stream cannot be read on.
pub fn read_item(event: &StreamEvent) -> Result<Option<StreamItem>, StreamError> {
    match &event.name[..] {
        b"" | b"message" => message(&event.data).map(StreamItem::Message).map(Some),
        b"close" => Ok(Some(StreamItem::Close(event.data.clone()))),
        _ => Ok(None),
    }
}

/// The bytes of all lines.
fn message(data: &[u8]) -> Result<Vec<u8>, StreamError> {
    let mut message = Vec::with_capacity(data.len() / 4 * 3);
    for line in data.split(|byte| *byte == b'\n') {
        STANDARD
            .decode_vec(line, &mut message)
            .map_err(|_| StreamError::Base64)?;
    }
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str) -> StreamEvent {
        StreamEvent {
            name: name.into(),
            data: data.into(),
        }
    }

    #[test]
    fn lines_are_joined() {
        let item = read_item(&event("", "b3Bz\nb25l\ndHdvIQ=="));
        assert_eq!(item, Ok(Some(StreamItem::Message(b"opsonetwo!".to_vec()))));
        let item = read_item(&event("message", ""));
        assert_eq!(item, Ok(Some(StreamItem::Message(Vec::new()))));
    }

    #[test]
    fn close_has_code_and_reason() {
        let data = r#"{"code":4201,"reason":"replaced","later":1}"#;
        let item = read_item(&event("close", data));
        assert_eq!(item, Ok(Some(StreamItem::Close(data.into()))));
        let reason = "replaced".into();
        let close = StreamClose { code: 4201, reason };
        assert_eq!(StreamClose::from_json(data.as_bytes()), Ok(close));
    }

    #[test]
    fn others_are_errors_or_unknown() {
        assert_eq!(read_item(&event("later", "?")), Ok(None));
        for data in ["b3Bz=", "b3B", "b3\tz", "ä"] {
            assert_eq!(
                read_item(&event("", data)),
                Err(StreamError::Base64),
                "{data}"
            );
        }
        for data in ["", "4201", "{}", r#"{"code":-1}"#] {
            assert_eq!(
                StreamClose::from_json(data.as_bytes()),
                Err(StreamError::Close),
                "{data}"
            );
        }
    }
}
