//! The backend of the npm package's tests: `fixture ADDRESS [HEARTBEAT_MS]`, run in the folder `pkg`.
//!
//! It prints its URL, serves the package and the tests' pages, and reads commands, a line of JSON each, from its
//! standard input, with which it ends:
//!
//! - `{"publish": {"channel": NAME, "values": […]}}` publishes to `log`, `document`, `lines` or `samples`. `samples` drops
//!   entries for readers more than 10 behind.
//! - `{"notify": OP}` sends a control op to every connected client.
//! - `"train"` gives `lines` a dictionary, trained from what was published to it since the last.
//!
//! Messages of a page on `room` are published to the topic that they name; on `lines` they are only acknowledged; `log`
//! and `document` have no handler.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use push_wire_server::{
    ChannelKind, ChannelPolicy, Compression, HandlerError, MaxLag, PushServer, SlowReaders,
    SystemOp, train_dictionary,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::net::TcpListener;
use tower_http::services::ServeDir;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ChannelKind)]
enum Channel {
    #[channel(system)]
    System,
    Log,
    Document,
    Room,
    Lines,
    Samples,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Command {
    Publish { channel: String, values: Vec<Value> },
    Notify(SystemOp<Channel>),
    Train,
}

#[derive(Deserialize, Serialize)]
struct Message {
    room: String,
    name: String,
    text: String,
}

const ROOMS: [&str; 2] = ["lobby", "garden"];

const DICTIONARY_BYTES: usize = 1024;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments
        .next()
        .ok_or("usage: fixture ADDRESS [HEARTBEAT_MS]")?;
    let heartbeat = arguments.next().map(|text| text.parse()).transpose()?;
    let server = server(heartbeat)?;
    let listener = TcpListener::bind(address).await?;
    println!("http://{}/", listener.local_addr()?);
    let app = Router::new()
        .merge(server.router())
        .nest_service("/dist", ServeDir::new("dist"))
        .fallback_service(ServeDir::new("tests/pages"));
    tokio::spawn(axum::serve(listener, app).into_future());
    obey(&server).await
}

fn server(heartbeat_ms: Option<u64>) -> Result<Arc<PushServer<Channel>>, Box<dyn Error>> {
    let samples = ChannelPolicy::log().slow_readers(SlowReaders::Drop(MaxLag {
        entries: 10,
        ..MaxLag::default()
    }));
    let mut builder = PushServer::builder()
        .channel(Channel::Log, ChannelPolicy::log().retain_entries(10_000))
        .channel(Channel::Document, ChannelPolicy::state())
        .channel(Channel::Samples, samples)
        // Its dictionaries are given by command, so none is trained by the server itself.
        .channel(
            Channel::Lines,
            ChannelPolicy::log().compression(Compression::Plain),
        );
    if let Some(heartbeat) = heartbeat_ms {
        builder = builder.heartbeat(Duration::from_millis(heartbeat));
    }
    let server = builder.build()?;
    server.on_message(Channel::Lines, |_, _| Ok(()));
    server.on_message(Channel::Room, |message, server| {
        let message: Message = message.json()?;
        if !ROOMS.contains(&&*message.room) {
            let refusal = format!("there is no room {:?}", message.room);
            return Err(HandlerError::Refused(refusal));
        }
        server.publish_to(Channel::Room, &message.room, &message)?;
        Ok(())
    });
    Ok(server)
}

async fn obey(server: &PushServer<Channel>) -> Result<(), Box<dyn Error>> {
    let mut lines = BufReader::new(stdin()).lines();
    let mut samples = Vec::new();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str(&line)? {
            Command::Publish { channel, values } => {
                let channel = Channel::from_name(&channel).ok_or("an unknown channel")?;
                for value in values {
                    server.publish(channel, &value)?;
                    if channel == Channel::Lines {
                        samples.push(serde_json::to_vec(&value)?);
                    }
                }
            }
            Command::Notify(op) => {
                for client in server.connected_client_ids() {
                    server.try_send_system(client, op.clone())?;
                }
            }
            Command::Train => {
                let bodies: Vec<&[u8]> = samples.iter().map(Vec::as_slice).collect();
                let dictionary = train_dictionary(&bodies, DICTIONARY_BYTES, 1)?;
                server.set_dictionary(Channel::Lines, dictionary.bytes)?;
                samples.clear();
            }
        }
    }
    Ok(())
}
