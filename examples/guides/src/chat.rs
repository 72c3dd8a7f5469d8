//! Chat whose messages are kept in the file `messages.jsonl`.

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::{BufReader, Write};
use std::sync::Mutex;
use std::time::Duration;

use axum::Router;
use push_wire_server::{ChannelKind, ChannelPolicy, HandlerError, PushServer};
use serde::{Deserialize, Serialize};
use tower_http::services::ServeDir;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ChannelKind)]
enum Channel {
    #[channel(system)]
    System,
    Chat,
}

#[derive(Debug, Deserialize, Serialize)]
struct Message {
    id: String, // from the page: the same when a message is sent again
    name: String,
    text: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut options = OpenOptions::new();
    options.create(true).read(true).append(true);
    let file = options.open("messages.jsonl")?;
    let lines = serde_json::Deserializer::from_reader(BufReader::new(&file)).into_iter();
    let messages: Vec<Message> = lines.collect::<Result<_, _>>()?;
    let known: HashSet<String> = messages.iter().map(|message| message.id.clone()).collect();

    // The log that pages read keeps the newest 500 messages, for a year; by default 1,000, for 10 minutes.
    let year = Duration::from_secs(365 * 24 * 60 * 60);
    let policy = ChannelPolicy::log().retain_entries(500).retain_age(year);
    let server = PushServer::builder()
        .channel(Channel::Chat, policy)
        .build()?;
    for message in &messages {
        server.publish(Channel::Chat, message)?;
    }

    let kept = Mutex::new((file, known));
    server.on_message(Channel::Chat, move |message, server| {
        let message: Message = message.json()?;
        if message.text.trim().is_empty() || message.text.len() > 1_000 {
            return Err(HandlerError::Refused("a text has 1 to 1,000 bytes".into()));
        }
        let (file, known) = &mut *kept.lock().expect("no handler has panicked");
        if known.contains(&message.id) {
            return Ok(()); // it was sent again after its answer was lost
        }
        let line = serde_json::to_string(&message)? + "\n";
        let written = file.write_all(line.as_bytes());
        written.map_err(|error| HandlerError::Refused(format!("not kept: {error}")))?;
        server.publish(Channel::Chat, &message)?;
        known.insert(message.id);
        Ok(())
    });

    let app = Router::new()
        .merge(server.router())
        .nest_service("/push-wire", ServeDir::new("node_modules/push-wire/dist"))
        .fallback_service(ServeDir::new("page"));
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:4100".into());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}/", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
