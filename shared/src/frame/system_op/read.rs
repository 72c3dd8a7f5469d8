//! Control ops of the JSON dialect, read field by field: nothing is buffered, and lists are bounded while they are read.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::hash::Hash;
use core::marker::PhantomData;
use std::collections::HashMap;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use uuid::Uuid;

use super::SystemOp;
use crate::limits::LISTED_NAMES;

/// Name of an op.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Op {
    Auth,
    AuthOk,
    Error,
    Ping,
    Pong,
    Slow,
    Ack,
    ResumeRequired,
    Subscribe,
    Unsubscribe,
    Health,
    Features,
    Goodbye,
}

/// Union of the fields of all ops: a field name has the same type in each op.
#[derive(Deserialize)]
#[serde(bound(deserialize = "C: Deserialize<'de> + Eq + Hash"), default)]
struct Fields<C> {
    op: Option<Op>,
    client_id: Option<Uuid>,
    token: Option<String>,
    capabilities: List<C>,
    resume_cursor: Option<u64>,
    resume_cursors: Cursors<C>,
    message: Option<String>,
    window: Option<u32>,
    channel: Option<C>,
    cursor: Option<u64>,
    from_cursor: Option<u64>,
    channels: List<C>,
    status: Option<String>,
    detail: Option<String>,
    supported: List<String>,
    requested: List<String>,
    reason: Option<String>,
}

impl<C> Default for Fields<C> {
    fn default() -> Self {
        Self {
            op: None,
            client_id: None,
            token: None,
            capabilities: List::default(),
            resume_cursor: None,
            resume_cursors: Cursors::default(),
            message: None,
            window: None,
            channel: None,
            cursor: None,
            from_cursor: None,
            channels: List::default(),
            status: None,
            detail: None,
            supported: List::default(),
            requested: List::default(),
            reason: None,
        }
    }
}

impl<'de, C: Deserialize<'de> + Eq + Hash> Deserialize<'de> for SystemOp<C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OpVisitor(PhantomData))
    }
}

struct OpVisitor<C>(PhantomData<C>);

impl<'de, C: Deserialize<'de> + Eq + Hash> Visitor<'de> for OpVisitor<C> {
    type Value = SystemOp<C>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a control op")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SystemOp<C>, A::Error> {
        Fields::deserialize(MapAccessDeserializer::new(map))?.into_op()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<SystemOp<C>, A::Error> {
        let op = seq.next_element()?;
        let op = op.ok_or_else(|| A::Error::missing_field("op"))?;
        Fields::by_place(op, &mut seq)?.into_op()
    }
}

impl<C: Eq + Hash> Fields<C> {
    fn into_op<E: Error>(self) -> Result<SystemOp<C>, E> {
        Ok(match required(self.op, "op")? {
            Op::Auth => SystemOp::Auth {
                client_id: required(self.client_id, "client_id")?,
                token: self.token,
                capabilities: self.capabilities.0,
                resume_cursor: self.resume_cursor,
                resume_cursors: self.resume_cursors.0,
            },
            Op::AuthOk => SystemOp::AuthOk {
                resume_cursor: self.resume_cursor.unwrap_or_default(),
                resume_cursors: self.resume_cursors.0,
            },
            Op::Error => SystemOp::Error {
                message: required(self.message, "message")?,
            },
            Op::Ping => SystemOp::Ping,
            Op::Pong => SystemOp::Pong,
            Op::Slow => SystemOp::Slow {
                window: self.window,
            },
            Op::Ack => SystemOp::Ack {
                channel: required(self.channel, "channel")?,
                cursor: required(self.cursor, "cursor")?,
            },
            Op::ResumeRequired => SystemOp::ResumeRequired {
                channel: required(self.channel, "channel")?,
                from_cursor: required(self.from_cursor, "from_cursor")?,
            },
            Op::Subscribe => SystemOp::Subscribe {
                channels: self.channels.0,
            },
            Op::Unsubscribe => SystemOp::Unsubscribe {
                channels: self.channels.0,
            },
            Op::Health => SystemOp::Health {
                status: required(self.status, "status")?,
                detail: self.detail,
            },
            Op::Features => SystemOp::Features {
                supported: self.supported.0,
                requested: self.requested.0,
            },
            Op::Goodbye => SystemOp::Goodbye {
                reason: self.reason,
            },
        })
    }
}

impl<'de, C: Deserialize<'de> + Eq + Hash> Fields<C> {
    /// The fields behind the op's name in an array, in the order of their declaration.
    fn by_place<A: SeqAccess<'de>>(op: Op, seq: &mut A) -> Result<Self, A::Error> {
        let mut fields = Self {
            op: Some(op),
            ..Self::default()
        };
        match op {
            Op::Auth => {
                fields.client_id = seq.next_element()?;
                fields.token = next(seq)?;
                fields.capabilities = next(seq)?;
                fields.resume_cursor = next(seq)?;
                fields.resume_cursors = next(seq)?;
            }
            Op::AuthOk => {
                fields.resume_cursor = seq.next_element()?;
                fields.resume_cursors = next(seq)?;
            }
            Op::Error => fields.message = seq.next_element()?,
            Op::Ping | Op::Pong => {}
            Op::Slow => fields.window = next(seq)?,
            Op::Ack => {
                fields.channel = seq.next_element()?;
                fields.cursor = seq.next_element()?;
            }
            Op::ResumeRequired => {
                fields.channel = seq.next_element()?;
                fields.from_cursor = seq.next_element()?;
            }
            Op::Subscribe | Op::Unsubscribe => fields.channels = next(seq)?,
            Op::Health => {
                fields.status = seq.next_element()?;
                fields.detail = next(seq)?;
            }
            Op::Features => {
                fields.supported = next(seq)?;
                fields.requested = next(seq)?;
            }
            Op::Goodbye => fields.reason = next(seq)?,
        }
        Ok(fields)
    }
}

fn required<T, E: Error>(field: Option<T>, name: &'static str) -> Result<T, E> {
    field.ok_or_else(|| E::missing_field(name))
}

/// The next item of an array, or the default behind its end.
fn next<'de, T: Deserialize<'de> + Default, A: SeqAccess<'de>>(seq: &mut A) -> Result<T, A::Error> {
    Ok(seq.next_element()?.unwrap_or_default())
}

/// List of at most [`LISTED_NAMES`] items.
struct List<T>(Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {LISTED_NAMES} items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            if items.len() == LISTED_NAMES {
                return Err(A::Error::invalid_length(LISTED_NAMES + 1, &self));
            }
            items.push(item);
        }
        Ok(List(items))
    }
}

/// Cursors of at most [`LISTED_NAMES`] channels.
struct Cursors<C>(HashMap<C, u64>);

impl<C> Default for Cursors<C> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<'de, C: Deserialize<'de> + Eq + Hash> Deserialize<'de> for Cursors<C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(CursorsVisitor(PhantomData))
    }
}

struct CursorsVisitor<C>(PhantomData<C>);

impl<'de, C: Deserialize<'de> + Eq + Hash> Visitor<'de> for CursorsVisitor<C> {
    type Value = Cursors<C>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cursors of at most {LISTED_NAMES} channels")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cursors<C>, A::Error> {
        let mut cursors = HashMap::new();
        while let Some((channel, cursor)) = map.next_entry()? {
            if cursors.len() == LISTED_NAMES {
                return Err(A::Error::invalid_length(LISTED_NAMES + 1, &self));
            }
            cursors.insert(channel, cursor);
        }
        Ok(Cursors(cursors))
    }
}
