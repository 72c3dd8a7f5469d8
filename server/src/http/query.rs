//! Fields of the query of a request that opens a connection in the JSON dialect (docs/event-streams.md section 2).

use axum::extract::Query;
use axum::http::Uri;
use push_wire_shared::quote::quoted;

use crate::peer::Dialect;

/// Fields of an event stream's query.
const FIELDS: [&str; 6] = [
    "client_id",
    "channels",
    "capabilities",
    "token",
    "resume_cursor",
    "renews",
];

/// Fields of `auth` that a WebSocket's query has no use for. Others may be the application's: its authenticator is given
/// the address of the request.
const OF_AUTH: [&str; 5] = [
    "client_id",
    "channels",
    "capabilities",
    "resume_cursor",
    "renews",
];

/// Error text for the fields of the query that have no effect; `None` if all have one. Names that begin with `_` are those
/// of clients that keep caches from answering.
pub(crate) fn without_effect(dialect: Dialect, uri: &Uri) -> Option<String> {
    let Query(fields) = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
    let mut names = fields.iter().map(|(name, _)| name.as_str());
    match dialect {
        Dialect::Wire => None,
        Dialect::Json => names.find(|name| OF_AUTH.contains(name)).map(|name| {
            format!(
                "the query field {name:?} has no effect on a WebSocket: send its value in `auth`"
            )
        }),
        Dialect::JsonEvents => names
            .find(|name| !FIELDS.contains(name) && !name.starts_with('_'))
            .map(|name| {
                let (name, known) = (quoted(name), FIELDS.join(", "));
                format!("there is no query field {name:?}; the fields are {known}")
            }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_without_effect_are_named() {
        for (dialect, query, expected) in [
            (
                Dialect::JsonEvents,
                "client_id=1&chanels=a",
                Some("\"chanels\""),
            ),
            (Dialect::JsonEvents, "client_id=1&channels=a&token=t", None),
            (Dialect::JsonEvents, "capabilities=a&resume_cursor=1", None),
            (Dialect::JsonEvents, "%63lient_id=1&_=17&_nocache=1", None),
            (Dialect::JsonEvents, "a%22%0A=1", Some(r#""a\"\n""#)),
            (Dialect::Json, "channels=a", Some("\"channels\"")),
            (Dialect::Json, "ticket=1&token=2", None),
            (Dialect::Wire, "channels=a", None),
        ] {
            let uri = format!("/rps?{query}").parse().unwrap();
            let text = without_effect(dialect, &uri);
            let found = text.as_deref();
            match expected {
                None => assert_eq!(found, None, "{query}"),
                Some(part) => assert!(found.is_some_and(|text| text.contains(part)), "{text:?}"),
            }
        }
        assert_eq!(
            without_effect(Dialect::JsonEvents, &Uri::from_static("/rps")),
            None
        );
    }
}
