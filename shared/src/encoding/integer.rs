//! Integers in types that serde reads twice: enums whose tag is one of their fields.
//!
//! serde keeps the fields of such an enum until it has seen the tag. If any crate of a build turns on `serde_json`'s
//! feature `arbitrary_precision`, JSON numbers are kept as maps of one text, which integers cannot be read from. For
//! use with `#[serde(deserialize_with = "…")]`.

use core::fmt;
use core::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

/// An integer, or the map that stands for one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Integer {
    Number(u64),
    Text {
        #[serde(rename = "$serde_json::private::Number")]
        digits: alloc::string::String,
    },
}

impl Integer {
    fn get<E: Error>(self) -> Result<u64, E> {
        match self {
            Self::Number(n) => Ok(n),
            Self::Text { digits } => digits.parse().map_err(E::custom),
        }
    }
}

/// An integer.
///
/// # Errors
/// Fails if the value is none of 0 to 2^64 - 1.
pub fn one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Integer::deserialize(deserializer)?.get()
}

/// An integer, or null.
///
/// # Errors
/// Fails if the value is another, or does not fit `T`.
pub fn optional<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: TryFrom<u64, Error: fmt::Display>,
    D: Deserializer<'de>,
{
    let Some(n) = Option::<Integer>::deserialize(deserializer)? else {
        return Ok(None);
    };
    T::try_from(n.get()?).map(Some).map_err(D::Error::custom)
}

/// A map whose values are integers.
///
/// # Errors
/// Fails if the value is another, or a key is no `K`.
pub fn by_key<'de, K, M, D>(deserializer: D) -> Result<M, D::Error>
where
    K: Deserialize<'de>,
    M: Default + Extend<(K, u64)>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_map(ByKey(PhantomData))
}

struct ByKey<K, M>(PhantomData<(K, M)>);

impl<'de, K: Deserialize<'de>, M: Default + Extend<(K, u64)>> Visitor<'de> for ByKey<K, M> {
    type Value = M;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of integers")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<M, A::Error> {
        let mut map = M::default();
        while let Some((key, n)) = entries.next_entry::<K, Integer>()? {
            map.extend([(key, n.get()?)]);
        }
        Ok(map)
    }
}
