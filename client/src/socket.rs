//! The transport of the latest attempt, from opening to its end.

use std::error::Error;
use std::future::{Future, pending};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{HeaderMap, RETRY_AFTER};
use push_wire_shared::close::CloseReason;
use push_wire_shared::session::client::{Input, PostAnswer, Transport};

use crate::address::http_route;
use crate::connector::Connector;
use crate::event_stream::EventStream;
use crate::websocket::WebSocket;

/// The transport of the latest attempt.
pub(crate) enum Socket {
    Closed,
    Opening {
        attempt: u32,
        opening: Pin<Box<dyn Future<Output = Result<Line, OpenError>> + Send>>,
    },
    Open {
        attempt: u32,
        line: Line,
    },
}

/// A transport that takes messages.
pub(crate) enum Line {
    WebSocket(Box<WebSocket>),
    EventStream(Box<EventStream>),
}

/// Event of a transport.
pub(crate) enum SocketEvent {
    Message(Bytes),
    /// A part of a message.
    Part,
    /// The end, by the peer or a loss.
    Closed(Ending),
    /// It could not be opened.
    OpenFailed(OpenError),
    /// A message that this side must close the connection for.
    Unacceptable(CloseReason),
    /// The answer to a POST.
    Posted {
        number: u64,
        answer: PostAnswer,
    },
}

/// Description of a connection that the peer did not close.
pub(crate) const LOST: &str = "the connection was lost";

/// End of a connection.
pub(crate) struct Ending {
    /// The peer's close code, if there was one.
    pub(crate) code: Option<u16>,
    /// Description, for people; may be empty.
    pub(crate) reason: String,
}

impl Ending {
    /// An end that the peer has announced.
    pub(crate) fn by_peer(code: u16, reason: impl Into<String>) -> Self {
        Self {
            code: Some(code),
            reason: reason.into(),
        }
    }

    /// A loss.
    pub(crate) fn lost(reason: impl Into<String>) -> Self {
        Self {
            code: None,
            reason: reason.into(),
        }
    }
}

/// Text of an error and of the errors that caused it; a source whose text is part of the text before adds nothing.
pub(crate) fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
        source = error.source();
    }
    text
}

/// Error of opening a transport.
pub(crate) struct OpenError {
    /// The answer in place of a connection. A proxy may have given it, so that it is not final.
    pub(crate) answer: Option<HttpAnswer>,
    pub(crate) message: String,
}

impl OpenError {
    /// The end of this attempt.
    pub(crate) fn input(self, attempt: u32) -> Input {
        let reason = self.message;
        match self.answer {
            Some(HttpAnswer { status, retry }) => Input::answered(attempt, status, retry, reason),
            None => Input::Closed {
                attempt,
                code: None,
                reason,
            },
        }
    }
}

/// Answer of HTTP to a request for a connection.
pub(crate) struct HttpAnswer {
    status: u16,
    retry: Option<Duration>,
}

impl HttpAnswer {
    pub(crate) fn new(status: StatusCode, headers: &HeaderMap) -> Self {
        Self {
            status: status.as_u16(),
            retry: retry_after(headers),
        }
    }
}

/// Time after which a request may be sent again, if the answer states it in seconds.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

/// Event of the transport of an attempt.
pub(crate) enum SocketInput {
    Session(Input),
    OpenFailed { attempt: u32, error: OpenError },
    Unacceptable { attempt: u32, reason: CloseReason },
}

impl Line {
    /// Queues a message, which is sent while [`next`](Self::next) is awaited.
    pub(crate) fn push(&mut self, message: Vec<u8>) {
        match self {
            Self::WebSocket(socket) => socket.push(message),
            Self::EventStream(stream) => stream.push(message),
        }
    }

    async fn next(&mut self) -> SocketEvent {
        match self {
            Self::WebSocket(socket) => socket.next().await,
            Self::EventStream(stream) => stream.next().await,
        }
    }

    /// Sends what is queued, and closes the connection.
    pub(crate) async fn close(self, code: u16) {
        match self {
            Self::WebSocket(socket) => socket.close(code).await,
            Self::EventStream(stream) => stream.close().await,
        }
    }
}

/// Opens a transport to the server at the WebSocket address `url`. An event stream opens with its first message.
pub(crate) async fn open_line(
    transport: Transport,
    connector: Connector,
    url: String,
    max_message_bytes: usize,
) -> Result<Line, OpenError> {
    Ok(match transport {
        Transport::WebSocket => {
            let socket = WebSocket::open(connector, url, max_message_bytes).await?;
            Line::WebSocket(Box::new(socket))
        }
        Transport::EventStream => {
            let stream = EventStream::new(connector, http_route(&url), max_message_bytes);
            Line::EventStream(Box::new(stream))
        }
    })
}

/// Waits for the next event of the transport. Nothing is lost when the future is dropped.
pub(crate) async fn next_input(socket: &mut Socket) -> SocketInput {
    match socket {
        Socket::Closed => pending().await,
        Socket::Opening { attempt, opening } => {
            let attempt = *attempt;
            match opening.await {
                Ok(line) => {
                    *socket = Socket::Open { attempt, line };
                    SocketInput::Session(Input::Opened { attempt })
                }
                Err(error) => {
                    *socket = Socket::Closed;
                    SocketInput::OpenFailed { attempt, error }
                }
            }
        }
        Socket::Open { attempt, line } => {
            let attempt = *attempt;
            match line.next().await {
                SocketEvent::Message(bytes) => {
                    let bytes = bytes.into();
                    SocketInput::Session(Input::Message { attempt, bytes })
                }
                SocketEvent::Part => SocketInput::Session(Input::Part { attempt }),
                SocketEvent::Unacceptable(reason) => SocketInput::Unacceptable { attempt, reason },
                SocketEvent::Posted { number, answer } => SocketInput::Session(Input::Posted {
                    attempt,
                    number,
                    answer,
                }),
                SocketEvent::OpenFailed(error) => {
                    *socket = Socket::Closed;
                    SocketInput::OpenFailed { attempt, error }
                }
                SocketEvent::Closed(Ending { code, reason }) => {
                    *socket = Socket::Closed;
                    SocketInput::Session(Input::Closed {
                        attempt,
                        code,
                        reason,
                    })
                }
            }
        }
    }
}
