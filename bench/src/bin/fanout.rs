//! What a delivery costs a server that publishes the same messages to many readers.
//!
//! `cargo run --release --bin fanout [-- READERS RATE BYTES SECONDS ROUNDS]`, by default 1,000 readers, 20 messages a second
//! of 200 bytes, 5 seconds, 3 rounds. The servers take turns, so that what else the machine does hits all alike.

use std::time::Duration;

use push_wire_bench::Fallible;
use push_wire_bench::load::Readers;
use push_wire_bench::subject::{CpuTime, Publish, ServerProcess, Subject, serve_if_asked};
use tokio::runtime::Builder;
use tokio::task::{LocalSet, spawn_blocking};

struct Plan {
    readers: usize,
    run: Publish,
    rounds: usize,
}

struct Figures {
    cpu: CpuTime,
    deliveries: u64,
    lost: u64,
    misplaced: u64,
    p50_ms: f64,
    p99_ms: f64,
    bytes: f64,
}

fn main() -> Fallible<()> {
    if serve_if_asked()? {
        return Ok(());
    }
    rlimit::increase_nofile_limit(u64::MAX)?;
    let plan = Plan::from_args()?;
    println!(
        "{} readers, {} messages/s of {} bytes, {} messages a round",
        plan.readers, plan.run.rate, plan.run.bytes, plan.run.messages
    );
    println!(
        "| server | CPU µs / delivery | of it user | system | p50 ms | p99 ms | lost | misplaced | bytes / delivery |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let mut costs = Subject::ALL.map(|_| Vec::new());
    for _ in 0..plan.rounds {
        for (subject, costs) in Subject::ALL.into_iter().zip(&mut costs) {
            let figures = measure(subject, &plan)?;
            figures.print(subject);
            costs.push(figures.cost_us());
        }
    }
    println!("\nMedian µs of each server, and in multiples of the first:");
    let medians = costs.map(|mut costs| {
        costs.sort_by(f64::total_cmp);
        costs.get(costs.len() / 2).copied().unwrap_or(f64::NAN)
    });
    for (subject, median) in Subject::ALL.into_iter().zip(medians) {
        let ratio = median / medians[0];
        println!("{}: {median:.2}, {ratio:.2}", subject.name());
    }
    Ok(())
}

fn measure(subject: Subject, plan: &Plan) -> Fallible<Figures> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut server = ServerProcess::start(subject)?;
        let mut readers = Readers::connect(server.address, subject, plan.readers).await?;
        // A message first, so that nothing is measured that happens once.
        let warm_up = Publish {
            messages: 1,
            ..plan.run
        };
        server.publish(warm_up)?;
        readers.wait_for_deliveries(plan.readers as u64).await?;
        readers.tally().clear();

        let before = server.cpu_time()?;
        let run = plan.run;
        let all = run.messages * plan.readers as u64;
        let publishing = spawn_blocking(move || server.publish(run).map(|()| server));
        let server = publishing.await??;
        readers.wait_for_deliveries(all).await?;
        let cpu = server.cpu_time()?.since(before);

        let mut tally = readers.tally();
        Ok(Figures {
            cpu,
            deliveries: tally.deliveries,
            lost: all.saturating_sub(tally.deliveries),
            // The first message of the run has the number of the warm-up's.
            misplaced: tally.misplaced.saturating_sub(plan.readers as u64),
            p50_ms: tally.latency_ms(0.5),
            p99_ms: tally.latency_ms(0.99),
            bytes: tally.bytes as f64 / tally.deliveries as f64,
        })
    })
}

impl Figures {
    fn cost_us(&self) -> f64 {
        self.per_delivery(self.cpu.user + self.cpu.system)
    }

    fn per_delivery(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1e6 / self.deliveries as f64
    }

    fn print(&self, subject: Subject) {
        println!(
            "| {} | {:.2} | {:.2} | {:.2} | {:.1} | {:.1} | {} | {} | {:.0} |",
            subject.name(),
            self.cost_us(),
            self.per_delivery(self.cpu.user),
            self.per_delivery(self.cpu.system),
            self.p50_ms,
            self.p99_ms,
            self.lost,
            self.misplaced,
            self.bytes,
        );
    }
}

impl Plan {
    fn from_args() -> Fallible<Self> {
        let mut values = [1_000, 20, 200, 5, 3];
        for (i, arg) in std::env::args().skip(1).enumerate() {
            let value = values.get_mut(i).ok_or("at most five numbers")?;
            *value = arg
                .parse()
                .map_err(|_| format!("{arg:?} is no whole number"))?;
        }
        let [readers, rate, bytes, seconds, rounds] = values;
        Ok(Self {
            readers,
            run: Publish {
                messages: (rate * seconds) as u64,
                rate: rate as f64,
                bytes,
            },
            rounds,
        })
    }
}
