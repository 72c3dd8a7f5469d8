//! Addresses of a server's routes, made from that of its WebSocket.

/// The same address over HTTP: `http` for `ws`, and `https` for `wss`.
pub(crate) fn http_url(websocket: &str) -> String {
    let rest = websocket.strip_prefix("ws");
    rest.map_or_else(|| websocket.into(), |rest| format!("http{rest}"))
}

/// The address of the HTTP routes below that of the WebSocket, without its query and without a slash at the end.
pub(crate) fn http_route(websocket: &str) -> String {
    let path = websocket.split(['?', '#']).next().unwrap_or_default();
    http_url(path.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_under_the_path() {
        for (websocket, route) in [
            ("ws://host/rps", "http://host/rps"),
            ("wss://host:444/a/b/", "https://host:444/a/b"),
            ("ws://[::1]:80/rps?token=x", "http://[::1]:80/rps"),
        ] {
            assert_eq!(http_route(websocket), route);
        }
    }
}
