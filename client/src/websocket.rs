//! The WebSocket that carries messages (docs/protocol.md section 1).

use std::collections::VecDeque;
use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use push_wire_shared::close::CloseReason;
use push_wire_shared::limits::UPLINK_BYTES;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::address::http_url;
use crate::connector::{self, Connection, Connector};
use crate::socket::{Ending, HttpAnswer, LOST, OpenError, SocketEvent, with_sources};

const SUBPROTOCOL: HeaderValue = HeaderValue::from_static("push-wire.v1");

/// A close frame without a code (RFC 6455 section 7.1.5).
const NO_STATUS: u16 = 1005;

/// Longest time for the last messages and the close handshake (5 s).
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Largest number of bytes that wait for the network: three times the session's queue, for repeated sends and control
/// frames. A server that reads nothing but keeps sending requests is disconnected at this point.
const OUTGOING_BYTES: usize = 3 * UPLINK_BYTES;

/// Bytes that each message counts beside its own, for its place in the queue: many small ones are bounded as well.
const MESSAGE_OVERHEAD: usize = 64;

/// An open socket and its outgoing queue. Dropping it drops the connection.
pub(crate) struct WebSocket {
    stream: WebSocketStream<Connection>,
    outgoing: VecDeque<Bytes>,
    outgoing_bytes: usize,
    /// Writing has failed; received messages can still be read.
    is_broken: bool,
}

impl WebSocket {
    /// Opens a socket at the address `url`, over a connection to the host of `http`.
    pub(crate) async fn open(
        connector: Connector,
        url: String,
        max_message_bytes: usize,
    ) -> Result<Self, OpenError> {
        let error = |answer: Option<HttpAnswer>, why: &dyn StdError| OpenError {
            answer,
            message: format!("{url}: {}", with_sources(why)),
        };
        let unusable = |why: &dyn StdError| error(None, why);
        let host = http_url(&url).parse().map_err(|why| unusable(&why))?;
        let connection = connector::open(connector, host)
            .await
            .map_err(|why| unusable(&*why))?;
        Self::shake_hands(connection, &url, max_message_bytes)
            .await
            .map_err(|why| error(http_answer(&why), &why))
    }

    async fn shake_hands(
        connection: Connection,
        url: &str,
        max_message_bytes: usize,
    ) -> Result<Self, Error> {
        let mut request = url.into_client_request()?;
        request
            .headers_mut()
            .insert("Sec-WebSocket-Protocol", SUBPROTOCOL);
        // The buffers' defaults of 128 KiB are meant for bulk; messages are little above 16 KiB at most.
        let config = WebSocketConfig::default()
            .read_buffer_size(16 * 1024)
            .write_buffer_size(16 * 1024)
            .max_message_size(Some(max_message_bytes))
            .max_frame_size(Some(max_message_bytes));
        let (stream, _response) =
            client_async_with_config(request, connection, Some(config)).await?;
        Ok(Self {
            stream,
            outgoing: VecDeque::new(),
            outgoing_bytes: 0,
            is_broken: false,
        })
    }

    /// Queues a message, which is sent while [`next`](Self::next) is awaited.
    pub(crate) fn push(&mut self, message: Vec<u8>) {
        self.outgoing_bytes += message.len() + MESSAGE_OVERHEAD;
        self.outgoing.push_back(Bytes::from(message));
    }

    /// Sends what is queued and waits for the next event. Nothing is lost when the future is dropped.
    pub(crate) async fn next(&mut self) -> SocketEvent {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<SocketEvent> {
        if self.outgoing_bytes > OUTGOING_BYTES {
            return Poll::Ready(SocketEvent::Unacceptable(CloseReason::Stalled));
        }
        if !self.is_broken && self.poll_send(cx).is_err() {
            self.is_broken = true;
        }
        loop {
            let event = match self.stream.poll_next_unpin(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => SocketEvent::Closed(Ending::lost(LOST)),
                Poll::Ready(Some(Ok(Message::Binary(bytes)))) => SocketEvent::Message(bytes),
                Poll::Ready(Some(Ok(Message::Text(_)))) => {
                    SocketEvent::Unacceptable(CloseReason::ProtocolError)
                }
                Poll::Ready(Some(Ok(Message::Close(frame)))) => {
                    SocketEvent::Closed(frame.map_or_else(
                        || Ending::by_peer(NO_STATUS, "the server closed without a code"),
                        |frame| Ending::by_peer(frame.code.into(), frame.reason.as_str()),
                    ))
                }
                Poll::Ready(Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)))) => {
                    continue;
                }
                Poll::Ready(Some(Err(Error::Capacity(_)))) => {
                    SocketEvent::Unacceptable(CloseReason::MessageTooLarge)
                }
                Poll::Ready(Some(Err(error))) => {
                    SocketEvent::Closed(Ending::lost(format!("{LOST}: {}", with_sources(&error))))
                }
            };
            return Poll::Ready(event);
        }
    }

    /// Writes as much as the network accepts now.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        let mut stream = Pin::new(&mut self.stream);
        while !self.outgoing.is_empty() {
            if stream.poll_ready_unpin(cx)?.is_pending() {
                return Ok(());
            }
            if let Some(message) = self.outgoing.pop_front() {
                self.outgoing_bytes -= message.len() + MESSAGE_OVERHEAD;
                stream.start_send_unpin(Message::Binary(message))?;
            }
        }
        match stream.poll_flush_unpin(cx) {
            Poll::Ready(flushed) => flushed,
            Poll::Pending => Ok(()),
        }
    }

    /// Sends the queued messages and a close frame; gives up after [`CLOSE_TIMEOUT`].
    pub(crate) async fn close(mut self: Box<Self>, code: u16) {
        let farewell = async {
            for message in std::mem::take(&mut self.outgoing) {
                self.stream.feed(Message::Binary(message)).await?;
            }
            let frame = CloseFrame {
                code: CloseCode::from(code),
                reason: Utf8Bytes::default(),
            };
            self.stream.close(Some(frame)).await?;
            while let Some(message) = self.stream.next().await {
                message?;
            }
            Ok::<(), Error>(())
        };
        match timeout(CLOSE_TIMEOUT, farewell).await {
            Ok(Ok(()) | Err(Error::ConnectionClosed)) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the line broke before its close"),
            Err(_elapsed) => tracing::debug!("the server did not answer the close"),
        }
    }
}

/// The answer that was no handshake.
fn http_answer(error: &Error) -> Option<HttpAnswer> {
    let Error::Http(response) = error else {
        return None;
    };
    Some(HttpAnswer::new(response.status(), response.headers()))
}
