//! Readers of the load generator: each connects, subscribes and counts entries.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::Tally;
use super::dialect::{Dialect, Received};
use super::websocket::{self, Frame};
use crate::Fallible;
use crate::subject::Subject;

/// Limit of concurrent handshakes.
const HANDSHAKES: usize = 64;

/// Many connections that read the same stream. Must be used inside a `LocalSet`.
pub struct Readers {
    tally: Rc<RefCell<Tally>>,
    tasks: JoinSet<Fallible<()>>,
}

impl Readers {
    /// Connects `count` readers. Returns when all of them are subscribed.
    ///
    /// # Errors
    /// Fails if a connection is refused or takes more than 30 s.
    pub async fn connect(address: SocketAddr, subject: Subject, count: usize) -> Fallible<Self> {
        let tally = Rc::new(RefCell::new(Tally::default()));
        let scratch = Rc::new(RefCell::new(vec![0; 256 * 1024]));
        let mut readers = Self {
            tally,
            tasks: JoinSet::new(),
        };
        for number in 0..count {
            let client_id = Uuid::from_u128(0x1000 + number as u128);
            let (tally, scratch) = (Rc::clone(&readers.tally), Rc::clone(&scratch));
            readers.tasks.spawn_local(async move {
                Reader::open(address, subject, client_id, tally, scratch)
                    .await?
                    .run()
                    .await
            });
            let opened = number + 1;
            readers
                .wait(|tally| tally.ready + HANDSHAKES > opened)
                .await?;
        }
        readers.wait(|tally| tally.ready == count).await?;
        Ok(readers)
    }

    /// Waits until `enough` returns true for the counts, for 30 s at most.
    ///
    /// # Errors
    /// Fails if a reader ends before, or after 30 s.
    pub async fn wait(&mut self, enough: impl Fn(&Tally) -> bool) -> Fallible<()> {
        let mut remaining_ms = 30_000;
        while !enough(&self.tally.borrow()) {
            if let Some(end) = self.tasks.try_join_next() {
                end??;
                return Err("the server closed a connection".into());
            }
            remaining_ms -= 1;
            if remaining_ms == 0 {
                let tally = self.tally.borrow();
                return Err(format!(
                    "only {} readers ready, {} deliveries",
                    tally.ready, tally.deliveries
                )
                .into());
            }
            sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    /// Waits until there are this many deliveries, or for two seconds no new one.
    ///
    /// # Errors
    /// Fails if a reader has ended.
    pub async fn wait_for_deliveries(&mut self, all: u64) -> Fallible<()> {
        let mut before = u64::MAX;
        loop {
            let now = self.tally.borrow().deliveries;
            if now >= all || now == before {
                return Ok(());
            }
            before = now;
            let target = self.wait(|tally| tally.deliveries >= all);
            match timeout(Duration::from_secs(2), target).await {
                Ok(result) => return result,
                Err(_) => continue,
            }
        }
    }

    /// The counts.
    #[must_use]
    pub fn tally(&self) -> std::cell::RefMut<'_, Tally> {
        self.tally.borrow_mut()
    }
}

struct Reader {
    stream: TcpStream,
    dialect: Dialect,
    tally: Rc<RefCell<Tally>>,
    /// Read buffer that all readers share.
    scratch: Rc<RefCell<Vec<u8>>>,
    /// The beginning of an incomplete message.
    partial: Vec<u8>,
    /// Number of the last entry.
    last: u64,
}

impl Reader {
    async fn open(
        address: SocketAddr,
        subject: Subject,
        client_id: Uuid,
        tally: Rc<RefCell<Tally>>,
        scratch: Rc<RefCell<Vec<u8>>>,
    ) -> Fallible<Self> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut dialect = Dialect::new(subject);
        let request = websocket::request(dialect.subprotocol());
        stream.write_all(request.as_bytes()).await?;
        let mut response = Vec::new();
        while !response.ends_with(b"\r\n\r\n") {
            response.push(stream.read_u8().await?);
        }
        if !response.starts_with(b"HTTP/1.1 101") {
            return Err(String::from_utf8(response)?.into());
        }
        stream.write_all(&dialect.auth(client_id)?).await?;
        Ok(Self {
            stream,
            dialect,
            tally,
            scratch,
            partial: Vec::new(),
            last: 0,
        })
    }

    async fn run(mut self) -> Fallible<()> {
        loop {
            self.stream.readable().await?;
            let received = {
                let scratch = Rc::clone(&self.scratch);
                let mut scratch = scratch.borrow_mut();
                match self.stream.try_read(&mut scratch) {
                    Ok(0) => return Ok(()),
                    Ok(read) => self.receive(&scratch[..read])?,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                    Err(error) => return Err(error.into()),
                }
            };
            if received.wants_pong {
                let pong = self.dialect.pong()?;
                self.stream.write_all(&pong).await?;
            }
        }
    }

    fn receive(&mut self, read: &[u8]) -> Fallible<Received> {
        let mut tally = self.tally.borrow_mut();
        tally.bytes += read.len() as u64;
        let whole = match self.partial.is_empty() {
            true => None,
            false => {
                self.partial.extend_from_slice(read);
                Some(std::mem::take(&mut self.partial))
            }
        };
        let mut rest = whole.as_deref().unwrap_or(read);
        let mut all = Received::default();
        while let Some((frame, after)) = websocket::split(rest)? {
            rest = after;
            let Frame::Message(message) = frame else {
                all.wants_pong = true;
                continue;
            };
            let last = &mut self.last;
            let received = self.dialect.read(message, |body| {
                *last = tally.count(body, *last)?;
                Ok(())
            })?;
            tally.ready += usize::from(received.ready);
            all.wants_pong |= received.wants_pong;
        }
        self.partial = rest.to_vec();
        Ok(all)
    }
}
