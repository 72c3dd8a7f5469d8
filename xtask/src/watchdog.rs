//! Time limit of a program. After it, the program and its descendants are killed.

use std::collections::HashMap;
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Thread that kills a process that runs for longer than its limit.
pub(crate) struct Watchdog {
    stop: Sender<()>,
    thread: JoinHandle<bool>,
}

impl Watchdog {
    /// Starts the time limit of a process.
    pub(crate) fn start(process: u32, limit: Duration) -> Self {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::spawn(move || {
            let is_over = stopped.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
            if is_over {
                kill_tree(process);
            }
            is_over
        });
        Self { stop, thread }
    }

    /// Ends the time limit. Returns whether the process was killed.
    pub(crate) fn stop(self) -> bool {
        drop(self.stop);
        self.thread.join().unwrap_or(false)
    }
}

/// Kills a process and its descendants. A process group would not suffice: browsers form groups of their own, and a
/// terminal's Ctrl-C reaches only the group of this program.
#[cfg(unix)]
pub(crate) fn kill_tree(process: u32) {
    let mut processes = vec![process.to_string()];
    processes.extend(descendants(process).iter().map(u32::to_string));
    // The shell's own `kill`, since minimal systems have no program of that name.
    let script = ["-c", r#"kill -KILL "$@" 2>/dev/null"#, "kill"];
    let killed = Command::new("sh").args(script).args(processes).status();
    if let Err(error) = killed {
        eprintln!("xtask: process {process} cannot be killed: {error}");
    }
}

/// Kills a process and its descendants.
#[cfg(not(unix))]
pub(crate) fn kill_tree(process: u32) {
    let mut kill = Command::new("taskkill");
    let killed = kill
        .args(["/F", "/T", "/PID", &process.to_string()])
        .status();
    if let Err(error) = killed {
        eprintln!("xtask: process {process} cannot be killed: {error}");
    }
}

/// Descendants of a process; none if the program `ps` is missing.
#[cfg(unix)]
fn descendants(process: u32) -> Vec<u32> {
    let listed = Command::new("ps").args(["-A", "-o", "ppid=,pid="]).output();
    let listed = listed.map_or_else(|_| Vec::new(), |output| output.stdout);
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for line in String::from_utf8_lossy(&listed).lines() {
        let mut numbers = line.split_whitespace().map(str::parse);
        if let (Some(Ok(parent)), Some(Ok(child))) = (numbers.next(), numbers.next()) {
            children.entry(parent).or_default().push(child);
        }
    }
    let mut found = children.remove(&process).unwrap_or_default();
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(children.remove(&parent).unwrap_or_default());
        next += 1;
    }
    found
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::{BufRead, BufReader, Read};
    use std::process::Stdio;

    use super::*;

    #[test]
    fn kills_descendants() {
        let script = "tail -f /dev/null & echo started; wait";
        let mut shell = Command::new("sh");
        let mut child = shell.args(["-c", script]).stdout(Stdio::piped()).spawn();
        let child = child.as_mut().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "started\n");
        assert_eq!(descendants(child.id()).len(), 1);
        kill_tree(child.id());
        assert!(!child.wait().unwrap().success());
        // The output ends when no process has the pipe open.
        assert_eq!(output.read_to_string(&mut line).unwrap(), 0);
    }
}
