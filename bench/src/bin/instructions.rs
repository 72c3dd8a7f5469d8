//! Benchmark of instructions per delivery in a server's own code, without the kernel's. Other load of the machine does
//! not change them.
//!
//! `cargo run --release --bin instructions [-- READERS MESSAGES]`, by default 200 readers and 40 messages of 200 bytes.
//! Each server runs under valgrind's cachegrind (package `valgrind`), which makes it some thirty times slower: once
//! with the messages and once without; the result is the difference.

use std::fs;
use std::process::Command;

use push_wire_bench::Fallible;
use push_wire_bench::load::Readers;
use push_wire_bench::subject::{Publish, ServerProcess, Subject, serve_if_asked};
use tempfile::NamedTempFile;
use tokio::runtime::Builder;
use tokio::task::{LocalSet, spawn_blocking};

/// Messages a second: slow enough that a server under valgrind sends each before the next, and fast enough that all are
/// sent before the first heartbeat.
const RATE: f64 = 8.0;

fn main() -> Fallible<()> {
    if serve_if_asked()? {
        return Ok(());
    }
    rlimit::increase_nofile_limit(u64::MAX)?;
    let mut values = [200, 40];
    for (value, arg) in values.iter_mut().zip(std::env::args().skip(1)) {
        *value = arg
            .parse()
            .map_err(|_| format!("{arg:?} is no whole number"))?;
    }
    let [readers, messages] = values;
    println!("| server | user instructions / delivery |");
    println!("|---|---|");
    for subject in Subject::ALL {
        let without = count(subject, readers, 0)?;
        let with = count(subject, readers, messages)?;
        let each = with.saturating_sub(without) / (readers * messages);
        println!("| {} | {each} |", subject.name());
    }
    Ok(())
}

/// Instructions of a server from its start to its end, with one message to warm up and then `messages`.
fn count(subject: Subject, readers: u64, messages: u64) -> Fallible<u64> {
    let counts = NamedTempFile::new()?;
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--quiet", "--tool=cachegrind", "--cache-sim=no"])
        .arg(format!("--cachegrind-out-file={}", counts.path().display()))
        .arg(std::env::current_exe()?);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut server = ServerProcess::start_by(valgrind, subject)?;
        let mut all = Readers::connect(server.address, subject, readers as usize).await?;
        for messages in [1, messages] {
            let run = Publish {
                messages,
                rate: RATE,
                bytes: 200,
            };
            all.tally().clear();
            server = spawn_blocking(move || server.publish(run).map(|()| server)).await??;
            all.wait_for_deliveries(readers * messages).await?;
            if all.tally().deliveries != readers * messages {
                return Err("messages were lost".into());
            }
        }
        server.end()
    })?;
    let counts = fs::read_to_string(counts.path())?;
    let total = counts
        .lines()
        .find_map(|line| line.strip_prefix("summary: "));
    Ok(total
        .ok_or("cachegrind printed no summary")?
        .trim()
        .parse()?)
}
