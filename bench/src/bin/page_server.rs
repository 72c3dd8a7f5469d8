//! The push-wire server of the benchmark of browser clients (`browser/clients.mjs`).
//!
//! It prints its port, serves `/rps`, and ends with its standard input. The channel `feed` has a log of entries of 200 bytes, as
//! many as the argument says (default 100,000); `page` is a document of 18 KB, which changes 60 times a second after a client has
//! sent a message there.

use std::sync::Arc;
use std::time::Duration;

use push_wire_bench::Fallible;
use push_wire_server::{ChannelPolicy, PushServer};
use push_wire_shared::ChannelKind;
use push_wire_shared::delta::corpus::corpora;
use serde::Serialize;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::interval;

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    #[channel(system)]
    System,
    Feed,
    Page,
}

/// Entry of 200 bytes as JSON.
#[derive(Serialize)]
struct Entry {
    id: usize,
    text: String,
}

const ENTRY_BYTES: usize = 200;

/// Time between two versions of the document.
const FRAME: Duration = Duration::from_nanos(1_000_000_000 / 60);

#[tokio::main]
async fn main() -> Fallible<()> {
    let entries = std::env::args()
        .nth(1)
        .map_or(Ok(100_000), |arg| arg.parse())?;
    let all = ChannelPolicy::log()
        .retain_entries(entries)
        .retain_bytes(entries * ENTRY_BYTES * 2);
    let server = PushServer::builder()
        .channel(Channel::Feed, all)
        .channel(Channel::Page, ChannelPolicy::state())
        .build()?;
    for id in 0..entries {
        server.publish(Channel::Feed, &entry(id)?)?;
    }
    let versions = pages()?;
    server.publish(Channel::Page, &versions[0])?;
    let begun = Arc::new(Notify::new());
    let begin = Arc::clone(&begun);
    server.on_message(Channel::Page, move |_, _| {
        begin.notify_one();
        Ok(())
    });
    tokio::spawn(change(Arc::clone(&server), versions, begun));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let serving = tokio::spawn(async move { axum::serve(listener, server.router()).await });
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    serving.abort();
    Ok(())
}

fn entry(id: usize) -> Fallible<Entry> {
    let mut entry = Entry {
        id,
        text: String::new(),
    };
    let rest = ENTRY_BYTES - serde_json::to_string(&entry)?.len();
    entry.text = "abcdefghij ".chars().cycle().take(rest).collect();
    Ok(entry)
}

/// Versions of an HTML page.
fn pages() -> Fallible<Vec<String>> {
    let corpora = corpora(1, 600);
    let html = corpora
        .into_iter()
        .find(|corpus| corpus.name.contains("HTML"));
    let versions = html.ok_or("no corpus of HTML")?.versions;
    Ok(versions
        .into_iter()
        .map(String::from_utf8)
        .collect::<Result<_, _>>()?)
}

/// When it has begun, publishes versions of the document, from the first to the last and again, until the process ends.
async fn change(server: Arc<PushServer<Channel>>, versions: Vec<String>, begun: Arc<Notify>) {
    begun.notified().await;
    let mut frames = interval(FRAME);
    for version in versions.iter().cycle() {
        frames.tick().await;
        if let Err(error) = server.publish(Channel::Page, version) {
            eprintln!("{error}");
            return;
        }
    }
}
