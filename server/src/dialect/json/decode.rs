//! Reading of clients' messages: control ops, and frames whose channel stands as a name.

use std::borrow::Cow;
use std::collections::HashMap;

use push_wire_shared::hidden::Hidden;
use push_wire_shared::quote::quoted;
use push_wire_shared::{Frame, SystemOp};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// One message of a client.
#[derive(Debug)]
pub(super) enum JsonMessage<'a> {
    /// A control op of the published clients.
    Op(SystemOp<String>),
    /// The op `auth`, and whether the client answers requests for a renewed token.
    Auth { op: SystemOp<String>, renews: bool },
    /// The op `token`: a renewed token.
    Token(Hidden<String>),
    /// A payload for the application, as JSON text.
    Frame {
        channel: String,
        topic: Option<String>,
        payload: &'a str,
    },
}

/// Reads a message; `system` is the system channel's name.
///
/// # Errors
/// The error text for the client.
pub(super) fn decode<'a>(text: &'a str, system: &str) -> Result<JsonMessage<'a>, String> {
    // Where arrays stand for structs, as in MessagePack, they would be read as ones.
    if is_array(text) {
        return Err("a message is a JSON object, and no array".into());
    }
    let frame = match serde_json::from_str::<Frame<String, &'a RawValue>>(text) {
        Ok(frame) => frame,
        Err(error) => return decode_bare_op(text, &error),
    };
    let payload = frame.payload.get();
    if frame.channel == system {
        if is_array(payload) {
            return Err("a control op is a JSON object, and no array".into());
        }
        return read_op(payload)
            .map_err(|error| error_text("no control op in the system frame", &error));
    }
    if payload == "null" {
        return Err("a frame needs a payload other than null".into());
    }
    Ok(JsonMessage::Frame {
        channel: frame.channel,
        topic: frame.topic,
        payload,
    })
}

fn is_array(text: &str) -> bool {
    text.trim_start().starts_with('[')
}

/// Reads a message that is not a frame, with `no_frame` as the error of reading one: a control op, or an error.
fn decode_bare_op<'a>(text: &str, no_frame: &serde_json::Error) -> Result<JsonMessage<'a>, String> {
    let fields: HashMap<String, IgnoredAny> =
        serde_json::from_str(text).map_err(|error| error_text("no JSON object", &error))?;
    if !fields.contains_key("op") {
        return Err(error_text("neither a frame nor a control op", no_frame));
    }
    read_op(text).map_err(|error| error_text("no control op", &error))
}

/// Name of an op.
#[derive(Deserialize)]
struct OpName<'a> {
    #[serde(borrow)]
    op: Cow<'a, str>,
}

/// The field of `auth` that published clients do not have.
#[derive(Deserialize)]
struct AuthRenewal {
    #[serde(default)]
    renews: bool,
}

/// The fields of `token`.
#[derive(Deserialize)]
struct RenewedToken {
    token: String,
}

/// Reads an op: a published one, or one by which a token is renewed.
fn read_op<'a>(text: &str) -> Result<JsonMessage<'a>, serde_json::Error> {
    let OpName { op: name } = serde_json::from_str(text)?;
    if name == "token" {
        let RenewedToken { token } = serde_json::from_str(text)?;
        return Ok(JsonMessage::Token(Hidden(token)));
    }
    let op = serde_json::from_str(text)?;
    if name == "auth" {
        let AuthRenewal { renews } = serde_json::from_str(text)?;
        return Ok(JsonMessage::Auth { op, renews });
    }
    Ok(JsonMessage::Op(op))
}

fn error_text(what: &str, error: &serde_json::Error) -> String {
    format!("{what}: {}", quoted(&error.to_string()))
}

#[cfg(test)]
mod tests {
    use push_wire_shared::limits::QUOTE_BYTES;

    use super::*;

    #[test]
    fn ops_come_bare_or_in_a_system_frame() {
        for text in [
            r#"{"op":"ack","channel":"chat","cursor":7}"#,
            r#"{"channel":"system","payload":{"op":"ack","channel":"chat","cursor":7}}"#,
        ] {
            let message = decode(text, "system");
            assert!(
                matches!(
                    message,
                    Ok(JsonMessage::Op(SystemOp::Ack { cursor: 7, .. }))
                ),
                "{message:?}"
            );
        }
        assert!(decode(r#"{"op":"fly"}"#, "system").is_err());
    }

    #[test]
    fn reads_ops_of_renewal() {
        for text in [
            r#"{"op":"token","token":"new"}"#,
            r#"{"channel":"system","payload":{"op":"token","token":"new"}}"#,
        ] {
            let message = decode(text, "system");
            assert!(
                matches!(&message, Ok(JsonMessage::Token(token)) if **token == *"new"),
                "{message:?}"
            );
        }
        assert!(decode(r#"{"op":"token"}"#, "system").is_err());
        let auth = r#"{"op":"auth","client_id":"00000000-0000-0000-0000-000000000000""#;
        for (end, expected) in [("}", false), (r#","renews":true}"#, true)] {
            let text = format!("{auth}{end}");
            let message = decode(&text, "system").unwrap();
            assert!(matches!(message, JsonMessage::Auth { renews, .. } if renews == expected));
        }
    }

    #[test]
    fn keeps_payload_text() {
        let message = decode(r#"{"channel":"chat","payload":{"n": 1.50}}"#, "system");
        assert!(matches!(
            message,
            Ok(JsonMessage::Frame {
                payload: r#"{"n": 1.50}"#,
                ..
            })
        ));
    }

    #[test]
    fn errors_say_what_is_wrong() {
        for (text, part) in [
            ("hello", "expected value"),
            (r#"{"channel":"chat"}"#, "missing field `payload`"),
            (r#"{"channel":"chat","payload":null}"#, "other than null"),
            (
                r#"{"channel":"system","payload":{"op":"ack","cursor":1}}"#,
                "missing field `channel`",
            ),
        ] {
            let error = decode(text, "system").unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn arrays_are_no_objects() {
        for text in [
            r#"["chat",null,{"arr":1}]"#,
            r#" ["chat",{"arr":1}]"#,
            r#"["ack","chat",1]"#,
            r#"{"channel":"system","payload":["ack","chat",1]}"#,
        ] {
            let error = decode(text, "system").unwrap_err();
            assert!(error.contains("no array"), "{error}");
        }
    }

    #[test]
    fn errors_quote_little() {
        let long = "x".repeat(100_000);
        for text in [
            format!(r#"{{"op":"{long}"}}"#),
            format!(r#"{{"channel":"system","payload":{{"op":"{long}"}}}}"#),
            format!(r#"{{"op":"ack","channel":"chat","cursor":"{long}"}}"#),
        ] {
            let error = decode(&text, "system").unwrap_err();
            assert!(error.len() < 2 * QUOTE_BYTES + 100, "{}", error.len());
        }
    }
}
