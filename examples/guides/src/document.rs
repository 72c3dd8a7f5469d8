//! Shows the file `document.md` in every page, as it is now.

use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use axum::Router;
use push_wire_server::{ChannelKind, ChannelPolicy, PushServer};
use tower_http::services::ServeDir;

const FILE: &str = "document.md";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ChannelKind)]
enum Channel {
    #[channel(system)]
    System,
    Document,
}

/// Publishes the file's text now and at each change.
fn follow(server: &PushServer<Channel>) {
    let mut published = None;
    loop {
        let text = fs::read_to_string(FILE).unwrap_or_else(|error| format!("{FILE}: {error}"));
        if published.as_ref() != Some(&text) {
            if let Err(error) = server.publish(Channel::Document, &text) {
                eprintln!("{FILE} is not published: {error}");
            }
            published = Some(text);
        }
        thread::sleep(Duration::from_millis(200));
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A delta needs the version that a reader has. By default 16 are kept, 4 MiB of them, for 2 minutes after the next one.
    let policy = ChannelPolicy::state().retain_bytes(64 * 1024 * 1024);
    let server = PushServer::builder()
        .channel(Channel::Document, policy)
        .build()?;
    let publisher = Arc::clone(&server);
    thread::spawn(move || follow(&publisher));

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
