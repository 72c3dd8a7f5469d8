//! The backend of the npm package's tests: `fixture ADDRESS [HEARTBEAT_MS] [--tls] [--allow=ORIGIN] [--tokens]`, run in
//! the folder `pkg`.
//!
//! With `--tokens` a client needs a token: `read` or `write`, and perhaps the milliseconds for which it is valid, as in
//! `write 1500`; `read` allows no sends. With `--tls` it has a certificate of its own making, with `--allow` pages of another origin may connect. It prints its URL and, for each request to open a WebSocket, a
//! line such as `GET /rps HTTP/1.1`, serves the package and the tests' pages, and reads commands, a line of JSON each, from its
//! standard input, with which it ends:
//!
//! - `{"publish": {"channel": NAME, "values": […]}}` publishes to `log`, `document`, `lines` or `samples`. `samples` drops
//!   entries for readers more than 10 behind.
//! - `{"picture": {"bytes": N, "url": URL}}` sends a picture of this size to every connected client, on `samples`;
//!   `/picture/N` is its file.
//! - `{"notify": OP}` sends a control op to every connected client.
//! - `"train"` gives `lines` a dictionary, trained from what was published to it since the last.
//!
//! Messages of a page on `room` are published to the topic that they are for, or without one to the room that their value
//! names; on `document` they become the document; on `lines` they are only acknowledged; `log` has no handler.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::{Path, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use push_wire_server::{
    AuthError, ChannelKind, ChannelPolicy, Compression, Credentials, Grant, HandlerError, MaxLag,
    PushServer, SlowReaders, SystemOp, TlsListener, serve, train_dictionary,
};
use rcgen::generate_simple_self_signed;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::net::TcpListener;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
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
    Picture { bytes: usize, url: Option<String> },
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
    let (flags, arguments): (Vec<_>, Vec<_>) = std::env::args()
        .skip(1)
        .partition(|argument| argument.starts_with("--"));
    let mut arguments = arguments.into_iter();
    let address = arguments
        .next()
        .ok_or("usage: fixture ADDRESS [HEARTBEAT_MS] [--tls] [--allow=ORIGIN] [--tokens]")?;
    let heartbeat = arguments.next().map(|text| text.parse()).transpose()?;
    let allowed = flags
        .iter()
        .filter_map(|flag| flag.strip_prefix("--allow="));
    let needs_token = flags.iter().any(|flag| flag == "--tokens");
    let server = server(heartbeat, allowed, needs_token)?;
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let app = Router::new()
        .merge(server.router())
        .layer(middleware::from_fn(print_request))
        .route(
            "/picture/{bytes}",
            get(|Path(bytes): Path<usize>| async move { picture(bytes) }),
        )
        .nest_service("/dist", ServeDir::new("dist"))
        .fallback_service(ServeDir::new("tests/pages"));
    if flags.iter().any(|flag| flag == "--tls") {
        println!("https://{address}/");
        let listener = TlsListener::new(listener, certified()?);
        tokio::spawn(serve(listener, app).into_future());
    } else {
        println!("http://{address}/");
        tokio::spawn(axum::serve(listener, app).into_future());
    }
    obey(&server).await
}

/// A configuration with a certificate that it has signed itself.
fn certified() -> Result<ServerConfig, Box<dyn Error>> {
    let made = generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
    let provider = Arc::new(ring::default_provider());
    let config =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let chain = vec![made.cert.der().clone()];
    Ok(config.with_no_client_auth().with_single_cert(chain, key)?)
}

async fn print_request(request: Request, next: Next) -> Response {
    if request.uri().path() == "/rps" {
        println!("{} /rps {:?}", request.method(), request.version());
    }
    next.run(request).await
}

/// Bytes of a picture.
fn picture(bytes: usize) -> Vec<u8> {
    b"GIF89a".iter().copied().cycle().take(bytes).collect()
}

async fn authenticate(credentials: Credentials<Channel>) -> Result<Grant, AuthError> {
    let token = credentials.token.ok_or(AuthError::InvalidToken)?;
    let mut words = token.split(' ');
    let grant = match words.next() {
        Some("read") => Grant::nothing()
            .read(Channel::Log)
            .read(Channel::Document)
            .read(Channel::Lines),
        Some("write") => Grant::everything(),
        _ => return Err(AuthError::InvalidToken),
    };
    let Some(millis) = words.next() else {
        return Ok(grant);
    };
    let millis = millis.parse().map_err(|_| AuthError::InvalidToken)?;
    Ok(grant.expires_at(SystemTime::now() + Duration::from_millis(millis)))
}

fn server<'a>(
    heartbeat_ms: Option<u64>,
    allowed: impl Iterator<Item = &'a str>,
    needs_token: bool,
) -> Result<Arc<PushServer<Channel>>, Box<dyn Error>> {
    let samples = ChannelPolicy::log().slow_readers(SlowReaders::Drop(MaxLag {
        entries: 10,
        ..MaxLag::default()
    }));
    let mut builder = PushServer::builder()
        .allowed_origins(allowed)
        .channel(
            Channel::Log,
            ChannelPolicy::log()
                .retain_entries(10_000)
                .retain_bytes(32 * 1024 * 1024),
        )
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
    if needs_token {
        builder = builder.authenticator(authenticate);
    }
    let server = builder.build()?;
    server.on_message(Channel::Lines, |_, _| Ok(()));
    server.on_message(Channel::Document, |message, server| {
        server.publish(Channel::Document, &message.json::<Value>()?)?;
        Ok(())
    });
    server.on_message(Channel::Room, |message, server| {
        let value: Message = message.json()?;
        let room = message.topic.as_deref().unwrap_or(&value.room);
        if !ROOMS.contains(&room) {
            return Err(HandlerError::Refused(format!("there is no room {room:?}")));
        }
        server.publish_to(Channel::Room, room, &value)?;
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
            Command::Picture { bytes, url } => {
                for client in server.connected_client_ids() {
                    let (picture, url) = (picture(bytes), url.as_deref());
                    let (channel, name) = (Channel::Samples, Some("a.gif"));
                    server.send_binary(client, channel, &picture, "image/gif", name, url)?;
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
