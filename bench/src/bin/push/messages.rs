//! Real messages: what a service would push about a repository's commits.

use std::process::Command;

use push_wire_bench::Fallible;
use serde_json::json;

/// One JSON text for each file that a commit of this repository changed, oldest first.
pub(crate) fn of_this_repository() -> Fallible<Vec<String>> {
    let log = Command::new("git")
        .args([
            "log",
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

fn change(commit: &[&str], line: &str) -> Option<String> {
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
    Some(message.to_string())
}
