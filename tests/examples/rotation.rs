//! A server whose channel `lines` has another dictionary whenever a test wants it.
//!
//! It prints its port. Each line of its standard input is published; an empty one gives the channel a dictionary that is
//! trained from the lines since the last. It ends with its input.

use std::error::Error;
use std::time::Duration;

use push_wire_server::{ChannelKind, ChannelPolicy, PushServer, train_dictionary};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::net::TcpListener;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ChannelKind)]
enum Channel {
    #[channel(system)]
    System,
    Lines,
}

const DICTIONARY_BYTES: usize = 1024;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = PushServer::<Channel>::builder()
        .channel(Channel::Lines, ChannelPolicy::log())
        // A newer dictionary is named with a heartbeat.
        .heartbeat(Duration::from_millis(100))
        .build()?;
    // So that a client can wait until what it said before was heard.
    server.on_message(Channel::Lines, |_, _| Ok(()));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    tokio::spawn(axum::serve(listener, server.router()).into_future());
    let mut lines = BufReader::new(stdin()).lines();
    let mut samples = Vec::new();
    while let Some(line) = lines.next_line().await? {
        if line.is_empty() {
            let bodies: Vec<&[u8]> = samples.iter().map(Vec::as_slice).collect();
            let dictionary = train_dictionary(&bodies, DICTIONARY_BYTES, 1)?;
            server.set_dictionary(Channel::Lines, dictionary.bytes)?;
            samples.clear();
        } else {
            server.publish(Channel::Lines, &line)?;
            samples.push(serde_json::to_vec(&line)?);
        }
    }
    Ok(())
}
