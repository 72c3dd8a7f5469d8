//! Messages about a repository's commits, made from its git history.

use std::process::Command;
use std::time::Duration;

use push_wire_bench::Fallible;
use push_wire_server::time::Moment;
use serde_json::json;

/// A message and the time of its publication.
pub(crate) struct Message {
    pub(crate) at: Moment,
    pub(crate) text: String,
}

/// Returns a JSON message for each file that a commit of this repository changed, oldest first, with the commit's time.
pub(crate) fn of_this_repository(revision: &str) -> Fallible<Vec<Message>> {
    let log = Command::new("git")
        .args([
            "log",
            revision,
            "--reverse",
            "--numstat",
            "--format=%x01%h%x00%an%x00%at%x00%s",
        ])
        .output()?;
    let log = String::from_utf8(log.stdout)?;
    let mut messages = Vec::new();
    let mut commit = Vec::new();
    for line in log.lines() {
        if let Some(head) = line.strip_prefix('\u{1}') {
            commit = head.split('\0').collect();
        } else if let Some(message) = change(&commit, line) {
            messages.push(message);
        }
    }
    Ok(messages)
}

fn change(commit: &[&str], line: &str) -> Option<Message> {
    let &[hash, author, at, subject] = commit else {
        return None;
    };
    let mut fields = line.split('\t');
    let added: u32 = fields.next()?.parse().ok()?;
    let removed: u32 = fields.next()?.parse().ok()?;
    let path = fields.next()?;
    let at: u64 = at.parse().ok()?;
    let message = json!({
        "repository": "push-wire", "commit": hash, "author": author, "at": at, "path": path,
        "added": added, "removed": removed, "subject": subject,
    });
    Some(Message {
        at: Moment::after_origin(Duration::from_secs(at)),
        text: message.to_string(),
    })
}
