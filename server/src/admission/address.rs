//! The address of a client, behind proxies too.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::header::{FORWARDED, HeaderName};
use ipnet::IpNet;

/// Header in which trusted proxies name the address that they were connected from.
///
/// Only the header that the proxies set may be read: another one comes from the client unchanged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`, a list of addresses: that of nginx, HAProxy and most load balancers.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
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
            Self::Forwarded => {
                let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
                let (_, node) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
                address(node.trim().trim_matches('"'))
            }
        }
    }
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
        let mut client = peer.to_canonical();
        let lines = headers.get_all(self.header.name());
        let lines: Vec<&str> = lines.iter().filter_map(|line| line.to_str().ok()).collect();
        let mut elements = lines.iter().rev().flat_map(|line| line.rsplit(','));
        while self.is_trusted(client) {
            let Some(element) = elements.next() else {
                break;
            };
            let Some(named) = self.header.address(element) else {
                break;
            };
            client = named;
        }
        client
    }

    fn is_trusted(&self, address: IpAddr) -> bool {
        let mut networks = self.networks.iter();
        networks.any(|network| network.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(header: ForwardedHeader, peer: &str, lines: &[&str]) -> String {
        let proxies = Proxies {
            networks: vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()],
            header,
        };
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header.name(), line.parse().unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).to_string()
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
