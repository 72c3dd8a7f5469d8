//! Errors of the client.

use push_wire_shared::session::op::ErrorCode;

/// Error of [`Client::connect`](crate::Client::connect).
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The address cannot be used.
    #[error("\"{url}\": {why}")]
    Url {
        /// The address as it was given.
        url: String,
        /// Reason, for people.
        why: String,
    },
    /// No random numbers, from which a client draws its id and its secret.
    #[error(
        "there is no crypto.getRandomValues, from which a client draws its id and its secret: define globalThis.crypto"
    )]
    NoCrypto,
    /// A setting needs a cargo feature of this crate that the build leaves out.
    #[error(
        "{setting} is \"{value}\", for which this client was built without its cargo feature `{feature}`"
    )]
    LeftOut {
        /// Name of the setting.
        setting: &'static str,
        /// Its value.
        value: &'static str,
        /// The cargo feature.
        feature: &'static str,
    },
    /// A setting cannot be used.
    #[error(transparent)]
    Config(#[from] push_wire_shared::session::client::ConfigError),
}

/// Kind of a [`Fault`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FaultCode {
    /// The storage cannot be read or written, or its content is damaged: positions are not kept over a reload.
    Storage,
    /// The application's token function failed; it is called again later.
    Token,
    /// The page has no such transport.
    NoTransport,
    /// A function of the page threw.
    Page,
    /// An entry is not a value of its encoding.
    BadPayload,
    /// The server reports an error.
    Server(ErrorCode),
    /// The server ended a subscription that has no listener for its end, for this reason.
    Ended(push_wire_shared::session::client::EndCause),
}

impl FaultCode {
    /// The name of the code.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Storage => "storage",
            Self::Token => "token",
            Self::NoTransport => "no_websocket",
            Self::Page => "page",
            Self::BadPayload => "bad_payload",
            Self::Server(code) => code.name(),
            Self::Ended(cause) => cause.name(),
        }
    }
}

/// Error that belongs to no call.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}: {message}", code.name())]
pub struct Fault {
    /// Kind, for programs.
    pub code: FaultCode,
    /// Description, for people.
    pub message: String,
}

impl Fault {
    pub(crate) fn new(code: FaultCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code, message }
    }
}
