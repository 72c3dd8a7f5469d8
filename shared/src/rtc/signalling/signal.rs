//! [`Signal`]: a client's message on a signalling channel.

use alloc::string::ToString;

use serde_json::Value;
use uuid::Uuid;

use super::SignalError;
use crate::limits::{
    RTC_BATCH, RTC_CANDIDATE_BYTES, RTC_META_BYTES, RTC_SDP_BYTES, RTC_STATUS_BYTES,
};
use crate::rtc::{RtcMessage, RtcRequest};

/// A client's message on a signalling channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Signal {
    /// A message for another client, or `PeerDiscovery`.
    Message(RtcMessage),
    /// Another request to the server.
    Request(RtcRequest),
}

impl Signal {
    /// Reads a message from JSON text, and checks its sizes.
    ///
    /// # Errors
    /// [`SignalError::Unreadable`], [`SignalError::OfServer`] or [`SignalError::TooLarge`].
    pub fn read(json: &[u8]) -> Result<Self, SignalError> {
        // Of an array, fields would be read by their place.
        if json.trim_ascii_start().first() != Some(&b'{') {
            return Err(SignalError::Unreadable("an object is expected".into()));
        }
        match serde_json::from_slice::<RtcMessage>(json) {
            Ok(message) => {
                check(&message)?;
                Ok(Self::Message(message))
            }
            Err(error) => match serde_json::from_slice::<RtcRequest>(json) {
                Ok(request) => Ok(Self::Request(request)),
                Err(_) => Err(SignalError::Unreadable(error.to_string())),
            },
        }
    }

    /// Returns the client that it is for; `None` for the server.
    #[must_use]
    pub const fn receiver(&self) -> Option<Uuid> {
        match self {
            Self::Message(message) => message.receiver(),
            Self::Request(_) => None,
        }
    }
}

fn check(message: &RtcMessage) -> Result<(), SignalError> {
    match message {
        RtcMessage::Offer { sdp, meta, .. } | RtcMessage::Answer { sdp, meta, .. } => {
            within("sdp", sdp.len(), RTC_SDP_BYTES)?;
            within("meta", json_bytes(meta), RTC_META_BYTES)
        }
        RtcMessage::Candidate { candidate, .. } => check_candidate(candidate),
        RtcMessage::CandidateBatch { candidates, .. } => {
            within("candidates", candidates.len(), RTC_BATCH)?;
            candidates
                .iter()
                .try_for_each(|candidate| check_candidate(candidate))
        }
        RtcMessage::Status { status, .. } => within("status", status.len(), RTC_STATUS_BYTES),
        RtcMessage::PeerDiscovery { .. } => Ok(()),
        RtcMessage::PeerList { .. } => Err(SignalError::OfServer("peer_list")),
        RtcMessage::TurnCredentials(_) => Err(SignalError::OfServer("turn_credentials")),
    }
}

fn check_candidate(candidate: &str) -> Result<(), SignalError> {
    within("candidate", candidate.len(), RTC_CANDIDATE_BYTES)
}

fn json_bytes(value: &Value) -> usize {
    if value.is_null() {
        0
    } else {
        value.to_string().len()
    }
}

const fn within(part: &'static str, size: usize, limit: usize) -> Result<(), SignalError> {
    if size > limit {
        return Err(SignalError::TooLarge { part, size, limit });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::string::String;
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    fn signal() -> impl Strategy<Value = Signal> {
        let ids = any::<(u128, u128)>();
        let ids = ids.prop_map(|(from, to)| (Uuid::from_u128(from), Uuid::from_u128(to)));
        let texts = prop::collection::vec(".{0,40}", 0..4);
        let room = prop::option::of(".{0,40}");
        (0_u8..8, ids, texts, room).prop_map(|(kind, (from, to), candidates, room)| {
            let text: String = candidates.concat();
            let meta = candidates
                .first()
                .map_or(Value::Null, |text| text.as_str().into());
            let (sdp, candidate, status) = (text.clone(), text.clone(), text);
            Signal::Message(match kind {
                0 => RtcMessage::Offer {
                    from,
                    to,
                    sdp,
                    meta,
                },
                1 => RtcMessage::Answer {
                    from,
                    to,
                    sdp,
                    meta,
                },
                2 => RtcMessage::Candidate {
                    from,
                    to,
                    candidate,
                },
                3 => RtcMessage::CandidateBatch {
                    from,
                    to,
                    candidates,
                },
                4 => RtcMessage::Status {
                    from,
                    to,
                    status: status.chars().take(60).collect(),
                },
                5 => RtcMessage::PeerDiscovery { room },
                6 => return Signal::Request(RtcRequest::LeaveRoom { room }),
                _ => return Signal::Request(RtcRequest::TurnRequest),
            })
        })
    }

    proptest! {
        #[test]
        fn signals_survive(signal in signal()) {
            let written = match &signal {
                Signal::Message(message) => serde_json::to_vec(message),
                Signal::Request(request) => serde_json::to_vec(request),
            };
            prop_assert_eq!(Signal::read(&written.unwrap()), Ok(signal));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            drop(Signal::read(&bytes));
            drop(Signal::read(&[b"{", &bytes[..]].concat()));
        }
    }
}
