//! Tests of a connection's driver over an in-memory pipe.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use axum::http::Request;
use push_wire_shared::ChannelKind;
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex,
};

use super::*;
use crate::connection::Socket;
use crate::limits::CLOSING_BYTES;
use crate::{Credentials, Limits, PushServer, PushServerBuilder, Rate, Rates, Revocation};

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    #[channel(system)]
    System,
    Chat,
}

/// Bytes that a pipe holds in each direction.
const PIPE: usize = 256;

const CONTROL_OPS: usize = 64;

const AUTH: &str = r#"{"op":"auth","client_id":"00000000-0000-0000-0000-000000000001"}"#;

/// A text message of a client; the mask is zero, so it reads as it is.
fn message(text: &str) -> Vec<u8> {
    let len = u16::try_from(text.len()).unwrap().to_be_bytes();
    [
        &[0x81, 0x80 | 126, len[0], len[1], 0, 0, 0, 0],
        text.as_bytes(),
    ]
    .concat()
}

fn connect(limits: Limits, pipe: usize) -> (Arc<PushServer<Channel>>, DuplexStream) {
    let (client, io) = duplex(pipe);
    let (server, connection) = connection(PushServer::builder().limits(limits), io);
    tokio::spawn(connection.run());
    (server, client)
}

fn connection<Io: AsyncRead + AsyncWrite + Unpin + Send>(
    builder: PushServerBuilder<Channel>,
    io: Io,
) -> (Arc<PushServer<Channel>>, Box<Connection<Socket<Io>>>) {
    let server = builder.build().unwrap();
    let (request, ()) = Request::new(()).into_parts();
    let app: Arc<dyn Application> = server.clone();
    let admitted = server.admission.admit(None, &request.headers).unwrap();
    let socket = |limit| Socket::new(io, limit);
    let connection = Connection::new(app, Dialect::Json, Box::new(request), socket, admitted);
    (server, connection)
}

/// Writes until no more is taken: paused time moves on only when every task waits.
async fn write_all_that_is_taken(client: &mut DuplexStream, bytes: &[u8], at_most: usize) -> usize {
    let mut written = 0;
    while written < at_most {
        let from = written % bytes.len();
        match timeout(Duration::from_millis(1), client.write(&bytes[from..])).await {
            Ok(taken) => written += taken.unwrap(),
            Err(_) => break,
        }
    }
    written
}

#[tokio::test(start_paused = true)]
async fn unread_answers_pause_reading() {
    let limits = Limits {
        control_ops: CONTROL_OPS,
        ..Limits::default()
    };
    let (server, mut client) = connect(limits, PIPE);
    client
        .write_all(&message(&format!("{AUTH:<200}")))
        .await
        .unwrap();
    let question = message(&format!("{:<1000}", r#"{"op":"ping"}"#));
    let written = write_all_that_is_taken(&mut client, &question, 1024 * question.len()).await;
    // The pipe holds some answers, the socket at most one message of ops, and the peer as many again.
    let answers = PIPE / br#"{"op":"pong"}"#.len() + 1 + 2 * CONTROL_OPS;
    let bound = answers * question.len() + 2 * PIPE;
    assert!(
        written > CONTROL_OPS * question.len() && written <= bound,
        "{written} bytes, at most {bound}"
    );
    assert!(server.stats().closes.is_empty());
}

/// A connected client of a server whose application counts its messages.
async fn counted() -> (Arc<AtomicUsize>, DuplexStream) {
    let (server, mut client) = connect(Limits::default(), 1024 * 1024);
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    server.on_message(Channel::Chat, move |_, _| {
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    client
        .write_all(&message(&format!("{AUTH:<200}")))
        .await
        .unwrap();
    // The pipe is read once the answer is there.
    assert_ne!(client.read(&mut [0; 1024]).await.unwrap(), 0);
    (count, client)
}

/// This many messages for the application.
fn burst(messages: usize) -> Vec<u8> {
    message(&format!("{:<200}", r#"{"channel":"chat","payload":1}"#)).repeat(messages)
}

#[tokio::test]
async fn a_burst_leaves_others_their_turn() {
    const MESSAGES: usize = 1_000;
    let (count, mut client) = counted().await;
    client.write_all(&burst(MESSAGES)).await.unwrap();
    // Another task of the same thread, which has its turn whenever the connection gives it.
    let (mut last, mut most) = (0, 0);
    let other = tokio::spawn(poll_fn(move |cx| {
        let now = count.load(Ordering::Relaxed);
        most = most.max(now - last);
        last = now;
        if last == MESSAGES {
            return Poll::Ready(most);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }));
    let most = other.await.unwrap();
    assert!(most <= ACTIONS_PER_POLL, "{most} messages in one turn");
}

/// Transport of a client that sends one message, then the same frame without end.
struct Flood {
    first: Vec<u8>,
    frame: [u8; 6],
    /// Bytes that were read after the close frame.
    rest: Option<Arc<AtomicUsize>>,
    is_shut: bool,
}

impl Flood {
    /// A client that ends its sending when it is sent a close frame.
    fn new(last: &[u8], frame: [u8; 6]) -> Self {
        Self {
            first: [&message(&format!("{AUTH:<200}")), last].concat(),
            frame,
            rest: None,
            is_shut: false,
        }
    }
}

impl AsyncRead for Flood {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &self.rest {
            Some(rest) if self.is_shut => {
                rest.fetch_add(buffer.remaining(), Ordering::Relaxed);
            }
            None if self.is_shut => return Poll::Ready(Ok(())),
            Some(_) | None => {}
        }
        buffer.put_slice(&std::mem::take(&mut self.first));
        while buffer.remaining() >= self.frame.len() {
            buffer.put_slice(&self.frame);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Flood {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.is_shut = true;
        Poll::Ready(Ok(()))
    }
}

/// A client whose transport has always more to read is closed when its grant ends, whatever the rates are.
#[tokio::test]
async fn flood_does_not_postpone_the_end_of_a_grant() {
    for (last, frame) in [
        (&[][..], [0x89, 0x80, 0, 0, 0, 0]),
        (&[0x01, 0x80, 0, 0, 0, 0], [0x00, 0x80, 0, 0, 0, 0]),
    ] {
        let limits = Limits {
            client_rates: Rates::UNLIMITED,
            ..Limits::default()
        };
        let builder = PushServer::builder().limits(limits);
        let builder = builder.authenticator(async |_: Credentials<Channel>| {
            let end = SystemTime::now() + Duration::from_millis(50);
            Ok(Grant::everything().expires_at(end))
        });
        let (server, connection) = connection(builder, Flood::new(last, frame));
        let ended = timeout(Duration::from_secs(20), connection.run()).await;
        assert!(ended.is_ok(), "the connection goes on");
        assert_eq!(server.stats().closes.get(&4005), Some(&1));
    }
}

/// A client that goes on sending after the close frame is cut off.
#[tokio::test]
async fn bytes_after_the_close_frame_are_bounded() {
    let builder = PushServer::builder()
        .authenticator(async |_: Credentials<Channel>| Err(AuthError::InvalidToken));
    let rest = Arc::new(AtomicUsize::new(0));
    let flood = Flood {
        rest: Some(Arc::clone(&rest)),
        ..Flood::new(&[], [0x89, 0x80, 0, 0, 0, 0])
    };
    let (server, connection) = connection(builder, flood);
    connection.run().await;
    assert_eq!(server.stats().closes.len(), 1);
    let rest = rest.load(Ordering::Relaxed);
    assert!(
        (CLOSING_BYTES..CLOSING_BYTES + 1024 * 1024).contains(&rest),
        "{rest} bytes"
    );
}

/// Control frames, and parts of messages that never end, count towards the rates of a client.
#[tokio::test(start_paused = true)]
async fn frames_without_message_are_read_at_the_rate() {
    let limits = Limits {
        client_rates: Rates {
            frames: Rate::new(10, 100),
            ..Rates::UNLIMITED
        },
        ..Limits::default()
    };
    for frame in [[0x89, 0x80, 0, 0, 0, 0], [0x8a, 0x80, 0, 0, 0, 0]] {
        let (server, mut client) = connect(limits.clone(), 1024);
        let auth = message(&format!("{AUTH:<200}"));
        client.write_all(&auth).await.unwrap();
        let written = write_all_that_is_taken(&mut client, &frame, 100_000).await;
        // A bucket, a read, and what the pipe holds.
        assert!(written < 100 * 6 + 3 * 1024, "{written} bytes");
        assert!(server.stats().closes.is_empty());
    }
}

/// Messages that a client has sent before its credentials were revoked are not handled after that.
#[tokio::test]
async fn messages_are_not_delivered_after_a_revocation() {
    let (server, mut client) = connect(Limits::default(), 1024 * 1024);
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    server.on_message(Channel::Chat, move |message, server| {
        counter.fetch_add(1, Ordering::Relaxed);
        let revocation = Revocation::client(message.client_id);
        server.revoke(revocation).unwrap();
        Ok(())
    });
    let auth = message(&format!("{AUTH:<200}"));
    client.write_all(&auth).await.unwrap();
    assert_ne!(client.read(&mut [0; 1024]).await.unwrap(), 0);
    client.write_all(&burst(100)).await.unwrap();
    client.shutdown().await.unwrap();
    while client.read(&mut [0; 1024]).await.unwrap() > 0 {}
    assert_eq!(count.load(Ordering::Relaxed), 1);
    assert_eq!(server.stats().closes.len(), 1);
}

#[tokio::test]
async fn messages_before_the_end_are_delivered() {
    const MESSAGES: usize = 100;
    const CLOSE: [u8; 8] = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8];
    for last in [&CLOSE[..], &[]] {
        let (count, mut client) = counted().await;
        let sent = [&burst(MESSAGES), last].concat();
        client.write_all(&sent).await.unwrap();
        client.shutdown().await.unwrap();
        // Ends when the server has closed its side.
        while client.read(&mut [0; 1024]).await.unwrap() > 0 {}
        assert_eq!(count.load(Ordering::Relaxed), MESSAGES);
    }
}
