//! Origins that the application lists: exact ones, and all names below a domain.

use super::authority::{Host, Origin, SyntaxError, split_scheme};

/// An origin of the application's list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct AllowedOrigin {
    /// The origin; of a pattern, without `*.`.
    origin: Origin,
    /// Names below the host are meant, and not the host itself.
    below: bool,
}

impl AllowedOrigin {
    /// Reads `scheme://host[:port]`, or `scheme://*.host[:port]`.
    ///
    /// # Errors
    /// [`SyntaxError`] with the place.
    pub(crate) fn parse(text: &str) -> Result<Self, SyntaxError> {
        let (scheme, authority) = split_scheme(text)?;
        let Some(domain) = authority.strip_prefix("*.") else {
            let origin = Origin::parse(text)?;
            return Ok(Self {
                origin,
                below: false,
            });
        };
        let star = text.len() - authority.len();
        let origin = Origin::parse(&format!("{scheme}://{domain}"));
        let origin = origin.map_err(|error| error.after("*.".len()))?;
        match origin.host() {
            Host::Name(_) => Ok(Self {
                origin,
                below: true,
            }),
            Host::Address(_) => Err(SyntaxError {
                at: star,
                expected: "no '*' before an IP address",
            }),
        }
    }

    pub(super) fn matches(&self, origin: &Origin) -> bool {
        let (listed, host) = (self.origin.host(), origin.host());
        let is_meant = match self.below {
            true => host.is_below(listed),
            false => host == listed,
        };
        is_meant && self.origin.agrees_with(origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(listed: &str, origin: &str) -> bool {
        let listed = AllowedOrigin::parse(listed).unwrap();
        listed.matches(&Origin::parse(origin).unwrap())
    }

    #[test]
    fn exact_origins() {
        for (listed, origin, expected) in [
            ("https://example.com", "https://example.com", true),
            ("https://EXAMPLE.com:443", "https://example.com", true),
            ("https://example.com", "https://example.com:443", true),
            ("https://example.com", "http://example.com", false),
            ("https://example.com", "https://example.com:8443", false),
            ("https://example.com", "https://a.example.com", false),
            ("https://example.com", "https://example.com.evil", false),
            ("http://[::1]:80", "http://[0:0:0:0:0:0:0:1]", true),
            ("http://192.0.2.1", "http://192.0.2.1", true),
            ("capacitor://localhost", "capacitor://localhost", true),
            ("capacitor://localhost", "https://localhost", false),
        ] {
            assert_eq!(matches(listed, origin), expected, "{listed} and {origin}");
        }
    }

    #[test]
    fn names_below_a_domain() {
        for (origin, expected) in [
            ("https://a.example.com", true),
            ("https://A.B.example.com", true),
            ("https://example.com", false),
            ("https://evilexample.com", false),
            ("https://a.example.com.evil", false),
            ("https://a.example.com:8443", false),
            ("http://a.example.com", false),
            ("https://192.0.2.1", false),
        ] {
            let listed = "https://*.example.com";
            assert_eq!(matches(listed, origin), expected, "{origin}");
        }
        assert!(matches(
            "http://*.example.com:8080",
            "http://a.example.com:8080"
        ));
    }

    #[test]
    fn errors_name_the_place() {
        for (listed, at) in [
            ("", 0),
            ("*", 0),
            ("null", 0),
            ("example.com", 0),
            ("://example.com", 0),
            ("https://", 8),
            ("https://*", 8),
            ("https://*.", 10),
            ("https://*.192.0.2.1", 8),
            ("https://a.*.example.com", 10),
            ("https://example.com/", 19),
            ("https://example.com:8443/path", 24),
            ("https://example.com?x", 19),
            ("https://example.com:", 20),
            ("https://example.com:0", 20),
            ("https://example.com:65536", 20),
            ("https://example.com:44a", 22),
            ("https://user@example.com", 12),
            ("https://exa mple.com", 11),
            ("https://b\u{fc}cher.example", 9),
            ("https://a..example.com", 10),
            ("https://.example.com", 8),
            ("https://[::1", 8),
            ("https://[example.com]", 9),
            ("https://[::1]/", 13),
        ] {
            let error = AllowedOrigin::parse(listed).unwrap_err();
            assert_eq!(error.at, at, "{listed}: {error:?}");
        }
    }
}
