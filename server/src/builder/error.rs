//! Error of the server's builder.

use crate::compression::SetDictionaryError;

/// Error of the server's builder: a setting with which a server cannot work.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The system channel carries control ops, so it has no policy.
    #[error("channel {0:?} is the system channel: it keeps no entries and takes no policy")]
    SystemPolicy(&'static str),
    /// A policy is given for a channel that `ChannelKind::all` does not have.
    #[error("channel {0:?} has a policy, and is not among those of `ChannelKind::all`")]
    UnknownChannel(&'static str),
    /// Two channels have the same wire id.
    #[error("channels {0:?} and {1:?} have the same wire id")]
    SameId(String, String),
    /// Two channels have the same name.
    #[error("two channels are named {0:?}")]
    SameName(String),
    /// Not exactly one channel is the system channel.
    #[error("exactly one channel must be the system channel, not {0}")]
    SystemChannels(usize),
    /// A dictionary is not one that the channel can use.
    #[error("the dictionary of channel {0:?}: {1}")]
    Dictionary(&'static str, SetDictionaryError),
    /// A text of `allowed_origins` is not an origin.
    #[error("allowed_origins: {origin:?} at byte {at}; expected: {expected}")]
    AllowedOrigin {
        /// The text.
        origin: String,
        /// Byte at which it goes wrong.
        at: usize,
        /// Content that may stand there.
        expected: &'static str,
    },
    /// A text of `allowed_hosts` is not a host.
    #[error("allowed_hosts: {host:?} at byte {at}; expected: {expected}")]
    AllowedHost {
        /// The text.
        host: String,
        /// Byte at which it goes wrong.
        at: usize,
        /// Content that may stand there.
        expected: &'static str,
    },
    /// A setting has a value with which the server would not work.
    #[error("{setting} is {value}; allowed: {allowed}")]
    Setting {
        /// Method of the builder, field of the limits, or method of a channel's policy.
        setting: String,
        /// Its value.
        value: String,
        /// The values that work.
        allowed: String,
    },
}
