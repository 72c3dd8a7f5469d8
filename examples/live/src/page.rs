//! HTTP routes: the page's files, the npm package that it imports, and its settings.
//!
//! Files are read from the source tree at each request: an edited page shows at the next reload.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use axum::extract::Path as UrlPath;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;

const OWN_PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/page");
const PACKAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../pkg/dist");

/// Answer to the page's request before it connects.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct About {
    /// The name of the followed file.
    pub(crate) log: String,
    /// True if that is this server's request log.
    pub(crate) own_requests: bool,
    /// The rooms, in the order shown.
    pub(crate) rooms: [&'static str; 3],
}

/// The page that is served.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    folder: Arc<Path>,
}

impl Page {
    /// The page in a folder; without one, the demo's own. Warns if that cannot work yet.
    ///
    /// # Errors
    /// The folder has no page.
    pub(crate) fn open(folder: Option<PathBuf>) -> Result<Self, String> {
        if folder.is_none()
            && let Err(problem) = check_package()
        {
            eprintln!("warning: {problem}");
        }
        let folder = folder.unwrap_or_else(|| OWN_PAGE.into());
        if !folder.join("index.html").is_file() {
            let folder = folder.display();
            return Err(format!("the page {folder} has no index.html: is it built?"));
        }
        Ok(Self {
            folder: folder.into(),
        })
    }

    /// The page's routes.
    pub(crate) fn routes(self, about: About) -> Router {
        Router::new()
            .route("/about.json", get(async move || Json(about)))
            .route("/ping", post(async || StatusCode::NO_CONTENT))
            .route("/push-wire/{*path}", get(package_file))
            .fallback(get(async move |uri: Uri| self.file(&uri).await))
    }

    async fn file(&self, uri: &Uri) -> Response {
        let path = uri.path().trim_start_matches('/');
        let path = if path.is_empty() { "index.html" } else { path };
        serve(&self.folder, path).await
    }
}

/// Checks that the package was built.
///
/// # Errors
/// A sentence that names the command to build it.
fn check_package() -> Result<(), String> {
    if Path::new(PACKAGE).join("index.js").is_file() {
        return Ok(());
    }
    Err("pkg/dist is not built, which the page imports: run `cargo xtask pkg`".into())
}

async fn package_file(UrlPath(path): UrlPath<String>) -> Response {
    if let Err(problem) = check_package() {
        return (StatusCode::SERVICE_UNAVAILABLE, problem).into_response();
    }
    serve(Path::new(PACKAGE), &path).await
}

async fn serve(root: &Path, path: &str) -> Response {
    let (Some(inside), Some(kind)) = (inside(root, path), content_type(path)) else {
        return not_found(path);
    };
    match tokio::fs::read(inside).await {
        Ok(bytes) => {
            let headers = [
                (header::CONTENT_TYPE, kind),
                (header::CACHE_CONTROL, "no-cache"),
            ];
            (headers, bytes).into_response()
        }
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => not_found(path),
        Err(problem) => {
            tracing::error!(path, %problem, "reading a file of the page");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "this file cannot be read",
            )
                .into_response()
        }
    }
}

fn not_found(path: &str) -> Response {
    (StatusCode::NOT_FOUND, format!("there is no file {path:?}")).into_response()
}

/// The file of this path, unless the path leads out of the folder.
fn inside(root: &Path, path: &str) -> Option<PathBuf> {
    let plain = Path::new(path)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    plain.then(|| root.join(path))
}

/// Content type by the file's extension; other files are not served.
fn content_type(path: &str) -> Option<&'static str> {
    match Path::new(path).extension()?.to_str()? {
        "html" => Some("text/html; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "js" | "mjs" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "wasm" => Some("application/wasm"),
        "json" | "map" => Some("application/json"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn serves_page_and_modules() {
        let page = Page::open(None).unwrap();
        for path in [
            "/",
            "/main.js",
            "/style.css",
            "/icon.svg",
            "/markdown/blocks.js",
        ] {
            let response = page.file(&Uri::from_static(path)).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
        }
    }

    #[tokio::test]
    async fn serves_no_other_file() {
        let page = Page::open(None).unwrap();
        for path in [
            "/../Cargo.toml",
            "/..%2fmain.rs",
            "/nothing.js",
            "/markdown",
            "//etc/passwd",
        ] {
            let response = page.file(&Uri::from_static(path)).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[test]
    fn folder_without_page_is_an_error() {
        let problem = Page::open(Some("/nowhere".into())).unwrap_err();
        assert!(problem.contains("/nowhere"), "{problem}");
    }
}
