//! Reader of messages from bytes: the receiving half of RFC 6455.

use std::borrow::Cow;

use crate::ProtocolError;
use crate::close::read_close;
use crate::header::{Header, MAX_HEADER_BYTES, Opcode, Role};
use crate::mask::apply_mask;
use crate::utf8::Utf8Checker;

/// Message or control frame of the other side. A payload that is whole in the input is borrowed from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event<'a> {
    /// A text message.
    Text(Cow<'a, str>),
    /// A binary message.
    Binary(Cow<'a, [u8]>),
    /// A ping with its payload, at most 125 bytes, which the pong must repeat.
    Ping(Cow<'a, [u8]>),
    /// A pong.
    Pong,
    /// A close frame with its code, if it has one. Bytes after it are ignored.
    Close(Option<u16>),
}

/// Reader of the messages of one connection.
///
/// Between messages it holds no heap memory: a message that is whole in the input is borrowed from it, and only parts
/// of incomplete messages are copied, up to the limit.
#[derive(Debug)]
pub struct Reader {
    role: Role,
    limit: usize,
    header: PartialHeader,
    frame: Option<Frame>,
    message: Option<Kind>,
    message_bytes: Vec<u8>,
    text: Utf8Checker,
    control_bytes: Vec<u8>,
    extra_frames: usize,
}

/// The first bytes of an incomplete header.
#[derive(Default, Debug)]
struct PartialHeader {
    bytes: [u8; MAX_HEADER_BYTES],
    len: usize,
}

/// The frame whose payload is incomplete.
#[derive(Debug)]
struct Frame {
    is_final: bool,
    opcode: Opcode,
    mask: [u8; 4],
    left: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Text,
    Binary,
}

impl Reader {
    /// Reader of this side, which takes messages of at most `limit` bytes.
    #[must_use]
    pub fn new(role: Role, limit: usize) -> Self {
        Self {
            role,
            limit,
            header: PartialHeader::default(),
            frame: None,
            message: None,
            message_bytes: Vec::new(),
            text: Utf8Checker::default(),
            control_bytes: Vec::new(),
            extra_frames: 0,
        }
    }

    /// Returns the number of frames since the last call that were no message and not the last part of one: pings, pongs, and
    /// fragments. They cause work, and are part of no message that could be counted.
    pub const fn take_extra_frames(&mut self) -> usize {
        std::mem::replace(&mut self.extra_frames, 0)
    }

    /// Sets the largest message taken, in bytes. For a message that has begun it applies from the next frame on.
    pub const fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Returns the next event in `input`, which is advanced past what was used; `None` when all of it was used.
    /// To be called until then.
    ///
    /// # Errors
    /// Fails if the other side broke the protocol. Nothing more can be read then.
    pub fn next<'a>(
        &mut self,
        input: &mut &'a mut [u8],
    ) -> Result<Option<Event<'a>>, ProtocolError> {
        loop {
            if self.frame.is_none() && !self.begin_frame(input)? {
                return Ok(None);
            }
            if let Some(piece) = self.take_payload(input)?
                && let Some(event) = self.finish_frame(piece)?
            {
                return Ok(Some(event));
            }
            if input.is_empty() {
                return Ok(None);
            }
        }
    }

    /// Reads a header, possibly in pieces. Returns false while it is incomplete.
    fn begin_frame(&mut self, input: &mut &mut [u8]) -> Result<bool, ProtocolError> {
        let Some(header) = self.header.read(input, self.role)? else {
            return Ok(false);
        };
        match (header.opcode, self.message) {
            (Opcode::Continuation, None) => return Err(ProtocolError::NothingToContinue),
            (Opcode::Text | Opcode::Binary, Some(_)) => {
                return Err(ProtocolError::UnfinishedMessage);
            }
            (Opcode::Text, None) => self.message = Some(Kind::Text),
            (Opcode::Binary, None) => self.message = Some(Kind::Binary),
            (Opcode::Continuation, Some(_)) | (Opcode::Close | Opcode::Ping | Opcode::Pong, _) => {}
        }
        let room = self.limit - self.message_bytes.len().min(self.limit);
        let left = usize::try_from(header.len).ok();
        // A control frame's length was checked by its header.
        let left = left.filter(|left| header.opcode.is_control() || *left <= room);
        self.frame = Some(Frame {
            is_final: header.is_final,
            opcode: header.opcode,
            mask: header.mask.unwrap_or_default(),
            left: left.ok_or(ProtocolError::TooLarge { limit: self.limit })?,
        });
        Ok(true)
    }

    /// Unmasks the part of the frame's payload that has arrived. Its last piece is returned; earlier ones are kept.
    fn take_payload<'a>(
        &mut self,
        input: &mut &'a mut [u8],
    ) -> Result<Option<&'a mut [u8]>, ProtocolError> {
        let Some(frame) = &mut self.frame else {
            return Ok(None);
        };
        let taken = frame.left.min(input.len());
        let (piece, rest) = std::mem::take(input).split_at_mut(taken);
        *input = rest;
        apply_mask(piece, &mut frame.mask);
        frame.left -= taken;
        if !frame.opcode.is_control() && self.message == Some(Kind::Text) {
            self.text.check(piece)?;
        }
        if frame.left == 0 {
            return Ok(Some(piece));
        }
        if frame.opcode.is_control() {
            self.control_bytes.extend_from_slice(piece);
        } else {
            self.message_bytes.extend_from_slice(piece);
        }
        Ok(None)
    }

    /// Event of the frame whose payload is complete; `None` when more fragments follow.
    fn finish_frame<'a>(&mut self, piece: &'a [u8]) -> Result<Option<Event<'a>>, ProtocolError> {
        let Some(frame) = self.frame.take() else {
            return Ok(None);
        };
        if frame.opcode.is_control() || !frame.is_final {
            self.extra_frames += 1;
        }
        match frame.opcode {
            Opcode::Ping => Ok(Some(Event::Ping(joined(&mut self.control_bytes, piece)))),
            Opcode::Pong => {
                self.control_bytes = Vec::new();
                Ok(Some(Event::Pong))
            }
            Opcode::Close => {
                let payload = joined(&mut self.control_bytes, piece);
                Ok(Some(Event::Close(read_close(&payload)?)))
            }
            Opcode::Continuation | Opcode::Text | Opcode::Binary if !frame.is_final => {
                self.message_bytes.extend_from_slice(piece);
                Ok(None)
            }
            Opcode::Continuation | Opcode::Text | Opcode::Binary => {
                let bytes = joined(&mut self.message_bytes, piece);
                match self.message.take() {
                    Some(Kind::Text) => {
                        self.text.end()?;
                        Ok(Some(Event::Text(text(bytes)?)))
                    }
                    Some(Kind::Binary) => Ok(Some(Event::Binary(bytes))),
                    None => Err(ProtocolError::NothingToContinue),
                }
            }
        }
    }
}

impl PartialHeader {
    fn read(&mut self, input: &mut &mut [u8], role: Role) -> Result<Option<Header>, ProtocolError> {
        let known = self.len;
        let added = input.len().min(MAX_HEADER_BYTES - known);
        self.bytes[known..known + added].copy_from_slice(&input[..added]);
        let read = Header::read(&self.bytes[..known + added], role)?;
        let used = match read {
            Some((_, len)) => len - known,
            None => added,
        };
        *input = &mut std::mem::take(input)[used..];
        self.len = if read.is_some() { 0 } else { known + added };
        Ok(read.map(|(header, _)| header))
    }
}

/// A payload: its earlier pieces, if any were kept, and its last one.
fn joined<'a>(kept: &mut Vec<u8>, piece: &'a [u8]) -> Cow<'a, [u8]> {
    if kept.is_empty() {
        return Cow::Borrowed(piece);
    }
    let mut kept = std::mem::take(kept);
    kept.extend_from_slice(piece);
    Cow::Owned(kept)
}

fn text(bytes: Cow<'_, [u8]>) -> Result<Cow<'_, str>, ProtocolError> {
    match bytes {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).ok(),
        Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).ok(),
    }
    .ok_or(ProtocolError::NotUtf8)
}

#[cfg(test)]
mod tests;
