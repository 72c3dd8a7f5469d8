//! Runner of many seeds. It reports how to repeat one that fails.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::fault_injector::InjectedFault;
use super::schedule::Schedule;
use super::tally::Tally;
use super::world::World;

/// A seed whose run broke a promise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// The broken promise, or the panic.
    pub what: String,
}

/// Runs every seed on all processors; returns the coverage.
///
/// # Errors
/// The failure of the lowest seed that was seen to fail.
pub fn run_seeds(seeds: Range<u64>) -> Result<Tally, Failure> {
    let next = AtomicU64::new(seeds.start);
    let failed = AtomicBool::new(false);
    let total = Mutex::new(Ok(Tally::default()));
    let worker = || {
        let mut reached = Ok(Tally::default());
        while !failed.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            reached = merge(reached, run_seed(seed, false));
            failed.fetch_or(reached.is_err(), Ordering::Relaxed);
        }
        let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
        let others = std::mem::replace(&mut *total, Ok(Tally::default()));
        *total = merge(others, reached);
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(worker);
        }
    });
    total.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn merge(a: Result<Tally, Failure>, b: Result<Tally, Failure>) -> Result<Tally, Failure> {
    match (a, b) {
        (Ok(mut a), Ok(b)) => {
            a += &b;
            Ok(a)
        }
        (Err(a), Err(b)) if b.seed < a.seed => Err(b),
        (Err(failure), _) | (Ok(_), Err(failure)) => Err(failure),
    }
}

/// Runs one seed; with `trace`, prints its events to the standard error.
///
/// # Errors
/// Fails if the run breaks a promise or panics.
pub fn run_seed(seed: u64, trace: bool) -> Result<Tally, Failure> {
    let schedule = Schedule::of(seed);
    let run = AssertUnwindSafe(|| World::run(&schedule, InjectedFault::None, trace));
    let what = match catch_unwind(run) {
        Ok(Ok(report)) => return Ok(report.tally),
        Ok(Err(error)) => error.to_string(),
        Err(panic) => format!("panic: {}", text(&*panic)),
    };
    Err(Failure { seed, what })
}

fn text(panic: &(dyn std::any::Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a value without a text")
}

impl Failure {
    /// Text with the failure, the command that repeats it, and the schedule.
    #[must_use]
    pub fn report(&self) -> String {
        let Self { seed, what } = self;
        let schedule = Schedule::of(*seed);
        format!(
            "{what}\nrepeat it, traced:\n  SIM_SEED={seed} cargo test -p push-wire-simulation \
             every_seed -- --nocapture\n{schedule}"
        )
    }
}
