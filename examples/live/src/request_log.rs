//! The server's request log: one line for each request, in a file that is rotated at 1 MiB.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/live");

/// Size at which the file is renamed to `….1` and a new one is begun (1 MiB).
const ROTATE_AT_BYTES: u64 = 1024 * 1024;

const DAY_S: u64 = 24 * 60 * 60;

/// A log file that lines can be added to.
#[derive(Debug)]
pub(crate) struct RequestLog {
    path: PathBuf,
    file: Mutex<File>,
}

impl RequestLog {
    /// Opens the log of the server on this port.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub(crate) fn open(port: u16) -> io::Result<Self> {
        Self::open_at(PathBuf::from(FOLDER).join(format!("requests-{port}.log")))
    }

    fn open_at(path: PathBuf) -> io::Result<Self> {
        let open = || {
            fs::create_dir_all(path.parent().unwrap_or(&path))?;
            append_to(&path)
        };
        let file = open().map_err(|problem| {
            let message = format!("cannot write the request log {}: {problem}", path.display());
            io::Error::new(problem.kind(), message)
        })?;
        Ok(Self {
            path,
            file: Mutex::new(file),
        })
    }

    /// Path of the log.
    pub(crate) fn path(&self) -> PathBuf {
        self.path.clone()
    }

    fn add(&self, line: &str) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if file.metadata()?.len() > ROTATE_AT_BYTES {
            fs::rename(&self.path, self.path.with_extension("log.1"))?;
            *file = append_to(&self.path)?;
        }
        file.write_all(line.as_bytes())
    }
}

fn append_to(path: &std::path::Path) -> io::Result<File> {
    File::options().create(true).append(true).open(path)
}

/// Adds a line for each request once its answer is known.
pub(crate) async fn record(
    State(log): State<Arc<RequestLog>>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let what = format!("{} {}", request.method(), request.uri().path());
    let response = next.run(request).await;
    let line = line(SystemTime::now(), &what, &response, started.elapsed());
    if let Err(problem) = log.add(&line) {
        tracing::warn!(%problem, "writing the request log");
    }
    response
}

fn line(at: SystemTime, what: &str, response: &Response, took: Duration) -> String {
    let second = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() % DAY_S;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let size = response.body().size_hint().exact();
    let size = size.map_or(String::new(), |size| format!(" {size} B"));
    let status = response.status().as_u16();
    let took = took.as_secs_f64() * 1000.0;
    format!("{hour:02}:{minute:02}:{second:02}Z {what} {status}{size} {took:.1} ms\n")
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::response::IntoResponse;

    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn formats_request_and_response() {
        let at = UNIX_EPOCH + Duration::from_secs(DAY_S + 3600 * 13 + 62);
        let response = (StatusCode::NOT_FOUND, "twelve bytes").into_response();
        let line = line(at, "GET /x", &response, Duration::from_micros(1550));
        assert_eq!(line, "13:01:02Z GET /x 404 12 B 1.6 ms\n");
    }

    #[test]
    fn rotates_large_log() {
        let folder = Scratch::new("requests");
        let path = folder.join("requests.log");
        let log = RequestLog::open_at(path.clone()).unwrap();
        log.add(&"x".repeat(1024 * 1024 + 1)).unwrap();
        log.add("new\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new\n");
        assert!(folder.join("requests.log.1").is_file());
    }

    #[test]
    fn write_error_names_log() {
        let problem = RequestLog::open_at("/proc/nowhere/requests.log".into()).unwrap_err();
        assert!(
            problem.to_string().contains("/proc/nowhere/requests.log"),
            "{problem}"
        );
    }
}
