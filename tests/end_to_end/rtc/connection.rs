//! The TCP connection between two clients.

use push_wire_shared::rtc::peer::PeerPacket;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

/// Event of the connection of an attempt.
pub(super) enum Event {
    /// The description for the other client: the address that is listened at, or any text as an answer.
    Described(u64, String),
    /// Open; packets are sent by this queue.
    Opened(u64, mpsc::UnboundedSender<PeerPacket>),
    /// Ended, or not opened.
    Closed(u64),
    /// A packet has come.
    Packet(PeerPacket),
}

/// The connection of an attempt, as a task runs it.
pub(super) struct Connection {
    pub(super) attempt: u64,
    pub(super) events: mpsc::UnboundedSender<Event>,
    /// Changes when the connection is to be cut.
    pub(super) cut: watch::Receiver<u32>,
}

impl Connection {
    /// Listens for the other client. The connection ends with the task.
    pub(super) async fn listen(self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        self.tell(Event::Described(self.attempt, address));
        let (stream, _) = listener.accept().await.unwrap();
        self.run(stream).await;
    }

    /// Connects to the address in the offer of the other client.
    pub(super) async fn connect(self, offer: String) {
        self.tell(Event::Described(self.attempt, "accepted".into()));
        match TcpStream::connect(offer).await {
            Ok(stream) => self.run(stream).await,
            Err(_) => self.tell(Event::Closed(self.attempt)),
        }
    }

    /// Exchanges packets, each a line of JSON, until either end closes or the connection is cut.
    async fn run(mut self, stream: TcpStream) {
        let (queue, mut packets) = mpsc::unbounded_channel();
        self.tell(Event::Opened(self.attempt, queue));
        self.cut.mark_unchanged();
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        loop {
            tokio::select! {
                line = lines.next_line() => {
                    let Ok(Some(line)) = line else { break };
                    // A line that the cut has truncated ends the connection too.
                    let Ok(packet) = serde_json::from_str(&line) else { break };
                    self.tell(Event::Packet(packet));
                }
                Some(packet) = packets.recv() => {
                    let mut line = serde_json::to_vec(&packet).unwrap();
                    line.push(b'\n');
                    if write.write_all(&line).await.is_err() {
                        break;
                    }
                }
                _ = self.cut.changed() => break,
            }
        }
        self.tell(Event::Closed(self.attempt));
    }

    fn tell(&self, event: Event) {
        // Fails when the client has ended.
        drop(self.events.send(event));
    }
}
