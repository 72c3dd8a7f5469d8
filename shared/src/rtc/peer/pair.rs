//! [`Pair`]: the numbers of two sessions, and [`Label`]: the attempt of two sessions that a signal is of.

use alloc::format;
use alloc::string::String;

use serde_json::{Value, json};

/// Numbers of a session and of the session at the other end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Pair {
    /// Number of the session that sends.
    pub(super) session: u64,
    /// Number of the session that is sent to; 0 while none is known.
    pub(super) peer: u64,
}

impl Pair {
    /// The same two sessions, as the other end names them.
    pub(super) const fn reversed(self) -> Self {
        Self {
            session: self.peer,
            peer: self.session,
        }
    }
}

/// Attempt to connect two sessions: in the `meta` of offers and answers, and at the end of candidates as extension
/// attributes of RFC 8839.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Label {
    pub(super) pair: Pair,
    pub(super) attempt: u64,
}

impl Label {
    /// The same attempt, as the other end names it.
    pub(super) const fn reversed(self) -> Self {
        Self {
            pair: self.pair.reversed(),
            attempt: self.attempt,
        }
    }

    pub(super) fn to_meta(self) -> Value {
        let Self { pair, attempt } = self;
        json!({"attempt": attempt, "session": pair.session, "peer": pair.peer})
    }

    pub(super) fn from_meta(meta: &Value) -> Option<Self> {
        let number = |name| meta.get(name)?.as_u64();
        Some(Self {
            pair: Pair {
                session: number("session")?,
                peer: number("peer")?,
            },
            attempt: number("attempt")?,
        })
    }

    pub(super) fn add_to(self, candidate: &str) -> String {
        let Self { pair, attempt } = self;
        let Pair { session, peer } = pair;
        format!("{candidate} session {session} peer {peer} attempt {attempt}")
    }

    /// Splits a candidate from its label.
    pub(super) fn split(candidate: &str) -> Option<(&str, Self)> {
        let (rest, attempt) = candidate.rsplit_once(" attempt ")?;
        let (rest, peer) = rest.rsplit_once(" peer ")?;
        let (rest, session) = rest.rsplit_once(" session ")?;
        let label = Self {
            pair: Pair {
                session: session.parse().ok()?,
                peer: peer.parse().ok()?,
            },
            attempt: attempt.parse().ok()?,
        };
        Some((rest, label))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn labels_survive(session: u64, peer: u64, attempt: u64, candidate in ".{0,60}") {
            let label = Label { pair: Pair { session, peer }, attempt };
            prop_assert_eq!(Label::from_meta(&label.to_meta()), Some(label));
            let text = label.add_to(&candidate);
            prop_assert_eq!(Label::split(&text), Some((&*candidate, label)));
        }
    }

    #[test]
    fn other_texts_have_no_label() {
        for text in [
            "",
            "host",
            "host attempt 1",
            "host session 1 attempt 2 peer 3",
            "host session 1 peer 2 attempt ",
            "host session 1 peer -2 attempt 3",
            "host session 1 peer 2 attempt 99999999999999999999",
        ] {
            assert_eq!(Label::split(text), None, "{text}");
        }
        for meta in [
            json!(null),
            json!({"attempt": 1}),
            json!({"attempt": 1, "session": "2", "peer": 3}),
        ] {
            assert_eq!(Label::from_meta(&meta), None, "{meta}");
        }
    }
}
