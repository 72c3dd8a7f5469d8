//! The socket of the latest attempt, from opening to its end.

use std::future::{Future, pending};
use std::pin::Pin;

use push_wire_shared::close::CloseReason;
use push_wire_shared::session::client::Input;

use crate::websocket::{OpenError, SocketEvent, WebSocket};

/// The socket of the latest attempt.
pub(crate) enum Socket {
    Closed,
    Opening {
        attempt: u32,
        opening: Pin<Box<dyn Future<Output = Result<WebSocket, OpenError>> + Send>>,
    },
    Open {
        attempt: u32,
        socket: Box<WebSocket>,
    },
}

/// Event of the socket of an attempt.
pub(crate) enum SocketInput {
    Session(Input),
    OpenFailed { attempt: u32, error: OpenError },
    Unacceptable { attempt: u32, reason: CloseReason },
}

/// Waits for the next event of the socket. Nothing is lost when the future is dropped.
pub(crate) async fn next_input(socket: &mut Socket) -> SocketInput {
    match socket {
        Socket::Closed => pending().await,
        Socket::Opening { attempt, opening } => {
            let attempt = *attempt;
            match opening.await {
                Ok(opened) => {
                    *socket = Socket::Open {
                        attempt,
                        socket: Box::new(opened),
                    };
                    SocketInput::Session(Input::Opened { attempt })
                }
                Err(error) => {
                    *socket = Socket::Closed;
                    SocketInput::OpenFailed { attempt, error }
                }
            }
        }
        Socket::Open {
            attempt,
            socket: open,
        } => {
            let attempt = *attempt;
            match open.next().await {
                SocketEvent::Message(bytes) => {
                    let bytes = bytes.into();
                    SocketInput::Session(Input::Message { attempt, bytes })
                }
                SocketEvent::Unacceptable(reason) => SocketInput::Unacceptable { attempt, reason },
                SocketEvent::Closed(code) => {
                    *socket = Socket::Closed;
                    SocketInput::Session(Input::Closed { attempt, code })
                }
            }
        }
    }
}
