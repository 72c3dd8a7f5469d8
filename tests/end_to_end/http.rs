//! HTTP client that sends requests of tests, and reads answers and event streams as they arrive.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longest wait of a test before it fails.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Answer to a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A request. Its answer, or the beginning of the answer, comes over a connection of its own.
#[derive(Debug)]
pub(crate) struct Request {
    line: String,
    host: String,
    connection: &'static str,
    headers: String,
    body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        Self {
            line: format!("{method} {target} HTTP/1.1"),
            host: "a".into(),
            connection: "close",
            headers: String::new(),
            body: Vec::new(),
        }
    }

    /// Sets the host that it is for, in place of `a`.
    pub(crate) fn to(self, host: &str) -> Self {
        Self {
            host: host.into(),
            ..self
        }
    }

    /// Makes it one that opens a WebSocket.
    pub(crate) fn upgrade(self) -> Self {
        let request = Self {
            connection: "upgrade",
            ..self
        };
        request
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    /// Sets the body, and its type.
    pub(crate) fn body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let length = body.len().to_string();
        let request = self
            .header("content-type", content_type)
            .header("content-length", &length);
        Self { body, ..request }
    }

    /// Sends it, and reads the head of the answer.
    pub(crate) async fn open(self, address: SocketAddr) -> Response {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let Self {
            line: request,
            host,
            connection,
            headers,
            body,
        } = self;
        let head =
            format!("{request}\r\nhost: {host}\r\nconnection: {connection}\r\n{headers}\r\n");
        socket.write_all(head.as_bytes()).await.unwrap();
        socket.write_all(&body).await.unwrap();
        let mut socket = BufReader::new(socket);
        let status = line(&mut socket).await.unwrap();
        let status = status.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let header = line(&mut socket).await.unwrap();
            let Some((name, value)) = header.split_once(": ") else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        Response {
            status,
            headers,
            socket,
            body: String::new(),
        }
    }

    /// Sends it, and reads the answer.
    pub(crate) async fn send(self, address: SocketAddr) -> Answer {
        let mut response = self.open(address).await;
        let body = response.rest().await;
        let Response {
            status, headers, ..
        } = response;
        Answer {
            status,
            headers,
            body,
        }
    }
}

/// An answer whose body is read as it comes.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    socket: BufReader<TcpStream>,
    /// Received part of the body that was not read yet.
    body: String,
}

/// An event of an event stream.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Event {
    pub(crate) name: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) retry: Option<String>,
    pub(crate) data: Vec<String>,
}

impl Event {
    /// The data as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.data.join("\n")).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

impl Response {
    /// Reads a piece of the body; returns false at its end.
    async fn more(&mut self) -> bool {
        let mut headers = self.headers.iter();
        if let Some((_, length)) = headers.find(|(name, _)| name == "content-length") {
            // Nothing more comes if it has been read already.
            let mut rest = (&mut self.socket).take(length.parse().unwrap());
            let rest = timeout(TIMEOUT, rest.read_to_string(&mut self.body)).await;
            rest.expect("the body comes").unwrap();
            return false;
        }
        let chunked = ("transfer-encoding".to_owned(), "chunked".to_owned());
        if !self.headers.contains(&chunked) {
            let rest = timeout(TIMEOUT, self.socket.read_to_string(&mut self.body)).await;
            rest.expect("the answer ends").unwrap();
            return false;
        }
        let Some(size) = line(&mut self.socket).await else {
            return false;
        };
        let size = usize::from_str_radix(&size, 16).unwrap();
        let mut chunk = vec![0; size];
        self.socket.read_exact(&mut chunk).await.unwrap();
        line(&mut self.socket).await.unwrap();
        self.body.push_str(std::str::from_utf8(&chunk).unwrap());
        size > 0
    }

    /// The rest of the body.
    pub(crate) async fn rest(&mut self) -> String {
        while self.more().await {}
        std::mem::take(&mut self.body)
    }

    /// The next event; comments are left out. `None` at the end of the stream.
    pub(crate) async fn event(&mut self) -> Option<Event> {
        let mut goes_on = true;
        loop {
            while let Some(end) = self.body.find("\n\n") {
                let rest = self.body.split_off(end + 2);
                let text = std::mem::replace(&mut self.body, rest);
                let event = event(&text);
                if event != Event::default() {
                    return Some(event);
                }
            }
            if !goes_on {
                return None;
            }
            goes_on = self.more().await;
        }
    }

    /// The next event's data as JSON.
    pub(crate) async fn json(&mut self) -> Value {
        self.event().await.expect("an event").json()
    }
}

fn event(text: &str) -> Event {
    let mut event = Event::default();
    for line in text.lines() {
        let (field, value) = line.split_once(": ").unwrap_or((line, ""));
        match field {
            "event" => event.name = Some(value.to_owned()),
            "id" => event.id = Some(value.to_owned()),
            "retry" => event.retry = Some(value.to_owned()),
            "data" => event.data.push(value.to_owned()),
            _ => assert!(line.is_empty() || line.starts_with(':'), "{line:?}"),
        }
    }
    event
}

/// The next line, without its end; `None` at the end of the connection.
async fn line(socket: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let read = timeout(TIMEOUT, socket.read_line(&mut line)).await;
    match read.expect("the server answers in time").unwrap() {
        0 => None,
        _ => Some(line.trim_end().to_owned()),
    }
}
