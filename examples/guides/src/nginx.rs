//! Service behind nginx, which serves its page: a wall on which everybody writes.

use std::time::Duration;

use axum::Router;
use push_wire_server::{ChannelKind, ChannelPolicy, ForwardedHeader, PushServer, serve};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ChannelKind)]
enum Channel {
    #[channel(system)]
    System,
    Wall,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let day = Duration::from_secs(24 * 60 * 60);
    let server = PushServer::builder()
        .channel(Channel::Wall, ChannelPolicy::log().retain_age(day))
        // nginx names the client's address in this header; limits for each address need it.
        .trusted_proxies(ForwardedHeader::XForwardedFor, ["127.0.0.1/32".parse()?])
        .build()?;
    server.on_message(Channel::Wall, |message, server| {
        let text: String = message.json()?;
        server.publish(Channel::Wall, &text)?;
        Ok(())
    });

    let app = Router::new().merge(server.router());
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:4100".into());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}/", listener.local_addr()?);
    // SIGTERM: what was received is handled and answered, then the pages are told to come back.
    let grace = Duration::from_secs(20);
    serve(listener, app).drain_on_signal(server, grace).await;
    Ok(())
}
