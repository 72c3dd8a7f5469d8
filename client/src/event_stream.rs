//! The event stream that carries the server's messages, and the POST requests that carry the client's (docs/event-streams.md).

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode};
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::TokioExecutor;
use push_wire_shared::close::CloseReason;
use push_wire_shared::event_stream::{
    EventParser, StreamClose, StreamError, StreamEvent, StreamItem, read_item,
};
use push_wire_shared::session::client::PostAnswer;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::connector::Connector;
use crate::socket::{Ending, HttpAnswer, LOST, OpenError, SocketEvent, retry_after, with_sources};

const SECRET: HeaderName = HeaderName::from_static("push-wire-secret");
const BINARY: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// Longest wait for the answer to a POST (10 s), after which it is sent again.
const POST_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest time for the last POST requests of a connection (5 s).
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes of the base64 of a message, in lines, beside those of the message: a third, and a line feed for each record.
const fn event_bytes(message_bytes: usize) -> usize {
    message_bytes.saturating_mul(2)
}

type Http = Client<Connector, Full<Bytes>>;

/// An answer on its way.
type Answering = Pin<Box<dyn Future<Output = Result<Response<Incoming>, legacy::Error>> + Send>>;

/// An event stream and its POST requests. Dropping it drops the connection.
pub(crate) struct EventStream {
    http: Http,
    /// URL of the routes, without a slash at the end.
    route: String,
    state: State,
    parser: EventParser,
    /// Items that were read and not given out.
    items: VecDeque<SocketEvent>,
    /// POST requests under way.
    posts: JoinSet<(u64, PostAnswer)>,
}

enum State {
    /// The first message has not been given.
    New,
    /// The answer to the first message has not begun.
    Opening(Answering),
    /// The answer is being read.
    Open(Incoming),
    Ended,
}

impl EventStream {
    /// A stream that opens with the first message.
    pub(crate) fn new(connector: Connector, route: String, max_message_bytes: usize) -> Self {
        Self {
            http: Client::builder(TokioExecutor::new()).build(connector),
            route,
            state: State::New,
            parser: EventParser::new(event_bytes(max_message_bytes)),
            items: VecDeque::new(),
            posts: JoinSet::new(),
        }
    }

    /// Opens the stream with the first message.
    pub(crate) fn push(&mut self, message: Vec<u8>) {
        let url = format!("{}/sse", self.route);
        self.state = match request(&url, message, None) {
            Ok(request) => State::Opening(Box::pin(self.http.request(request))),
            Err(error) => {
                self.fail(None, format!("{url}: {error}"));
                State::Ended
            }
        };
    }

    /// Sends a POST; its answer is an event.
    pub(crate) fn post(&mut self, number: u64, query: &str, secret: [u8; 16], message: Vec<u8>) {
        let url = format!("{}/send?{query}", self.route);
        let http = self.http.clone();
        self.posts.spawn(async move {
            let answer = match request(&url, message, Some(secret)) {
                Ok(request) => timeout(POST_TIMEOUT, answer(&http, request)).await,
                Err(_) => Ok(PostAnswer::Ended),
            };
            (number, answer.unwrap_or(PostAnswer::Unknown))
        });
    }

    /// Waits for the next event. Nothing is lost when the future is dropped.
    pub(crate) async fn next(&mut self) -> SocketEvent {
        loop {
            if let Some(item) = self.items.pop_front() {
                return item;
            }
            tokio::select! {
                Some(done) = self.posts.join_next() => match done {
                    Ok((number, answer)) => return SocketEvent::Posted { number, answer },
                    Err(error) => tracing::error!(%error, "a POST failed"),
                },
                read = read(&mut self.state) => self.take(read),
            }
        }
    }

    fn take(&mut self, read: Read) {
        match read {
            Read::Answer(Ok(response)) => self.opened(response),
            Read::Answer(Err(error)) => {
                let route = &self.route;
                self.fail(None, format!("{route}/sse: {}", with_sources(&error)));
            }
            Read::Bytes(bytes) => self.parse(&bytes),
            Read::End(reason) => {
                self.state = State::Ended;
                let end = Ending::lost(reason);
                self.items.push_back(SocketEvent::Closed(end));
            }
        }
    }

    fn opened(&mut self, response: Response<Incoming>) {
        let status = response.status();
        let content_type = response
            .headers()
            .get(CONTENT_TYPE)
            .map(HeaderValue::as_bytes);
        let is_stream = content_type.is_some_and(|value| value.starts_with(b"text/event-stream"));
        if status == StatusCode::OK && is_stream {
            self.state = State::Open(response.into_body());
            return;
        }
        let route = &self.route;
        self.fail(
            Some(HttpAnswer::new(status, response.headers())),
            format!("{route}/sse: the server answered {status} without an event stream"),
        );
    }

    fn fail(&mut self, answer: Option<HttpAnswer>, message: String) {
        self.state = State::Ended;
        let error = OpenError { answer, message };
        self.items.push_back(SocketEvent::OpenFailed(error));
    }

    fn parse(&mut self, bytes: &[u8]) {
        let items = &mut self.items;
        let parsed = self.parser.push(bytes, |event| match socket_event(&event) {
            Ok(event) => items.extend(event),
            Err(error) => {
                tracing::debug!(%error, "the event stream is not of this protocol");
                items.push_back(SocketEvent::Unacceptable(CloseReason::ProtocolError));
            }
        });
        if items.is_empty() {
            items.push_back(SocketEvent::Part);
        }
        if parsed.is_err() {
            items.push_back(SocketEvent::Unacceptable(CloseReason::MessageTooLarge));
        }
    }

    /// Waits for the answers to the last POST requests, up to [`CLOSE_TIMEOUT`], and drops the connection.
    pub(crate) async fn close(mut self: Box<Self>) {
        let answers = async { while self.posts.join_next().await.is_some() {} };
        if timeout(CLOSE_TIMEOUT, answers).await.is_err() {
            tracing::debug!("the server did not answer the last messages");
        }
    }
}

/// Item read from the answer to the first message.
enum Read {
    Answer(Result<Response<Incoming>, legacy::Error>),
    Bytes(Bytes),
    /// The end, with its description.
    End(String),
}

/// Waits for the next part of the answer. Nothing is lost when the future is dropped.
async fn read(state: &mut State) -> Read {
    match state {
        State::New | State::Ended => std::future::pending().await,
        State::Opening(answering) => Read::Answer(answering.await),
        State::Open(body) => loop {
            match body.frame().await {
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        return Read::Bytes(bytes);
                    }
                }
                Some(Err(error)) => return Read::End(format!("{LOST}: {}", with_sources(&error))),
                None => return Read::End(LOST.into()),
            }
        },
    }
}

fn request(
    url: &str,
    message: Vec<u8>,
    secret: Option<[u8; 16]>,
) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let mut request = Request::post(url).header(CONTENT_TYPE, BINARY);
    if let Some(secret) = secret {
        let mut value = HeaderValue::try_from(hex::encode(secret))?;
        value.set_sensitive(true);
        request = request.header(SECRET, value);
    }
    request.body(Full::from(message))
}

async fn answer(http: &Http, request: Request<Full<Bytes>>) -> PostAnswer {
    match http.request(request).await {
        Ok(response) => {
            let retry = retry_after(response.headers());
            PostAnswer::of_status(response.status().as_u16(), retry)
        }
        Err(error) => {
            tracing::debug!(%error, "a POST has no answer");
            PostAnswer::Unknown
        }
    }
}

/// Meaning of an event; `None` for one of a later server.
fn socket_event(event: &StreamEvent) -> Result<Option<SocketEvent>, StreamError> {
    Ok(match read_item(event)? {
        Some(StreamItem::Message(bytes)) => Some(SocketEvent::Message(bytes.into())),
        Some(StreamItem::Close(json)) => {
            let StreamClose { code, reason } = StreamClose::from_json(&json)?;
            Some(SocketEvent::Closed(Ending::by_peer(code, reason)))
        }
        None => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::connector;
    use crate::tls::Tls;

    #[test]
    fn parts_of_a_message_are_events() {
        let mut stream = EventStream::new(
            connector(&Tls::default()),
            "http://localhost/rps".to_owned(),
            1_024,
        );
        for part in ["data: aG", "Vs", "bG8=\n"] {
            stream.parse(part.as_bytes());
            assert!(matches!(stream.items.pop_front(), Some(SocketEvent::Part)));
        }
        stream.parse(b"\n");
        let item = stream.items.pop_front();
        assert!(matches!(item, Some(SocketEvent::Message(bytes)) if bytes == "hello"));
    }
}
