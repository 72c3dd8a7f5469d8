//! Tests of a connection's driver over an in-memory pipe.

use axum::http::Request;
use push_wire_shared::ChannelKind;
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};

use super::*;
use crate::{Limits, PushServer};

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    #[channel(system)]
    System,
    Chat,
}

/// Bytes that a pipe holds in each direction.
const PIPE: usize = 256;

const CONTROL_OPS: usize = 64;

/// A text message of a client; the mask is zero, so it reads as it is.
fn message(text: &str) -> Vec<u8> {
    let len = u16::try_from(text.len()).unwrap().to_be_bytes();
    [
        &[0x81, 0x80 | 126, len[0], len[1], 0, 0, 0, 0],
        text.as_bytes(),
    ]
    .concat()
}

fn connect() -> (Arc<PushServer<Channel>>, DuplexStream) {
    let limits = Limits {
        control_ops: CONTROL_OPS,
        ..Limits::default()
    };
    let server = PushServer::builder().limits(limits).build().unwrap();
    let (client, io) = duplex(PIPE);
    let (request, ()) = Request::new(()).into_parts();
    let app: Arc<dyn Application> = server.clone();
    let connection = Connection::new(app, Dialect::Json, Box::new(request), io);
    tokio::spawn(connection.run());
    (server, client)
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
    let (server, mut client) = connect();
    let auth = r#"{"op":"auth","client_id":"00000000-0000-0000-0000-000000000001"}"#;
    client
        .write_all(&message(&format!("{auth:<200}")))
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
