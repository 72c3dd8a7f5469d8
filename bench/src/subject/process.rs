//! Handle of a server's process: starts it, sends commands, reads its CPU time and memory.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::Subject;
use super::serve::{Publish, SERVE};
use crate::Fallible;

/// A server in its own process, which is killed when dropped.
pub struct ServerProcess {
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// Address that it listens on.
    pub address: SocketAddr,
}

/// CPU time of a process.
#[derive(Clone, Copy, Debug)]
pub struct CpuTime {
    /// In its own code.
    pub user: Duration,
    /// In the kernel, most of it for sending and receiving.
    pub system: Duration,
}

/// Ticks of `/proc/<pid>/stat`: the kernel's USER_HZ, 100 on every Linux that is in use.
const TICK: Duration = Duration::from_millis(10);

impl ServerProcess {
    /// Starts a server.
    ///
    /// # Errors
    /// Fails if the process does not start or does not print its port.
    pub fn start(subject: Subject) -> Fallible<Self> {
        Self::start_by(Command::new(std::env::current_exe()?), subject)
    }

    /// Starts a server by a command that runs this executable, such as valgrind's; the arguments are appended.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_by(mut command: Command, subject: Subject) -> Fallible<Self> {
        let mut child = command
            .args([SERVE, subject.name()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let commands = child.stdin.take();
        let answers = child.stdout.take().ok_or("no standard output")?;
        let mut answers = BufReader::new(answers);
        let mut port = String::new();
        answers.read_line(&mut port)?;
        let port: u16 = port
            .trim()
            .parse()
            .map_err(|_| "the server did not start")?;
        Ok(Self {
            child,
            commands,
            answers,
            address: ([127, 0, 0, 1], port).into(),
        })
    }

    /// Lets the server publish messages. Returns when all are published.
    ///
    /// # Errors
    /// Fails if the server ends.
    pub fn publish(&mut self, run: Publish) -> Fallible<()> {
        let commands = self.commands.as_mut().ok_or("the server was told to end")?;
        writeln!(commands, "{}", serde_json::to_string(&run)?)?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        match answer.trim() {
            "done" => Ok(()),
            other => Err(format!("the server ended while publishing: {other:?}").into()),
        }
    }

    /// Tells the server to end, and waits for its end.
    ///
    /// # Errors
    /// Fails if its process cannot be waited for.
    pub fn end(mut self) -> Fallible<()> {
        self.commands = None;
        self.child.wait()?;
        Ok(())
    }

    /// CPU time so far.
    ///
    /// # Errors
    /// Fails if `/proc` cannot be read.
    pub fn cpu_time(&self) -> Fallible<CpuTime> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // Fields after the name in parentheses, which may hold blanks: utime and stime are the 14th and 15th of all.
        let (_, fields) = stat.rsplit_once(") ").ok_or("no name in /proc/pid/stat")?;
        let ticks = |i: usize| -> Fallible<Duration> {
            let ticks: u32 = fields
                .split(' ')
                .nth(i - 3)
                .ok_or("/proc/pid/stat is too short")?
                .parse()?;
            Ok(TICK * ticks)
        };
        Ok(CpuTime {
            user: ticks(14)?,
            system: ticks(15)?,
        })
    }

    /// Resident memory (RSS), in KiB.
    ///
    /// # Errors
    /// Fails if `/proc` cannot be read.
    pub fn rss_kib(&self) -> Fallible<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        Ok(kib.ok_or("no VmRSS")?.parse()?)
    }
}

impl CpuTime {
    /// Time since an earlier reading.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            user: self.user - earlier.user,
            system: self.system - earlier.system,
        }
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // The server ends with its standard input; the kill is for one that hangs.
        self.commands = None;
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("the server's process could not be ended: {error}");
        }
    }
}
