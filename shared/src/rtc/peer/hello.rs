//! [`Hello`]: the introduction of a session to the other client.

use alloc::format;
use alloc::string::String;

use super::pair::Pair;

/// Introduction of a session, sent as the text of a status:
/// `session OWN peer OTHER attempt NUMBER asks`, or `knows` in the place of `asks`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Hello {
    /// The session, and the one at the other end that it knows; 0 if none.
    pub(super) pair: Pair,
    /// Highest number of an attempt that it has seen.
    pub(super) attempt: u64,
    /// It waits for a hello that names it.
    pub(super) asks: bool,
}

impl Hello {
    pub(super) fn to_text(self) -> String {
        let Self {
            pair: Pair { session, peer },
            attempt,
            asks,
        } = self;
        let end = if asks { "asks" } else { "knows" };
        format!("session {session} peer {peer} attempt {attempt} {end}")
    }

    /// Reads the text of a status; `None` if it is another one.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let mut number = |name| {
            (words.next() == Some(name)).then_some(())?;
            words.next()?.parse().ok()
        };
        let session = number("session").filter(|&session| session > 0)?;
        let (peer, attempt) = (number("peer")?, number("attempt")?);
        let asks = match (words.next()?, words.next()) {
            ("asks", None) => true,
            ("knows", None) => false,
            _ => return None,
        };
        Some(Self {
            pair: Pair { session, peer },
            attempt,
            asks,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn hello_survives(session in 1_u64.., peer: u64, attempt: u64, asks: bool) {
            let hello = Hello { pair: Pair { session, peer }, attempt, asks };
            prop_assert_eq!(Hello::from_text(&hello.to_text()), Some(hello));
        }
    }

    #[test]
    fn other_texts_are_no_hello() {
        for text in [
            "",
            "connected",
            "session 1",
            "session 0 peer 2 attempt 3 asks",
            "session 1 peer 2 attempt 3",
            "session 1 peer 2 attempt 3 hopes",
            "session 1 peer 2 attempt 3 asks again",
            "session 1 peer  2 attempt 3 asks",
            "peer 1 session 2 attempt 3 knows",
        ] {
            assert_eq!(Hello::from_text(text), None, "{text}");
        }
    }
}
