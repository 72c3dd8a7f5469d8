//! The server of the run, a process of its own: it publishes until its standard input ends.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use push_wire_server::{ChannelKind, ChannelPolicy, Compression, PushServer};
use tokio::io::{AsyncReadExt, stdin};
use tokio::net::TcpListener;
use tokio::time::{MissedTickBehavior, interval};

use super::Error;

/// Entries of the log a second.
pub(crate) const RATE: u32 = 200;

/// Bytes of an entry.
const BYTES: usize = 1_000;

/// Entries that the log keeps: those of 40 s.
const RETAINED: usize = 8_000;

/// Entries of the log for each new value of the state.
const ENTRIES_PER_VALUE: u64 = 10;

/// Channels of the run.
#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Channel {
    /// Control ops.
    #[channel(system)]
    System,
    /// A log, which every reader reads.
    Log,
    /// A state, which the readers that stop read as well.
    Value,
}

/// Serves and publishes until the standard input ends. Prints the address first.
pub(crate) async fn run() -> Result<(), Error> {
    let log = ChannelPolicy::log()
        .retain_entries(RETAINED)
        .retain_bytes(1 << 30)
        .compression(Compression::Off);
    let server = PushServer::builder()
        .channel(Channel::Log, log)
        .channel(Channel::Value, ChannelPolicy::state())
        .build()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let serving = axum::serve(listener, server.router::<()>());
    tokio::spawn(serving.into_future());
    let publishing = publish(&server);
    let mut ended = [0];
    tokio::select! {
        result = publishing => result,
        read = async { stdin().read(&mut ended).await } => read.map(drop).map_err(Error::from),
    }
}

async fn publish(server: &PushServer<Channel>) -> Result<(), Error> {
    let padding = "x".repeat(BYTES);
    let mut ticks = interval(Duration::from_secs(1) / RATE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for number in 0u64.. {
        ticks.tick().await;
        server.publish(Channel::Log, &format!("{}:{padding}", micros()))?;
        if number.is_multiple_of(ENTRIES_PER_VALUE) {
            server.publish(Channel::Value, &format!("{number}:{padding}"))?;
        }
    }
    Ok(())
}

/// Time of the machine's clock, in microseconds.
pub(crate) fn micros() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| u64::try_from(now.as_micros()).unwrap_or(u64::MAX))
}
