//! This machine's counters, read four times a second.
//!
//! A value contains the last minute, so that the charts of a page that was disconnected have no gaps. Two values differ
//! only in the newest samples, so that the server sends deltas of a few dozen bytes.

mod history;
mod proc;

use std::io;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use live_channels::Machine;
use tokio::time::MissedTickBehavior;

use history::SAMPLES;
use proc::Counters;

const EVERY_MS: u64 = 250;

/// Publishes a value at each reading. After a reading that fails, publishes the reason and returns.
pub(crate) async fn sample(publish: impl Fn(&Machine)) {
    let mut machine = Machine {
        every_ms: EVERY_MS,
        samples: SAMPLES,
        host: proc::host_name(),
        ..Machine::default()
    };
    let mut before: Option<(Instant, Counters)> = None;
    let mut ticks = tokio::time::interval(Duration::from_millis(EVERY_MS));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        // Reading /proc does no disk I/O, so it does not block the other tasks.
        let counters = match Counters::read() {
            Ok(counters) => counters,
            Err(problem) => {
                machine.problem = Some(no_counters(&problem));
                return publish(&machine);
            }
        };
        let now = Instant::now();
        if let Some((then, before)) = &before {
            add(&mut machine, before, &counters, now - *then);
            publish(&machine);
        }
        before = Some((now, counters));
    }
}

/// Adds a reading.
fn add(machine: &mut Machine, before: &Counters, now: &Counters, elapsed: Duration) {
    machine.sampled_ms = millis(since_1970());
    machine.up_s = now.up_s;
    machine.load = now.load;
    history::push(&mut machine.history, before, now, millis(elapsed));
}

fn no_counters(problem: &io::Error) -> String {
    tracing::warn!(%problem, "the machine's counters are not shown");
    format!("no counters here ({problem}): they are read from Linux's /proc")
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn since_1970() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn reads_this_machine() {
        let counters = Counters::read().unwrap();
        assert!(!counters.cores.is_empty());
        assert!(counters.memory.used <= counters.memory.total);
    }

    #[test]
    fn sample_matches_page() {
        let machine = Machine {
            host: "here".into(),
            load: [0.5, 0.25, 1.0],
            ..Machine::default()
        };
        let expected = r#"{"sampled_ms":0,"every_ms":0,"samples":0,"up_s":0,"load":[0.5,0.25,1.0],"host":"here","cores":[],"memory":{"total":0,"used":[]},"network":{"in":[],"out":[],"local":[]},"disk":{"read":[],"write":[]}}"#;
        assert_eq!(serde_json::to_string(&machine).unwrap(), expected);
    }
}
