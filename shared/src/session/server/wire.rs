//! Server side of the push-wire dialect: decoding of clients' messages, encoding of ops.

use alloc::borrow::Cow;
use alloc::string::ToString;
use alloc::vec::Vec;

use bytes::Bytes;

use super::Uplink;
use crate::close::CloseReason;
use crate::frame::{BinaryFlags, FrameHeader};
use crate::session::op::{ClientOp, ErrorCode, ServerOp};
use crate::session::wire::{Records, UplinkHeader, write_record};

/// One item of a client's message.
#[derive(Clone, PartialEq, Debug)]
pub enum Incoming {
    /// A control op.
    Op(ClientOp),
    /// A message for the application.
    Uplink(Uplink),
    /// A frame that cannot be read; the connection continues.
    Error(ErrorCode, Cow<'static, str>),
    /// An error that ends the connection.
    Fatal(CloseReason, ErrorCode, Cow<'static, str>),
}

/// Decodes a client's messages; one per connection, since control frames are counted.
#[derive(Debug)]
pub struct WireDecoder {
    system: u8,
    control: u32,
    started: bool,
}

impl WireDecoder {
    /// A decoder for a server whose system channel has this id.
    #[must_use]
    pub const fn new(system: u8) -> Self {
        Self {
            system,
            control: 0,
            started: false,
        }
    }

    /// Reads at most `most` records of a message, and passes their items to `each` in order. Returns the bytes after
    /// them, which are to be read next. Nothing follows an [`Incoming::Fatal`].
    pub fn decode(
        &mut self,
        message: &Bytes,
        most: usize,
        mut each: impl FnMut(Incoming),
    ) -> Bytes {
        let mut records = Records::new(message);
        for record in records.by_ref().take(most) {
            let incoming = match record {
                Ok((header, payload)) => self.frame(header, payload, message),
                Err(error) => fatal(CloseReason::ProtocolError, error.0),
            };
            let is_last = matches!(incoming, Incoming::Fatal(..));
            each(incoming);
            if is_last {
                return Bytes::new();
            }
        }
        message.slice_ref(records.rest())
    }

    fn frame(&mut self, header: FrameHeader, payload: &[u8], message: &Bytes) -> Incoming {
        if header.flags.compressed || header.flags.fragmented {
            return Incoming::Error(
                ErrorCode::BadFrame,
                "compressed or fragmented client frames are not taken".into(),
            );
        }
        // The first frame is `auth` on any channel id, because the client gets the system channel's id from
        // the answer.
        if !self.started || header.channel == self.system {
            return self.control(header, payload);
        }
        match UplinkHeader::split(payload) {
            Ok((uplink, body)) => Incoming::Uplink(Uplink {
                channel: header.channel,
                topic: uplink.topic.map(|topic| message.slice_ref(topic)),
                sequence: Some(header.sequence),
                content: uplink.content,
                body: message.slice_ref(body),
            }),
            Err(error) => Incoming::Error(ErrorCode::BadPayload, error.0.into()),
        }
    }

    fn control(&mut self, header: FrameHeader, payload: &[u8]) -> Incoming {
        if header.sequence != self.control {
            return fatal(CloseReason::OutOfSequence, "a control frame is missing");
        }
        let first = !core::mem::replace(&mut self.started, true);
        self.control = self.control.wrapping_add(1);
        match ClientOp::decode(payload) {
            Ok(op) => Incoming::Op(op),
            Err(error) if first => Incoming::Fatal(
                CloseReason::AuthExpected,
                ErrorCode::BadOp,
                error.to_string().into(),
            ),
            Err(error) => Incoming::Error(ErrorCode::BadOp, error.to_string().into()),
        }
    }
}

/// An error of a frame's form that ends the connection.
const fn fatal(reason: CloseReason, message: &'static str) -> Incoming {
    Incoming::Fatal(reason, ErrorCode::BadFrame, Cow::Borrowed(message))
}

/// Encodes a server's control ops; one per connection.
#[derive(Debug)]
pub struct WireEncoder {
    system: u8,
    control: u32,
}

impl WireEncoder {
    /// An encoder for a server whose system channel has this id.
    #[must_use]
    pub const fn new(system: u8) -> Self {
        Self { system, control: 0 }
    }

    /// Appends an op as a record.
    pub fn encode(&mut self, op: &ServerOp, out: &mut Vec<u8>) {
        let mut payload = Vec::new();
        op.encode(&mut payload);
        let flags = BinaryFlags::default();
        let header = FrameHeader {
            flags,
            channel: self.system,
            sequence: self.control,
        };
        self.control = self.control.wrapping_add(1);
        write_record(out, header, &payload);
    }
}
