//! Minimal backend: a chat room. Run it in its own folder: it serves `page/` and the npm package in `node_modules/`.

use std::time::Duration;

use axum::Router;
use push_wire_server::{ChannelKind, ChannelPolicy, HandlerError, PushServer};
use serde::{Deserialize, Serialize};
use tower_http::services::ServeDir;

/// The application's channels. The page names them in snake case: `chat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ChannelKind)]
enum Channel {
    #[channel(system)]
    System,
    Chat,
}

#[derive(Debug, Deserialize, Serialize)]
struct Message {
    name: String,
    text: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let day = Duration::from_secs(24 * 60 * 60);
    let server = PushServer::<Channel>::builder()
        // The server keeps the last 200 messages of a day, for pages that open later.
        .channel(
            Channel::Chat,
            ChannelPolicy::log().retain_entries(200).retain_age(day),
        )
        .build()?;

    // Called for each message that a page sends. An error is returned to that page.
    server.on_message(Channel::Chat, |message, server| {
        let message: Message = message.json()?;
        if message.text.trim().is_empty() || message.text.len() > 1_000 {
            return Err(HandlerError::Refused("a text has 1 to 1,000 bytes".into()));
        }
        server.publish(Channel::Chat, &message)?;
        Ok(())
    });

    let app = Router::new()
        .merge(server.router()) // the connections, at /rps
        .nest_service("/push-wire", ServeDir::new("node_modules/push-wire/dist"))
        .fallback_service(ServeDir::new("page"));
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:4100".into());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}/", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
