//! The baseline ("floor") of a fan-out: one thread with one epoll instance, which writes ready-made bytes to each
//! socket.
//!
//! Frames that were published while the thread was busy are sent together, in one write per socket. There are no
//! sessions, streams, limits or timers, and what clients send is not checked.

use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token, Waker};

use super::serve::{Message, Target};
use crate::Fallible;
use crate::load::websocket;

const LISTENER: Token = Token(usize::MAX);
const PUBLISHED: Token = Token(usize::MAX - 1);

/// The answer to the key of RFC 6455 section 1.3, which the readers send.
const RESPONSE: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
      Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// Handle by which messages are passed to the event loop.
pub(super) struct Floor {
    /// Frames that the loop has not sent.
    frames: Arc<Mutex<Vec<u8>>>,
    waker: Waker,
}

impl Floor {
    /// Starts the loop in a thread of its own.
    pub(super) fn start(listener: TcpListener) -> Fallible<Self> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), PUBLISHED)?;
        let frames = Arc::default();
        let mut event_loop = EventLoop {
            poll,
            listener: mio::net::TcpListener::from_std(listener),
            connections: Vec::new(),
            frames: Arc::clone(&frames),
            input: vec![0; 4096],
        };
        thread::spawn(move || {
            if let Err(error) = event_loop.run() {
                eprintln!("the event loop ended: {error}");
                std::process::exit(1);
            }
        });
        Ok(Self { frames, waker })
    }
}

impl Target for Floor {
    fn publish(&self, message: &Message) -> Fallible<()> {
        let frame = websocket::server_text(&serde_json::to_vec(message)?)?;
        let mut frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        frames.extend_from_slice(&frame);
        drop(frames);
        self.waker.wake()?;
        Ok(())
    }
}

struct EventLoop {
    poll: Poll,
    listener: mio::net::TcpListener,
    /// Connections by token; `None` once it has ended.
    connections: Vec<Option<Connection>>,
    frames: Arc<Mutex<Vec<u8>>>,
    input: Vec<u8>,
}

impl EventLoop {
    fn run(&mut self) -> io::Result<()> {
        let registry = self.poll.registry();
        registry.register(&mut self.listener, LISTENER, Interest::READABLE)?;
        let mut events = Events::with_capacity(1024);
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.accept()?,
                    PUBLISHED => self.write_to_all(),
                    Token(index) => self.with_connection(index, |connection, input| {
                        if event.is_readable() {
                            connection.read(input)?;
                        }
                        connection.write(&[])
                    }),
                }
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            stream.set_nodelay(true)?;
            let token = Token(self.connections.len());
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll
                .registry()
                .register(&mut stream, token, interest)?;
            self.connections.push(Some(Connection::new(stream)));
        }
    }

    fn write_to_all(&mut self) {
        let frames = mem::take(&mut *self.frames.lock().unwrap_or_else(PoisonError::into_inner));
        for index in 0..self.connections.len() {
            self.with_connection(index, |connection, _| match connection.phase {
                Phase::Open => connection.write(&frames),
                Phase::Request(_) | Phase::Auth => Ok(()),
            });
        }
    }

    /// Does something with a connection, which ends at the first error.
    fn with_connection(
        &mut self,
        index: usize,
        act: impl FnOnce(&mut Connection, &mut [u8]) -> io::Result<()>,
    ) {
        let place = &mut self.connections[index];
        if place
            .as_mut()
            .is_some_and(|connection| act(connection, &mut self.input).is_err())
        {
            *place = None;
        }
    }
}

struct Connection {
    stream: TcpStream,
    phase: Phase,
    /// Bytes that the socket has not taken.
    unwritten: Vec<u8>,
}

enum Phase {
    /// The request so far.
    Request(Vec<u8>),
    /// The client's first message is awaited.
    Auth,
    /// Frames are written to it.
    Open,
}

impl Connection {
    fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            phase: Phase::Request(Vec::new()),
            unwritten: Vec::new(),
        }
    }

    /// Reads all that has arrived, and answers the opening handshake and the first message.
    fn read(&mut self, input: &mut [u8]) -> io::Result<()> {
        loop {
            let len = match self.stream.read(input) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(len) => len,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            match &mut self.phase {
                Phase::Request(request) => {
                    request.extend_from_slice(&input[..len]);
                    if request.ends_with(b"\r\n\r\n") {
                        self.phase = Phase::Auth;
                        self.write(RESPONSE)?;
                    }
                }
                Phase::Auth => {
                    self.phase = Phase::Open;
                    let auth_ok = websocket::server_text(br#"{"op":"auth_ok"}"#);
                    self.write(&auth_ok.map_err(io::Error::other)?)?;
                }
                Phase::Open => {}
            }
        }
    }

    /// Writes these bytes after the unwritten ones, and keeps what the socket does not accept.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.unwritten.is_empty() {
            let written = self.write_once(bytes)?;
            self.unwritten.extend_from_slice(&bytes[written..]);
            return Ok(());
        }
        self.unwritten.extend_from_slice(bytes);
        let waiting = mem::take(&mut self.unwritten);
        let written = self.write_once(&waiting)?;
        self.unwritten = waiting[written..].to_vec();
        Ok(())
    }

    fn write_once(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        match self.stream.write(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            result => result,
        }
    }
}
