//! Main function of a server's process: prints its port, then publishes by commands from its standard input.

use std::future::IntoFuture;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::time::{MissedTickBehavior, interval};

use super::Subject;
use super::floor::Floor;
use super::published::Published;
use super::push_wire::PushWire;
use crate::Fallible;

/// A published message. The fields are in alphabetical order, as in a JSON map.
#[derive(Serialize)]
pub(super) struct Message {
    /// Counts from 1 in each run.
    number: u64,
    padding: String,
    /// Microseconds since 1970.
    sent_us: u64,
}

/// Command to publish messages at a rate.
#[derive(Clone, Copy, Serialize, Deserialize, Debug)]
pub struct Publish {
    /// Number of messages.
    pub messages: u64,
    /// Messages a second.
    pub rate: f64,
    /// Approximate bytes of a message's JSON.
    pub bytes: usize,
}

/// A server that can publish.
pub(super) trait Target {
    fn publish(&self, message: &Message) -> Fallible<()>;
}

/// Argument with which a benchmark starts its own executable as a server.
pub(super) const SERVE: &str = "--serve";

/// Runs a server to its end if this process was started as one. Returns whether it was.
///
/// # Errors
/// Fails if the server cannot be run.
pub fn serve_if_asked() -> Fallible<bool> {
    let mut args = std::env::args().skip(1);
    if args.next().as_deref() != Some(SERVE) {
        return Ok(false);
    }
    let subject = args.next().as_deref().and_then(Subject::from_name);
    let subject = subject.ok_or("no such server")?;
    Runtime::new()?.block_on(serve(subject))?;
    Ok(true)
}

async fn serve(subject: Subject) -> Fallible<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    match subject {
        Subject::Floor => publish_by_command(&Floor::start(listener.into_std()?)?).await?,
        Subject::PushWire | Subject::PushWireJson => {
            let (target, router) = PushWire::new()?;
            tokio::select! {
                () = push_wire_server::serve(listener, router).into_future() => {}
                end = publish_by_command(&target) => end?,
            }
        }
        Subject::Published => {
            let (target, router) = Published::new();
            tokio::select! {
                end = axum_07::serve(listener, router) => end?,
                end = publish_by_command(&target) => end?,
            }
        }
    }
    Ok(())
}

async fn publish_by_command(target: &impl Target) -> Fallible<()> {
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        publish(target, serde_json::from_str(&line)?).await?;
        println!("done");
    }
    Ok(())
}

async fn publish(target: &impl Target, run: Publish) -> Fallible<()> {
    let frame = serde_json::to_string(&Message::new(run.messages, String::new())?)?;
    let padding = "x".repeat(run.bytes.saturating_sub(frame.len()));
    let mut ticks = interval(Duration::from_secs_f64(1.0 / run.rate));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for number in 1..=run.messages {
        ticks.tick().await;
        target.publish(&Message::new(number, padding.clone())?)?;
    }
    Ok(())
}

impl Message {
    fn new(number: u64, padding: String) -> Fallible<Self> {
        let sent = SystemTime::now().duration_since(UNIX_EPOCH)?;
        Ok(Self {
            number,
            padding,
            sent_us: u64::try_from(sent.as_micros())?,
        })
    }
}
