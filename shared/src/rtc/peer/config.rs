//! [`PeerConfig`]: the times of a peer session.

use core::time::Duration;

use crate::transport::FailoverPolicy;

/// Times of a [`PeerSession`](super::PeerSession).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PeerConfig {
    /// Repetitions without an acknowledgement after which the connection counts as lost, and time before the next attempt
    /// (by chance from a half of it to one and a half).
    pub failover: FailoverPolicy,
    /// Longest time of an attempt to connect (default 15 s).
    pub attempt: Duration,
    /// Time without an acknowledgement before messages are sent again (default 1 s). It doubles with each repetition, up
    /// to eight times.
    pub resend: Duration,
}

impl Default for PeerConfig {
    fn default() -> Self {
        Self {
            failover: FailoverPolicy::default(),
            attempt: Duration::from_secs(15),
            resend: Duration::from_secs(1),
        }
    }
}
