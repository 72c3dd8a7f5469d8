//! Parser of the command line.

use std::path::PathBuf;

use live_channels::Live;
use push_wire_client::{ChannelKind, StreamRequest};

/// Printed with every error of the command line, and for `--help`.
pub(crate) const USAGE: &str = "\
usage: tail [--state FILE] [--token TOKEN] URL STREAM...

  URL             the server, such as http://127.0.0.1:4000
  STREAM          a channel, such as log, or one of its topics, such as room/lobby
  --state FILE    where the positions are kept, so that a restart continues after them
  --token TOKEN   the token for the server (default: the environment variable PUSH_WIRE_TOKEN)";

/// Settings of the program.
#[derive(Debug, PartialEq, Eq, Default)]
pub(crate) struct Args {
    /// Address of the server.
    pub(crate) url: String,
    /// Streams to follow, as they were named; at least one.
    pub(crate) streams: Vec<(String, StreamRequest<Live>)>,
    /// File with the positions.
    pub(crate) state: Option<PathBuf>,
    /// Token for the server.
    pub(crate) token: Option<String>,
}

/// Command of the command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Follow streams.
    Follow(Args),
    /// Print the usage.
    Help,
}

/// Reads the arguments that follow the program's name.
///
/// # Errors
/// A sentence that names the argument and says what is wrong with it.
pub(crate) fn parse(words: impl IntoIterator<Item = String>) -> Result<Request, String> {
    let mut args = Args::default();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--state" => args.state = Some(value()?.into()),
            "--token" => args.token = Some(value()?),
            "--help" | "-h" => return Ok(Request::Help),
            _ if word.starts_with('-') => return Err(format!("unknown argument {word:?}")),
            _ if args.url.is_empty() => args.url = word,
            _ => {
                let stream = stream(&word)?;
                args.streams.push((word, stream));
            }
        }
    }
    if args.url.is_empty() {
        return Err("no URL".into());
    }
    if args.streams.is_empty() {
        return Err("no stream".into());
    }
    Ok(Request::Follow(args))
}

/// The stream of this name.
fn stream(name: &str) -> Result<StreamRequest<Live>, String> {
    let (channel, topic) = match name.split_once('/') {
        None => (name, None),
        Some((channel, topic)) => (channel, Some(topic)),
    };
    let known = Live::from_name(channel).filter(|channel| !channel.is_system());
    let Some(channel) = known else {
        let channels = Live::all().iter().filter(|channel| !channel.is_system());
        let names: Vec<_> = channels.map(ChannelKind::name).collect();
        let names = names.join(", ");
        return Err(format!(
            "there is no channel {channel:?}; the channels are {names}"
        ));
    };
    Ok(match topic {
        None => StreamRequest::channel(channel),
        Some(topic) => StreamRequest::topic(channel, topic),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_line(line: &str) -> Result<Request, String> {
        parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn reads_streams_and_settings() {
        let line = "--state at.bin http://host log room/a/b --token t";
        let args = Args {
            url: "http://host".into(),
            streams: vec![
                ("log".into(), StreamRequest::channel(Live::Log)),
                ("room/a/b".into(), StreamRequest::topic(Live::Room, "a/b")),
            ],
            state: Some("at.bin".into()),
            token: Some("t".into()),
        };
        assert_eq!(parse_line(line), Ok(Request::Follow(args)));
        assert_eq!(parse_line("--help"), Ok(Request::Help));
    }

    #[test]
    fn errors_name_the_argument() {
        for (line, part) in [
            ("", "no URL"),
            ("http://host", "no stream"),
            (
                "http://host rooms",
                "\"rooms\"; the channels are machine, document, log, room",
            ),
            ("http://host system", "\"system\""),
            ("http://host log --follow", "\"--follow\""),
            ("http://host log --state", "--state needs a value"),
        ] {
            let error = parse_line(line).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
