//! Control ops as maps of what is present.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::hash::Hash;
use std::collections::HashMap;

use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::SystemOp;

/// Value of a field.
#[derive(Serialize)]
#[serde(untagged, bound(serialize = "C: Serialize"))]
enum Held<'a, C> {
    Text(&'a str),
    Texts(&'a [String]),
    Number(u64),
    Client(Uuid),
    Channel(&'a C),
    Channels(&'a [C]),
    Cursors(&'a HashMap<C, u64>),
}

/// A field, unless it is absent.
type Field<'a, C> = Option<(&'static str, Held<'a, C>)>;

impl<C: Serialize + Eq + Hash> Serialize for SystemOp<C> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let present: Vec<_> = self.fields().into_iter().flatten().collect();
        serializer.collect_map(present)
    }
}

impl<C: Eq + Hash> SystemOp<C> {
    fn fields(&self) -> Vec<Field<'_, C>> {
        let op = |name| Some(("op", Held::Text(name)));
        match self {
            Self::Auth {
                client_id,
                token,
                capabilities,
                resume_cursor,
                resume_cursors,
            } => vec![
                op("auth"),
                Some(("client_id", Held::Client(*client_id))),
                text("token", token.as_ref()),
                channels("capabilities", capabilities),
                number("resume_cursor", *resume_cursor),
                cursors(resume_cursors),
            ],
            Self::AuthOk {
                resume_cursor,
                resume_cursors,
            } => vec![
                op("auth_ok"),
                number("resume_cursor", Some(*resume_cursor)),
                cursors(resume_cursors),
            ],
            Self::Error { message } => vec![op("error"), text("message", Some(message))],
            Self::Ping => vec![op("ping")],
            Self::Pong => vec![op("pong")],
            Self::Slow { window } => vec![op("slow"), number("window", window.map(u64::from))],
            Self::Ack { channel, cursor } => vec![
                op("ack"),
                Some(("channel", Held::Channel(channel))),
                number("cursor", Some(*cursor)),
            ],
            Self::ResumeRequired {
                channel,
                from_cursor,
            } => vec![
                op("resume_required"),
                Some(("channel", Held::Channel(channel))),
                number("from_cursor", Some(*from_cursor)),
            ],
            Self::Subscribe { channels: items } => {
                vec![op("subscribe"), channels("channels", items)]
            }
            Self::Unsubscribe { channels: items } => {
                vec![op("unsubscribe"), channels("channels", items)]
            }
            Self::Health { status, detail } => vec![
                op("health"),
                text("status", Some(status)),
                text("detail", detail.as_ref()),
            ],
            Self::Features {
                supported,
                requested,
            } => vec![
                op("features"),
                texts("supported", supported),
                texts("requested", requested),
            ],
            Self::Goodbye { reason } => vec![op("goodbye"), text("reason", reason.as_ref())],
        }
    }
}

fn text<'a, C>(name: &'static str, text: Option<&'a String>) -> Field<'a, C> {
    Some((name, Held::Text(text?)))
}

fn texts<'a, C>(name: &'static str, texts: &'a [String]) -> Field<'a, C> {
    (!texts.is_empty()).then_some((name, Held::Texts(texts)))
}

fn number<'a, C>(name: &'static str, number: Option<u64>) -> Field<'a, C> {
    Some((name, Held::Number(number?)))
}

fn channels<'a, C>(name: &'static str, channels: &'a [C]) -> Field<'a, C> {
    (!channels.is_empty()).then_some((name, Held::Channels(channels)))
}

fn cursors<C>(cursors: &HashMap<C, u64>) -> Field<'_, C> {
    (!cursors.is_empty()).then_some(("resume_cursors", Held::Cursors(cursors)))
}
