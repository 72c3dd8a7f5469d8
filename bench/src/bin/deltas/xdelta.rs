//! Bytes of xdelta3's deltas. They are made by its program, because the crate that binds it needs libclang, and not timed,
//! because starting the program takes longer than the delta.

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

/// Encodes pairs of base and target at the highest level, without file names (`-A`), checksum (`-n`) and a second
/// compression (`-S none`). The source window is the smallest that xdelta3 allows, because allocating it takes the time.
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
