//! The main demo: counters of this machine, a document, a log file and a chat room, shown live in a page.

mod args;
mod document;
mod machine;
mod page;
mod request_log;
mod room;
#[cfg(test)]
mod scratch;
mod tail;
mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::{Router, middleware};
use live_channels::{Live, ROOMS};
use push_wire_server::{ChannelPolicy, Compression, HandlerError, PushServer};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use args::{Args, Request};
use page::{About, Page};
use request_log::RequestLog;

type Server = Arc<PushServer<Live>>;

/// Retention of log lines and chat messages (7 days).
const KEEP: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Time that connections have to end when the process is asked to.
const GRACE: Duration = Duration::from_secs(10);

/// Bases of deltas for a page that was away for a minute, at four values a second.
const MACHINE_VERSIONS: usize = 240;

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).init();
    let args = match args::parse(std::env::args().skip(1)) {
        Ok(Request::Serve(args)) => args,
        Ok(Request::Help) => {
            println!("{}", args::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("error: {problem}\n\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    match serve(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    let listener = listen(args.addr).await?;
    let addr = listener.local_addr()?;
    let server = push_server()?;
    tokio::spawn(machine::sample(publisher(&server, Live::Machine)));
    document::follow(args.document, publisher(&server, Live::Document))?;
    let page = Page::open(args.page)?;
    let app = page_and_log(&server, page, args.log, addr)?;
    println!("http://{addr}/");
    push_wire_server::serve(listener, app)
        .drain_on_signal(server, GRACE)
        .await;
    Ok(())
}

async fn listen(addr: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(addr).await.map_err(|problem| {
        format!("cannot listen on {addr}: {problem}; choose another address with --addr, such as 127.0.0.1:0")
    })
}

fn push_server() -> Result<Server, push_wire_server::BuildError> {
    let server = PushServer::builder()
        .channel(
            Live::Machine,
            ChannelPolicy::state().retain_entries(MACHINE_VERSIONS),
        )
        .channel(Live::Document, ChannelPolicy::state())
        .channel(
            Live::Log,
            ChannelPolicy::log().retain_entries(5_000).retain_age(KEEP),
        )
        .channel(
            Live::Room,
            ChannelPolicy::log()
                .retain_entries(200)
                .retain_age(KEEP)
                // Every client may read every room, so one dictionary may contain text of all rooms.
                .compression(Compression::TrainedOnTopics),
        )
        .build()?;
    server.on_message(Live::Room, |message, server| {
        let (room, entry) = room::accept(message.topic.as_deref(), &message.json()?)?;
        let published = server.publish_to(Live::Room, room, &entry);
        published
            .map(|_| ())
            .map_err(|problem| HandlerError::Refused(problem.to_string()))
    });
    Ok(server)
}

/// Publishes values to a channel; one that cannot be published is logged.
fn publisher<T: serde::Serialize + ?Sized>(
    server: &Server,
    channel: Live,
) -> impl Fn(&T) + Send + use<T> {
    let server = Arc::clone(server);
    move |value: &T| {
        if let Err(problem) = server.publish(channel, &value) {
            tracing::error!(?channel, %problem, "a value was not published");
        }
    }
}

/// The routes, and the log that is followed: a given one, or the one that these routes write.
fn page_and_log(
    server: &Server,
    page: Page,
    log: Option<PathBuf>,
    addr: SocketAddr,
) -> std::io::Result<Router> {
    let own = match log {
        Some(_) => None,
        None => Some(Arc::new(RequestLog::open(addr.port())?)),
    };
    let path = log
        .or_else(|| own.as_ref().map(|own| own.path()))
        .unwrap_or_default();
    let about = About {
        log: path
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        own_requests: own.is_some(),
        rooms: ROOMS,
    };
    tail::follow(path, publisher(server, Live::Log))?;
    let routes = Router::new()
        .merge(server.router())
        .merge(page.routes(about));
    Ok(match own {
        Some(own) => routes.layer(middleware::from_fn_with_state(own, request_log::record)),
        None => routes,
    })
}
