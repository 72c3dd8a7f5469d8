//! Test of the program against a server, over restarts of both.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use live_channels::Live;
use push_wire_server::PushServer;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::TcpSocket;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// Longest wait of a test before it fails.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The program, killed when dropped.
struct Tail {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    notes: Lines<BufReader<ChildStderr>>,
}

impl Tail {
    fn start(address: SocketAddr, state: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_tail"))
            .arg("--state")
            .arg(state)
            .args([&format!("http://{address}"), "log", "room/lobby"])
            .env("RUST_LOG", "off")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let notes = BufReader::new(process.stderr.take().unwrap()).lines();
        Self {
            process,
            lines,
            notes,
        }
    }

    async fn line(&mut self) -> String {
        let line = timeout(TIMEOUT, self.lines.next_line()).await.unwrap();
        line.unwrap().expect("the program has ended")
    }

    async fn note(&mut self) -> String {
        let note = timeout(TIMEOUT, self.notes.next_line()).await.unwrap();
        note.unwrap().expect("the program has ended")
    }

    /// Interrupts the program, as Ctrl-C does, and waits for its end.
    async fn interrupt(mut self) {
        let id = self.process.id().unwrap().to_string();
        let script = ["-c", "kill -INT $1", "kill", &id];
        let sent = Command::new("sh").args(script).status().await.unwrap();
        assert!(sent.success());
        let ended = timeout(TIMEOUT, self.process.wait()).await.unwrap();
        assert!(ended.unwrap().success());
    }
}

/// A server at an address, with a runtime of its own, so that its connections end with it.
struct Backend {
    server: Arc<PushServer<Live>>,
    runtime: Option<Runtime>,
}

impl Backend {
    fn start(address: SocketAddr) -> Self {
        let server = PushServer::builder().build().unwrap();
        let socket = bound(address);
        let app = server.router::<()>();
        let runtime = Runtime::new().unwrap();
        runtime.spawn(async move {
            let listener = socket.listen(64).unwrap();
            axum::serve(listener, app).await.unwrap();
        });
        Self {
            server,
            runtime: Some(runtime),
        }
    }

    fn log(&self, text: &str) {
        self.server.publish(Live::Log, &text).unwrap();
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        // A runtime cannot be dropped by a thread of another one.
        let runtime = self.runtime.take();
        std::thread::spawn(move || drop(runtime)).join().unwrap();
    }
}

/// A socket that has this address and does not listen yet: the system gives its port to nobody else.
fn bound(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseport(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

/// A file of the test's own, removed when dropped.
struct State(PathBuf);

impl State {
    fn new() -> Self {
        let name = format!("push-wire-tail-{}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for State {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

#[tokio::test]
async fn continues_after_restarts() {
    let reserved = bound(([127, 0, 0, 1], 0).into());
    let address = reserved.local_addr().unwrap();
    let state = State::new();

    // The program may start before its server.
    let mut tail = Tail::start(address, &state.0);
    let backend = Backend::start(address);
    for text in ["one", "two"] {
        backend.log(text);
    }
    assert_eq!(tail.line().await, "log 1 \"one\"");
    assert_eq!(tail.line().await, "log 2 \"two\"");
    let room = backend
        .server
        .publish_to(Live::Room, "lobby", &["hello"])
        .unwrap();
    assert_eq!(room.cursor, 1);
    assert_eq!(tail.line().await, "room/lobby 1 [\"hello\"]");
    tail.interrupt().await;

    backend.log("three");
    let mut tail = Tail::start(address, &state.0);
    let mut next = tail.line().await;
    // What was printed last counts as handled only when the next entry is asked for.
    if next == "room/lobby 1 [\"hello\"]" || next == "log 2 \"two\"" {
        next = tail.line().await;
    }
    assert_eq!(next, "log 3 \"three\"");

    drop(backend);
    let backend = Backend::start(address);
    backend.log("another log");
    assert!(tail.note().await.contains("may be missing"));
    while tail.line().await != "log 1 \"another log\"" {}
}
