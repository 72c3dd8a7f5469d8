//! Follows streams of the main demo from a terminal: one line an entry. With a file for the positions it continues
//! after a restart, also after one by `kill -9`, at most a second before the last line that it printed.

mod args;
mod state;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use live_channels::Live;
use push_wire_client::{Delivery, Frame, Messages, PushClient};
use tokio::task::JoinSet;
use tokio::time::interval;
use tracing_subscriber::EnvFilter;

use args::{Args, Request};

/// Time between two savings of the positions.
const SAVE: Duration = Duration::from_secs(1);

/// Entries of one stream that wait to be printed.
const QUEUE: usize = 256;

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let args = match args::parse(std::env::args().skip(1)) {
        Ok(Request::Follow(args)) => args,
        Ok(Request::Help) => {
            println!("{}", args::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("error: {problem}\n\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    match follow(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Prints entries until the program is interrupted, or every stream has ended.
async fn follow(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    let mut config = state::load(&args.url, args.state.as_deref()).await?;
    config.token = args.token.or_else(|| std::env::var("PUSH_WIRE_TOKEN").ok());
    let mut client = PushClient::<Live>::new(config);
    let mut printing = JoinSet::new();
    for (name, request) in args.streams {
        let messages = client.messages(request, QUEUE).await?;
        printing.spawn(print(name, messages));
    }
    let file = args.state.as_deref();
    let following = async {
        client.connect().await?;
        tokio::select! {
            () = async { while printing.join_next().await.is_some() {} } => Ok(()),
            failed = save_often(&client, file) => Err(failed.into()),
        }
    };
    let ended: Result<(), Box<dyn std::error::Error>> = tokio::select! {
        ended = following => ended,
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(Into::into),
    };
    // Entries may have been printed before `connect` returned.
    if let Some(file) = file {
        state::save(file, &client.snapshot().await?).await?;
    }
    ended
}

/// Saves the positions once a second. Returns only with an error.
async fn save_often(client: &PushClient<Live>, file: Option<&Path>) -> String {
    let Some(file) = file else {
        return std::future::pending().await;
    };
    let mut ticks = interval(SAVE);
    let mut saved = Vec::new();
    loop {
        ticks.tick().await;
        let snapshot = match client.snapshot().await {
            Ok(snapshot) if snapshot == saved => continue,
            Ok(snapshot) => snapshot,
            Err(error) => return error.to_string(),
        };
        if let Err(error) = state::save(file, &snapshot).await {
            return error;
        }
        saved = snapshot;
    }
}

/// Prints a stream: entries on the standard output, all else on standard error.
async fn print(name: String, mut messages: Messages<Live>) {
    while let Some(delivery) = messages.recv_delivery().await {
        match delivery {
            Delivery::Entry(Frame {
                cursor, payload, ..
            }) => println!("{name} {} {payload}", cursor.unwrap_or_default()),
            Delivery::Bytes { cursor, body } => println!("{name} {cursor} {} bytes", body.len()),
            Delivery::Unreadable { cursor, message } => {
                eprintln!("{name}: entry {cursor} cannot be read: {message}");
            }
            Delivery::Reset { reason, position } => eprintln!(
                "{name}: entries up to {} may be missing ({})",
                position.cursor,
                reason.name()
            ),
            Delivery::Skipped { count, .. } => eprintln!("{name}: {count} entries were skipped"),
            Delivery::Ended { message, .. } => eprintln!("{name}: ended: {message}"),
            _ => {}
        }
    }
}
