//! Driver of a peer session over a native client and TCP.

use std::time::Duration;

use push_wire_client::Frame;
use push_wire_shared::rtc::peer::{Input, Output, PeerConfig, PeerPacket, PeerSession};
use push_wire_shared::time::Moment;
use push_wire_shared::transport::{FailoverPolicy, ModeSwitchSignal, TransportRoute};
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::connection::{Connection, Event};
use super::{Channel, Member};

/// One of two clients that exchange messages, as its application sees it.
pub(super) struct Peer {
    pub(super) send: mpsc::UnboundedSender<Value>,
    pub(super) messages: mpsc::UnboundedReceiver<Value>,
    pub(super) switches: mpsc::UnboundedReceiver<ModeSwitchSignal>,
    /// Messages not acknowledged, of each restart of the other client.
    pub(super) restarts: mpsc::UnboundedReceiver<Vec<Value>>,
    task: JoinHandle<()>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Messages without an acknowledgement above which no more are taken from the application.
const UNDER_WAY: usize = 512;

impl Peer {
    /// The exchange of this member with another client, over connections that are cut when `cut` changes. `seed` is another
    /// one for each session of the client.
    pub(super) fn start(
        member: Member,
        (own, other): (Uuid, Uuid),
        cut: watch::Receiver<u32>,
        seed: u64,
    ) -> Self {
        let (send, to_send) = mpsc::unbounded_channel();
        let (tell_message, messages) = mpsc::unbounded_channel();
        let (tell_switch, switches) = mpsc::unbounded_channel();
        let (tell_restart, restarts) = mpsc::unbounded_channel();
        let (tell_event, events) = mpsc::unbounded_channel();
        let config = PeerConfig {
            failover: FailoverPolicy {
                retry_backoff: Duration::from_millis(50),
                ..FailoverPolicy::default()
            },
            ..PeerConfig::default()
        };
        let driver = Driver {
            session: PeerSession::new(own, other, config, seed),
            member,
            other,
            origin: Instant::now(),
            connection: None,
            tell_event,
            tell_message,
            tell_switch,
            tell_restart,
            cut,
        };
        Self {
            send,
            messages,
            switches,
            restarts,
            task: tokio::spawn(driver.run(to_send, events)),
        }
    }
}

/// The task of the connection of an attempt, and the queue of its packets once it is open.
struct Link {
    attempt: u64,
    task: JoinHandle<()>,
    queue: Option<mpsc::UnboundedSender<PeerPacket>>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Driver {
    session: PeerSession,
    member: Member,
    other: Uuid,
    origin: Instant,
    connection: Option<Link>,
    tell_event: mpsc::UnboundedSender<Event>,
    tell_message: mpsc::UnboundedSender<Value>,
    tell_switch: mpsc::UnboundedSender<ModeSwitchSignal>,
    tell_restart: mpsc::UnboundedSender<Vec<Value>>,
    cut: watch::Receiver<u32>,
}

impl Driver {
    async fn run(
        mut self,
        mut to_send: mpsc::UnboundedReceiver<Value>,
        mut events: mpsc::UnboundedReceiver<Event>,
    ) {
        self.session.handle_input(self.now(), Input::Connect);
        loop {
            while let Some(output) = self.session.poll_output() {
                self.perform(output).await;
            }
            let has_room = self.session.unacknowledged() < UNDER_WAY;
            let timeout = self.session.poll_timeout();
            let due = self.origin + timeout.unwrap_or_default().since_origin();
            let input = tokio::select! {
                Some(event) = events.recv() => self.input(event),
                Some(signal) = self.member.signals.recv() => Input::Signal(signal),
                Some(body) = self.member.packets.recv() => {
                    let (from, packet) = body.split_first_chunk::<16>().unwrap();
                    assert_eq!(Uuid::from_bytes(*from), self.other);
                    Input::Packet(TransportRoute::Relay, serde_json::from_slice(packet).unwrap())
                }
                Some(message) = to_send.recv(), if has_room => {
                    self.session.send(self.now(), message).unwrap();
                    continue;
                }
                () = sleep_until(due), if timeout.is_some() => {
                    self.session.handle_timeout(self.now());
                    continue;
                }
            };
            self.session.handle_input(self.now(), input);
        }
    }

    fn now(&self) -> Moment {
        Moment::after_origin(self.origin.elapsed())
    }

    fn input(&mut self, event: Event) -> Input {
        match event {
            Event::Described(attempt, sdp) => Input::Described { attempt, sdp },
            Event::Opened(attempt, queue) => {
                let link = self.connection.as_mut();
                if let Some(link) = link.filter(|link| link.attempt == attempt) {
                    link.queue = Some(queue);
                }
                Input::Opened(attempt)
            }
            Event::Closed(attempt) => Input::Closed(attempt),
            Event::Packet(packet) => Input::Packet(TransportRoute::P2p, packet),
        }
    }

    async fn perform(&mut self, output: Output) {
        match output {
            Output::Signal(message) => {
                let payload = serde_json::to_value(message).unwrap();
                let frame = Frame::new(Channel::Rtc, payload);
                self.member.client.send(frame).await.unwrap();
            }
            Output::MakeOffer { attempt } => {
                let connection = self.attempt(attempt);
                self.link(attempt, tokio::spawn(connection.listen()));
            }
            Output::MakeAnswer { attempt, offer } => {
                let connection = self.attempt(attempt);
                self.link(attempt, tokio::spawn(connection.connect(offer)));
            }
            Output::Abandon { attempt } => {
                self.connection.take_if(|link| link.attempt == attempt);
            }
            // The one that offers listens already, and TCP has no candidates.
            Output::Accept { .. } | Output::AddCandidate { .. } => {}
            Output::Switched(signal) => self.tell_switch.send(signal).unwrap(),
            Output::Message(message) => self.tell_message.send(message).unwrap(),
            Output::Restarted { unacknowledged } => self.tell_restart.send(unacknowledged).unwrap(),
            Output::Send(route, packet) => self.send(route, packet).await,
        }
    }

    fn attempt(&self, attempt: u64) -> Connection {
        Connection {
            attempt,
            events: self.tell_event.clone(),
            cut: self.cut.clone(),
        }
    }

    fn link(&mut self, attempt: u64, task: JoinHandle<()>) {
        self.connection = Some(Link {
            attempt,
            task,
            queue: None,
        });
    }

    async fn send(&self, route: TransportRoute, packet: PeerPacket) {
        if route == TransportRoute::Relay {
            let content = serde_json::to_vec(&packet).unwrap();
            let body = [self.other.as_bytes(), &content[..]].concat();
            let sent = self.member.client.send_bytes(Channel::Relay, body);
            sent.await.unwrap();
            return;
        }
        let queue = self
            .connection
            .as_ref()
            .and_then(|link| link.queue.as_ref());
        if let Some(queue) = queue {
            // Fails if the connection has ended: the session repeats the packet on the next path.
            drop(queue.send(packet));
        }
    }
}
