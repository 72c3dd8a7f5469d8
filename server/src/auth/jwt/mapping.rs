//! The grant of a token by the default mapping: `sub` is the identity, `push` lists the rights.

use push_wire_shared::ChannelKind;
use push_wire_shared::quote::quoted;
use serde_json::Value;

use super::claims::JwtClaims;
use super::error::JwtError;
use crate::auth::Grant;

/// Fields of a channel in the claim `push`.
const FIELDS: &str = "read, send, request, presence and history";

/// Grants what the claim `push` lists: an object from names of channels to objects with [`FIELDS`].
pub(super) fn grant<C: ChannelKind>(claims: &JwtClaims) -> Result<Grant, JwtError> {
    let push = claims.get("push").ok_or(JwtError::NoClaim("push"))?;
    let channels = push.as_object().ok_or(JwtError::BadClaim("push"))?;
    let mut grant = Grant::nothing();
    for (name, rights) in channels {
        let channel = C::all().iter().find(|channel| channel.name() == name);
        let Some(channel) = channel.filter(|channel| !channel.is_system()) else {
            let message = format!("there is no channel named {:?}", quoted(name));
            return Err(JwtError::Push(message));
        };
        grant = add(grant, *channel, rights)?;
    }
    match claims.subject() {
        // All tokens with it would be one identity's.
        Some("") => Err(JwtError::BadClaim("sub")),
        Some(subject) => Ok(grant.identity(subject)),
        None => Ok(grant),
    }
}

fn add<C: ChannelKind>(mut grant: Grant, channel: C, rights: &Value) -> Result<Grant, JwtError> {
    let error = |what: String| JwtError::Push(format!("channel {:?}: {what}", channel.name()));
    let Value::Object(rights) = rights else {
        return Err(error(format!("an object with {FIELDS} is expected")));
    };
    for (field, value) in rights {
        let listed = value.as_array().and_then(|patterns| texts(patterns));
        grant = match (&**field, value, listed) {
            ("read" | "send" | "request" | "presence" | "history", Value::Bool(false), _) => grant,
            ("read", Value::Bool(true), _) => grant.read(channel),
            ("send", Value::Bool(true), _) => grant.send(channel),
            ("request", Value::Bool(true), _) => grant.request(channel),
            ("presence", Value::Bool(true), _) => grant.presence(channel),
            ("history", Value::Bool(true), _) => grant.history(channel),
            ("read", _, Some(patterns)) => grant.read_topics(channel, patterns),
            ("send", _, Some(patterns)) => grant.send_topics(channel, patterns),
            ("read" | "send", _, None) => {
                let expected = "true, false or a list of topic patterns";
                return Err(error(format!("{field} is {expected}")));
            }
            ("request" | "presence" | "history", ..) => {
                return Err(error(format!("{field} is true or false")));
            }
            _ => {
                let field = quoted(field);
                return Err(error(format!("there is no right {field:?}, only {FIELDS}")));
            }
        };
    }
    Ok(grant)
}

fn texts(values: &[Value]) -> Option<Vec<&str>> {
    values.iter().map(Value::as_str).collect()
}
