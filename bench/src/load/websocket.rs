//! The parts of WebSocket (RFC 6455) that the readers and the floor use.

use crate::Fallible;

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;

/// A frame of the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Frame<'a> {
    /// A whole text or binary message.
    Message(&'a [u8]),
    /// A ping.
    Ping,
}

/// The opening handshake; the key is the example of RFC 6455 section 1.3.
#[must_use]
pub fn request(subprotocol: Option<&str>) -> String {
    let subprotocol = subprotocol.map_or(String::new(), |name| {
        format!("Sec-WebSocket-Protocol: {name}\r\n")
    });
    format!(
        "GET /rps HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{subprotocol}\r\n"
    )
}

/// A client's message, masked with the key zero, which leaves its bytes as they are.
///
/// # Errors
/// Fails if it is above 64 KiB.
pub fn message(binary: bool, body: &[u8]) -> Fallible<Vec<u8>> {
    let len = u16::try_from(body.len())?;
    let mut frame = vec![0x80 | if binary { BINARY } else { TEXT }];
    match u8::try_from(len) {
        Ok(short) if short < 126 => frame.push(0x80 | short),
        _ => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&len.to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(body);
    Ok(frame)
}

/// A server's text message.
///
/// # Errors
/// Fails if it is above 64 KiB.
pub fn server_text(body: &[u8]) -> Fallible<Vec<u8>> {
    let mut frame = vec![0x80 | TEXT];
    match u8::try_from(body.len()) {
        Ok(short) if short < 126 => frame.push(short),
        _ => {
            frame.push(126);
            frame.extend_from_slice(&u16::try_from(body.len())?.to_be_bytes());
        }
    }
    frame.extend_from_slice(body);
    Ok(frame)
}

/// Splits the next frame off the bytes read; `None` if it is not complete.
///
/// # Errors
/// Fails if the server closes, or sends a fragment or an unknown frame.
pub fn split(bytes: &[u8]) -> Fallible<Option<(Frame<'_>, &[u8])>> {
    let [first, second, rest @ ..] = bytes else {
        return Ok(None);
    };
    let (len, rest) = match (*second, rest) {
        (126, [a, b, rest @ ..]) => (u64::from(u16::from_be_bytes([*a, *b])), rest),
        (127, rest) => match rest.split_first_chunk() {
            Some((len, rest)) => (u64::from_be_bytes(*len), rest),
            None => return Ok(None),
        },
        (126, _) => return Ok(None),
        (len, rest) => (u64::from(len), rest),
    };
    let Some((payload, rest)) = rest.split_at_checked(usize::try_from(len)?) else {
        return Ok(None);
    };
    match first {
        0x81 | 0x82 => Ok(Some((Frame::Message(payload), rest))),
        first if first & 15 == PING => Ok(Some((Frame::Ping, rest))),
        first if first & 15 == CLOSE => {
            let reason = payload.get(2..).unwrap_or_default();
            Err(format!("the server closed: {}", String::from_utf8_lossy(reason)).into())
        }
        first => Err(format!("an unexpected frame {first:#04x}").into()),
    }
}
