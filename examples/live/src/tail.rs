//! Follower of a file like `tail -F`: it handles appends, truncation, rotation and a file that does not exist yet.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::mem;
use std::path::{Path, PathBuf};
use std::thread;

use same_file::Handle;

use crate::watch::FileWatch;

/// Number of existing lines that are published at the start.
const FIRST_LINES: usize = 200;

/// Bytes at the end of the file in which these lines are searched.
const FIRST_BYTES: u64 = 256 * 1024;

/// A longer line is published in pieces of this size.
const LINE_BYTES: usize = 16 * 1024;

const READ_BYTES: usize = 64 * 1024;

/// Publishes the last lines of the file, then each new one, from a thread of its own.
///
/// # Errors
/// The file is there and cannot be read, or its folder cannot be watched.
pub(crate) fn follow(path: PathBuf, publish: impl Fn(&str) + Send + 'static) -> io::Result<()> {
    let watch = FileWatch::new(&path)?;
    let mut tail = Tail::new(path);
    for line in tail
        .first_lines()
        .map_err(|problem| tail.named_error(&problem))?
    {
        publish(&line);
    }
    thread::Builder::new().name("tail".into()).spawn(move || {
        loop {
            watch.wait();
            if let Err(problem) = tail.read(&mut |line| publish(line)) {
                tracing::warn!(problem = %tail.named_error(&problem), "following the log");
            }
        }
    })?;
    Ok(())
}

/// A followed file, which is read on each call.
struct Tail {
    path: PathBuf,
    open: Option<Open>,
    partial: Vec<u8>,
}

struct Open {
    handle: Handle,
    offset: u64,
}

impl Tail {
    fn new(path: PathBuf) -> Self {
        Self {
            path,
            open: None,
            partial: Vec::new(),
        }
    }

    fn named_error(&self, problem: &io::Error) -> io::Error {
        let message = format!("cannot read the log {}: {problem}", self.path.display());
        io::Error::new(problem.kind(), message)
    }

    /// The last whole lines of a file that is there already.
    fn first_lines(&mut self) -> io::Result<VecDeque<String>> {
        let mut lines = VecDeque::new();
        let Some(mut handle) = open(&self.path)? else {
            return Ok(lines);
        };
        let size = handle.as_file().metadata()?.len();
        let start = size.saturating_sub(FIRST_BYTES);
        let offset = after_line_end(handle.as_file_mut(), start)?;
        self.open = Some(Open { handle, offset });
        self.read(&mut |line| {
            lines.push_back(line.to_owned());
            if lines.len() > FIRST_LINES {
                lines.pop_front();
            }
        })?;
        Ok(lines)
    }

    /// Calls `line` with each line completed since the last call.
    fn read(&mut self, line: &mut impl FnMut(&str)) -> io::Result<()> {
        loop {
            if let Some(open) = &mut self.open {
                let truncated = open.handle.as_file().metadata()?.len() < open.offset;
                if truncated {
                    open.offset = 0;
                    end_line(&mut self.partial, line);
                }
                read_on(open, &mut self.partial, line)?;
            }
            // A file that was renamed is read to its end before the new one.
            let Some(next) = open(&self.path)? else {
                return Ok(());
            };
            if self.open.as_ref().is_some_and(|open| open.handle == next) {
                return Ok(());
            }
            if let Some(mut old) = self.open.take() {
                read_on(&mut old, &mut self.partial, line)?;
                end_line(&mut self.partial, line);
            }
            self.open = Some(Open {
                handle: next,
                offset: 0,
            });
        }
    }
}

fn open(path: &Path) -> io::Result<Option<Handle>> {
    match Handle::from_path(path) {
        Ok(handle) => Ok(Some(handle)),
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// The first offset at or after `start` where a line begins.
fn after_line_end(file: &mut File, start: u64) -> io::Result<u64> {
    if start == 0 {
        return Ok(0);
    }
    file.seek(SeekFrom::Start(start - 1))?;
    let mut offset = start - 1;
    let mut chunk = vec![0; READ_BYTES];
    loop {
        let got = file.read(&mut chunk)?;
        if got == 0 {
            return Ok(offset);
        }
        if let Some(end) = chunk[..got].iter().position(|byte| *byte == b'\n') {
            return Ok(offset + end as u64 + 1);
        }
        offset += got as u64;
    }
}

fn read_on(open: &mut Open, partial: &mut Vec<u8>, line: &mut impl FnMut(&str)) -> io::Result<()> {
    let file = open.handle.as_file_mut();
    file.seek(SeekFrom::Start(open.offset))?;
    let mut chunk = vec![0; READ_BYTES];
    loop {
        let got = file.read(&mut chunk)?;
        if got == 0 {
            return Ok(());
        }
        open.offset += got as u64;
        split(&chunk[..got], partial, line);
    }
}

fn split(bytes: &[u8], partial: &mut Vec<u8>, line: &mut impl FnMut(&str)) {
    for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
        let text = piece.strip_suffix(b"\n").unwrap_or(piece);
        partial.extend_from_slice(text);
        while partial.len() > LINE_BYTES {
            let rest = partial.split_off(character_start(partial, LINE_BYTES));
            line(&String::from_utf8_lossy(&mem::replace(partial, rest)));
        }
        if text.len() < piece.len() {
            partial.pop_if(|byte| *byte == b'\r');
            line(&String::from_utf8_lossy(&mem::take(partial)));
        }
    }
}

/// The last place at or before `at` that does not cut a UTF-8 character in two.
fn character_start(bytes: &[u8], at: usize) -> usize {
    let is_start = |at: &usize| bytes[*at] & 0b1100_0000 != 0b1000_0000;
    (at.saturating_sub(3)..=at)
        .rev()
        .find(is_start)
        .unwrap_or(at)
}

/// Ends the last line of a file that will not grow any more.
fn end_line(partial: &mut Vec<u8>, line: &mut impl FnMut(&str)) {
    if !partial.is_empty() {
        line(&String::from_utf8_lossy(&mem::take(partial)));
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;
    use crate::scratch::Scratch;

    fn append(path: &Path, text: &str) {
        let mut file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn read(tail: &mut Tail) -> Vec<String> {
        let mut lines = Vec::new();
        tail.read(&mut |line| lines.push(line.to_owned())).unwrap();
        lines
    }

    #[test]
    fn reads_complete_lines_once() {
        let folder = Scratch::new("tail");
        let path = folder.join("a.log");
        let mut tail = Tail::new(path.clone());
        assert_eq!(read(&mut tail), [""; 0]);
        append(&path, "one\ntw");
        assert_eq!(read(&mut tail), ["one"]);
        append(&path, "o\r\n\nthree\n");
        assert_eq!(read(&mut tail), ["two", "", "three"]);
        assert_eq!(read(&mut tail), [""; 0]);
    }

    #[test]
    fn publishes_last_lines_at_start() {
        let folder = Scratch::new("tail");
        let path = folder.join("a.log");
        for number in 0..20_000 {
            append(
                &path,
                &format!("line {number:06} {}\n", "x".repeat(number % 40)),
            );
        }
        let mut tail = Tail::new(path.clone());
        let lines = tail.first_lines().unwrap();
        assert_eq!(lines.len(), FIRST_LINES);
        assert!(lines[0].starts_with("line 019800 "), "{}", lines[0]);
        append(&path, "next\n");
        assert_eq!(read(&mut tail), ["next"]);
    }

    #[test]
    fn rotation_loses_nothing() {
        let folder = Scratch::new("tail");
        let path = folder.join("a.log");
        append(&path, "one\n");
        let mut tail = Tail::new(path.clone());
        assert_eq!(tail.first_lines().unwrap(), ["one"]);
        append(&path, "two\nthe end");
        fs::rename(&path, folder.join("a.log.1")).unwrap();
        append(&path, "three\n");
        assert_eq!(read(&mut tail), ["two", "the end", "three"]);
        fs::remove_file(&path).unwrap();
        assert_eq!(read(&mut tail), [""; 0]);
        append(&path, "four\n");
        assert_eq!(read(&mut tail), ["four"]);
    }

    #[test]
    fn rereads_truncated_file() {
        let folder = Scratch::new("tail");
        let path = folder.join("a.log");
        append(&path, "one\ntwo\n");
        let mut tail = Tail::new(path.clone());
        tail.first_lines().unwrap();
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(0)
            .unwrap();
        append(&path, "new\n");
        assert_eq!(read(&mut tail), ["new"]);
    }

    #[test]
    fn splits_long_line() {
        let folder = Scratch::new("tail");
        let path = folder.join("a.log");
        let mut tail = Tail::new(path.clone());
        let long = "ä".repeat(LINE_BYTES) + "y";
        append(&path, &format!("x{long}\n"));
        let lines = read(&mut tail);
        assert_eq!(lines.concat(), format!("x{long}"));
        let lengths: Vec<_> = lines.iter().map(String::len).collect();
        assert_eq!(lengths, [LINE_BYTES - 1, LINE_BYTES, 3]);
    }

    #[test]
    fn publishes_appended_lines() {
        let folder = Scratch::new("tail");
        let path = folder.join("a.log");
        let (sender, lines) = mpsc::channel();
        follow(path.clone(), move |line| {
            sender.send(line.to_owned()).unwrap()
        })
        .unwrap();
        append(&path, "one\n");
        assert_eq!(lines.recv_timeout(Duration::from_secs(20)).unwrap(), "one");
        append(&path, "two\n");
        assert_eq!(lines.recv_timeout(Duration::from_secs(20)).unwrap(), "two");
    }
}
