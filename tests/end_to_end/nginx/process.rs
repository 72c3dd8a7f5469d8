//! A server process: this test binary once more, with one test that serves until SIGTERM.

use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader, Read, stdin};
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio, exit};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use push_wire_server::{PushServer, serve};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::{interval, timeout};

use super::Channel;
use crate::http2_client::TIMEOUT;

/// Variable with the name and the port of a process.
const SETTINGS: &str = "PUSH_WIRE_PROCESS";

/// Time between the entries that a process publishes.
const TICK: Duration = Duration::from_millis(5);

/// Line of a process that listens.
const LISTENING: &str = "listening";

pub(super) struct Process {
    child: Child,
    lines: mpsc::UnboundedReceiver<String>,
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Process {
    /// Starts a process, and waits until it listens.
    pub(super) async fn start(name: &str, port: u16) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["nginx::process::serve_until_sigterm", "--exact"])
            .args(["--ignored", "--nocapture"])
            .env(SETTINGS, format!("{name} {port}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::unbounded_channel();
        thread::spawn(move || {
            for line in output.lines() {
                sender.send(line.unwrap()).unwrap();
            }
        });
        let mut process = Self { child, lines };
        while process.line().await.expect("it listens") != LISTENING {}
        process
    }

    async fn line(&mut self) -> Option<String> {
        timeout(2 * TIMEOUT, self.lines.recv()).await.unwrap()
    }

    /// Asks it to end, waits until it has, and returns the messages that it has handled.
    pub(super) async fn end(mut self) -> BTreeSet<u64> {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        assert!(asked.unwrap().success());
        let mut handled = BTreeSet::new();
        while let Some(line) = self.line().await {
            if let Some(number) = line.strip_prefix("handled ") {
                handled.insert(number.parse().unwrap());
            }
        }
        assert!(self.child.wait().unwrap().success());
        handled
    }
}

/// The process: publishes entries, prints each message that it handles, and is drained on SIGTERM.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a process of another test"]
async fn serve_until_sigterm() {
    let Ok(settings) = env::var(SETTINGS) else {
        return;
    };
    let (name, port) = settings.split_once(' ').unwrap();
    let address = (Ipv4Addr::LOCALHOST, port.parse::<u16>().unwrap());
    // Ends with the test that started it.
    thread::spawn(|| {
        drop(stdin().read_to_end(&mut Vec::new()));
        exit(1);
    });
    let server = Arc::new(PushServer::<Channel>::new());
    server.on_message(Channel::Room, |message, _| {
        let number: u64 = message.json()?;
        println!("handled {number}");
        Ok(())
    });
    let publisher = Arc::clone(&server);
    let name = name.to_owned();
    let publishing = tokio::spawn(async move {
        let mut ticks = interval(TICK);
        for number in 0_u64.. {
            ticks.tick().await;
            publisher.publish(Channel::Log, &(&name, number)).unwrap();
        }
    });
    let listener = TcpListener::bind(address).await.unwrap();
    println!("\n{LISTENING}");
    serve(listener, server.router())
        .drain_on_signal(server, TIMEOUT)
        .await;
    publishing.abort();
}
