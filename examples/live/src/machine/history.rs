//! Rates of each counter over the last minute.

use std::collections::VecDeque;

use serde::Serialize;

use super::proc::{Counters, Disk, Memory, Network};

/// Number of samples kept: a minute at four a second.
pub(super) const SAMPLES: usize = 240;

/// Newest last; fewer than [`SAMPLES`] in the first minute.
type Series = VecDeque<u64>;

/// Values of all charts over the last minute.
#[derive(Debug, Default, Serialize)]
pub(crate) struct History {
    /// Busy time of each core, in percent.
    cores: Vec<Series>,
    memory: MemorySeries,
    network: NetworkSeries,
    disk: DiskSeries,
}

/// Megabytes.
#[derive(Debug, Default, Serialize)]
struct MemorySeries {
    total: u64,
    used: Series,
}

/// Bytes a second.
#[derive(Debug, Default, Serialize)]
struct NetworkSeries {
    r#in: Series,
    out: Series,
    local: Series,
}

/// Bytes a second.
#[derive(Debug, Default, Serialize)]
struct DiskSeries {
    read: Series,
    write: Series,
}

impl History {
    /// Adds what happened between two readings, `elapsed_ms` apart.
    pub(super) fn push(&mut self, before: &Counters, now: &Counters, elapsed_ms: u64) {
        // The number of cores can change while the machine runs.
        self.cores.resize_with(now.cores.len(), Series::new);
        for (core, series) in self.cores.iter_mut().enumerate() {
            let was = before.cores.get(core).copied().unwrap_or_default();
            let is = now.cores[core];
            let total = is.total.saturating_sub(was.total);
            let busy = is.busy.saturating_sub(was.busy);
            keep(
                series,
                (100 * busy).checked_div(total).unwrap_or(0).min(100),
            );
        }
        self.memory.push(now.memory);
        let rate = |was: u64, is: u64| {
            (is.saturating_sub(was) * 1000)
                .checked_div(elapsed_ms)
                .unwrap_or(0)
        };
        self.network.push(before.network, now.network, rate);
        self.disk.push(before.disk, now.disk, rate);
    }
}

impl MemorySeries {
    fn push(&mut self, now: Memory) {
        self.total = now.total / 1_000_000;
        keep(&mut self.used, now.used / 1_000_000);
    }
}

impl NetworkSeries {
    fn push(&mut self, before: Network, now: Network, rate: impl Fn(u64, u64) -> u64) {
        keep(&mut self.r#in, rate(before.received, now.received));
        keep(&mut self.out, rate(before.sent, now.sent));
        keep(&mut self.local, rate(before.local, now.local));
    }
}

impl DiskSeries {
    fn push(&mut self, before: Disk, now: Disk, rate: impl Fn(u64, u64) -> u64) {
        keep(&mut self.read, rate(before.read, now.read));
        keep(&mut self.write, rate(before.written, now.written));
    }
}

fn keep(series: &mut Series, value: u64) {
    if series.len() == SAMPLES {
        series.pop_front();
    }
    series.push_back(value);
}

#[cfg(test)]
mod tests {
    use super::super::proc::Core;
    use super::*;

    fn counters(busy: u64, total: u64, received: u64) -> Counters {
        Counters {
            cores: vec![Core { busy, total }],
            network: Network {
                received,
                ..Network::default()
            },
            ..Counters::default()
        }
    }

    #[test]
    fn computes_rates_and_shares() {
        let mut history = History::default();
        history.push(&counters(10, 100, 1000), &counters(15, 125, 1500), 250);
        assert_eq!(history.cores, [[20]]);
        assert_eq!(history.network.r#in, [2000]);
    }

    #[test]
    fn restarted_counters_give_zero() {
        let mut history = History::default();
        let now = counters(15, 125, 1500);
        history.push(&now, &now, 250);
        history.push(&now, &counters(0, 1, 0), 250);
        history.push(&now, &now, 0);
        assert_eq!(history.cores, [[0, 0, 0]]);
        assert_eq!(history.network.r#in, [0, 0, 0]);
    }

    #[test]
    fn keeps_one_minute() {
        let mut history = History::default();
        for received in 0..500 {
            history.push(
                &counters(0, 0, received),
                &counters(0, 0, 2 * received),
                1000,
            );
        }
        assert_eq!(history.network.r#in.len(), SAMPLES);
        assert_eq!(history.network.r#in.back(), Some(&499));
    }
}
