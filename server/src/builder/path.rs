//! Check of the WebSocket's path: the router must take it as literal text, and a client's URL must be able to name it.

use super::BuildError;

const ALLOWED: &str = "'/' and segments that are neither empty nor \".\" nor \"..\", do not begin with ':', and consist of \
    ASCII letters, digits and -._~!$&'()+,;=@:";

pub(super) fn check(path: &str) -> Result<(), BuildError> {
    let segments = path
        .strip_prefix('/')
        .map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    let works = match segments {
        None => false,
        Some("") => path == "/",
        Some(segments) => segments.split('/').all(is_segment),
    };
    if works {
        return Ok(());
    }
    Err(BuildError::Setting {
        setting: "path".into(),
        value: format!("{path:?}"),
        allowed: ALLOWED.into(),
    })
}

/// Returns whether this segment needs no escapes in a URL and is no pattern of the router.
fn is_segment(segment: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()+,;=@:".contains(c);
    !matches!(segment, "" | "." | "..")
        && !segment.starts_with(':')
        && segment.chars().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_clients_can_ask_for() {
        for path in [
            "/",
            "/rps",
            "/rps/",
            "/a/b:c/d.e",
            "/~user/(1)",
            "/v1.0/live",
        ] {
            assert_eq!(check(path), Ok(()), "{path}");
        }
        for path in [
            "",
            "rps",
            "//",
            "//rps",
            "/rps//",
            "/a//b",
            "/:id",
            "/a/:id",
            "/*rest",
            "/{id}",
            "/a/..",
            "/./a",
            "/r ps",
            "/rps?x=1",
            "/rps#x",
            "/caf\u{e9}",
            "/a%20b",
            "/a\\b",
            "/\u{0}",
        ] {
            assert!(check(path).is_err(), "{path}");
        }
    }
}
