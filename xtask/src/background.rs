//! Programs that compute beside others which mostly wait, at the lowest priority.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command};

use crate::error::{Error, at};
use crate::process;
use crate::watchdog::{Watchdog, kill_tree};

/// A program that runs beside others. Dropped before its end, it is killed.
pub(crate) struct Background {
    child: Child,
    command: Command,
    watchdog: Option<Watchdog>,
    output: PathBuf,
}

impl Background {
    /// Starts a program, whose output goes into a file until [`Self::finish`]. It may run for as long as other programs.
    pub(crate) fn start(command: &Command, output: PathBuf) -> Result<Self, Error> {
        let file = File::create(&output).map_err(at(&output))?;
        let errors = file.try_clone().map_err(at(&output))?;
        let mut command = with_lowest_priority(command);
        command.stdout(file).stderr(errors);
        let child = process::start(&mut command)?;
        Ok(Self {
            watchdog: Some(Watchdog::start(child.id(), process::LIMIT)),
            child,
            command,
            output,
        })
    }

    /// Waits for the end, and prints the output.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        let status = self.child.wait();
        let is_killed = self.watchdog.take().is_some_and(Watchdog::stop);
        let printed = fs::read_to_string(&self.output).map_err(at(&self.output))?;
        print!("{printed}");
        process::judge(&self.command, is_killed.then_some(process::LIMIT), status)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let Some(watchdog) = self.watchdog.take() else {
            return;
        };
        kill_tree(self.child.id());
        // A program that was killed has not ended yet: whoever comes next needs its processors and its files.
        if let Err(error) = self.child.wait() {
            eprintln!("xtask: process {} does not end: {error}", self.child.id());
        }
        watchdog.stop();
    }
}

/// The same program, run by `nice` where there is one.
fn with_lowest_priority(command: &Command) -> Command {
    let mut nice = if cfg!(unix) {
        let mut nice = Command::new("nice");
        nice.args(["-n", "19"]).arg(command.get_program());
        nice
    } else {
        Command::new(command.get_program())
    };
    nice.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => nice.env(name, value),
            None => nice.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        nice.current_dir(folder);
    }
    nice
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn output(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()))
    }

    fn shell(script: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]);
        shell
    }

    #[test]
    fn tells_failure_at_its_end() {
        let output = output("failure");
        let program = Background::start(&shell("echo seen; exit 3"), output.clone()).unwrap();
        assert!(matches!(program.finish(), Err(Error::Failed { .. })));
        assert_eq!(fs::read_to_string(&output).unwrap(), "seen\n");
        fs::remove_file(output).unwrap();
    }

    #[test]
    fn runs_at_lowest_priority() {
        let niceness = |printed: &[u8]| String::from_utf8_lossy(printed).trim().parse::<i32>();
        let own = niceness(&Command::new("nice").output().unwrap().stdout).unwrap();
        let output = output("priority");
        let program = Background::start(&shell("nice"), output.clone()).unwrap();
        assert!(program.finish().is_ok());
        let program = niceness(&fs::read(&output).unwrap()).unwrap();
        assert_eq!(program, (own + 19).min(19));
        fs::remove_file(output).unwrap();
    }

    #[test]
    fn kills_program_when_dropped() {
        let output = output("dropped");
        let script = "echo started; tail -f /dev/null";
        let program = Background::start(&shell(script), output.clone()).unwrap();
        let process = program.child.id().to_string();
        drop(program);
        let mut listed = Command::new("ps");
        let listed = listed.args(["-o", "stat=", "-p", &process]).output();
        assert_eq!(listed.unwrap().stdout, b"");
        fs::remove_file(output).unwrap();
    }
}
