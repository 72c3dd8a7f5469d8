//! Parser of the command line.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Printed with every error of the command line, and for `--help`.
pub(crate) const USAGE: &str = "\
usage: live [--document FILE] [--log FILE] [--page FOLDER] [--addr HOST:PORT]

  --document FILE   the file to watch and show (default: the project's README.md)
  --log FILE        the file to follow like `tail -F` (default: this server's own request log)
  --page FOLDER     the page to serve (default: the demo's own)
  --addr ADDRESS    where to listen (default: 127.0.0.1:4000; port 0 picks a free one)";

/// Settings of the demo.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Args {
    /// The file to watch.
    pub(crate) document: PathBuf,
    /// The file to follow; none: the server's own request log.
    pub(crate) log: Option<PathBuf>,
    /// Folder of the page; none: the demo's own.
    pub(crate) page: Option<PathBuf>,
    /// Address to listen on.
    pub(crate) addr: SocketAddr,
}

/// Command of the command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Serve the demo.
    Serve(Args),
    /// Print the usage.
    Help,
}

/// Reads the arguments that follow the program's name.
///
/// # Errors
/// A sentence that names the argument and the reason for which it is invalid.
pub(crate) fn parse(words: impl IntoIterator<Item = String>) -> Result<Request, String> {
    let mut args = Args {
        document: PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")),
        log: None,
        page: None,
        addr: SocketAddr::from(([127, 0, 0, 1], 4000)),
    };
    let mut words = words.into_iter();
    while let Some(name) = words.next() {
        let mut value = || words.next().ok_or(format!("{name} needs a value"));
        match name.as_str() {
            "--document" => args.document = value()?.into(),
            "--log" => args.log = Some(value()?.into()),
            "--page" => args.page = Some(value()?.into()),
            "--addr" => args.addr = parse_address(&value()?)?,
            "--help" | "-h" => return Ok(Request::Help),
            _ => return Err(format!("unknown argument {name:?}")),
        }
    }
    Ok(Request::Serve(args))
}

fn parse_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!("--addr takes an address and a port, such as 127.0.0.1:4000; not {text:?}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn parses_every_argument() {
        let request = parse(words(
            "--log a.log --addr 127.0.0.1:0 --document b.md --page dist",
        ))
        .unwrap();
        let expected = Args {
            document: "b.md".into(),
            log: Some("a.log".into()),
            page: Some("dist".into()),
            addr: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        assert_eq!(request, Request::Serve(expected));
    }

    #[test]
    fn defaults_to_readme_and_own_log() {
        let Request::Serve(args) = parse(words("")).unwrap() else {
            panic!("asked for help");
        };
        assert!(args.document.ends_with("README.md"));
        assert_eq!(args.log, None);
        assert_eq!(args.addr.port(), 4000);
    }

    #[test]
    fn errors_name_the_argument() {
        for (line, part) in [
            ("--addr 4000", "\"4000\""),
            ("--log", "--log needs a value"),
            ("--loud", "\"--loud\""),
        ] {
            let problem = parse(words(line)).unwrap_err();
            assert!(problem.contains(part), "{line}: {problem}");
        }
    }
}
