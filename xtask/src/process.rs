//! Other programs, run to their end with their output shown.

use std::process::{Command, Stdio};

use crate::error::Error;

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

fn start_error(command: &Command, source: std::io::Error) -> Error {
    let program = command.get_program().to_string_lossy().into_owned();
    Error::Start {
        advice: advice(&program),
        program,
        source,
    }
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> Result<(), Error> {
    let status = command
        .status()
        .map_err(|source| start_error(command, source))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::Failed {
        command: describe(command),
        status,
    })
}

/// Runs a program in the place of this one where the system can do that: what ends this ends the program.
#[cfg(unix)]
pub(crate) fn become_it(command: &mut Command) -> Result<(), Error> {
    use std::os::unix::process::CommandExt;
    let source = command.exec();
    Err(start_error(command, source))
}

/// Runs a program to its end: this system knows no other way.
#[cfg(not(unix))]
pub(crate) fn become_it(command: &mut Command) -> Result<(), Error> {
    run(command)
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
