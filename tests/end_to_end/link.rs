//! TCP proxy that measures delay in bytes: how many bytes cross before a message, which does not depend on the
//! machine's speed.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket};

/// Bytes that cross at once.
const STEP: usize = 512;

/// Receive buffer of the link's end at the server; the kernel raises it to its minimum.
const AHEAD: u32 = 1;

/// Text before a number of six digits, by which alarms are recognised on the link.
const WORD: &[u8] = b"alarm ";

/// A message whose last word is this number, as the text of a JSON string of this length.
pub(crate) fn alarm(number: usize, bytes: usize) -> String {
    format!("{:->pad$} alarm {number:06}", "", pad = bytes - 15)
}

/// Messages from the server to the client, over all connections.
#[derive(Debug, Default)]
pub(crate) struct Crossed {
    pub(crate) bytes: usize,
    /// Time at which the message of each alarm had arrived, by its number.
    pub(crate) alarms: Vec<(usize, usize)>,
    /// Bytes of a message so far, or of the answer to the upgrade.
    begun: Vec<u8>,
    is_upgraded: bool,
}

impl Crossed {
    fn add(&mut self, step: &[u8]) {
        for &byte in step {
            self.begun.push(byte);
            self.bytes += 1;
            if self.is_whole() {
                self.note_alarms();
                self.begun.clear();
            }
        }
    }

    fn is_whole(&mut self) -> bool {
        if !self.is_upgraded {
            self.is_upgraded = self.begun.ends_with(b"\r\n\r\n");
            return self.is_upgraded;
        }
        // Frames of a server are not masked (RFC 6455 section 5.2), and none of ours is above 64 KiB.
        match self.begun[..] {
            [_, 126, high, low, ..] => {
                self.begun.len() == 4 + usize::from(u16::from_be_bytes([high, low]))
            }
            [_, 127, ..] => panic!("a message above 64 KiB"),
            [_, len, ..] if len != 126 => self.begun.len() == 2 + usize::from(len),
            _ => false,
        }
    }

    fn note_alarms(&mut self) {
        let len = WORD.len() + 6;
        for said in self.begun.windows(len) {
            if let Some(digits) = said.strip_prefix(WORD) {
                let number = std::str::from_utf8(digits).unwrap().parse().unwrap();
                self.alarms.push((number, self.bytes));
            }
        }
    }

    fn begin(&mut self) {
        self.begun.clear();
        self.is_upgraded = false;
    }
}

/// Accepts connections and forwards them to the server, one after the other. After each step `watch` is called with
/// what has crossed, while nothing else crosses; false ends the connection.
pub(crate) async fn cross(
    listener: TcpListener,
    server: SocketAddr,
    mut watch: impl FnMut(&Crossed) -> bool,
) {
    let mut crossed = Crossed::default();
    loop {
        let (near, _) = listener.accept().await.unwrap();
        crossed.begin();
        let far = TcpSocket::new_v4().unwrap();
        far.set_recv_buffer_size(AHEAD).unwrap();
        let (far_read, far_write) = far.connect(server).await.unwrap().into_split();
        let (near_read, near_write) = near.into_split();
        tokio::select! {
            () = up(near_read, far_write) => {}
            () = down(far_read, near_write, &mut crossed, &mut watch) => {}
        }
    }
}

async fn up(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    // Whoever breaks it, the connection ends.
    let ended = tokio::io::copy(&mut from, &mut to).await;
    drop(ended);
}

async fn down(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    crossed: &mut Crossed,
    watch: &mut impl FnMut(&Crossed) -> bool,
) {
    let mut step = [0; STEP];
    while let Ok(len @ 1..) = from.read(&mut step).await {
        crossed.add(&step[..len]);
        if to.write_all(&step[..len]).await.is_err() || !watch(crossed) {
            return;
        }
        // The server may fill up what has become free.
        tokio::task::yield_now().await;
    }
}
