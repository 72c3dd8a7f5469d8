//! Runs many seeds, and says how to repeat the one that fails.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::saboteur::Sabotage;
use super::schedule::Schedule;
use super::world::World;

/// A seed whose run broke a promise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What was broken, or the panic.
    pub what: String,
}

/// Runs every seed on all processors; the failure of the lowest seed that was reached, if any.
#[must_use]
pub fn run_seeds(seeds: Range<u64>) -> Option<Failure> {
    let next = AtomicU64::new(seeds.start);
    let failed = AtomicBool::new(false);
    let failures = Mutex::new(Vec::new());
    let worker = || {
        while !failed.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            if let Some(failure) = run_seed(seed, false) {
                failed.store(true, Ordering::Relaxed);
                failures
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(failure);
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(worker);
        }
    });
    let failures = failures
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    failures.into_iter().min_by_key(|failure| failure.seed)
}

/// Runs one seed, saying on the standard error what happens if `trace` is set.
#[must_use]
pub fn run_seed(seed: u64, trace: bool) -> Option<Failure> {
    let schedule = Schedule::of(seed);
    let run = AssertUnwindSafe(|| World::run(&schedule, Sabotage::None, trace));
    let what = match catch_unwind(run) {
        Ok(Ok(_)) => return None,
        Ok(Err(violation)) => violation.to_string(),
        Err(panic) => format!("panic: {}", text(&*panic)),
    };
    Some(Failure { seed, what })
}

fn text(panic: &(dyn std::any::Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("of another type than text")
}

impl Failure {
    /// The failure, the line that repeats it, and what happened in it.
    #[must_use]
    pub fn report(&self) -> String {
        let Self { seed, what } = self;
        let schedule = Schedule::of(*seed);
        format!(
            "{what}\nrepeat it, traced:\n  SIM_SEED={seed} cargo test -p push-wire-tests --test it \
             simulation::every_seed -- --nocapture\n{schedule}"
        )
    }
}
