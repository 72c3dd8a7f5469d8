//! Deserialization of a channel from its name. Derived `Deserialize` impls call it.

use core::fmt;
use core::marker::PhantomData;

use serde::de::{Deserializer, Error, Unexpected, Visitor};

use super::ChannelKind;

/// Reads a name and finds its channel.
///
/// # Errors
/// Fails if there is no string, or no channel has this name.
pub fn channel_by_name<'de, C, D>(deserializer: D) -> Result<C, D::Error>
where
    C: ChannelKind,
    D: Deserializer<'de>,
{
    deserializer.deserialize_str(Name(PhantomData))
}

struct Name<C>(PhantomData<C>);

impl<C: ChannelKind> Visitor<'_> for Name<C> {
    type Value = C;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one of the channels ")?;
        for (at, channel) in C::all().iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            f.write_str(channel.name())?;
        }
        Ok(())
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<C, E> {
        C::from_name(name).ok_or_else(|| E::invalid_value(Unexpected::Str(name), &self))
    }

    fn visit_bytes<E: Error>(self, name: &[u8]) -> Result<C, E> {
        match core::str::from_utf8(name) {
            Ok(name) => self.visit_str(name),
            Err(_) => Err(E::invalid_value(Unexpected::Bytes(name), &self)),
        }
    }
}
