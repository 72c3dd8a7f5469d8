//! A TCP link whose clock is the bytes that cross it: what a message waits for is what crosses before it, on a fast
//! machine as on a slow one.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket};

/// Bytes that cross at once.
const STEP: usize = 512;

/// Bytes that the link's end at the server takes in advance: the system makes the least of it that it can.
const AHEAD: u32 = 1;

/// Said on the link: text before a number of six digits and a quote.
const WORD: &[u8] = b"alarm ";

/// A message whose last word is this number, as the text of a JSON string of this length.
pub(crate) fn alarm(number: usize, bytes: usize) -> String {
    format!("{:->pad$} alarm {number:06}", "", pad = bytes - 15)
}

/// What has crossed from the server to the client, over all connections.
#[derive(Debug, Default)]
pub(crate) struct Crossed {
    pub(crate) bytes: usize,
    /// When each alarm had crossed, by its number.
    pub(crate) alarms: Vec<(usize, usize)>,
    /// The end of what has crossed: a word may come in two steps.
    last: Vec<u8>,
}

impl Crossed {
    fn add(&mut self, step: &[u8]) {
        let known = self.last.len();
        self.last.extend_from_slice(step);
        let len = WORD.len() + 7;
        for (at, said) in self.last.windows(len).enumerate() {
            if at + len > known && said.starts_with(WORD) {
                let digits = std::str::from_utf8(&said[WORD.len()..len - 1]).unwrap();
                let number = digits.parse().unwrap();
                self.alarms.push((number, self.bytes + at + len - known));
            }
        }
        self.bytes += step.len();
        let keep = self.last.len().saturating_sub(len - 1);
        self.last.drain(..keep);
    }
}

/// Takes connections and lets them cross to the server, one after the other. After each step `watch` sees what has
/// crossed, while nothing else does; it ends the connection by saying false.
pub(crate) async fn cross(
    listener: TcpListener,
    server: SocketAddr,
    mut watch: impl FnMut(&Crossed) -> bool,
) {
    let mut crossed = Crossed::default();
    loop {
        let (near, _) = listener.accept().await.unwrap();
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
