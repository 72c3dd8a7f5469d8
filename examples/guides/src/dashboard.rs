//! Dashboard of services: a state channel with a topic for each.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use push_wire_server::{ChannelKind, ChannelPolicy, PushServer};
use serde::Serialize;
use tower_http::services::ServeDir;

const SERVICES: [&str; 3] = ["web", "search", "mail"];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ChannelKind)]
enum Channel {
    #[channel(system)]
    System,
    /// Names of the services.
    Overview,
    /// A topic for each service: its load.
    Load,
}

#[derive(Debug, Default, Serialize)]
struct Load {
    /// Requests since the start.
    requests: u64,
    /// Requests in each of the last 100 intervals, the newest last.
    recent: VecDeque<u64>,
}

/// Measures a service 20 times a second. Here the load is made up.
async fn measure(server: Arc<PushServer<Channel>>, name: &'static str) {
    let mut load = Load::default();
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    for seed in (name.len() as u64).. {
        ticks.tick().await;
        let requests = seed * seed % 97;
        load.requests += requests;
        load.recent.push_back(requests);
        if load.recent.len() > 100 {
            load.recent.pop_front();
        }
        if let Err(error) = server.publish_to(Channel::Load, name, &load) {
            eprintln!("{name}: {error}");
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = PushServer::builder()
        .channel(Channel::Overview, ChannelPolicy::state())
        .channel(Channel::Load, ChannelPolicy::state())
        .build()?;
    server.publish(Channel::Overview, &SERVICES)?;
    for name in SERVICES {
        tokio::spawn(measure(Arc::clone(&server), name));
    }

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
