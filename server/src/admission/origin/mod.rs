//! The check of a request's `Origin`: pages of other origins do not act with the credentials of a browser's user.
//!
//! A browser adds cookies, and credentials of `Authorization` that it knows, to the requests of every page; WebSockets and
//! event streams are not subject to the same-origin policy. So the server compares origins itself. A token in `auth` or in
//! a query is not sent by a browser of its own accord: with an authenticator, requests without such credentials pass.
//!
//! A page of a name that leads to the server's address (DNS rebinding) has the server's own origin: the names by which
//! browsers ask for the server are compared with a list, if the application gives one.

mod allowed;
mod authority;
mod error;
mod hosts;
#[cfg(test)]
mod tests;

pub(crate) use allowed::AllowedOrigin;
use authority::{Authority, Origin};
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use axum::http::request::Parts;
pub(crate) use error::OriginError;
pub(crate) use hosts::AllowedHost;
use push_wire_shared::quote::quoted;

/// The page that sent a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Page {
    /// None, or one of the server's own origin.
    Own,
    /// A page of another origin, which may send the request.
    Other {
        /// Its origin, as the browser named it.
        origin: HeaderValue,
        /// Its requests may carry credentials: it is listed, or both are on the user's machine.
        credentials: bool,
    },
}

/// Header in which browsers state the relation of a request's page to its address (W3C's Fetch Metadata). Pages cannot set it.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Its values for pages of other origins.
const OTHER_SITES: [&str; 2] = ["cross-site", "same-site"];

/// Origins whose pages may send requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins {
    /// Hosts that requests may be for, besides addresses and the user's machine; `None` for every host.
    pub(crate) hosts: Option<Vec<AllowedHost>>,
    /// Origins besides the server's own.
    pub(crate) allowed: Vec<AllowedOrigin>,
    /// Clients have to authenticate.
    pub(crate) authenticated: bool,
}

impl Origins {
    /// Finds the page of a request. `forwarded` is the host that a trusted proxy was asked for.
    ///
    /// # Errors
    /// [`OriginError`] if the request is for a host that is not listed; or if the page is of another origin that is not
    /// listed, and the request carries credentials or no others are asked for.
    pub(super) fn page(
        &self,
        request: &Parts,
        forwarded: Option<&str>,
    ) -> Result<Page, OriginError> {
        self.check_hosts(request, forwarded)?;
        let headers = &request.headers;
        let carries_credentials =
            headers.contains_key(COOKIE) || headers.contains_key(AUTHORIZATION);
        let may_be_other = self.authenticated && !carries_credentials;
        let Some(given) = headers.get(ORIGIN) else {
            return match other_site(headers) {
                Some(site) if !may_be_other => Err(OriginError::Unnamed(site)),
                Some(_) | None => Ok(Page::Own),
            };
        };
        let other = |credentials| Page::Other {
            origin: given.clone(),
            credentials,
        };
        let error = match self.compare(request, forwarded) {
            Ok(Likeness::Same) => return Ok(Page::Own),
            Ok(Likeness::Listed | Likeness::Loopback) => return Ok(other(true)),
            Err(error) => error,
        };
        if may_be_other {
            Ok(other(false))
        } else {
            Err(error)
        }
    }

    /// Compares every host that a request names with the list: a page can set the header of a proxy too.
    pub(super) fn check_hosts(
        &self,
        request: &Parts,
        forwarded: Option<&str>,
    ) -> Result<(), OriginError> {
        let Some(listed) = &self.hosts else {
            return Ok(());
        };
        let is_named = request.uri.authority().is_some() || request.headers.contains_key(HOST);
        let own = is_named.then(|| host(request).unwrap_or_default());
        for text in own.into_iter().chain(forwarded) {
            let host = Authority::parse(text).ok();
            if !host.is_some_and(|host| hosts::is_allowed(listed, &host)) {
                return Err(OriginError::UnknownHost(quoted(text).into_owned()));
            }
        }
        Ok(())
    }

    /// Compares the page's origin with the hosts that the request was sent to, and with the list.
    fn compare(&self, request: &Parts, forwarded: Option<&str>) -> Result<Likeness, OriginError> {
        let text = origin_text(&request.headers)?;
        let Ok(origin) = Origin::parse(text) else {
            return Err(OriginError::Malformed(quoted(text).into_owned()));
        };
        let hosts =
            [host(request), forwarded].map(|text| Some((text?, Authority::parse(text?).ok()?)));
        let mut hosts = hosts.iter().flatten();
        if hosts.clone().any(|(_, host)| origin.is_of(host)) {
            return Ok(Likeness::Same);
        }
        if self.allowed.iter().any(|listed| listed.matches(&origin)) {
            return Ok(Likeness::Listed);
        }
        // If a proxy names a host, that is the one that the browser asked for.
        let asked = hosts.next_back();
        if asked.is_some_and(|(_, host)| host.host.is_loopback() && origin.host().is_loopback()) {
            return Ok(Likeness::Loopback);
        }
        Err(difference(text, &origin, asked))
    }
}

/// The error that says in which part an origin and a request's host differ.
fn difference(text: &str, origin: &Origin, asked: Option<&(&str, Authority)>) -> OriginError {
    let page = quoted(text).into_owned();
    let Some((host_text, host)) = asked else {
        return OriginError::NoHost { origin: page };
    };
    let is_port = host.host == *origin.host();
    let (origin, host) = (page, quoted(host_text).into_owned());
    if is_port {
        OriginError::Port { origin, host }
    } else {
        OriginError::Host { origin, host }
    }
}

/// Reason for which a page's requests are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Likeness {
    /// Its host and port are those of the server.
    Same,
    /// Its origin is listed.
    Listed,
    /// Page and server are on the user's machine, at whatever ports.
    Loopback,
}

/// The relation that a browser states between another origin's page and the request's address.
fn other_site(headers: &HeaderMap) -> Option<&'static str> {
    let stated = headers.get_all(FETCH_SITE);
    let mut sites = OTHER_SITES.into_iter();
    sites.find(|site| stated.iter().any(|stated| stated == site))
}

/// The text of the one `Origin` of a request that has some.
fn origin_text(headers: &HeaderMap) -> Result<&str, OriginError> {
    let mut values = headers.get_all(ORIGIN).iter();
    let text = values.next().and_then(|value| value.to_str().ok());
    match (text, values.next()) {
        (Some("null"), None) => Err(OriginError::Null),
        (Some(text), None) => Ok(text),
        (text, _) => {
            let text = quoted(text.unwrap_or("not text")).into_owned();
            Err(OriginError::Malformed(text))
        }
    }
}

/// The host that a request is for: `:authority` or the authority of its target, else the one `Host`.
fn host(request: &Parts) -> Option<&str> {
    if let Some(authority) = request.uri.authority() {
        return Some(authority.as_str());
    }
    let mut values = request.headers.get_all(HOST).iter();
    let host = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(host)
}
