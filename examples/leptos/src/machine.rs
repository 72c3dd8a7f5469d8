//! Panel of the machine's counters.

use leptos::prelude::*;
use live_channels::{History, Live, Machine as Value, Series};
use push_wire_client_wasm::Client;

use crate::newest::newest;

/// Samples of a chart that is full.
const SAMPLES: usize = 240;

/// The machine's counters, each with a chart of the last minute.
#[component]
pub(crate) fn Machine(client: Client<Live>) -> impl IntoView {
    let machine = newest::<Value>(&client, Live::Machine);
    let facts = move || machine.with(|value| value.as_deref().map(facts));
    let chart = move |name, read: fn(&History) -> Chart| {
        let chart = Memo::new(move |_| {
            machine.with(|value| {
                value
                    .as_deref()
                    .map_or_else(Chart::default, |it| read(&it.history))
            })
        });
        view! {
            <figure id=name>
                <figcaption><b>{name}</b> <output>{move || chart.with(|it| it.reading.clone())}</output></figcaption>
                <svg viewBox="0 0 240 60" preserveAspectRatio="none" aria-hidden="true">
                    <polyline points=move || chart.with(|it| it.points.clone()) />
                </svg>
            </figure>
        }
    };
    view! {
        <section class="panel machine" aria-labelledby="machine-title">
            <header>
                <h2 id="machine-title">"This machine"</h2>
                <p class="aside">{facts}</p>
            </header>
            <div class="charts">
                {chart("cpu", cpu)}
                {chart("memory", memory)}
                {chart("network", network)}
                {chart("disk", disk)}
            </div>
        </section>
    }
}

fn facts(machine: &Value) -> String {
    match &machine.problem {
        Some(problem) => problem.clone(),
        None => format!("{} · load {:.2}", machine.host, machine.load[0]),
    }
}

/// The newest reading, and the line of the chart.
#[derive(Clone, Default, PartialEq)]
struct Chart {
    reading: String,
    points: String,
}

impl Chart {
    fn new(series: &Series, top: u64, reading: String) -> Self {
        let first = SAMPLES.saturating_sub(series.len());
        let points = series.iter().enumerate().map(|(at, value)| {
            let y = 58 - 56 * value.min(&top) / top.max(1);
            format!("{},{y}", first + at)
        });
        Self {
            reading,
            points: points.collect::<Vec<_>>().join(" "),
        }
    }
}

fn cpu(history: &History) -> Chart {
    let cores = history.cores.len().max(1) as u64;
    let length = history.cores.first().map_or(0, Series::len);
    let sum = |at: usize| {
        history
            .cores
            .iter()
            .filter_map(|core| core.get(at))
            .sum::<u64>()
    };
    let mean: Series = (0..length).map(|at| sum(at) / cores).collect();
    let reading = format!("{} %", newest_of(&mean));
    Chart::new(&mean, 100, reading)
}

fn memory(history: &History) -> Chart {
    let memory = &history.memory;
    let reading = format!("{} of {} MB", newest_of(&memory.used), memory.total);
    Chart::new(&memory.used, memory.total, reading)
}

fn network(history: &History) -> Chart {
    rate(&sum([
        &history.network.r#in,
        &history.network.out,
        &history.network.local,
    ]))
}

fn disk(history: &History) -> Chart {
    rate(&sum([&history.disk.read, &history.disk.write]))
}

fn rate(series: &Series) -> Chart {
    let top = series.iter().copied().max().unwrap_or_default().max(10_000);
    Chart::new(series, top, format!("{} kB/s", newest_of(series) / 1000))
}

/// The sum of series, sample by sample.
fn sum<const N: usize>(series: [&Series; N]) -> Series {
    let length = series.iter().map(|it| it.len()).min().unwrap_or_default();
    (0..length)
        .map(|at| series.iter().map(|it| it[at]).sum())
        .collect()
}

fn newest_of(series: &Series) -> u64 {
    series.back().copied().unwrap_or_default()
}
