//! A client that harms a server as much as it can from one address: many connections, all of them as fast as they can.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::Builder;
use tokio::task::{LocalSet, yield_now};
use uuid::Uuid;

use super::dialect::Dialect;
use super::flood::Flood;
use super::websocket;
use crate::Fallible;
use crate::subject::Subject;

/// Connections at once.
const CONNECTIONS: usize = 200;

/// Address that the attacker connects from; readers connect from 127.0.0.1.
const FROM: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// Bytes that are written at once.
const WRITE_BYTES: usize = 16 * 1024;

/// Argument with which a benchmark starts its own executable as an attacker.
const ATTACK: &str = "--attack";

/// Kind of an attack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Attack {
    /// Connections are opened and dropped before authentication.
    Connects,
    /// Messages for the application, on authenticated connections.
    Messages,
    /// Ops that do not exist.
    BadOps,
    /// Subscriptions to other topics all the time; channels, where there are no topics.
    Topics,
}

impl Attack {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Connects, Self::Messages, Self::BadOps, Self::Topics];

    /// Name in tables and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connects => "connects",
            Self::Messages => "messages",
            Self::BadOps => "bad ops",
            Self::Topics => "topics",
        }
    }
}

/// Runs an attack until the process is killed, if it was started for that. Returns whether it was.
///
/// # Errors
/// Fails if the arguments are wrong.
pub fn attack_if_asked() -> Fallible<bool> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [flag, kind, subject, address] = &args[..] else {
        return Ok(false);
    };
    if flag != ATTACK {
        return Ok(false);
    }
    let mut kinds = Attack::ALL.into_iter();
    let attack = kinds.find(|attack| attack.name() == kind);
    let attack = attack.ok_or("no such attack")?;
    let subject = Subject::from_name(subject).ok_or("no such server")?;
    let address: SocketAddr = address.parse()?;
    rlimit::increase_nofile_limit(u64::MAX)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, run(attack, subject, address));
    Ok(true)
}

/// An attacker in its own process, which is killed when dropped. Its priority is the lowest, so that what is measured is
/// the work that it causes in the server, not its own.
pub struct AttackProcess(Child);

impl AttackProcess {
    /// Starts an attack on a server.
    ///
    /// # Errors
    /// Fails if the process does not start.
    pub fn start(attack: Attack, subject: Subject, address: SocketAddr) -> Fallible<Self> {
        let child = Command::new("nice")
            .args(["-n", "19"])
            .arg(std::env::current_exe()?)
            .args([ATTACK, attack.name(), subject.name()])
            .arg(address.to_string())
            .stdin(Stdio::null())
            .spawn()?;
        Ok(Self(child))
    }
}

impl Drop for AttackProcess {
    fn drop(&mut self) {
        if let Err(error) = self.0.kill().and_then(|()| self.0.wait()) {
            eprintln!("the attacker could not be ended: {error}");
        }
    }
}

async fn run(attack: Attack, subject: Subject, address: SocketAddr) {
    let attackers = (0..CONNECTIONS).map(|_| {
        tokio::task::spawn_local(async move {
            loop {
                // A connection that is refused or closed is opened again at once.
                let _ended: Fallible<()> = attack_once(attack, subject, address).await;
                yield_now().await;
            }
        })
    });
    for attacker in attackers.collect::<Vec<_>>() {
        // A task ends only by a panic.
        let Err(error) = attacker.await;
        eprintln!("a connection of the attacker failed: {error}");
    }
}

async fn attack_once(attack: Attack, subject: Subject, address: SocketAddr) -> Fallible<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((FROM, 0).into())?;
    let mut stream = socket.connect(address).await?;
    let mut dialect = Dialect::new(subject);
    let request = websocket::request(dialect.subprotocol());
    stream.write_all(request.as_bytes()).await?;
    let mut answer = [0; 1024];
    let read = stream.read(&mut answer).await?;
    if attack == Attack::Connects || !answer[..read].starts_with(b"HTTP/1.1 101") {
        return Ok(());
    }
    // A new client each time: an earlier one's session could not be continued without its secret.
    let client = Uuid::from_u128(fastrand::u128(..));
    stream.write_all(&dialect.auth(client)?).await?;
    send(stream, Flood::new(attack, dialect)).await
}

/// Writes frames until the connection ends, and discards the server's answers.
async fn send(stream: TcpStream, mut flood: Flood) -> Fallible<()> {
    let (mut reading, mut writing) = stream.into_split();
    let answers = async {
        let mut buffer = vec![0; 64 * 1024];
        while reading.read(&mut buffer).await? > 0 {}
        Fallible::Ok(())
    };
    let questions = async {
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            while bytes.len() < WRITE_BYTES {
                flood.next(&mut bytes)?;
            }
            writing.write_all(&bytes).await?;
        }
    };
    tokio::select! {
        end = answers => end,
        end = questions => end,
    }
}
