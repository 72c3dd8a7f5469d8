//! This machine's counters, read four times a second.
//!
//! The value carries the whole last minute, so a page that was away has no hole in its charts. Only the newest
//! samples differ from one value to the next, so what travels is a delta of a few dozen bytes.

mod history;
mod proc;

use std::io;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use tokio::time::MissedTickBehavior;

use history::{History, SAMPLES};
use proc::Counters;

const EVERY_MS: u64 = 250;

/// The machine channel's value: counters, or why there are none.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Machine<'a> {
    /// The last minute.
    Counters(Box<Sample<'a>>),
    /// A sentence for the reader.
    Problem {
        /// What it says.
        problem: String,
    },
}

/// The newest reading and the minute before it.
#[derive(Debug, Serialize)]
pub(crate) struct Sample<'a> {
    /// When it was taken, in milliseconds since 1970 by the machine's clock.
    sampled_ms: u64,
    every_ms: u64,
    samples: usize,
    up_s: u64,
    load: [f32; 3],
    host: &'a str,
    #[serde(flatten)]
    history: &'a History,
}

/// Publishes a value at each reading, for ever.
pub(crate) async fn sample(publish: impl Fn(&Machine<'_>)) {
    let host = proc::host_name();
    let mut history = History::default();
    let mut before: Option<(Instant, Counters)> = None;
    let mut ticks = tokio::time::interval(Duration::from_millis(EVERY_MS));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        // No file system waits behind /proc: reading it here does not hold up the other tasks.
        let counters = match Counters::read() {
            Ok(counters) => counters,
            Err(problem) => return give_up(&problem, publish),
        };
        let now = Instant::now();
        if let Some((then, before)) = &before {
            history.push(before, &counters, millis(now - *then));
            publish(&Machine::Counters(Box::new(Sample {
                sampled_ms: millis(since_1970()),
                every_ms: EVERY_MS,
                samples: SAMPLES,
                up_s: counters.up_s,
                load: counters.load,
                host: &host,
                history: &history,
            })));
        }
        before = Some((now, counters));
    }
}

fn give_up(problem: &io::Error, publish: impl Fn(&Machine<'_>)) {
    tracing::warn!(%problem, "the machine's counters are not shown");
    let problem = format!("no counters here ({problem}): they are read from Linux's /proc");
    publish(&Machine::Problem { problem });
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
    fn this_machine_can_be_read() {
        let counters = Counters::read().unwrap();
        assert!(!counters.cores.is_empty());
        assert!(counters.memory.used <= counters.memory.total);
    }

    #[test]
    fn values_have_the_shape_that_the_page_draws() {
        let history = History::default();
        let value = Machine::Counters(Box::new(Sample {
            sampled_ms: 1,
            every_ms: EVERY_MS,
            samples: SAMPLES,
            up_s: 2,
            load: [0.5, 0.25, 1.0],
            host: "here",
            history: &history,
        }));
        let expected = r#"{"sampled_ms":1,"every_ms":250,"samples":240,"up_s":2,"load":[0.5,0.25,1.0],"host":"here","cores":[],"memory":{"total":0,"used":[]},"network":{"in":[],"out":[],"local":[]},"disk":{"read":[],"write":[]}}"#;
        assert_eq!(serde_json::to_string(&value).unwrap(), expected);
    }
}
