//! Removal of tokens from addresses, which end up in logs.

use axum::http::Uri;
use axum::http::uri::PathAndQuery;

/// The address with another value in place of the token of its query.
pub(super) fn redact_token(uri: &Uri) -> Uri {
    let Some(query) = uri.query() else {
        return uri.clone();
    };
    let fields = query.split('&').map(|field| match field.split_once('=') {
        Some((name, _)) if is_token(name) => "token=redacted",
        _ => field,
    });
    let query = fields.collect::<Vec<_>>().join("&");
    let mut parts = uri.clone().into_parts();
    let path = uri.path();
    // Made of an address's own parts, it is one; if not, none is better than a token.
    parts.path_and_query = PathAndQuery::try_from(format!("{path}?{query}")).ok();
    Uri::from_parts(parts).unwrap_or_default()
}

/// Returns whether this is the name `token`, any letter of which may be percent-encoded.
fn is_token(name: &str) -> bool {
    let mut bytes = name.bytes();
    let decoded = std::iter::from_fn(|| match bytes.next()? {
        b'%' => {
            let digits = [bytes.next()?, bytes.next()?];
            let mut byte = [0];
            hex::decode_to_slice(digits, &mut byte).ok()?;
            Some(byte[0])
        }
        byte => Some(byte),
    });
    decoded.eq(*b"token")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_fields_stay() {
        for (given, expected) in [
            (
                "/rps/sse?client_id=1&token=a%20b&x=y",
                "/rps/sse?client_id=1&token=redacted&x=y",
            ),
            (
                "http://host/rps/sse?token=1&token=2",
                "http://host/rps/sse?token=redacted&token=redacted",
            ),
            (
                "/rps/sse?%74oken=1&t%6Fk%65n=2&%74%6f%6b%65%6e=3",
                "/rps/sse?token=redacted&token=redacted&token=redacted",
            ),
            ("/rps/sse?mytoken=1", "/rps/sse?mytoken=1"),
            ("/rps/sse?%token=1", "/rps/sse?%token=1"),
            ("/rps/sse?token%20=1", "/rps/sse?token%20=1"),
            ("/rps/sse", "/rps/sse"),
        ] {
            assert_eq!(redact_token(&given.parse().unwrap()).to_string(), expected);
        }
    }
}
