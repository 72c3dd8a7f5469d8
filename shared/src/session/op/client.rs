//! What a client says.

use alloc::string::String;
use alloc::vec::Vec;

use uuid::Uuid;

use super::OpError;
use super::fields::{MapReader, MapWriter, array, tag_field, uint};
use crate::encoding::PayloadEncoding;
use crate::encoding::msgpack::token::{self, Reader};
use crate::limits::{DICTIONARIES, SUBSCRIPTIONS};
use crate::position::{Cursor, Epoch, Position, StartAt, Tag};

/// A client's control op.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ClientOp {
    /// Who I am, and what I read: the first op of every connection.
    Auth(Auth),
    /// Read these streams too.
    Subscribe(Vec<Subscribe>),
    /// Stop reading these.
    Unsubscribe(Vec<u32>),
    /// Every entry up to the cursor has been handled; pairs of subscription id and cursor.
    Ack(Vec<(u32, Cursor)>),
    /// A delta of this subscription could not be applied: send its value whole.
    Whole(u32),
    /// I hold these dictionaries: entries may come compressed with them.
    Have(Vec<u32>),
    /// Are you there?
    Ping,
    /// I am here.
    Pong,
    /// I am leaving; the session may end.
    Goodbye,
}

/// The first op of a connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Auth {
    /// The client's own id, kept across connections.
    pub client_id: Uuid,
    /// The application's credential.
    pub token: Option<String>,
    /// What proves that a session is this client's: its own choice for a new session, or from `auth_ok`.
    pub secret: Option<[u8; 16]>,
    /// Number of this attempt to connect, growing over the client's attempts: a late one is told from a new one.
    pub attempt: Option<u64>,
    /// Encoding wanted for payload bodies.
    pub encoding: PayloadEncoding,
    /// Entries may come compressed, and dictionaries be announced.
    pub zstd: bool,
    /// Streams to read, so that the first answer already carries their outcomes.
    pub subscriptions: Vec<Subscribe>,
}

/// One stream to read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subscribe {
    /// The client's name for this subscription, unique among its subscriptions.
    pub id: u32,
    /// Name of the channel.
    pub channel: String,
    /// Which stream of the channel.
    pub scope: ScopeRequest,
    /// Where the client stands, if it has been here before.
    pub position: Option<Position>,
    /// Where to begin without a position.
    pub start: StartAt,
}

/// Which stream of a channel a client asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ScopeRequest {
    /// The channel itself.
    Channel,
    /// A topic.
    Topic(String),
    /// The client's own inbox.
    Inbox,
}

impl ClientOp {
    /// Appends the op as MessagePack.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let map = MapWriter::new(out);
        match self {
            Self::Auth(auth) => auth.write(map),
            Self::Subscribe(items) => {
                map.str("op", "subscribe")
                    .list("subscribe", items, Subscribe::write);
            }
            Self::Unsubscribe(ids) => {
                map.str("op", "unsubscribe")
                    .list("ids", ids, |out, &id| token::write_uint(out, u64::from(id)));
            }
            Self::Ack(acks) => {
                map.str("op", "ack")
                    .list("acks", acks, |out, &(id, cursor)| {
                        token::write_array(out, 2);
                        token::write_uint(out, u64::from(id));
                        token::write_uint(out, cursor);
                    });
            }
            Self::Whole(id) => {
                map.str("op", "whole").uint("id", u64::from(*id));
            }
            Self::Have(ids) => {
                map.str("op", "have")
                    .list("ids", ids, |out, &id| token::write_uint(out, u64::from(id)));
            }
            Self::Ping => {
                map.str("op", "ping");
            }
            Self::Pong => {
                map.str("op", "pong");
            }
            Self::Goodbye => {
                map.str("op", "goodbye");
            }
        }
    }

    /// Reads an op; the bytes must hold nothing else.
    ///
    /// # Errors
    /// [`OpError`] says what is wrong and where.
    pub fn decode(bytes: &[u8]) -> Result<Self, OpError> {
        let (name, mut map) = MapReader::op(bytes, &NAMES)?;
        let op = match name {
            "auth" => Self::Auth(Auth::read(&mut map)),
            "subscribe" => {
                Self::Subscribe(map.list("subscribe", SUBSCRIPTIONS as u64, Subscribe::read))
            }
            "unsubscribe" => Self::Unsubscribe(map.list("ids", SUBSCRIPTIONS as u64, read_id)),
            "ack" => Self::Ack(map.list("acks", SUBSCRIPTIONS as u64, |reader| {
                if array(reader)? != 2 {
                    return Err(reader.error("an id and a cursor").into());
                }
                Ok((read_id(reader)?, uint(reader)?))
            })),
            "whole" => Self::Whole(map.narrow("id")),
            "have" => Self::Have(map.list("ids", DICTIONARIES as u64, read_id)),
            "ping" => Self::Ping,
            "pong" => Self::Pong,
            _ => Self::Goodbye,
        };
        map.judge(op)
    }
}

const NAMES: [&str; 9] = [
    "auth",
    "subscribe",
    "unsubscribe",
    "ack",
    "whole",
    "have",
    "ping",
    "pong",
    "goodbye",
];

fn read_id(reader: &mut Reader<'_>) -> Result<u32, OpError> {
    let start = reader.clone();
    let id = u32::try_from(uint(reader)?);
    Ok(id.map_err(|_| start.error("a 32-bit id"))?)
}

impl Auth {
    fn write(&self, map: MapWriter<'_>) {
        map.str("op", "auth")
            .bin("client_id", self.client_id.as_bytes())
            .opt_str("token", self.token.as_deref())
            .opt_bin("secret", self.secret.as_ref().map(<[u8; 16]>::as_slice))
            .opt_uint("attempt", self.attempt)
            .str("encoding", self.encoding.name())
            .flag("zstd", self.zstd)
            .list("subscribe", &self.subscriptions, Subscribe::write);
    }

    fn read(map: &mut MapReader<'_>) -> Self {
        let encoding = PayloadEncoding::from_name;
        Self {
            client_id: Uuid::from_bytes(map.fixed("client_id")),
            token: map.opt_str("token").map(String::from),
            secret: map.opt_fixed("secret"),
            attempt: map.opt_uint("attempt"),
            encoding: if map.has("encoding") {
                map.named("encoding", encoding, PayloadEncoding::Json)
            } else {
                PayloadEncoding::Json
            },
            zstd: map.flag("zstd"),
            subscriptions: map.list("subscribe", SUBSCRIPTIONS as u64, Subscribe::read),
        }
    }
}

impl Subscribe {
    fn write(out: &mut Vec<u8>, item: &Self) {
        let map = MapWriter::new(out)
            .uint("id", u64::from(item.id))
            .str("channel", &item.channel)
            .opt_uint("epoch", item.position.map(|position| position.epoch.0))
            .opt_uint("cursor", item.position.map(|position| position.cursor))
            .opt_uint(
                "tag",
                item.position.and_then(|position| tag_field(position.tag)),
            )
            .flag("newest", item.start == StartAt::Newest);
        match &item.scope {
            ScopeRequest::Channel => map,
            ScopeRequest::Topic(topic) => map.str("topic", topic),
            ScopeRequest::Inbox => map.flag("inbox", true),
        };
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, OpError> {
        let start = reader.clone();
        let mut map = MapReader::take(reader, "a subscription")?;
        let epoch = map.opt_uint("epoch").map(Epoch);
        let position = epoch.zip(map.opt_uint("cursor"));
        let tag = Tag(map.opt_narrow("tag").unwrap_or_default());
        let subscription = Self {
            id: map.narrow("id"),
            channel: map.str("channel").into(),
            scope: match (map.opt_str("topic"), map.flag("inbox")) {
                (None, false) => ScopeRequest::Channel,
                (None, true) => ScopeRequest::Inbox,
                (Some(topic), false) => ScopeRequest::Topic(topic.into()),
                (Some(_), true) => {
                    return Err(start.error("a topic or an inbox, not both").into());
                }
            },
            position: position.map(|(epoch, cursor)| Position { epoch, cursor, tag }),
            start: if map.flag("newest") {
                StartAt::Newest
            } else {
                StartAt::Oldest
            },
        };
        map.judge(subscription)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;

    fn subscribe() -> impl Strategy<Value = Subscribe> + Clone {
        let scope = prop_oneof![
            Just(ScopeRequest::Channel),
            Just(ScopeRequest::Inbox),
            ".{1,40}".prop_map(ScopeRequest::Topic),
        ];
        let position = proptest::option::of(any::<(u64, u64, u32)>());
        (any::<u32>(), ".{0,40}", scope, position, any::<bool>()).prop_map(
            |(id, channel, scope, position, newest)| Subscribe {
                id,
                channel,
                scope,
                position: position.map(|(e, cursor, tag)| Position {
                    epoch: Epoch(e),
                    cursor,
                    tag: Tag(tag),
                }),
                start: if newest {
                    StartAt::Newest
                } else {
                    StartAt::Oldest
                },
            },
        )
    }

    fn op() -> impl Strategy<Value = ClientOp> {
        let subscriptions = proptest::collection::vec(subscribe(), 0..40);
        let auth = (
            any::<u128>(),
            proptest::option::of(".{0,300}"),
            proptest::option::of(any::<[u8; 16]>()),
            any::<Option<u64>>(),
            any::<bool>(),
            subscriptions.clone(),
        );
        prop_oneof![
            auth.prop_map(
                |(id, token, secret, attempt, zstd, subscriptions)| ClientOp::Auth(Auth {
                    client_id: Uuid::from_u128(id),
                    token,
                    secret,
                    attempt,
                    encoding: PayloadEncoding::MessagePack,
                    zstd,
                    subscriptions,
                })
            ),
            subscriptions.prop_map(ClientOp::Subscribe),
            any::<Vec<u32>>().prop_map(ClientOp::Unsubscribe),
            any::<Vec<(u32, u64)>>().prop_map(ClientOp::Ack),
            any::<u32>().prop_map(ClientOp::Whole),
            proptest::collection::vec(any::<u32>(), 0..=DICTIONARIES).prop_map(ClientOp::Have),
            Just(ClientOp::Ping),
            Just(ClientOp::Pong),
            Just(ClientOp::Goodbye),
        ]
    }

    proptest! {
        #[test]
        fn every_op_survives_the_wire(op in op()) {
            let mut bytes = vec![];
            op.encode(&mut bytes);
            prop_assert_eq!(ClientOp::decode(&bytes), Ok(op));
        }

        #[test]
        fn a_cut_op_is_an_error(op in op(), cut: prop::sample::Index) {
            let mut bytes = vec![];
            op.encode(&mut bytes);
            let cut = cut.index(bytes.len());
            prop_assert!(ClientOp::decode(&bytes[..cut]).is_err());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            drop(ClientOp::decode(&bytes));
        }
    }

    #[test]
    fn any_optional_field_may_be_absent() {
        let position = Position::untagged(Epoch(1), 2);
        for present in 0..16_u32 {
            let has = |bit: u32| present & 1 << bit != 0;
            let subscription = Subscribe {
                id: 3,
                channel: "chat".into(),
                scope: if has(0) {
                    ScopeRequest::Topic("lobby".into())
                } else {
                    ScopeRequest::Channel
                },
                position: has(3).then_some(position),
                start: StartAt::Oldest,
            };
            let op = ClientOp::Auth(Auth {
                client_id: Uuid::nil(),
                token: has(0).then(|| "token".into()),
                secret: has(1).then_some([1; 16]),
                attempt: has(2).then_some(4),
                encoding: PayloadEncoding::Json,
                zstd: has(0) != has(1),
                subscriptions: if present == 0 {
                    vec![]
                } else {
                    vec![subscription]
                },
            });
            let mut bytes = vec![];
            op.encode(&mut bytes);
            assert_eq!(ClientOp::decode(&bytes), Ok(op), "{present:#06b}");
        }
    }

    #[test]
    fn errors_name_the_op_and_the_field() {
        let missing = b"\x81\xa2op\xa4auth";
        assert_eq!(
            ClientOp::decode(missing),
            Err(OpError::Field {
                op: "auth",
                field: "client_id"
            })
        );
        assert_eq!(
            ClientOp::decode(b"\x81\xa2op\xa3fly"),
            Err(OpError::Unknown("fly".into()))
        );
        assert!(matches!(
            ClientOp::decode(b"\x81\xa2op\xa4ping\x00"),
            Err(OpError::Malformed(_))
        ));
    }

    #[test]
    fn fields_of_later_versions_are_stepped_over() {
        let later = b"\x82\xa2op\xa4ping\xa4mood\x92\x01\xa2ok";
        assert_eq!(ClientOp::decode(later), Ok(ClientOp::Ping));
    }
}
