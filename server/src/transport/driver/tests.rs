use axum::http::Request;
use push_wire_shared::ChannelKind;
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};

use super::*;
use crate::PushServer;

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    #[channel(system)]
    System,
    Chat,
}

/// Bytes that a pipe holds in each direction.
const PIPE: usize = 256;

/// A text message of a client; the mask is zero, so it reads as it is.
fn message(text: &str) -> Vec<u8> {
    let len = u16::try_from(text.len()).unwrap().to_be_bytes();
    [
        &[0x81, 0x80 | 126, len[0], len[1], 0, 0, 0, 0],
        text.as_bytes(),
    ]
    .concat()
}

fn connect() -> DuplexStream {
    let server = Arc::new(PushServer::<Channel>::new());
    let (client, io) = duplex(PIPE);
    let (request, ()) = Request::new(()).into_parts();
    let connection = Connection::new(server, Dialect::Json, Box::new(request), io);
    tokio::spawn(connection.run());
    client
}

/// Writes until nobody takes any more: time stands still until every task waits.
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
async fn a_client_that_does_not_take_its_answers_is_not_listened_to_for_long() {
    let mut client = connect();
    let auth = r#"{"op":"auth","client_id":"00000000-0000-0000-0000-000000000001"}"#;
    client
        .write_all(&message(&format!("{auth:<200}")))
        .await
        .unwrap();
    // Few enough that the peer's limit of waiting answers is not what stops it.
    let question = message(&format!("{:<1000}", r#"{"op":"ping"}"#));
    let written = write_all_that_is_taken(&mut client, &question, 4 * READ_AHEAD).await;
    // The pipe takes some answers, each of which stands for a question; then questions wait in it.
    let answered = (PIPE / br#"{"op":"pong"}"#.len() + 1) * question.len();
    let bound = answered + READ_AHEAD + 2 * PIPE;
    assert!(
        written > answered / 2 && written <= bound,
        "{written} bytes, at most {bound}"
    );
}
