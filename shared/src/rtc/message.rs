//! Messages between peers, and to the server, on a signalling channel.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::integer;

/// A signalling message. In JSON the tag is `type`, in snake case; absent fields are left out.
///
/// Optional fields are last, so that encodings that write structs as arrays can leave them out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RtcMessage {
    /// Request of a peer to connect.
    Offer {
        /// Client id of the sender. The server sets it: in a message to the server it may be left out.
        #[serde(default)]
        from: Uuid,
        /// Client id of the receiver.
        to: Uuid,
        /// Session description (RFC 8866).
        sdp: String,
        /// Data that the application adds; `Null` if there is none.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        meta: Value,
    },
    /// Acceptance of an offer by the other peer.
    Answer {
        /// Client id of the sender. The server sets it: in a message to the server it may be left out.
        #[serde(default)]
        from: Uuid,
        /// Client id of the receiver.
        to: Uuid,
        /// Session description (RFC 8866).
        sdp: String,
        /// Data that the application adds; `Null` if there is none.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        meta: Value,
    },
    /// An address at which the sender may be reached.
    Candidate {
        /// Client id of the sender. The server sets it: in a message to the server it may be left out.
        #[serde(default)]
        from: Uuid,
        /// Client id of the receiver.
        to: Uuid,
        /// ICE candidate (RFC 8839).
        candidate: String,
    },
    /// Several addresses at which the sender may be reached.
    CandidateBatch {
        /// Client id of the sender. The server sets it: in a message to the server it may be left out.
        #[serde(default)]
        from: Uuid,
        /// Client id of the receiver.
        to: Uuid,
        /// ICE candidates (RFC 8839).
        candidates: Vec<String>,
    },
    /// State of the connection, as one peer reports it.
    Status {
        /// Client id of the sender. The server sets it: in a message to the server it may be left out.
        #[serde(default)]
        from: Uuid,
        /// Client id of the receiver.
        to: Uuid,
        /// One word, such as `connected`.
        status: String,
    },
    /// Server: all peers that can be connected to, in place of an earlier list.
    PeerList {
        /// Their client ids.
        peers: Vec<Uuid>,
    },
    /// Client: request for the peers that can be connected to.
    PeerDiscovery {
        /// Room to enter first; default none: the peers in the rooms that the client has entered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
    },
    /// Server: credentials for a TURN relay, for peers without a direct path.
    TurnCredentials(TurnCredential),
}

impl RtcMessage {
    /// Returns the receiver; `None` of messages to and from the server.
    #[must_use]
    pub const fn receiver(&self) -> Option<Uuid> {
        match self {
            Self::Offer { to, .. }
            | Self::Answer { to, .. }
            | Self::Candidate { to, .. }
            | Self::CandidateBatch { to, .. }
            | Self::Status { to, .. } => Some(*to),
            Self::PeerList { .. } | Self::PeerDiscovery { .. } | Self::TurnCredentials(_) => None,
        }
    }

    /// The same message with this client as its sender. Messages to and from the server have no sender.
    #[must_use]
    pub fn with_sender(mut self, client: Uuid) -> Self {
        match &mut self {
            Self::Offer { from, .. }
            | Self::Answer { from, .. }
            | Self::Candidate { from, .. }
            | Self::CandidateBatch { from, .. }
            | Self::Status { from, .. } => *from = client,
            Self::PeerList { .. } | Self::PeerDiscovery { .. } | Self::TurnCredentials(_) => {}
        }
        self
    }
}

/// Credentials for a TURN server, valid for a limited time. `Debug` leaves the password out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnCredential {
    /// User name.
    pub username: String,
    /// Password.
    pub credential: String,
    /// Validity of both, in seconds.
    #[serde(deserialize_with = "integer::one")]
    pub ttl_seconds: u64,
    /// Address of the TURN server, if it is not known otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
}

impl fmt::Debug for TurnCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnCredential")
            .field("username", &self.username)
            .field("ttl_seconds", &self.ttl_seconds)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::PayloadEncoding;

    fn message() -> impl Strategy<Value = RtcMessage> {
        let ids = || (any::<u128>(), any::<u128>());
        let ids = || ids().prop_map(|(from, to)| (Uuid::from_u128(from), Uuid::from_u128(to)));
        let text = || ".{0,40}";
        let meta = || prop_oneof![Just(Value::Null), text().prop_map(Value::from)];
        let maybe_text = || proptest::option::of(text());
        prop_oneof![
            (ids(), text(), meta()).prop_map(|((from, to), sdp, meta)| RtcMessage::Offer {
                from,
                to,
                sdp,
                meta
            }),
            (ids(), text(), meta()).prop_map(|((from, to), sdp, meta)| RtcMessage::Answer {
                from,
                to,
                sdp,
                meta
            }),
            (ids(), text()).prop_map(|((from, to), candidate)| RtcMessage::Candidate {
                from,
                to,
                candidate
            }),
            (ids(), prop::collection::vec(text(), 0..3)).prop_map(|((from, to), candidates)| {
                RtcMessage::CandidateBatch {
                    from,
                    to,
                    candidates,
                }
            }),
            (ids(), text()).prop_map(|((from, to), status)| RtcMessage::Status {
                from,
                to,
                status
            }),
            ids().prop_map(|(one, other)| RtcMessage::PeerList {
                peers: [one, other].into(),
            }),
            maybe_text().prop_map(|room| RtcMessage::PeerDiscovery { room }),
            (text(), text(), any::<u64>(), maybe_text()).prop_map(
                |(username, credential, ttl_seconds, server)| {
                    RtcMessage::TurnCredentials(TurnCredential {
                        username,
                        credential,
                        ttl_seconds,
                        server,
                    })
                }
            ),
        ]
    }

    proptest! {
        #[test]
        fn messages_survive_every_encoding(message in message()) {
            for encoding in [PayloadEncoding::MessagePack, PayloadEncoding::Cbor, PayloadEncoding::Json] {
                let bytes = encoding.encode(&message).unwrap();
                prop_assert_eq!(encoding.decode(&bytes), Ok(message.clone()), "{:?}", encoding);
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            for encoding in [PayloadEncoding::MessagePack, PayloadEncoding::Cbor, PayloadEncoding::Json] {
                drop(encoding.decode::<RtcMessage>(&bytes));
            }
        }
    }

    #[test]
    fn omits_absent_fields() {
        let from = Uuid::from_u128(1);
        let to = Uuid::from_u128(2);
        let offer = RtcMessage::Offer {
            from,
            to,
            sdp: "v=0".into(),
            meta: Value::Null,
        };
        let json = json!({"type": "offer", "from": from, "to": to, "sdp": "v=0"});
        assert_eq!(serde_json::to_value(&offer).unwrap(), json);

        let credentials = RtcMessage::TurnCredentials(TurnCredential {
            username: "u".into(),
            credential: "c".into(),
            ttl_seconds: 60,
            server: None,
        });
        let json = json!({"type": "turn_credentials", "username": "u", "credential": "c", "ttl_seconds": 60});
        assert_eq!(serde_json::to_value(&credentials).unwrap(), json);
        assert_eq!(
            serde_json::to_value(RtcMessage::PeerDiscovery { room: None }).unwrap(),
            json!({"type": "peer_discovery"})
        );
    }

    #[test]
    fn debug_has_no_password() {
        let message = RtcMessage::TurnCredentials(TurnCredential {
            username: "1700000600:peer".into(),
            credential: "a+password".into(),
            ttl_seconds: 60,
            server: None,
        });
        let text = std::format!("{message:?}");
        assert!(text.contains("1700000600:peer"), "{text}");
        assert!(!text.contains("a+password"), "{text}");
    }
}
