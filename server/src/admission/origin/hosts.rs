//! Hosts that the application lists: the names by which browsers may ask for the server.

use super::authority::{Authority, Host, SyntaxError};

/// A host of the application's list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct AllowedHost {
    /// The name; of a pattern, without `*.`.
    host: Host,
    /// Names below the host are meant, and not the host itself.
    below: bool,
}

impl AllowedHost {
    /// Reads a name without a port, or `*.` and a name.
    ///
    /// # Errors
    /// [`SyntaxError`] with the place.
    pub(crate) fn parse(text: &str) -> Result<Self, SyntaxError> {
        let (name, below) = match text.strip_prefix("*.") {
            Some(domain) => (domain, true),
            None => (text, false),
        };
        let start = text.len() - name.len();
        let host = Host::parse(name).map_err(|error| error.after(start))?;
        Ok(Self { host, below })
    }

    fn matches(&self, host: &Host) -> bool {
        if self.below {
            return host.is_below(&self.host);
        }
        self.host == *host
    }
}

/// Returns whether a request may be for this host: it is one that is listed, or one that no attacker's name can stand for,
/// since a page has it only if it comes from there: an address, or a name of the user's machine.
pub(super) fn is_allowed(listed: &[AllowedHost], host: &Authority) -> bool {
    let host = &host.host;
    let is_fixed = host.is_loopback() || matches!(host, Host::Address(_));
    is_fixed || listed.iter().any(|listed| listed.matches(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(listed: &[&str], host: &str) -> bool {
        let listed = listed.iter().map(|text| AllowedHost::parse(text).unwrap());
        let listed: Vec<AllowedHost> = listed.collect();
        is_allowed(&listed, &Authority::parse(host).unwrap())
    }

    #[test]
    fn names_that_are_listed() {
        let listed = ["example.com", "*.example.org"];
        for (host, expected) in [
            ("example.com", true),
            ("EXAMPLE.com:8443", true),
            ("a.example.org", true),
            ("a.b.example.org:1", true),
            ("example.org", false),
            ("a.example.com", false),
            ("example.com.evil.example", false),
            ("evilexample.com", false),
            ("evilexample.org", false),
            ("example.com.", false),
            ("evil.example", false),
        ] {
            assert_eq!(allows(&listed, host), expected, "{host}");
        }
    }

    #[test]
    fn addresses_and_loopback_names_pass() {
        for (host, expected) in [
            ("localhost", true),
            ("app.LOCALHOST:5173", true),
            ("127.0.0.1:4100", true),
            ("192.0.2.1", true),
            ("[2001:db8::1]:80", true),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("localhost.", false),
        ] {
            assert_eq!(allows(&["example.com"], host), expected, "{host}");
        }
    }

    #[test]
    fn errors_name_the_place() {
        for (listed, at) in [
            ("", 0),
            ("*", 0),
            ("*.", 2),
            ("a.*.b", 2),
            ("https://a", 5),
            ("a:80", 1),
            ("a/b", 1),
            ("a..b", 2),
        ] {
            let error = AllowedHost::parse(listed).unwrap_err();
            assert_eq!(error.at, at, "{listed}: {error:?}");
        }
    }
}
