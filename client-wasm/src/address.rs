//! The server's address, and those of its routes.

use web_sys::Url;

use crate::ConnectError;

/// Path of the server's routes when the address has none.
const DEFAULT_PATH: &str = "/rps";

/// Address of a server.
#[derive(Clone)]
pub(crate) struct Address {
    /// URL of the WebSocket.
    pub(crate) socket: String,
    /// URL of the HTTP routes, without a slash at the end.
    pub(crate) route: String,
}

impl Address {
    /// Reads an absolute URL, or one that is relative to the page at `base`.
    pub(crate) fn read(text: &str, base: Option<&str>) -> Result<Self, ConnectError> {
        let error = |why: &str| ConnectError::Url {
            url: text.into(),
            why: why.into(),
        };
        if begins_with_host_and_port(text) {
            return Err(error(
                "it has no scheme: write https:// or http:// before it",
            ));
        }
        let read = match base {
            Some(base) => Url::new_with_base(text, base),
            None => Url::new(text),
        };
        let url = read.map_err(|_| match base {
            Some(_) => error("it is not a URL"),
            None => error("it is not an absolute URL, and there is no page around it"),
        })?;
        let is_secure = match url.protocol().as_str() {
            "http:" | "ws:" => false,
            "https:" | "wss:" => true,
            _ => return Err(error("it begins with none of http:, https:, ws: and wss:")),
        };
        url.set_hash("");
        if url.pathname() == "/" {
            url.set_pathname(DEFAULT_PATH);
        }
        url.set_protocol(if is_secure { "wss:" } else { "ws:" });
        let socket = url.href();
        url.set_protocol(if is_secure { "https:" } else { "http:" });
        url.set_search("");
        let route = url.href().trim_end_matches('/').into();
        Ok(Self { socket, route })
    }
}

/// Whether a text begins with a host and a port, which as a relative URL would be a folder: `127.0.0.1:4000/rps`.
fn begins_with_host_and_port(text: &str) -> bool {
    let first = text.split(['/', '?', '#']).next().unwrap_or_default();
    let port = first.rsplit_once(':').map_or("", |(_, port)| port);
    !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}
