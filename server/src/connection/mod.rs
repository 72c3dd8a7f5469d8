//! Transfer of bytes between clients and peers, without decisions.

mod alarm;
mod application;
mod chunks;
mod driver;
mod event_stream;
mod guard;
mod joined;
mod prefixed;
mod tune;
mod websocket;

use std::future::Future;
use std::io;
use std::ops::ControlFlow;
use std::task::{Context, Poll};

pub(crate) use application::Application;
pub(crate) use driver::Connection;
pub(crate) use event_stream::{EventStream, Head};
pub(crate) use guard::grant_within;
pub(crate) use joined::Joined;
pub(crate) use prefixed::Prefixed;
use push_wire_shared::close::CloseReason;
use push_wire_shared::time::Moment;
pub(crate) use tune::end_stalled;
pub use tune::tune_tcp;
pub(crate) use websocket::Socket;

use crate::peer::{Message, Peer};

/// Transport of one connection: a WebSocket, or the event stream in the answer to a request.
pub(crate) trait Transport {
    /// Returns whether everything that it was given is written.
    fn is_written(&self) -> bool;

    /// Frames what is to be written next: the peer's messages, and answers of the transport's own. Called only when all
    /// that was framed before is written.
    fn fill(&mut self, now: Moment, peer: &mut Peer);

    /// Writes as much as is accepted; the waker is registered if something is left.
    fn write(&mut self, cx: &mut Context<'_>) -> io::Result<Written>;

    /// Sets the largest message taken, in bytes.
    fn set_limit(&mut self, bytes: usize);

    /// Reads once, and passes the messages to `on_message`. After a [`ControlFlow::Break`] the rest is kept, and the
    /// next call passes it on in place of a read.
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        on_message: &mut dyn FnMut(Message) -> ControlFlow<()>,
    ) -> Poll<Result<Received, ReceiveError>>;

    /// Takes the number of frames that were read since the last call, and belong to no message that was passed on.
    fn take_extra_frames(&mut self) -> usize;

    /// Ends the connection with a close code, after all that was framed is written.
    fn close(
        &mut self,
        code: Option<u16>,
        text: &str,
    ) -> impl Future<Output = io::Result<()>> + Send;
}

/// Result of one attempt to write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Written {
    /// Bytes written.
    pub(crate) bytes: usize,
    /// Nothing is left to write.
    pub(crate) all: bool,
}

/// Result of one read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Received {
    /// Bytes; their messages have been passed on.
    Bytes,
    /// The client closes the connection.
    Closed(Option<u16>),
    /// The client has ended its direction.
    End,
}

/// Error of a read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReceiveError {
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A violation of the transport's protocol, after which nothing can be read.
    #[error("{text}")]
    Protocol { reason: CloseReason, text: String },
}
