//! Benchmark of the delay of urgent messages while a large entry is sent over a slow link.
//!
//! `cargo run --release --bin interleave [-- MEGABYTES MBITS RATE]`, by default an entry of 50 MB over 20 Mbit/s, and
//! beside it 20 messages of 200 bytes a second on a channel of high priority. Server, link and client are threads of
//! this process; then 20 more clients begin to read the entry and stop, and the growth of the process's memory is
//! divided among them.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use push_wire_bench::Fallible;
use push_wire_bench::load::websocket::{self, Frame};
use push_wire_server::{ChannelPolicy, Limits, PushServer};
use push_wire_shared::ChannelKind;
use push_wire_shared::limits::FRAGMENT_BYTES;
use push_wire_shared::position::StartAt;
use push_wire_shared::session::client::{
    ClientConfig, ClientSession, Event, Input, Output, Subscription,
};
use push_wire_shared::session::op::ScopeRequest;
use push_wire_shared::time::Moment;
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;
use uuid::Uuid;

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    #[channel(system)]
    System,
    #[channel(priority = "high")]
    Alarm,
    #[channel(priority = "low")]
    File,
}

const ALARM_BYTES: usize = 200;

/// Bytes that the link forwards at once: the payload of an Ethernet frame.
const STEP: usize = 1_448;

/// Maximum delay of a late sleep for which the link compensates.
const SLACK: Duration = Duration::from_millis(20);

/// Number of clients that begin to read and stop.
const SLOW_READERS: u32 = 20;

fn main() -> Fallible<()> {
    let mut values = [50, 20, 20];
    for (i, arg) in std::env::args().skip(1).enumerate() {
        *values.get_mut(i).ok_or("at most three numbers")? = arg.parse()?;
    }
    let [megabytes, mbits, rate] = values;
    let bytes = usize::try_from(megabytes * 1_000_000)?;
    let bytes_per_second = mbits as f64 * 1e6 / 8.0;
    let runtime = Runtime::new()?;
    let _guard = runtime.enter();
    let (server, address) = serve(&runtime, bytes)?;
    let link = start_link(&runtime, address, bytes_per_second)?;

    let mut client = Client::connect(link, 1, bytes)?;
    server.publish_bytes(Channel::File, vec![0; bytes])?;
    let reader = thread::spawn(move || client.read_until_file());
    let mut published = Vec::new();
    let pause = Duration::from_secs_f64(1.0 / rate as f64);
    let mut next = Instant::now();
    while !reader.is_finished() {
        published.push(Instant::now());
        server.publish(Channel::Alarm, &"x".repeat(ALARM_BYTES - 2))?;
        next += pause;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    let alarms = reader.join().map_err(|_| "the reader panicked")??;
    let mut waits: Vec<f64> = alarms
        .iter()
        .zip(&published)
        .map(|(at, published)| at.duration_since(*published).as_secs_f64() * 1e3)
        .collect();
    waits.sort_by(f64::total_cmp);
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
    let fragment = FRAGMENT_BYTES as f64 * 1e3 / bytes_per_second;
    println!(
        "{megabytes} MB over {mbits} Mbit/s; {} messages beside it",
        waits.len()
    );
    println!("| one fragment ms | p50 ms | p99 ms | max ms | p99 in fragments |");
    println!("|---|---|---|---|---|");
    println!(
        "| {fragment:.2} | {:.2} | {:.2} | {:.2} | {:.2} |",
        at(0.5),
        at(0.99),
        at(1.0),
        at(0.99) / fragment
    );

    let before = rss_kib()?;
    let mut slow = Vec::new();
    for number in 0..SLOW_READERS {
        let mut client = Client::connect(address, 100 + u128::from(number), bytes)?;
        client.read_some()?;
        slow.push(client);
    }
    let grown = rss_kib()?.saturating_sub(before);
    println!(
        "{SLOW_READERS} slow readers of it: {} KiB each",
        grown / u64::from(SLOW_READERS)
    );
    Ok(())
}

fn serve(runtime: &Runtime, bytes: usize) -> Fallible<(Arc<PushServer<Channel>>, SocketAddr)> {
    let mut limits = Limits::default();
    limits.entry_bytes = bytes;
    let server = PushServer::builder()
        .limits(limits)
        .channel(Channel::File, ChannelPolicy::log())
        .build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let router = server.router::<()>();
    runtime.spawn(async move { axum::serve(listener, router).await });
    Ok((server, address))
}

/// Starts a proxy that forwards a client's connection to the server at this rate, in bytes a second.
fn start_link(runtime: &Runtime, server: SocketAddr, rate_bytes: f64) -> Fallible<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let far = TcpSocket::new_v4()?;
    // A small receive buffer, so that the link reads little in advance.
    far.set_recv_buffer_size(1)?;
    let far = runtime.block_on(far.connect(server))?.into_std()?;
    far.set_nonblocking(false)?;
    thread::spawn(move || -> Fallible<()> {
        let (near, _) = listener.accept()?;
        near.set_nodelay(true)?;
        let (mut up_from, mut up_to) = (near.try_clone()?, far.try_clone()?);
        thread::spawn(move || std::io::copy(&mut up_from, &mut up_to));
        let ended = forward(&far, &near, rate_bytes);
        near.shutdown(Shutdown::Both)?;
        ended
    });
    Ok(address)
}

fn forward(mut from: &TcpStream, mut to: &TcpStream, rate_bytes: f64) -> Fallible<()> {
    let mut step = [0; STEP];
    let mut free_at = Instant::now();
    loop {
        let len = match from.read(&mut step)? {
            0 => return Ok(()),
            len => len,
        };
        // The delay of a late sleep is compensated for; idle time is not.
        let idle_since = Instant::now().checked_sub(SLACK).unwrap_or(free_at);
        free_at = free_at.max(idle_since) + Duration::from_secs_f64(len as f64 / rate_bytes);
        thread::sleep(free_at.saturating_duration_since(Instant::now()));
        to.write_all(&step[..len])?;
    }
}

/// A client's session on a blocking socket, which reads alarms (1) and files (2).
struct Client {
    session: ClientSession,
    socket: TcpStream,
    begun: Instant,
    read: Vec<u8>,
    bytes: usize,
    alarms: Vec<Instant>,
    files: Vec<usize>,
}

impl Client {
    fn connect(address: SocketAddr, id: u128, max_value_bytes: usize) -> Fallible<Self> {
        let mut socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.write_all(websocket::request(Some("push-wire.v1")).as_bytes())?;
        let mut answer = Vec::new();
        let mut byte = [0];
        while !answer.ends_with(b"\r\n\r\n") {
            socket.read_exact(&mut byte)?;
            answer.push(byte[0]);
        }
        let mut config = ClientConfig::new(Uuid::from_u128(id), 1);
        config.max_value_bytes = max_value_bytes;
        let mut client = Self {
            session: ClientSession::new(config),
            socket,
            begun: Instant::now(),
            read: Vec::new(),
            bytes: 0,
            alarms: Vec::new(),
            files: Vec::new(),
        };
        let now = client.now();
        for channel in ["alarm", "file"] {
            client.session.subscribe(
                now,
                Subscription {
                    channel: channel.into(),
                    scope: ScopeRequest::Channel,
                    position: None,
                    start: StartAt::Oldest,
                    keeps_position: false,
                },
            )?;
        }
        client.session.connect(now);
        client.act()?;
        while client.session.received(2).is_none() {
            client.step()?;
        }
        Ok(client)
    }

    fn now(&self) -> Moment {
        Moment::after_origin(self.begun.elapsed() + Duration::from_secs(1))
    }

    /// Reads once, and passes complete messages to the session.
    fn step(&mut self) -> Fallible<()> {
        let mut step = [0; 32 * 1024];
        let len = self.socket.read(&mut step)?;
        if len == 0 {
            return Err("the server closed the connection".into());
        }
        self.bytes += len;
        self.read.extend_from_slice(&step[..len]);
        loop {
            let (bytes, rest) = match websocket::split(&self.read)? {
                Some((Frame::Message(message), rest)) => (message.to_vec(), rest.len()),
                Some((Frame::Ping, _)) => return Err("an unexpected WebSocket ping".into()),
                None => return Ok(()),
            };
            self.read.drain(..self.read.len() - rest);
            let now = self.now();
            self.session
                .handle_input(now, Input::Message { attempt: 1, bytes });
            self.act()?;
        }
    }

    fn act(&mut self) -> Fallible<()> {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Connect { attempt, .. } => {
                    let now = self.now();
                    self.session.handle_input(now, Input::Opened { attempt });
                }
                Output::Transmit(bytes) => {
                    self.socket.write_all(&websocket::message(true, &bytes)?)?;
                }
                Output::Event(Event::Entry(entry)) if entry.id == 1 => {
                    self.alarms.push(Instant::now());
                }
                Output::Event(Event::Entry(entry)) => self.files.push(entry.body.len()),
                Output::Event(_) | Output::FetchDictionary { .. } | Output::TokenWanted { .. } => {}
                Output::Disconnect { code } => return Err(format!("ended with {code}").into()),
                Output::Post { .. } => return Err("a POST beside a WebSocket".into()),
            }
        }
        Ok(())
    }

    /// Reads until the file is complete. Returns the arrival times of the alarms.
    fn read_until_file(&mut self) -> Fallible<Vec<Instant>> {
        while self.files.is_empty() {
            self.step()?;
        }
        Ok(std::mem::take(&mut self.alarms))
    }

    /// Reads a few fragments.
    fn read_some(&mut self) -> Fallible<()> {
        while self.session.stats().fragments < 4 {
            self.step()?;
        }
        Ok(())
    }
}

fn rss_kib() -> Fallible<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kib.ok_or("no VmRSS")?.parse()?)
}
