//! Bytes of xdelta3's deltas, by its program: the crate that binds it needs libclang. Not timed: starting the program takes
//! longer than the delta.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use push_wire_bench::Fallible;
use tempfile::NamedTempFile;

pub(crate) fn is_installed() -> bool {
    let version = Command::new("xdelta3")
        .arg("-V")
        .stderr(Stdio::null())
        .status();
    version.is_ok()
}

/// The deltas of pairs of base and target at its highest level and in the smallest form that is no second compression: no
/// file names (`-A`), no checksum (`-n`). The source window is as small as it takes, for its memory is what takes the time.
pub(crate) fn encode_all(pairs: &[(&[u8], &[u8])]) -> Fallible<Vec<Vec<u8>>> {
    let encode = |&(base, target): &(&[u8], &[u8])| {
        let mut source = NamedTempFile::new()?;
        source.write_all(base)?;
        run(source.path(), target)
    };
    pairs.iter().map(encode).collect()
}

fn run(source: &Path, target: &[u8]) -> Fallible<Vec<u8>> {
    let mut child = Command::new("xdelta3")
        .args([
            "-e", "-c", "-9", "-A", "-n", "-S", "none", "-B", "524288", "-s",
        ])
        .arg(source)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    // It reads all of its input before it writes.
    child.stdin.take().ok_or("no pipe")?.write_all(target)?;
    let output = child.wait_with_output()?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(format!("xdelta3: {}", output.status).into()),
    }
}
