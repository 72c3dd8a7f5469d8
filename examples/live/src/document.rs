//! Publisher of a watched file: the whole text at each change, which the server sends as deltas.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use live_channels::{Content, Document};

use crate::watch::FileWatch;

/// Largest file shown (512 KiB), in bytes: rendering a larger one would block the page.
const MAX_BYTES: u64 = 512 * 1024;

/// Publishes the file now and at each change, from a thread of its own.
///
/// # Errors
/// The file cannot be read, or its folder cannot be watched.
pub(crate) fn follow(
    path: PathBuf,
    publish: impl Fn(&Document) + Send + 'static,
) -> io::Result<()> {
    if let Err(problem) = fs::metadata(&path) {
        let message = format!("cannot read the document {}: {problem}", path.display());
        return Err(io::Error::new(problem.kind(), message));
    }
    let watch = FileWatch::new(&path)?;
    let mut shown = read(&path);
    publish(&shown);
    thread::Builder::new()
        .name("document".into())
        .spawn(move || {
            loop {
                watch.wait_settled();
                let now = read(&path);
                if now != shown {
                    publish(&now);
                    shown = now;
                }
            }
        })?;
    Ok(())
}

fn read(path: &Path) -> Document {
    let name = path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    );
    let content = match read_text(path) {
        Ok(text) => Content::Text(text),
        Err(problem) => Content::Problem(problem),
    };
    Document { name, content }
}

fn read_text(path: &Path) -> Result<String, String> {
    let fail = |problem: io::Error| format!("The file cannot be read: {problem}.");
    let size = fs::metadata(path).map_err(fail)?.len();
    if size > MAX_BYTES {
        return Err(format!(
            "The file has {size} bytes; this page shows at most {MAX_BYTES}."
        ));
    }
    let bytes = fs::read(path).map_err(fail)?;
    String::from_utf8(bytes)
        .map_err(|error| format!("The file is not UTF-8: {}.", error.utf8_error()))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;
    use crate::scratch::Scratch;

    const TIMEOUT: Duration = Duration::from_secs(20);

    fn text(document: &Document) -> &str {
        match &document.content {
            Content::Text(text) | Content::Problem(text) => text,
        }
    }

    #[test]
    fn publishes_writes_and_renames() {
        let folder = Scratch::new("document");
        let path = folder.join("notes.md");
        fs::write(&path, "one").unwrap();
        let (sender, published) = mpsc::channel();
        follow(path.clone(), move |document| {
            sender.send(document.clone()).unwrap()
        })
        .unwrap();
        let next = || published.recv_timeout(TIMEOUT).unwrap();
        assert_eq!(text(&next()), "one");

        fs::write(&path, "two").unwrap();
        assert_eq!(text(&next()), "two");

        let beside = folder.join("notes.md.new");
        fs::write(&beside, "three").unwrap();
        fs::rename(&beside, &path).unwrap();
        assert_eq!(text(&next()), "three");
    }

    #[test]
    fn unreadable_file_gives_reason() {
        let folder = Scratch::new("document");
        let path = folder.join("picture");
        fs::write(&path, [b'a', 0xff]).unwrap();
        assert!(text(&read(&path)).contains("index 1"), "{:?}", read(&path));
        fs::write(&path, vec![b'a'; 600 * 1024]).unwrap();
        assert!(
            text(&read(&path)).contains("614400 bytes"),
            "{:?}",
            read(&path)
        );
        fs::remove_file(&path).unwrap();
        assert!(
            text(&read(&path)).contains("cannot be read"),
            "{:?}",
            read(&path)
        );
    }

    #[test]
    fn missing_document_is_an_error() {
        let problem = follow("/nowhere/at-all.md".into(), |_| ()).unwrap_err();
        assert!(
            problem.to_string().contains("/nowhere/at-all.md"),
            "{problem}"
        );
    }
}
