//! Dictionaries: trained from what is published, or given; which a channel has, and which a client holds
//! (docs/protocol.md sections 4.5 and 5.7).
//!
//! Publishing offers each entry as a sample. When there are enough, a dictionary is trained off the hot path, and
//! taken if it is worth the download. Connections that read the channel are sent its name with their next heartbeat, and
//! from then on change one by one, without a reconnect; an entry is compressed once for each of the dictionaries
//! in use, of which there are two at most.

mod client;
mod dictionaries;
mod dictionary;
mod reservoir;
mod training;

pub(crate) use client::ClientDictionaries;
pub(crate) use dictionaries::Dictionaries;
pub use dictionaries::{Background, SetDictionaryError};
pub(crate) use dictionary::{Audience, Dictionary};
