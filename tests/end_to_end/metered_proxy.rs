//! TCP proxy that counts the forwarded bytes: a message's delay, in bytes forwarded before it, does not depend on the
//! machine's speed.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket};

/// Bytes that are forwarded at once.
const STEP: usize = 512;

/// Receive buffer of the connection to the server, in bytes; the kernel raises it to its minimum.
const RECEIVE_BUFFER: u32 = 1;

/// Text before an alarm's number of six digits, by which the proxy recognises alarms.
const WORD: &[u8] = b"alarm ";

/// Text of an alarm with this number, which takes `bytes` bytes as a JSON string.
pub(crate) fn alarm(number: usize, bytes: usize) -> String {
    format!("{:->pad$} alarm {number:06}", "", pad = bytes - 15)
}

/// Bytes and alarms forwarded from the server to the client, over all connections.
#[derive(Debug, Default)]
pub(crate) struct Forwarded {
    pub(crate) bytes: usize,
    /// Number of each alarm, and the bytes forwarded up to its end.
    pub(crate) alarms: Vec<(usize, usize)>,
    /// Bytes of the present message so far, or of the response to the upgrade.
    partial: Vec<u8>,
    is_upgraded: bool,
}

impl Forwarded {
    fn add(&mut self, step: &[u8]) {
        for &byte in step {
            self.partial.push(byte);
            self.bytes += 1;
            if self.is_whole() {
                self.note_alarms();
                self.partial.clear();
            }
        }
    }

    fn is_whole(&mut self) -> bool {
        if !self.is_upgraded {
            self.is_upgraded = self.partial.ends_with(b"\r\n\r\n");
            return self.is_upgraded;
        }
        // Frames of a server are not masked (RFC 6455 section 5.2), and none of ours is above 64 KiB.
        match self.partial[..] {
            [_, 126, high, low, ..] => {
                self.partial.len() == 4 + usize::from(u16::from_be_bytes([high, low]))
            }
            [_, 127, ..] => panic!("a message above 64 KiB"),
            [_, len, ..] if len != 126 => self.partial.len() == 2 + usize::from(len),
            _ => false,
        }
    }

    fn note_alarms(&mut self) {
        let len = WORD.len() + 6;
        for window in self.partial.windows(len) {
            if let Some(digits) = window.strip_prefix(WORD) {
                let number = std::str::from_utf8(digits).unwrap().parse().unwrap();
                self.alarms.push((number, self.bytes));
            }
        }
    }

    fn begin_connection(&mut self) {
        self.partial.clear();
        self.is_upgraded = false;
    }
}

/// Accepts connections and forwards them to the server, one after the other. After each step `watch` is called with the
/// counts, before the next byte is forwarded; if it returns false, the connection is closed.
pub(crate) async fn forward(
    listener: TcpListener,
    server: SocketAddr,
    mut watch: impl FnMut(&Forwarded) -> bool,
) {
    let mut forwarded = Forwarded::default();
    loop {
        let (near, _) = listener.accept().await.unwrap();
        forwarded.begin_connection();
        let far = TcpSocket::new_v4().unwrap();
        far.set_recv_buffer_size(RECEIVE_BUFFER).unwrap();
        let (far_read, far_write) = far.connect(server).await.unwrap().into_split();
        let (near_read, near_write) = near.into_split();
        tokio::select! {
            () = up(near_read, far_write) => {}
            () = down(far_read, near_write, &mut forwarded, &mut watch) => {}
        }
    }
}

async fn up(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    // Any error ends the connection.
    let ended = tokio::io::copy(&mut from, &mut to).await;
    drop(ended);
}

async fn down(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    forwarded: &mut Forwarded,
    watch: &mut impl FnMut(&Forwarded) -> bool,
) {
    let mut step = [0; STEP];
    while let Ok(len @ 1..) = from.read(&mut step).await {
        forwarded.add(&step[..len]);
        if to.write_all(&step[..len]).await.is_err() || !watch(forwarded) {
            return;
        }
        // Lets the server write into the free part of the buffer.
        tokio::task::yield_now().await;
    }
}
