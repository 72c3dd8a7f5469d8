//! Test of `TurnSecret` with a real coturn, whose configuration is that of docs/relay.md.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use push_wire_server::{TurnCredential, TurnSecret};
use uuid::Uuid;

const SECRET: &str = "a secret of the test";

/// Lines of docs/relay.md that a test replaces.
const PORT: &str = "listening-port=3478";
const SECRET_LINE: &str = "static-auth-secret=REPLACE-ME";

struct Coturn {
    child: Child,
    port: u16,
}

impl Drop for Coturn {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Coturn {
    /// Starts coturn. It listens when this returns.
    fn start() -> Self {
        let port = free_port();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("coturn-{port}"));
        fs::create_dir_all(&folder).unwrap();
        let configuration = folder.join("turnserver.conf");
        fs::write(&configuration, whole(&folder, port)).unwrap();
        let mut child = Command::new(program("TURNSERVER_BIN", "turnserver"))
            .arg("-c")
            .arg(&configuration)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("coturn is installed");
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let listens = format!("UDP listener opened on: 127.0.0.1:{port}");
        let mut line = String::new();
        while !line.contains(&listens) {
            line.clear();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "coturn has ended");
        }
        // What it writes is read on, so that it never waits for a reader.
        thread::spawn(move || io::copy(&mut output, &mut io::sink()));
        Self { child, port }
    }

    /// Sends through a session with these credentials. Returns whether everything came back.
    fn accepts(&self, credential: &TurnCredential) -> bool {
        let client = Command::new(program("TURNUTILS_UCLIENT_BIN", "turnutils_uclient"))
            .args(["-u", &credential.username, "-w", &credential.credential])
            .args(["-p", &self.port.to_string()])
            // Two sessions that send each other 5 messages, one in 20 ms.
            .args(["-y", "-c", "-n", "5", "-m", "1", "-z", "20", "127.0.0.1"])
            .output()
            .unwrap();
        client.status.success()
    }
}

fn program(variable: &str, name: &str) -> PathBuf {
    env::var_os(variable).map_or_else(|| name.into(), PathBuf::from)
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// The block of docs/relay.md, on the loopback interface and with files of the test's own.
fn whole(folder: &Path, port: u16) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/relay.md");
    let text = fs::read_to_string(path).unwrap();
    let (_, block) = text.split_once("\n```ini\n").unwrap();
    let (block, _) = block.split_once("\n```\n").unwrap();
    let mut recipe = block.to_owned();
    for (from, to) in [
        (PORT, format!("listening-port={port}")),
        (SECRET_LINE, format!("static-auth-secret={SECRET}")),
    ] {
        assert_eq!(recipe.matches(from).count(), 1, "{from} in docs/relay.md");
        recipe = recipe.replace(from, &to);
    }
    let folder = folder.display();
    format!(
        "{recipe}\nlistening-ip=127.0.0.1\nrelay-ip=127.0.0.1\nallow-loopback-peers\nno-tls\nno-dtls\n\
         verbose\nlog-file=stdout\npidfile={folder}/pid\nuserdb={folder}/users\n"
    )
}

#[test]
#[ignore = "needs coturn: `cargo xtask test` runs it"]
fn coturn_accepts_credentials_until_they_expire() {
    let coturn = Coturn::start();
    let now = SystemTime::now();
    let client = Uuid::new_v4();
    let hour = Duration::from_secs(3_600);
    let secret = TurnSecret::new(SECRET);
    assert!(coturn.accepts(&secret.credential(client, hour, now)));

    let expired = secret.credential(client, hour, now - 2 * hour);
    assert!(!coturn.accepts(&expired), "expired an hour ago");
    let mut extended = secret.credential(client, hour, now - 2 * hour);
    extended.username = secret.credential(client, hour, now).username;
    assert!(!coturn.accepts(&extended), "an expiry of its own");
    let wrong = TurnSecret::new("another secret").credential(client, hour, now);
    assert!(!coturn.accepts(&wrong));
}
