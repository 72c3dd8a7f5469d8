//! Benchmark under attack: latency of deliveries to other readers while one attacker with 200 connections sends the
//! most harmful traffic, and its ratio to the latency without the attacker.
//!
//! `cargo run --release --bin attack` measures 20 readers of 50 messages a second, for 8 seconds in each of 3 rounds;
//! `-- READERS RATE SECONDS ROUNDS` other values. Servers and attacks take turns within a round, so that other load of the
//! machine affects all of them; the ratios are what to compare.

use std::time::Duration;

use push_wire_bench::Fallible;
use push_wire_bench::load::{Attack, AttackProcess, Readers, attack_if_asked};
use push_wire_bench::rounds::median;
use push_wire_bench::subject::{Publish, ServerProcess, Subject, serve_if_asked};
use tokio::runtime::Builder;
use tokio::task::{LocalSet, spawn_blocking};
use tokio::time::sleep;

/// The measured servers.
const SUBJECTS: [Subject; 3] = [Subject::PushWire, Subject::PushWireJson, Subject::Published];

/// Bytes of a message.
const BYTES: usize = 200;

/// Time between the start of the attacker and that of the measurement, in which its connections are opened.
const BEGINNING: Duration = Duration::from_secs(1);

/// Settings of a run.
#[derive(Clone, Copy)]
struct Plan {
    readers: usize,
    run: Publish,
    rounds: usize,
}

/// Results of one server with one attack, in one round.
#[derive(Clone, Copy)]
struct Figures {
    p50_ms: f64,
    p99_ms: f64,
    /// Share of the deliveries that did not arrive.
    lost: f64,
    /// Share of one processor that the server took.
    cpu: f64,
}

fn main() -> Fallible<()> {
    if serve_if_asked()? || attack_if_asked()? {
        return Ok(());
    }
    rlimit::increase_nofile_limit(u64::MAX)?;
    let plan = Plan::from_args()?;
    let attacks: Vec<Option<Attack>> = [None]
        .into_iter()
        .chain(Attack::ALL.into_iter().map(Some))
        .collect();
    let mut rounds = Vec::new();
    for round in 1..=plan.rounds {
        for subject in SUBJECTS {
            let mut figures = Vec::new();
            for &attack in &attacks {
                figures.push(measure(subject, attack, plan)?);
            }
            eprintln!("round {round}, {}: done", subject.name());
            rounds.push((subject, figures));
        }
    }
    println!(
        "| server | attack | p50 ms | p99 ms | p99, times that without | lost | server's CPU |"
    );
    println!("|---|---|---|---|---|---|---|");
    for subject in SUBJECTS {
        let of_subject: Vec<&Vec<Figures>> = rounds
            .iter()
            .filter(|(of, _)| *of == subject)
            .map(|(_, figures)| figures)
            .collect();
        for (at, attack) in attacks.iter().enumerate() {
            let of =
                |figure: fn(&Figures) -> f64| median(of_subject.iter().map(|all| figure(&all[at])));
            let ratio = median(of_subject.iter().map(|all| all[at].p99_ms / all[0].p99_ms));
            println!(
                "| {} | {} | {:.2} | {:.2} | {ratio:.2} | {:.1} % | {:.0} % |",
                subject.name(),
                attack.map_or("none", Attack::name),
                of(|one| one.p50_ms),
                of(|one| one.p99_ms),
                of(|one| one.lost) * 100.0,
                of(|one| one.cpu) * 100.0,
            );
        }
    }
    Ok(())
}

fn measure(subject: Subject, attack: Option<Attack>, plan: Plan) -> Fallible<Figures> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut server = ServerProcess::start(subject)?;
        let mut readers = Readers::connect(server.address, subject, plan.readers).await?;
        let attacker = match attack {
            Some(attack) => Some(AttackProcess::start(attack, subject, server.address)?),
            None => None,
        };
        sleep(BEGINNING).await;
        readers.tally().clear();
        let before = server.cpu_time()?;
        let run = plan.run;
        let publishing = spawn_blocking(move || server.publish(run).map(|()| server));
        let server = publishing.await??;
        let all = run.messages * plan.readers as u64;
        // The attack goes on until the last message has arrived, or is lost.
        readers.wait_for_deliveries(all).await?;
        let cpu = server.cpu_time()?.since(before);
        drop(attacker);
        let mut tally = readers.tally();
        Ok(Figures {
            p50_ms: tally.latency_ms(0.5),
            p99_ms: tally.latency_ms(0.99),
            lost: 1.0 - (tally.deliveries as f64 / all as f64).min(1.0),
            cpu: (cpu.user + cpu.system).as_secs_f64() * run.rate / run.messages as f64,
        })
    })
}

impl Plan {
    fn from_args() -> Fallible<Self> {
        let args = std::env::args().skip(1);
        let numbers = args
            .map(|arg| {
                arg.parse()
                    .map_err(|_| format!("{arg:?} is no whole number"))
            })
            .collect::<Result<Vec<u32>, _>>()?;
        match numbers[..] {
            [] => Ok(Self::new(20, 50, 8, 3)),
            [readers, rate, seconds, rounds] => Ok(Self::new(readers, rate, seconds, rounds)),
            _ => Err("usage: attack [READERS RATE SECONDS ROUNDS]".into()),
        }
    }

    fn new(readers: u32, rate: u32, seconds: u32, rounds: u32) -> Self {
        let run = Publish {
            messages: u64::from(rate) * u64::from(seconds),
            rate: f64::from(rate),
            bytes: BYTES,
        };
        Self {
            readers: readers as usize,
            run,
            rounds: rounds as usize,
        }
    }
}
