//! Close codes, whose range carries the retry advice (docs/protocol.md section 10).

/// Reason for closing a connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum CloseReason {
    /// 1000: the other side is done.
    Normal,
    /// 1002: the peer broke the framing of WebSocket.
    BadFraming,
    /// 1007: a text message that is not UTF-8.
    BadText,
    /// 4000: no answer to a heartbeat.
    HeartbeatLost,
    /// 4001: the connection accepted no bytes for too long.
    Stalled,
    /// 4002: continuity inside the connection was broken; a new connection resumes by cursor.
    OutOfSequence,
    /// 4005: the client's grant has ended; a new connection with a renewed token continues.
    GrantExpired,
    /// 4100: the server is going away; come back after the delay that its goodbye names.
    Draining,
    /// 4101: no room for another connection now.
    Overloaded,
    /// 4102: the client sent more than its limit.
    RateLimited,
    /// 4103: no `auth` within the handshake time.
    HandshakeTimeout,
    /// 4104: the authenticator could not be asked.
    AuthUnavailable,
    /// 4200: the credentials were refused.
    Unauthorized,
    /// 4201: a newer connection of the same session took over.
    Replaced,
    /// 4202: the peer broke the protocol.
    ProtocolError,
    /// 4203: the peer uses another version.
    UnsupportedVersion,
    /// 4204: a message above the size limit.
    MessageTooLarge,
    /// 4205: the first message was not `auth`.
    AuthExpected,
}

/// Advice to a client on reconnecting after a close.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RetryAdvice {
    /// At once (with jitter): nothing is wrong with the server or the client.
    Now,
    /// After the delay that the server named, else by the back-off schedule.
    Later,
    /// Not by itself: the same attempt would end the same way.
    Never,
}

const ALL: [CloseReason; 18] = [
    CloseReason::Normal,
    CloseReason::BadFraming,
    CloseReason::BadText,
    CloseReason::HeartbeatLost,
    CloseReason::Stalled,
    CloseReason::OutOfSequence,
    CloseReason::GrantExpired,
    CloseReason::Draining,
    CloseReason::Overloaded,
    CloseReason::RateLimited,
    CloseReason::HandshakeTimeout,
    CloseReason::AuthUnavailable,
    CloseReason::Unauthorized,
    CloseReason::Replaced,
    CloseReason::ProtocolError,
    CloseReason::UnsupportedVersion,
    CloseReason::MessageTooLarge,
    CloseReason::AuthExpected,
];

impl CloseReason {
    /// The WebSocket close code.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::BadFraming => 1002,
            Self::BadText => 1007,
            Self::HeartbeatLost => 4000,
            Self::Stalled => 4001,
            Self::OutOfSequence => 4002,
            Self::GrantExpired => 4005,
            Self::Draining => 4100,
            Self::Overloaded => 4101,
            Self::RateLimited => 4102,
            Self::HandshakeTimeout => 4103,
            Self::AuthUnavailable => 4104,
            Self::Unauthorized => 4200,
            Self::Replaced => 4201,
            Self::ProtocolError => 4202,
            Self::UnsupportedVersion => 4203,
            Self::MessageTooLarge => 4204,
            Self::AuthExpected => 4205,
        }
    }

    /// A short English text for the close frame (at most 123 bytes) and for logs.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Normal => "closed",
            Self::BadFraming => "the framing of WebSocket was broken",
            Self::BadText => "a text message that is not UTF-8",
            Self::HeartbeatLost => "no answer to a heartbeat",
            Self::Stalled => "the connection accepted no bytes for too long",
            Self::OutOfSequence => "a control frame is missing or out of order",
            Self::GrantExpired => "the grant has expired; reconnect with a renewed token",
            Self::Draining => "the server is going away; reconnect",
            Self::Overloaded => "no room for another connection now",
            Self::RateLimited => "sent more than the limit",
            Self::HandshakeTimeout => "no auth within the handshake time",
            Self::AuthUnavailable => "the credentials could not be checked now",
            Self::Unauthorized => "the credentials were refused",
            Self::Replaced => "replaced by a newer connection of the same session",
            Self::ProtocolError => "protocol error",
            Self::UnsupportedVersion => "unsupported protocol version",
            Self::MessageTooLarge => "message above the size limit",
            Self::AuthExpected => "the first message must be auth",
        }
    }

    /// The reason of this close code, where push-wire defines one.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// Returns the advice that a close code carries, also for codes that this version does not know.
///
/// 4000-4099 now, 4100-4199 later, 4200-4299 never. A connection that ended without a reason (no code, 1000, 1001, 1005
/// or 1006, which proxies send too) was lost: now. Every other code: later. Only the codes of this protocol stop a
/// client.
#[must_use]
pub const fn retry_advice(code: Option<u16>) -> RetryAdvice {
    match code {
        None | Some(1000 | 1001 | 1005 | 1006 | 4000..=4099) => RetryAdvice::Now,
        Some(4200..=4299) => RetryAdvice::Never,
        Some(_) => RetryAdvice::Later,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_have_distinct_codes_and_short_texts() {
        for (i, reason) in ALL.into_iter().enumerate() {
            assert_eq!(CloseReason::from_code(reason.code()), Some(reason));
            assert!(ALL[..i].iter().all(|other| other.code() != reason.code()));
            assert!(reason.text().len() <= 123);
        }
    }

    #[test]
    fn the_range_carries_the_advice() {
        assert_eq!(
            retry_advice(Some(CloseReason::HeartbeatLost.code())),
            RetryAdvice::Now
        );
        assert_eq!(
            retry_advice(Some(CloseReason::Draining.code())),
            RetryAdvice::Later
        );
        assert_eq!(
            retry_advice(Some(CloseReason::Replaced.code())),
            RetryAdvice::Never
        );
        assert_eq!(retry_advice(Some(4299)), RetryAdvice::Never);
        assert_eq!(retry_advice(Some(1011)), RetryAdvice::Later);
        assert_eq!(retry_advice(Some(1008)), RetryAdvice::Later);
        for lost in [None, Some(1000), Some(1001), Some(1005), Some(1006)] {
            assert_eq!(retry_advice(lost), RetryAdvice::Now);
        }
    }
}
