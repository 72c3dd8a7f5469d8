//! What a client of the JSON dialect says.

use std::collections::BTreeMap;

use push_wire_shared::encoding::integer;
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

/// One message of a client.
#[derive(Debug)]
pub(super) enum JsonMessage<'a> {
    /// A control op.
    Op(JsonOp),
    /// A payload for the application.
    Frame { channel: String, payload: &'a str },
}

/// A client's control op.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(super) enum JsonOp {
    Auth(JsonAuth),
    Ping,
    Pong,
    Ack {
        channel: String,
        #[serde(deserialize_with = "integer::one")]
        cursor: u64,
    },
    Subscribe {
        #[serde(default)]
        channels: Vec<String>,
    },
    Unsubscribe {
        #[serde(default)]
        channels: Vec<String>,
    },
    Goodbye {},
    /// `slow`, `health`, `features`: said for the logs, asks for nothing.
    #[serde(rename = "slow", alias = "health", alias = "features")]
    Remark {},
}

/// The first op of a connection.
#[derive(Debug, Deserialize)]
pub(super) struct JsonAuth {
    pub(super) client_id: Uuid,
    pub(super) token: Option<String>,
    #[serde(default)]
    pub(super) capabilities: Vec<String>,
    #[serde(default, deserialize_with = "integer::optional")]
    pub(super) resume_cursor: Option<u64>,
    #[serde(default, deserialize_with = "integer::by_key")]
    pub(super) resume_cursors: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
struct JsonFrame<'a> {
    channel: String,
    #[serde(borrow)]
    payload: &'a RawValue,
}

/// Reads a message; `system` is the system channel's name.
///
/// # Errors
/// What is wrong with it, for the client.
pub(super) fn decode<'a>(text: &'a str, system: &str) -> Result<JsonMessage<'a>, String> {
    let frame = match serde_json::from_str::<JsonFrame<'a>>(text) {
        Ok(frame) => frame,
        Err(no_frame) => {
            return serde_json::from_str(text)
                .map(JsonMessage::Op)
                .map_err(|no_op| {
                    format!("neither a frame ({no_frame}) nor a control op ({no_op})")
                });
        }
    };
    let payload = frame.payload.get();
    if frame.channel == system {
        return serde_json::from_str(payload)
            .map(JsonMessage::Op)
            .map_err(|error| format!("no control op in the system frame: {error}"));
    }
    if payload == "null" {
        return Err("a frame needs a payload other than null".into());
    }
    Ok(JsonMessage::Frame {
        channel: frame.channel,
        payload,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ops_come_bare_or_in_a_system_frame() {
        for text in [
            r#"{"op":"ack","channel":"chat","cursor":7}"#,
            r#"{"channel":"system","payload":{"op":"ack","channel":"chat","cursor":7}}"#,
        ] {
            let message = decode(text, "system");
            assert!(
                matches!(message, Ok(JsonMessage::Op(JsonOp::Ack { cursor: 7, .. }))),
                "{message:?}"
            );
        }
        let remark = decode(r#"{"op":"health","status":"fine"}"#, "system");
        assert!(
            matches!(remark, Ok(JsonMessage::Op(JsonOp::Remark {}))),
            "{remark:?}"
        );
        for unknown in [r#"{"op":"fly"}"#, r#"{"op":"auth_ok","resume_cursor":1}"#] {
            assert!(decode(unknown, "system").is_err(), "{unknown}");
        }
    }

    #[test]
    fn a_payload_is_handed_on_as_it_was_written() {
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
    fn faults_say_what_is_wrong() {
        for (text, part) in [
            ("hello", "expected value"),
            (r#"{"channel":"chat"}"#, "missing field `payload`"),
            (r#"{"channel":"chat","payload":null}"#, "other than null"),
            (
                r#"{"channel":"system","payload":{"op":"ack"}}"#,
                "missing field `channel`",
            ),
        ] {
            let error = decode(text, "system").unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
