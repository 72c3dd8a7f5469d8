//! Sending of pictures to one client: small ones inside the payload, larger ones by URL.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use push_wire_shared::{BinaryEnvelope, ChannelKind, Frame};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{PushServer, SendError};

/// Largest asset sent inside a payload, in bytes (256 KiB): larger ones are better fetched over HTTP, where they are
/// cached.
const INLINE_BYTES: usize = 256 * 1024;

/// Media types that are sent: pictures that a browser shows without executing anything.
const MEDIA_TYPES: [&str; 4] = ["image/png", "image/jpeg", "image/webp", "image/gif"];

impl<C: ChannelKind> PushServer<C> {
    /// Sends a picture to a client as a [`BinaryEnvelope`]: inline up to 256 KiB, else as the URL `pointer_url`. `mime`
    /// is `image/png`, `image/jpeg`, `image/webp` or `image/gif`.
    ///
    /// # Errors
    /// [`SendError::Rejected`] for another media type, and for a larger asset without a URL; else as
    /// [`send`](Self::send).
    pub fn send_binary(
        &self,
        client_id: Uuid,
        channel: C,
        bytes: &[u8],
        mime: &str,
        name: Option<&str>,
        pointer_url: Option<&str>,
    ) -> Result<(), SendError> {
        let envelope = envelope(bytes, mime, name, pointer_url)?;
        let payload = serde_json::to_value(envelope);
        let payload = payload.map_err(|error| SendError::Serialization(error.to_string()))?;
        self.send(client_id, Frame::new(channel, payload))
    }
}

fn envelope(
    bytes: &[u8],
    mime: &str,
    name: Option<&str>,
    pointer_url: Option<&str>,
) -> Result<BinaryEnvelope, SendError> {
    if !MEDIA_TYPES
        .iter()
        .any(|known| known.eq_ignore_ascii_case(mime))
    {
        let types = MEDIA_TYPES.join(", ");
        return Err(SendError::Rejected(format!(
            "media type {mime} is none of {types}"
        )));
    }
    let sha256 = hex::encode(Sha256::digest(bytes));
    let (mime, name, size) = (mime.to_owned(), name.map(str::to_owned), bytes.len() as u64);
    if bytes.len() <= INLINE_BYTES {
        let data_base64 = STANDARD.encode(bytes);
        return Ok(BinaryEnvelope::Inline {
            mime,
            sha256,
            size,
            data_base64,
            name,
        });
    }
    match pointer_url {
        Some(url) => Ok(BinaryEnvelope::Pointer {
            mime,
            sha256,
            size,
            url: url.to_owned(),
            name,
        }),
        None => Err(SendError::Rejected(format!(
            "{size} bytes are more than travel inside a payload ({INLINE_BYTES}): give a pointer_url"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sends_large_pictures_by_address() {
        let small = envelope(b"abc", "image/PNG", Some("a.png"), Some("/a.png")).unwrap();
        let expected = BinaryEnvelope::Inline {
            mime: "image/PNG".into(),
            sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into(),
            size: 3,
            data_base64: "YWJj".into(),
            name: Some("a.png".into()),
        };
        assert_eq!(small, expected);
        let large = envelope(
            &[0; INLINE_BYTES + 1],
            "image/gif",
            None,
            Some("/large.gif"),
        )
        .unwrap();
        assert!(matches!(large, BinaryEnvelope::Pointer { url, .. } if url == "/large.gif"));
    }

    #[test]
    fn rejects_others_with_reason() {
        let html = envelope(b"<p>", "text/html", None, None)
            .unwrap_err()
            .to_string();
        assert!(
            html.contains("text/html") && html.contains("image/png"),
            "{html}"
        );
        let large = envelope(&[0; INLINE_BYTES + 1], "image/gif", None, None);
        assert!(large.unwrap_err().to_string().contains("pointer_url"));
    }
}
