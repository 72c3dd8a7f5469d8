//! A client's connection, with as little work as possible: a thousand of them share two processors with the server.

use std::net::SocketAddr;

use push_wire_shared::BinaryFlags;
use push_wire_shared::frame::FrameHeader;
use push_wire_shared::session::op::{ClientOp, ServerOp};
use push_wire_shared::session::wire::{Body, EntryHeader, Records, write_record};
use push_wire_websocket::{Event, Header, Opcode, Reader, Role};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::Error;

/// Wire id of the system channel.
const SYSTEM: u8 = 0;

/// Largest message taken, in bytes.
const MESSAGE_BYTES: usize = 1 << 20;

/// Receive buffer of a socket, in bytes: little, so that a reader that stops is behind soon.
const SOCKET_BYTES: u32 = 64 * 1024;

/// Maximum size of a packet, in bytes, as on Ethernet. The loopback interface has packets of 64 KiB, which fill a
/// socket's buffer: a reader that resumes would receive its next packet only after a window probe, up to 30 s later.
const PACKET_BYTES: u32 = 1_448;

const UPGRADE: &str = "GET /rps HTTP/1.1\r\nHost: soak\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Protocol: push-wire.v1\r\n\r\n";

/// One entry of a message.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) stream: u64,
    /// Low half of the cursor.
    pub(crate) sequence: u32,
    pub(crate) header: EntryHeader,
    pub(crate) body: Body<'a>,
}

/// Item of a message.
#[derive(Debug)]
pub(crate) enum Item<'a> {
    Op(ServerOp),
    Entry(Entry<'a>),
    Closed(Option<u16>),
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    reader: Reader,
    /// Number of the next control frame.
    control: u32,
}

impl Connection {
    /// Opens a WebSocket.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self, Error> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(SOCKET_BYTES)?;
        SockRef::from(&socket).set_tcp_mss(PACKET_BYTES)?;
        let mut stream = socket.connect(address).await?;
        stream.write_all(UPGRADE.as_bytes()).await?;
        let mut answer = Vec::new();
        // The server says nothing after its answer before it has read `auth`.
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await?);
        }
        if !answer.starts_with(b"HTTP/1.1 101 ") {
            return Err(String::from_utf8_lossy(&answer).into());
        }
        Ok(Self {
            stream,
            reader: Reader::new(Role::Client, MESSAGE_BYTES),
            control: 0,
        })
    }

    /// Sends a control op.
    pub(crate) async fn send(&mut self, op: &ClientOp) -> Result<(), Error> {
        let mut payload = Vec::new();
        op.encode(&mut payload);
        let header = FrameHeader {
            flags: BinaryFlags::default(),
            channel: SYSTEM,
            sequence: self.control,
        };
        self.control += 1;
        let mut message = Vec::new();
        write_record(&mut message, header, &payload);
        let mut frame = Vec::new();
        Header {
            is_final: true,
            opcode: Opcode::Binary,
            // A mask of zeros changes nothing.
            mask: Some([0; 4]),
            len: message.len() as u64,
        }
        .write(&mut frame);
        frame.extend_from_slice(&message);
        Ok(self.stream.write_all(&frame).await?)
    }

    /// Waits for bytes, and passes on what they complete. Returns whether a `pong` is due; none at the end.
    pub(crate) async fn receive(
        &mut self,
        buffer: &mut [u8],
        mut each: impl FnMut(Item<'_>) -> Result<(), Error>,
    ) -> Result<Option<bool>, Error> {
        let length = match self.stream.read(buffer).await {
            Ok(0) => return Ok(None),
            // A reset after the server has closed: what it sent before was read.
            Err(_) => return Ok(None),
            Ok(length) => length,
        };
        let mut wants_pong = false;
        let mut input = &mut buffer[..length];
        while let Some(event) = self.reader.next(&mut input)? {
            match event {
                Event::Binary(message) => wants_pong |= items(&message, &mut each)?,
                Event::Close(code) => each(Item::Closed(code))?,
                Event::Text(_) | Event::Ping(_) | Event::Pong => {}
            }
        }
        Ok(Some(wants_pong))
    }
}

/// Passes on the items of a message. Returns whether a `ping` was among them.
fn items(
    message: &[u8],
    each: &mut impl FnMut(Item<'_>) -> Result<(), Error>,
) -> Result<bool, Error> {
    let mut wants_pong = false;
    for record in Records::new(message) {
        let (header, payload) = record.map_err(|error| error.0)?;
        if header.channel == SYSTEM {
            let op = ServerOp::decode(payload).map_err(|error| format!("{error:?}"))?;
            wants_pong |= matches!(op, ServerOp::Ping { .. });
            each(Item::Op(op))?;
            continue;
        }
        let (entry, body) = EntryHeader::split(payload).map_err(|error| error.0)?;
        each(Item::Entry(Entry {
            stream: entry.stream,
            sequence: header.sequence,
            header: entry,
            body,
        }))?;
    }
    Ok(wants_pong)
}
