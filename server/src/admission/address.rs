//! The address of a client, and the host that it asked for, behind proxies too.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::header::{FORWARDED, HeaderName};
use ipnet::IpNet;

/// Header in which trusted proxies name the address that they were connected from; and the host that they were asked for,
/// if they ask the server for another one.
///
/// Only the header that the proxies set may be read: another one comes from the client unchanged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`, a list of addresses: that of nginx, HAProxy and most load balancers. The host is that of
    /// `X-Forwarded-Host`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239), with the parameters `for` and `host`.
    Forwarded,
}

impl ForwardedHeader {
    fn name(self) -> HeaderName {
        match self {
            Self::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
            Self::Forwarded => FORWARDED,
        }
    }

    /// Address in one element of the header's list; `None` if it has none, as in `unknown`.
    fn address(self, element: &str) -> Option<IpAddr> {
        match self {
            Self::XForwardedFor => address(element),
            Self::Forwarded => address(parameter(element, "for")?),
        }
    }

    /// The host that the outermost of so many proxies names.
    fn host(self, headers: &HeaderMap, proxies: usize) -> Option<&str> {
        let name = match self {
            Self::XForwardedFor => HeaderName::from_static("x-forwarded-host"),
            Self::Forwarded => FORWARDED,
        };
        // Elements before these come from the client.
        let elements = from_last(headers, name).take(proxies);
        let hosts = elements.filter_map(|element| match self {
            Self::XForwardedFor => Some(element.trim()),
            Self::Forwarded => parameter(element, "host"),
        });
        hosts.last()
    }
}

/// The elements of a header's list, from the last one.
fn from_last(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines: Vec<&str> = headers
        .get_all(name)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .collect();
    lines.into_iter().rev().flat_map(|line| line.rsplit(','))
}

/// A parameter of an element of `Forwarded`, without quotes.
fn parameter<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(known, _)| known.trim().eq_ignore_ascii_case(name))?;
    Some(value.trim().trim_matches('"'))
}

/// An address, with or without brackets and port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let with_port = || text.parse().map(|address: SocketAddr| address.ip());
    let address: Option<IpAddr> = bare.parse().or_else(|_| with_port()).ok();
    address.map(|address| address.to_canonical())
}

/// Proxies that are trusted to name their clients.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies {
    pub(crate) networks: Vec<IpNet>,
    pub(crate) header: ForwardedHeader,
}

impl Proxies {
    /// The client of a request that came from `peer`: the last address in the header that is not a trusted proxy's. The
    /// addresses before that one are what a client may write itself.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        self.follow(peer, headers).0
    }

    /// The host that the client asked the outermost trusted proxy for, if that names it.
    pub(super) fn host<'a>(&self, peer: IpAddr, headers: &'a HeaderMap) -> Option<&'a str> {
        let (_, proxies) = self.follow(peer, headers);
        self.header.host(headers, proxies)
    }

    /// The client, and the number of trusted proxies before it.
    fn follow(&self, peer: IpAddr, headers: &HeaderMap) -> (IpAddr, usize) {
        let (mut client, mut proxies) = (peer.to_canonical(), 0);
        let mut elements = from_last(headers, self.header.name());
        while self.is_trusted(client) {
            proxies += 1;
            let Some(element) = elements.next() else {
                break;
            };
            let Some(named) = self.header.address(element) else {
                break;
            };
            client = named;
        }
        (client, proxies)
    }

    fn is_trusted(&self, address: IpAddr) -> bool {
        let mut networks = self.networks.iter();
        networks.any(|network| network.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(header: ForwardedHeader) -> Proxies {
        Proxies {
            networks: vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()],
            header,
        }
    }

    fn client(header: ForwardedHeader, peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header.name(), line.parse().unwrap());
        }
        let client = proxies(header).client(peer.parse().unwrap(), &headers);
        client.to_string()
    }

    /// The host of a request with these headers, as `name: value`.
    fn host(header: ForwardedHeader, peer: &str, lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            let (name, value) = line.split_once(": ").unwrap();
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        let host = proxies(header).host(peer.parse().unwrap(), &headers);
        host.map(str::to_owned)
    }

    #[test]
    fn host_of_the_outermost_proxy() {
        let x = |peer, lines: &[&str]| host(ForwardedHeader::XForwardedFor, peer, lines);
        let named = "x-forwarded-host: example.com";
        assert_eq!(x("10.0.0.1", &[named]).as_deref(), Some("example.com"));
        assert_eq!(x("192.0.2.1", &[named]), None);
        assert_eq!(x("10.0.0.1", &["forwarded: host=example.com"]), None);
        let list = "x-forwarded-host: forged, example.com:8443, inner";
        assert_eq!(x("10.0.0.1", &[list]).as_deref(), Some("inner"));
        let one = ["x-forwarded-for: 203.0.113.9", list];
        assert_eq!(x("10.0.0.1", &one).as_deref(), Some("inner"));
        let two = ["x-forwarded-for: 203.0.113.9, 10.0.0.2", list];
        assert_eq!(x("10.0.0.1", &two).as_deref(), Some("example.com:8443"));
        // The inner proxy has replaced what the outer one wrote.
        let replaced = ["x-forwarded-for: 203.0.113.9, 10.0.0.2", named];
        assert_eq!(x("10.0.0.1", &replaced).as_deref(), Some("example.com"));
    }

    #[test]
    fn host_of_a_forwarded_element() {
        let f = |peer, line: &str| host(ForwardedHeader::Forwarded, peer, &[line]);
        let one = "forwarded: for=203.0.113.9;Host=\"example.com:8443\";proto=https";
        assert_eq!(f("10.0.0.1", one).as_deref(), Some("example.com:8443"));
        assert_eq!(f("192.0.2.1", one), None);
        assert_eq!(f("10.0.0.1", "x-forwarded-host: example.com"), None);
        let forged = "forwarded: host=forged, for=203.0.113.9;host=example.com";
        assert_eq!(f("10.0.0.1", forged).as_deref(), Some("example.com"));
        let two = "forwarded: host=forged, for=203.0.113.9;host=example.com, for=10.0.0.2";
        assert_eq!(f("10.0.0.1", two).as_deref(), Some("example.com"));
        assert_eq!(f("10.0.0.1", "forwarded: for=203.0.113.9"), None);
    }

    #[test]
    fn only_proxies_are_believed() {
        let x = ForwardedHeader::XForwardedFor;
        assert_eq!(client(x, "192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
        assert_eq!(client(x, "10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(
            client(x, "::ffff:10.0.0.1", &["203.0.113.9"]),
            "203.0.113.9"
        );
        assert_eq!(client(x, "10.0.0.1", &[]), "10.0.0.1");
        let forwarded = ForwardedHeader::Forwarded;
        assert_eq!(
            client(forwarded, "192.0.2.1", &["for=203.0.113.9"]),
            "192.0.2.1"
        );
    }

    #[test]
    fn last_address_before_the_proxies_counts() {
        let x = ForwardedHeader::XForwardedFor;
        let forged = "198.51.100.1, 203.0.113.9, 10.0.0.2";
        assert_eq!(client(x, "10.0.0.1", &[forged]), "203.0.113.9");
        let lines = ["198.51.100.1", "203.0.113.9", "10.0.0.2"];
        assert_eq!(client(x, "10.0.0.1", &lines), "203.0.113.9");
        assert_eq!(client(x, "10.0.0.1", &["10.0.0.3,10.0.0.2"]), "10.0.0.3");
    }

    #[test]
    fn elements_without_address_end_the_search() {
        let x = ForwardedHeader::XForwardedFor;
        assert_eq!(client(x, "10.0.0.1", &["203.0.113.9, unknown"]), "10.0.0.1");
        assert_eq!(client(x, "10.0.0.1", &["203.0.113.9, "]), "10.0.0.1");
        let hidden = "for=203.0.113.9, for=_hidden";
        assert_eq!(
            client(ForwardedHeader::Forwarded, "10.0.0.1", &[hidden]),
            "10.0.0.1"
        );
    }

    #[test]
    fn reads_every_form_of_an_address() {
        let x = |text| client(ForwardedHeader::XForwardedFor, "10.0.0.1", &[text]);
        assert_eq!(x("203.0.113.9:4711"), "203.0.113.9");
        assert_eq!(x("2001:db8::1"), "2001:db8::1");
        assert_eq!(x("[2001:db8::1]:4711"), "2001:db8::1");
        assert_eq!(x("::ffff:203.0.113.9"), "203.0.113.9");
        let forwarded = |text| client(ForwardedHeader::Forwarded, "10.0.0.1", &[text]);
        assert_eq!(forwarded("for=203.0.113.9;proto=https"), "203.0.113.9");
        assert_eq!(
            forwarded("proto=https; For=\"[2001:db8::1]:4711\""),
            "2001:db8::1"
        );
    }
}
