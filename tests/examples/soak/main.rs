//! A thousand readers of one log over real sockets, of which a hundred stop reading for a while: the long form of the
//! tests of slow readers. `soak` prints its figures, and fails if a promise does not hold. `soak backend` is its server.
//!
//! The log has 200 entries of 1 KB a second and keeps 40 s of them. Of the readers that stop, half come back after 30 s,
//! within retention, and half after 60 s, when it has passed them.

mod backend;
mod connection;
mod reader;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reader::{Figures, Plan};
use tokio::time::{Instant, sleep, sleep_until};

type Error = Box<dyn std::error::Error + Send + Sync>;

const READERS: u32 = 1_000;

/// Readers that stop: every tenth one.
const STOPS: u32 = 10;

/// Time in which the connections are opened.
const OPENING: Duration = Duration::from_secs(5);

/// Time in which all read.
const BEFORE: Duration = Duration::from_secs(15);

/// Time for which the readers stop: one half, and the other.
const PAUSES: [Duration; 2] = [Duration::from_secs(30), Duration::from_secs(60)];

/// Time after that in which they catch up.
const AFTER: Duration = Duration::from_secs(15);

/// Largest growth of the server's memory while readers have stopped, in MiB.
const GROWTH_MIB: f64 = 64.0;

#[tokio::main]
async fn main() -> Result<(), Error> {
    match std::env::args().nth(1).as_deref() {
        Some("backend") => backend::run().await,
        _ => run().await,
    }
}

async fn run() -> Result<(), Error> {
    let (server, address) = start_server()?;
    let begins_at = Instant::now();
    let stops_at = begins_at + OPENING + BEFORE;
    let returns_at = stops_at + PAUSES[1];
    let ends_at = returns_at + AFTER;
    let mut readers = Vec::new();
    for number in 0..READERS {
        let pause = PAUSES[usize::from((number / STOPS) % 2 == 1)];
        let plan = Plan {
            number,
            pause: number
                .is_multiple_of(STOPS)
                .then_some((stops_at, stops_at + pause)),
            measures_at: begins_at + OPENING,
            others_stop: (stops_at, stops_at + PAUSES[0]),
            ends_at,
        };
        readers.push(tokio::spawn(reader::read(address, plan)));
        sleep(OPENING / (2 * READERS)).await;
    }
    sleep_until(stops_at).await;
    let before = resident_mib(server.id())?;
    let mut most = before;
    while Instant::now() < returns_at {
        sleep(Duration::from_secs(1)).await;
        most = most.max(resident_mib(server.id())?);
    }
    println!(
        "memory of the server: {before:.1} MiB, {:.1} MiB more at most while readers had stopped",
        most - before
    );
    let mut figures = Vec::new();
    for reader in readers {
        figures.push(reader.await??);
    }
    drop(server);
    report(figures, most - before)
}

/// Prints the figures, and fails if a promise does not hold.
fn report(figures: Vec<Figures>, growth: f64) -> Result<(), Error> {
    let newest = figures.iter().map(|one| one.cursor).max().unwrap_or(0);
    let lost: u64 = figures.iter().map(|one| one.lost).sum();
    let entries: u64 = figures.iter().map(|one| one.entries).sum();
    println!("{entries} entries delivered, {lost} lost; the log has {newest}");
    let (stopped, others): (Vec<_>, Vec<_>) = (0u32..)
        .zip(figures)
        .partition(|(number, _)| number.is_multiple_of(STOPS));
    latencies(&others);
    let mut errors = Vec::new();
    let mut check = |holds: bool, what: String| {
        if !holds {
            errors.push(what);
        }
    };
    check(
        growth < GROWTH_MIB,
        format!("memory grew by {growth:.1} MiB"),
    );
    check(lost == 0, format!("{lost} entries are missing"));
    // The last moments are in flight.
    let is_current = |one: &Figures| one.cursor + u64::from(backend::RATE) >= newest;
    for (number, one) in &others {
        check(
            one.resets.is_empty() && one.reconnects == 0 && is_current(one),
            format!("reader {number} was disturbed: {}", one.summary()),
        );
    }
    for (half, name) in [(0, "30 s"), (1, "60 s")] {
        let of_half = stopped
            .iter()
            .filter(|(number, _)| number / STOPS % 2 == half);
        let of_half: Vec<&Figures> = of_half.map(|(_, one)| one).collect();
        let most_behind = of_half.iter().map(|one| one.behind).max().unwrap_or(0);
        let resets: usize = of_half.iter().map(|one| one.resets.len()).sum();
        // How soon they catch up depends on the machine, and is no promise.
        let current = of_half.iter().filter(|one| is_current(one)).count();
        println!(
            "{} readers stopped for {name}: {resets} resets, {most_behind} entries behind at most, {current} caught up, \
             closed with {:?}",
            of_half.len(),
            of_half
                .iter()
                .flat_map(|one| &one.closes)
                .collect::<BTreeSet<_>>()
        );
        for one in of_half {
            // Retention may pass a reader again that has just been reset to the oldest entry.
            let is_right = one.resets.is_empty() == (half == 0) && one.newest_value != Some(false);
            check(
                is_right,
                format!("a reader that stopped for {name}: {}", one.summary()),
            );
        }
    }
    match errors.first() {
        None => Ok(()),
        Some(first) => Err(format!("{} promises are broken: {first}", errors.len()).into()),
    }
}

/// Prints how old entries were on arrival at the readers that never stopped.
fn latencies(others: &[(u32, Figures)]) {
    let all = |part: fn(&Figures) -> &Vec<u64>| {
        let mut all: Vec<u64> = others
            .iter()
            .flat_map(|(_, one)| part(one))
            .copied()
            .collect();
        all.sort_unstable();
        all
    };
    let parts = [
        ("before", all(|one| &one.before)),
        ("while others have stopped", all(|one| &one.during)),
    ];
    for (name, ages) in parts {
        let at = |share: usize| {
            let index = ages.len().saturating_sub(1) * share / 100;
            ages.get(index).copied().unwrap_or(0)
        };
        println!(
            "{} readers, {name}: p50 {} µs, p99 {} µs ({} measured)",
            others.len(),
            at(50),
            at(99),
            ages.len()
        );
    }
}

/// Server process; killed when dropped.
struct Server(Child);

impl Server {
    fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.0.kill().is_ok() && self.0.wait().is_err() {
            eprintln!("the server's process does not end");
        }
    }
}

fn start_server() -> Result<(Server, SocketAddr), Error> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("backend")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child.stdout.take().ok_or("the server has no output")?;
    let server = Server(child);
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    Ok((server, line.trim().parse()?))
}

/// Resident memory of a process, in MiB.
fn resident_mib(process: u32) -> Result<f64, Error> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = resident.and_then(|text| text.trim().strip_suffix(" kB"));
    let kib: f64 = kib.ok_or("no VmRSS")?.trim().parse()?;
    Ok(kib / 1024.0)
}
