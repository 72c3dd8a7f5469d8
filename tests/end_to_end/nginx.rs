//! Test of two server processes behind a real nginx, whose configuration is that of docs/deploy.md.

mod instance;
mod process;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use push_wire_client::position::{Outcome, ResetReason};
use push_wire_client::session::client::Status;
use push_wire_client::session::op::ScopeRequest;
use push_wire_client::{ClientConfig, ClientEvent, Frame, PushClient};
use push_wire_shared::ChannelKind;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use uuid::Uuid;

use self::instance::Nginx;
use self::process::Process;
use crate::http::{Request, Response};
use crate::http2_client::TIMEOUT;

#[derive(ChannelKind, Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Channel {
    #[channel(system)]
    System,
    Log,
    Room,
}

/// Number of clients.
const CLIENTS: u64 = 12;

/// Messages of each client that are waited for at each step, and entries.
const STEP: usize = 20;

/// Number of event streams beside them.
const STREAMS: usize = 4;

/// Code of a connection that ends because its server ends.
const DRAINING: u16 = 4100;

/// A port that nobody listens on, outside of the range that the system takes for outgoing connections.
fn free_port() -> u16 {
    loop {
        let port = 20_000 + Uuid::new_v4().as_fields().1 % 10_000;
        if std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// Entries, outcomes and other events that a client has received.
#[derive(Default)]
struct Seen {
    /// Entries of the log: the process that published each, and its number there.
    entries: Vec<(String, u64)>,
    /// Outcomes of the log's streams: the channel, and the client's inbox in it.
    outcomes: Vec<(ScopeRequest, Outcome)>,
    /// Close codes of the connections that ended.
    ends: Vec<Option<u16>>,
    /// Messages that were acknowledged.
    acknowledged: Vec<u64>,
}

/// A client that reads the log and sends one message after the other.
struct Reader {
    seen: Arc<Mutex<Seen>>,
    changes: watch::Receiver<()>,
    sending: JoinHandle<()>,
    events: JoinHandle<()>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.sending.abort();
        self.events.abort();
    }
}

impl Reader {
    /// Connects; its messages are numbers of `numbers`.
    async fn start(address: SocketAddr, mut numbers: std::ops::RangeFrom<u64>) -> Self {
        let mut config = ClientConfig::new(format!("http://{address}"));
        config.reconnect.initial_delay = Duration::from_millis(20);
        let mut client = PushClient::<Channel>::new(config);
        let seen = Arc::<Mutex<Seen>>::default();
        let (changed, changes) = watch::channel(());
        let (entries, changed_entries) = (Arc::clone(&seen), changed.clone());
        client.on(Channel::Log, move |frame: Frame<Channel>| {
            let entry = serde_json::from_value(frame.payload).unwrap();
            entries.lock().unwrap().entries.push(entry);
            changed_entries.send_replace(());
        });
        let mut events = client.events();
        let (noted, changed_events) = (Arc::clone(&seen), changed.clone());
        let events = tokio::spawn(async move {
            loop {
                match events.recv().await {
                    Ok(event) => note(&mut noted.lock().unwrap(), event),
                    Err(RecvError::Lagged(count)) => panic!("{count} events were missed"),
                    Err(RecvError::Closed) => return,
                }
                changed_events.send_replace(());
            }
        });
        client.connect().await.unwrap();
        let sent = Arc::clone(&seen);
        let sending = tokio::spawn(async move {
            loop {
                let number = numbers.next().unwrap();
                let frame = Frame::new(Channel::Room, json!(number));
                client.send_confirmed(frame).await.unwrap();
                sent.lock().unwrap().acknowledged.push(number);
                changed.send_replace(());
            }
        });
        Self {
            seen,
            changes,
            sending,
            events,
        }
    }

    /// Waits until this holds.
    async fn until(&mut self, what: impl Fn(&Seen) -> bool) {
        let waiting = async {
            while !what(&self.seen.lock().unwrap()) {
                self.changes.changed().await.unwrap();
            }
        };
        timeout(3 * TIMEOUT, waiting).await.unwrap();
    }

    /// Waits until it has read and sent some more than at the time of the call.
    async fn work(&mut self) {
        let (entries, acknowledged) = {
            let seen = self.seen.lock().unwrap();
            (seen.entries.len(), seen.acknowledged.len())
        };
        self.until(|seen| {
            seen.entries.len() >= entries + STEP && seen.acknowledged.len() >= acknowledged + STEP
        })
        .await;
    }

    /// Ends its sending.
    fn stop(&self) -> Arc<Mutex<Seen>> {
        self.sending.abort();
        Arc::clone(&self.seen)
    }

    /// The process that published its newest entry.
    fn process(&self) -> String {
        self.seen.lock().unwrap().entries.last().unwrap().0.clone()
    }
}

fn note(seen: &mut Seen, event: ClientEvent<Channel>) {
    if let ClientEvent::Outcome {
        channel: Channel::Log,
        scope,
        outcome,
        ..
    } = event
    {
        seen.outcomes.push((scope, outcome));
    } else if let ClientEvent::Status(Status::Waiting { cause, .. }) = event {
        seen.ends.push(cause.code);
    }
}

/// An event stream of the JSON dialect.
struct EventStream {
    response: Response,
    /// The process that it came from.
    process: String,
    /// Close code, once it has ended.
    closed: Option<u16>,
}

impl EventStream {
    /// Opens it, and reads to its first entry.
    async fn open(address: SocketAddr) -> Self {
        let target = format!("/rps/sse?client_id={}&channels=log", Uuid::new_v4());
        let request = Request::new("GET", &target);
        // A page that nginx serves: refused if nginx asked the server for another host.
        let request = request
            .to("live.example")
            .header("origin", "https://live.example");
        let mut response = request.open(address).await;
        assert_eq!(response.json().await["payload"]["op"], "auth_ok");
        // On a slow machine retention may pass the stream before its first entry, which is stated by an op.
        let process = loop {
            let event = response.json().await;
            if event["channel"] == "log" {
                break event["payload"][0].as_str().unwrap().to_owned();
            }
        };
        Self {
            response,
            process,
            closed: None,
        }
    }

    /// Reads so many further events, or to the event `close`.
    async fn follow(&mut self, count: usize) {
        for _ in 0..count {
            let event = self.response.event().await.expect("no end without a close");
            if event.name.as_deref() == Some("close") {
                let code = event.json()["code"].as_u64().unwrap();
                self.closed = Some(code.try_into().unwrap());
                return;
            }
        }
    }
}

/// Checks that entries are numbered without holes; returns the processes that they came from.
fn processes(entries: &[(String, u64)]) -> Vec<&str> {
    let mut processes: Vec<&str> = vec![&entries[0].0];
    for pair in entries.windows(2) {
        let [(before, last), (process, number)] = pair else {
            unreachable!("windows of two");
        };
        if process == before {
            assert_eq!(*number, last + 1, "{process}");
        } else {
            processes.push(process);
        }
    }
    processes
}

/// Two processes under load, one of which is drained and replaced. The next one holds none of its entries.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx: `cargo xtask test` runs it"]
async fn one_of_two_processes_is_replaced() {
    let ports = [free_port(), free_port()];
    let old = Process::start("old", ports[0]).await;
    let other = Process::start("other", ports[1]).await;
    let nginx = Nginx::start(ports).await;
    let mut readers = Vec::new();
    for n in 0..CLIENTS {
        readers.push(Reader::start(nginx.address, n * 1_000_000..).await);
    }
    for reader in &mut readers {
        reader.until(|seen| seen.outcomes.len() == 2).await;
        reader.work().await;
    }
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        streams.push(EventStream::open(nginx.address).await);
    }
    let (mut moved, mut stayed): (Vec<_>, Vec<_>) = readers
        .into_iter()
        .partition(|reader| reader.process() == "old");
    assert!(!moved.is_empty() && !stayed.is_empty());

    let mut handled = old.end().await;
    for stream in &mut streams {
        let most = if stream.process == "old" {
            usize::MAX
        } else {
            STEP
        };
        stream.follow(most).await;
    }
    let replacement = Process::start("new", ports[0]).await;
    for reader in &mut moved {
        reader.until(|seen| seen.outcomes.len() == 4).await;
    }
    for reader in moved.iter_mut().chain(&mut stayed) {
        reader.work().await;
    }
    for reader in &moved {
        let seen = reader.seen.lock().unwrap();
        assert_eq!(seen.ends, [Some(DRAINING)]);
        let [_, _, later @ ..] = &*seen.outcomes else {
            panic!("no outcome at first");
        };
        let reset = Outcome::Reset(ResetReason::EpochChanged);
        assert!(later.contains(&(ScopeRequest::Channel, reset)), "{later:?}");
        assert_eq!(later.len(), 2);
        assert_ne!(later[0].0, later[1].0);
        let processes = processes(&seen.entries);
        assert_eq!((processes.len(), processes[0]), (2, "old"), "{processes:?}");
    }
    for reader in &stayed {
        let seen = reader.seen.lock().unwrap();
        assert_eq!((&*seen.ends, seen.outcomes.len()), (&[][..], 2));
        assert_eq!(processes(&seen.entries), ["other"]);
    }

    for EventStream {
        process, closed, ..
    } in &streams
    {
        let expected = (process == "old").then_some(DRAINING);
        assert_eq!(*closed, expected, "{process}");
    }

    let seen: Vec<_> = moved.iter().chain(&stayed).map(Reader::stop).collect();
    handled.extend(other.end().await);
    handled.extend(replacement.end().await);
    for number in seen
        .iter()
        .flat_map(|seen| seen.lock().unwrap().acknowledged.clone())
    {
        assert!(handled.contains(&number), "{number} was not handled");
    }
}
