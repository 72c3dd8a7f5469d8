//! Test of the modes of a path that the application on the server chooses: direct, p2p and relay.

use std::io::{Read, Write};
use std::net::{TcpListener as Listener, TcpStream};
use std::sync::Mutex;
use std::time::Duration;

use push_wire_server::transport::{
    FailoverPolicy, ModeSwitchReason, TransportDispatcher, TransportError, TransportManager,
    TransportMode, TransportPacket,
};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::*;

/// Packets of each phase.
const PACKETS: u64 = 20;

/// The paths to `B`: its connection to the server, a TCP connection, and the relay's channel.
struct Paths {
    server: Arc<PushServer<Channel>>,
    connection: Mutex<Option<TcpStream>>,
}

impl Paths {
    fn send(&self, channel: Channel, packet: TransportPacket) -> Result<(), TransportError> {
        let sent = self.server.send(B, Frame::new(channel, packet.payload));
        sent.map_err(|_| TransportError::DispatchFailed("the client is not known"))?;
        Ok(())
    }

    /// Opens the TCP connection. Returns the end of `B`.
    fn connect(&self) -> TcpStream {
        let listener = Listener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        *self.connection.lock().unwrap() = Some(stream);
        listener.accept().unwrap().0
    }

    /// Drops the TCP connection after the other end has closed it.
    fn lose(&self) {
        let mut stream = self.connection.lock().unwrap().take().unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    }
}

impl TransportDispatcher for Paths {
    fn send_direct(&self, _: Uuid, packet: TransportPacket) -> Result<(), TransportError> {
        self.send(Channel::Rtc, packet)
    }

    fn send_p2p(&self, _: Uuid, packet: TransportPacket) -> Result<(), TransportError> {
        let connection = self.connection.lock().unwrap();
        let mut stream = connection
            .as_ref()
            .ok_or(TransportError::PathUnavailable("cut"))?;
        writeln!(stream, "{}", packet.payload)
            .map_err(|_| TransportError::PathUnavailable("closed"))
    }

    fn send_relay(&self, _: Uuid, packet: TransportPacket) -> Result<(), TransportError> {
        self.send(Channel::Relay, packet)
    }
}

/// A client that puts what comes on each path into one queue.
struct Receiver {
    _client: PushClient<Channel>,
    packets: mpsc::UnboundedReceiver<(TransportMode, Value)>,
    tell: mpsc::UnboundedSender<(TransportMode, Value)>,
}

impl Receiver {
    async fn join(backend: &Backend) -> Self {
        let (tell, packets) = mpsc::unbounded_channel();
        let mut client = PushClient::new(backend.config(B));
        for (channel, mode) in [
            (Channel::Rtc, TransportMode::Direct),
            (Channel::Relay, TransportMode::Relay),
        ] {
            let tell = tell.clone();
            client.on(channel, move |frame: Frame<Channel>| {
                drop(tell.send((mode, frame.payload)));
            });
        }
        client.connect().await.unwrap();
        Self {
            _client: client,
            packets,
            tell,
        }
    }

    /// Reads lines from a TCP connection until the task is aborted, which closes it.
    fn read(&self, stream: TcpStream) -> JoinHandle<()> {
        stream.set_nonblocking(true).unwrap();
        let stream = tokio::net::TcpStream::from_std(stream).unwrap();
        let tell = self.tell.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(stream).lines();
            while let Some(line) = lines.next_line().await.unwrap() {
                let packet = serde_json::from_str(&line).unwrap();
                tell.send((TransportMode::P2p, packet)).unwrap();
            }
        })
    }
}

/// Packets that the application routes to `B`, numbered.
struct Sender {
    manager: TransportManager,
    paths: Paths,
    routed: u64,
}

impl Sender {
    /// Routes the next packet. Returns the change of mode that it causes.
    fn route(&mut self) -> Option<TransportMode> {
        self.routed += 1;
        let packet = TransportPacket::new("game", json!(self.routed)).with_cursor(self.routed);
        let outcome = self.manager.route(B, packet.clone(), &self.paths).unwrap();
        assert!(outcome.delivered);
        let again = self.manager.route(B, packet, &self.paths).unwrap();
        assert!(!again.delivered, "a duplicate");
        outcome.switch.map(|signal| signal.mode)
    }

    /// Routes packets, which arrive once and in order on the path of this mode.
    async fn exchange(&mut self, receiver: &mut Receiver, mode: TransportMode) {
        assert_eq!(self.manager.mode_for(B), mode);
        for _ in 0..PACKETS {
            assert_eq!(self.route(), None);
        }
        for number in self.routed - PACKETS + 1..=self.routed {
            let packet = within_timeout(receiver.packets.recv()).await;
            assert_eq!(packet, (mode, json!(number)));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_take_each_mode_once() {
    let backend = Backend::start(RtcConfig::new()).await;
    let mut receiver = Receiver::join(&backend).await;
    let policy = FailoverPolicy {
        failure_threshold: 3,
        retry_backoff: Duration::ZERO,
    };
    let mut sender = Sender {
        manager: TransportManager::with_policy(policy),
        paths: Paths {
            server: Arc::clone(&backend.server),
            connection: Mutex::new(None),
        },
        routed: 0,
    };
    sender.exchange(&mut receiver, TransportMode::Direct).await;

    let reading = receiver.read(sender.paths.connect());
    let requested = sender
        .manager
        .switch_mode(B, TransportMode::P2p, ModeSwitchReason::Requested);
    assert_eq!(requested.unwrap().generation, 1);
    sender.exchange(&mut receiver, TransportMode::P2p).await;

    reading.abort();
    assert!(reading.await.unwrap_err().is_cancelled());
    sender.paths.lose();
    let switches = [(); 3].map(|()| sender.route());
    assert_eq!(switches, [None, None, Some(TransportMode::Relay)]);
    for number in sender.routed - 2..=sender.routed {
        let packet = within_timeout(receiver.packets.recv()).await;
        assert_eq!(packet, (TransportMode::Relay, json!(number)));
    }
    sender.exchange(&mut receiver, TransportMode::Relay).await;

    let _reading = receiver.read(sender.paths.connect());
    let recovered = sender.manager.maybe_retry_p2p(B).unwrap();
    let told = (recovered.mode, recovered.reason, recovered.generation);
    let expected = (TransportMode::P2p, ModeSwitchReason::PathRecovered, 3);
    assert_eq!(told, expected);
    sender.exchange(&mut receiver, TransportMode::P2p).await;
    assert!(receiver.packets.try_recv().is_err(), "each arrives once");
}
