//! Runs other programs with their output shown, within a time limit.

use std::io;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::error::Error;
use crate::watchdog::Watchdog;

/// Time limit of a program (30 min): three times the longest step of the tests on two cores with nothing built before.
/// A program that takes longer is taken for one that hangs.
pub(crate) const LIMIT: Duration = Duration::from_mins(30);

/// Instruction for the case that a program is missing.
fn advice(program: &str) -> &'static str {
    match program {
        "node" | "npm" => "install Node.js 20.19 or newer with npm",
        "rustup" | "rustc" | "cargo" => "install Rust with rustup",
        _ => "install it",
    }
}

fn describe(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|part| part.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

fn start_error(command: &Command, source: io::Error) -> Error {
    let program = command.get_program().to_string_lossy().into_owned();
    Error::Start {
        advice: advice(&program),
        program,
        source,
    }
}

/// Runs a program to its end, for 30 minutes at most.
pub(crate) fn run(command: &mut Command) -> Result<(), Error> {
    run_within(command, LIMIT)
}

fn run_within(command: &mut Command, limit: Duration) -> Result<(), Error> {
    let mut child = start(command)?;
    let watchdog = Watchdog::start(child.id(), limit);
    let status = child.wait();
    judge(command, watchdog.stop().then_some(limit), status)
}

/// Starts a program.
pub(crate) fn start(command: &mut Command) -> Result<Child, Error> {
    let started = command.spawn();
    started.map_err(|source| start_error(command, source))
}

/// Result of a program that has ended, or was killed at a time limit.
pub(crate) fn judge(
    command: &Command,
    killed_at: Option<Duration>,
    status: io::Result<ExitStatus>,
) -> Result<(), Error> {
    if let Some(limit) = killed_at {
        let command = describe(command);
        return Err(Error::TimedOut { command, limit });
    }
    check(command, status)
}

fn check(command: &Command, status: io::Result<ExitStatus>) -> Result<(), Error> {
    let status = status.map_err(|source| start_error(command, source))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::Failed {
        command: describe(command),
        status,
    })
}

/// Replaces this process by a program, so that signals reach the program.
#[cfg(unix)]
pub(crate) fn replace_process(command: &mut Command) -> Result<(), Error> {
    use std::os::unix::process::CommandExt;
    let source = command.exec();
    Err(start_error(command, source))
}

/// Runs a program to its end: this system cannot replace a process.
#[cfg(not(unix))]
pub(crate) fn replace_process(command: &mut Command) -> Result<(), Error> {
    let status = command.status();
    check(command, status)
}

/// Runs a program to its end and returns what it printed.
pub(crate) fn read(command: &mut Command) -> Result<String, Error> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| start_error(command, source))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(Error::Failed {
        command: describe(command),
        status: output.status,
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn kills_program_at_limit() {
        let mut endless = Command::new("tail");
        let outcome = run_within(endless.args(["-f", "/dev/null"]), Duration::ZERO);
        assert!(matches!(outcome, Err(Error::TimedOut { .. })));
    }

    #[test]
    fn succeeds_within_limit() {
        let outcome = run_within(&mut Command::new("true"), LIMIT);
        assert!(outcome.is_ok());
    }
}
