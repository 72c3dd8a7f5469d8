//! Hosts and ports, and the origins of pages (RFC 6454 section 6.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const NAME: &str = "a host of ASCII letters, digits, '-', '_' and '.', or of an IP address";
const PORT: &str = "the end, or ':' and a port of 1 to 65535";
const END: &str = "the end: an origin has neither a user nor a path";
const SCHEME: &str = "a scheme and a host, as in https://example.com";

/// Error of a text that is not an origin, or not a host and port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SyntaxError {
    /// Byte at which the text goes wrong.
    pub(crate) at: usize,
    /// Content that may stand there.
    pub(crate) expected: &'static str,
}

impl SyntaxError {
    const fn new(at: usize, expected: &'static str) -> Self {
        Self { at, expected }
    }

    /// The error in a text that has so many bytes more before it.
    pub(super) const fn after(self, bytes: usize) -> Self {
        Self::new(self.at + bytes, self.expected)
    }
}

/// Host in a form in which equal hosts are equal: a name in lower case, or an address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Host {
    Name(Box<str>),
    Address(IpAddr),
}

impl Host {
    /// Returns whether it is the machine itself: `localhost`, a name below it, or a loopback address.
    pub(super) fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => **name == *"localhost" || name.ends_with(".localhost"),
            Self::Address(address) => address.is_loopback(),
        }
    }

    /// Returns whether it is a name that ends with a dot and the domain, and has a label before them.
    pub(super) fn is_below(&self, domain: &Self) -> bool {
        let (Self::Name(name), Self::Name(domain)) = (self, domain) else {
            return false;
        };
        let label = name.strip_suffix(&**domain);
        let label = label.and_then(|label| label.strip_suffix('.'));
        label.is_some_and(|label| !label.is_empty())
    }

    /// The host of a text without brackets.
    pub(super) fn parse(text: &str) -> Result<Self, SyntaxError> {
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Address(address.into()));
        }
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if let Some(at) = text.find(|c| !is_allowed(c)) {
            let ends = text[at..].starts_with(['/', '?', '#', '@']);
            return Err(SyntaxError::new(at, if ends { END } else { NAME }));
        }
        let mut at = 0;
        for label in text.strip_suffix('.').unwrap_or(text).split('.') {
            if label.is_empty() {
                return Err(SyntaxError::new(at, NAME));
            }
            at += label.len() + 1;
        }
        Ok(Self::Name(text.to_ascii_lowercase().into()))
    }
}

/// Host, and the port if it is named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Authority {
    pub(super) host: Host,
    pub(super) port: Option<u16>,
}

impl Authority {
    pub(super) fn parse(text: &str) -> Result<Self, SyntaxError> {
        let (host, rest) = if let Some(inside) = text.strip_prefix('[') {
            let (address, rest) = inside.split_once(']').ok_or(SyntaxError::new(0, NAME))?;
            let address: Ipv6Addr = address.parse().map_err(|_| SyntaxError::new(1, NAME))?;
            (Host::Address(IpAddr::V6(address).to_canonical()), rest)
        } else {
            let end = text.find(':').unwrap_or(text.len());
            (Host::parse(&text[..end])?, &text[end..])
        };
        let at = text.len() - rest.len();
        let port = port(rest).map_err(|error| error.after(at))?;
        Ok(Self { host, port })
    }
}

/// The port of a text behind a host: empty, or ':' and digits.
fn port(text: &str) -> Result<Option<u16>, SyntaxError> {
    let Some(digits) = text.strip_prefix(':') else {
        return match text {
            "" => Ok(None),
            _ => Err(SyntaxError::new(0, END)),
        };
    };
    if let Some(at) = digits.find(|c: char| !c.is_ascii_digit()) {
        let ends = at > 0 && digits[at..].starts_with(['/', '?', '#']);
        return Err(SyntaxError::new(at + 1, if ends { END } else { PORT }));
    }
    match digits.parse() {
        Ok(0) | Err(_) => Err(SyntaxError::new(1, PORT)),
        Ok(port) => Ok(Some(port)),
    }
}

/// Origin of a page: scheme, host and port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Origin {
    scheme: Box<str>,
    authority: Authority,
}

impl Origin {
    pub(super) fn parse(text: &str) -> Result<Self, SyntaxError> {
        let (scheme, rest) = split_scheme(text)?;
        let at = text.len() - rest.len();
        Ok(Self {
            scheme: scheme.to_ascii_lowercase().into(),
            authority: Authority::parse(rest).map_err(|error| error.after(at))?,
        })
    }

    pub(super) const fn host(&self) -> &Host {
        &self.authority.host
    }

    /// Returns whether a page of this origin comes from this host and port. A port that is not named is the default one of
    /// the origin's scheme, since behind a proxy the scheme of the request is another.
    pub(super) fn is_of(&self, server: &Authority) -> bool {
        let port = server.port.or_else(|| default_port(&self.scheme));
        self.authority.host == server.host && port.is_some() && port == self.port()
    }

    /// Its port, or the default one of its scheme; `None` if a scheme has none.
    fn port(&self) -> Option<u16> {
        self.authority.port.or_else(|| default_port(&self.scheme))
    }

    /// Returns whether both have the same scheme and port.
    pub(super) fn agrees_with(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.port() == other.port()
    }
}

/// Splits a text into a scheme and what stands behind `://`.
pub(super) fn split_scheme(text: &str) -> Result<(&str, &str), SyntaxError> {
    let (scheme, rest) = text.split_once("://").ok_or(SyntaxError::new(0, SCHEME))?;
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let begins = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    if !begins || !scheme.chars().all(is_allowed) {
        return Err(SyntaxError::new(0, SCHEME));
    }
    Ok((scheme, rest))
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}
