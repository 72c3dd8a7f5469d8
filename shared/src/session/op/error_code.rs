//! Error codes of control ops.

macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// Error code, for programs. Codes of later versions are read as `Other`.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[$doc])* $variant,)*
        }

        impl ErrorCode {
            /// The name on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The code of this wire name.
            #[must_use]
            pub fn from_name(name: &str) -> Self {
                match name { $($name => Self::$variant,)* _ => Self::Other }
            }

            /// Returns whether the same may succeed later, without a change by the application.
            #[must_use]
            pub const fn is_retryable(self) -> bool {
                matches!(self, Self::Unavailable | Self::RateLimited)
            }
        }
    };
}

error_codes! {
    /// No such channel.
    UnknownChannel = "unknown_channel",
    /// Empty, or longer than 255 bytes.
    BadTopic = "bad_topic",
    /// The grant does not allow this.
    NotPermitted = "not_permitted",
    /// The server cannot accept the client now: its credentials cannot be checked, or a limit is reached. The client comes
    /// back later, with the same credentials.
    Unavailable = "unavailable",
    /// The control op is unknown or malformed.
    BadOp = "bad_op",
    /// The frame is too short, of a wrong version, with unknown flags, or on an unknown channel or stream.
    BadFrame = "bad_frame",
    /// The payload cannot be read.
    BadPayload = "bad_payload",
    /// No handler is registered for messages on this channel.
    NoHandler = "no_handler",
    /// More subscriptions than one session may have.
    TooManySubscriptions = "too_many_subscriptions",
    /// No subscription of this id, or one that exists already.
    BadSubscription = "bad_subscription",
    /// More than a limit of the rate is sent.
    RateLimited = "rate_limited",
    /// Above the size limit.
    TooLarge = "too_large",
    /// The application's handler refused.
    Refused = "refused",
    /// The application's handler failed: it panicked.
    HandlerFailed = "handler_failed",
    /// A code that this version does not know.
    Other = "other",
}
