//! Benchmark of idle connections: memory of the server for each, with one stream read.
//!
//! `cargo run --release --bin idle [-- CONNECTIONS]`, by default 5,000.

use std::time::Duration;

use push_wire_bench::Fallible;
use push_wire_bench::load::Readers;
use push_wire_bench::subject::{ServerProcess, Subject, serve_if_asked};
use tokio::runtime::Builder;
use tokio::task::LocalSet;
use tokio::time::sleep;

/// Time after the last handshake in which the memory of the handshakes is freed.
const SETTLE: Duration = Duration::from_secs(3);

fn main() -> Fallible<()> {
    if serve_if_asked()? {
        return Ok(());
    }
    rlimit::increase_nofile_limit(u64::MAX)?;
    let connections = match std::env::args().nth(1) {
        Some(arg) => arg
            .parse()
            .map_err(|_| format!("{arg:?} is no whole number"))?,
        None => 5_000,
    };
    println!("| server | RSS before KiB | with {connections} connections | KiB / connection |");
    println!("|---|---|---|---|");
    for subject in Subject::ALL {
        let (before, after) = measure(subject, connections)?;
        let each = (after as f64 - before as f64) / connections as f64;
        println!("| {} | {before} | {after} | {each:.2} |", subject.name());
    }
    Ok(())
}

fn measure(subject: Subject, connections: usize) -> Fallible<(u64, u64)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let server = ServerProcess::start(subject)?;
        let before = server.rss_kib()?;
        let readers = Readers::connect(server.address, subject, connections).await?;
        sleep(SETTLE).await;
        let after = server.rss_kib()?;
        drop(readers);
        Ok((before, after))
    })
}
