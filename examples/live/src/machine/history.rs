//! Rates of each counter over the last minute.

use live_channels::{History, Series};

use super::proc::Counters;

/// Number of samples kept: a minute at four a second.
pub(super) const SAMPLES: usize = 240;

/// Adds what happened between two readings, `elapsed_ms` apart.
pub(super) fn push(history: &mut History, before: &Counters, now: &Counters, elapsed_ms: u64) {
    push_cores(&mut history.cores, before, now);
    history.memory.total = now.memory.total / 1_000_000;
    keep(&mut history.memory.used, now.memory.used / 1_000_000);
    let rate = |was: u64, is: u64| {
        (is.saturating_sub(was) * 1000)
            .checked_div(elapsed_ms)
            .unwrap_or(0)
    };
    let (network, was, is) = (&mut history.network, before.network, now.network);
    keep(&mut network.r#in, rate(was.received, is.received));
    keep(&mut network.out, rate(was.sent, is.sent));
    keep(&mut network.local, rate(was.local, is.local));
    let (disk, was, is) = (&mut history.disk, before.disk, now.disk);
    keep(&mut disk.read, rate(was.read, is.read));
    keep(&mut disk.write, rate(was.written, is.written));
}

fn push_cores(cores: &mut Vec<Series>, before: &Counters, now: &Counters) {
    // The number of cores can change while the machine runs.
    cores.resize_with(now.cores.len(), Series::new);
    for (core, series) in cores.iter_mut().enumerate() {
        let was = before.cores.get(core).copied().unwrap_or_default();
        let is = now.cores[core];
        let total = is.total.saturating_sub(was.total);
        let busy = is.busy.saturating_sub(was.busy);
        let share = (100 * busy).checked_div(total).unwrap_or(0).min(100);
        keep(series, share);
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
    use super::super::proc::{Core, Network};
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
        push(
            &mut history,
            &counters(10, 100, 1000),
            &counters(15, 125, 1500),
            250,
        );
        assert_eq!(history.cores, [[20]]);
        assert_eq!(history.network.r#in, [2000]);
    }

    #[test]
    fn restarted_counters_give_zero() {
        let mut history = History::default();
        let now = counters(15, 125, 1500);
        push(&mut history, &now, &now, 250);
        push(&mut history, &now, &counters(0, 1, 0), 250);
        push(&mut history, &now, &now, 0);
        assert_eq!(history.cores, [[0, 0, 0]]);
        assert_eq!(history.network.r#in, [0, 0, 0]);
    }

    #[test]
    fn keeps_one_minute() {
        let mut history = History::default();
        for received in 0..500 {
            push(
                &mut history,
                &counters(0, 0, received),
                &counters(0, 0, 2 * received),
                1000,
            );
        }
        assert_eq!(history.network.r#in.len(), SAMPLES);
        assert_eq!(history.network.r#in.back(), Some(&499));
    }
}
