//! Error of a connection that is not admitted, and its HTTP answer.

use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};

use crate::limits::RETURN_SPREAD;

/// Error of a connection that is not admitted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum AdmissionError {
    /// The server has as many connections as it may have: 503.
    #[error("no room for another connection now: `Limits::connections` of {0} is reached")]
    Connections(usize),
    /// Too many connections of the address are not authenticated: 429.
    #[error(
        "`Limits::unauthenticated_per_address` of {0} is reached: wait until others are authenticated"
    )]
    Unauthenticated(usize),
    /// The address opens connections too fast: 429, and the time until the next one may be opened.
    #[error("`Limits::connects_per_address` is reached: wait {} s", seconds(*.0))]
    Connects(Duration),
    /// Too many bytes of requests without a session are being read: 503.
    #[error(
        "`Limits::unauthenticated_bytes` of {0} is reached: wait until other requests are read"
    )]
    Bytes(usize),
    /// The same of the address: 429.
    #[error(
        "`Limits::unauthenticated_bytes_per_address` of {0} is reached: wait until other requests are read"
    )]
    BytesOfAddress(usize),
    /// The address has sent too much that reached no session: 429, and the time until the next request may come.
    #[error("`Limits::address_rates` is reached by requests without a session: wait {} s", seconds(*.0))]
    Requests(Duration),
}

impl AdmissionError {
    /// Delay before the next attempt.
    fn retry(self) -> Duration {
        match self {
            Self::Connections(_) => RETURN_SPREAD,
            Self::Unauthenticated(_) | Self::Bytes(_) | Self::BytesOfAddress(_) => {
                Duration::from_secs(1)
            }
            Self::Connects(wait) | Self::Requests(wait) => wait,
        }
    }

    /// Whole seconds before the next attempt, at least 1.
    pub(crate) fn retry_after(self) -> u64 {
        seconds(self.retry())
    }

    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::Connections(_) | Self::Bytes(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unauthenticated(_)
            | Self::Connects(_)
            | Self::BytesOfAddress(_)
            | Self::Requests(_) => StatusCode::TOO_MANY_REQUESTS,
        }
    }
}

impl IntoResponse for AdmissionError {
    fn into_response(self) -> Response {
        let later = [(RETRY_AFTER, self.retry_after().to_string())];
        (self.status(), later, self.to_string()).into_response()
    }
}

/// Whole seconds, at least 1.
fn seconds(wait: Duration) -> u64 {
    let started = u64::from(wait.subsec_nanos() > 0);
    wait.as_secs().saturating_add(started).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_name_the_delay() {
        for (error, status, delay) in [
            (AdmissionError::Connections(7), 503, "5"),
            (AdmissionError::Unauthenticated(7), 429, "1"),
            (AdmissionError::Connects(Duration::from_millis(5)), 429, "1"),
            (
                AdmissionError::Connects(Duration::from_millis(2_001)),
                429,
                "3",
            ),
        ] {
            let response = error.into_response();
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()[RETRY_AFTER], delay);
        }
    }
}
