//! Benchmark of fan-out: CPU time of a delivery in servers that publish the same messages to many readers, and its ratio
//! to the floor's.
//!
//! `cargo run --release --bin fanout` measures 1,000 readers of messages of 200 bytes, 20 and then 400 a second, for 5
//! seconds in each of 3 rounds; `-- READERS RATE BYTES SECONDS ROUNDS` other values. The servers run in
//! turn, so that other load of the machine affects all of them; the ratios are what to compare.

use std::time::Duration;

use push_wire_bench::Fallible;
use push_wire_bench::load::Readers;
use push_wire_bench::rounds::median;
use push_wire_bench::subject::{CpuTime, Publish, ServerProcess, Subject, serve_if_asked};
use tokio::runtime::Builder;
use tokio::task::{LocalSet, spawn_blocking};

/// Rates of the default run, in messages a second.
const RATES: [u32; 2] = [20, 400];

/// Settings of a run.
struct Plan {
    readers: usize,
    run: Publish,
    rounds: usize,
}

/// Results of one server in one round.
#[derive(Clone, Copy)]
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
    Plan::all_from_args()?.iter().try_for_each(compare)
}

fn compare(plan: &Plan) -> Fallible<()> {
    println!(
        "\n{} readers, {} messages/s of {} bytes, {} messages a round\n",
        plan.readers, plan.run.rate, plan.run.bytes, plan.run.messages
    );
    println!(
        "| server | CPU µs / delivery | of it user | system | p50 ms | p99 ms | lost | misplaced | bytes / delivery | ratio to the floor |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let mut rounds = Vec::new();
    for round in 1..=plan.rounds {
        let mut figures = Vec::new();
        for subject in Subject::ALL {
            figures.push(measure(subject, plan)?);
            let label = format!("{}, round {round}", subject.name());
            print_row(&label, &figures[figures.len() - 1..], &figures[..1]);
        }
        rounds.push(figures);
    }
    let of =
        |subject: usize| -> Vec<Figures> { rounds.iter().map(|round| round[subject]).collect() };
    for (i, subject) in Subject::ALL.into_iter().enumerate() {
        print_row(&format!("**{}, medians**", subject.name()), &of(i), &of(0));
    }
    Ok(())
}

fn measure(subject: Subject, plan: &Plan) -> Fallible<Figures> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut server = ServerProcess::start(subject)?;
        let mut readers = Readers::connect(server.address, subject, plan.readers).await?;
        // One message before the measurement, so that one-time work is not counted.
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
}

/// Prints the medians of a server's rounds, and of its ratios to the floor in the same rounds.
fn print_row(label: &str, rounds: &[Figures], floor: &[Figures]) {
    let of = |figure: fn(&Figures) -> f64| median(rounds.iter().map(figure));
    let ratios = rounds.iter().zip(floor);
    println!(
        "| {label} | {:.2} | {:.2} | {:.2} | {:.1} | {:.1} | {} | {} | {:.0} | {:.2} |",
        of(Figures::cost_us),
        of(|figures| figures.per_delivery(figures.cpu.user)),
        of(|figures| figures.per_delivery(figures.cpu.system)),
        of(|figures| figures.p50_ms),
        of(|figures| figures.p99_ms),
        of(|figures| figures.lost as f64),
        of(|figures| figures.misplaced as f64),
        of(|figures| figures.bytes),
        median(ratios.map(|(one, floor)| one.cost_us() / floor.cost_us())),
    );
}

impl Plan {
    fn all_from_args() -> Fallible<Vec<Self>> {
        let args = std::env::args().skip(1);
        let numbers = args
            .map(|arg| {
                arg.parse()
                    .map_err(|_| format!("{arg:?} is no whole number"))
            })
            .collect::<Result<Vec<u32>, _>>()?;
        match numbers[..] {
            [] => Ok(RATES.map(|rate| Self::new(1_000, rate, 200, 5, 3)).into()),
            [readers, rate, bytes, seconds, rounds] => {
                Ok(vec![Self::new(readers, rate, bytes, seconds, rounds)])
            }
            _ => Err("usage: fanout [READERS RATE BYTES SECONDS ROUNDS]".into()),
        }
    }

    fn new(readers: u32, rate: u32, bytes: u32, seconds: u32, rounds: u32) -> Self {
        let run = Publish {
            messages: u64::from(rate) * u64::from(seconds),
            rate: f64::from(rate),
            bytes: bytes as usize,
        };
        Self {
            readers: readers as usize,
            run,
            rounds: rounds as usize,
        }
    }
}
