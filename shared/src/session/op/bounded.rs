//! Lists and texts with a maximum length, checked while they are deserialised.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use serde::Serializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, SeqAccess, Visitor};

use crate::quote::cut;

/// A list of at most `N` items. Reading fails before item `N + 1` is built; an announced length allocates nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bounded<T, const N: usize>(Vec<T>);

impl<T, const N: usize> Bounded<T, N> {
    /// The items.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T, const N: usize> Default for Bounded<T, N> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for Bounded<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Items(PhantomData))
    }
}

struct Items<T, const N: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const N: usize> Visitor<'de> for Items<T, N> {
    type Value = Bounded<T, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {N} items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        if let Some(announced) = list.size_hint().filter(|&announced| announced > N) {
            return Err(A::Error::invalid_length(announced, &self));
        }
        let mut items = Vec::new();
        while items.len() < N {
            match list.next_element()? {
                Some(item) => items.push(item),
                None => return Ok(Bounded(items)),
            }
        }
        match list.next_element::<IgnoredAny>()? {
            None => Ok(Bounded(items)),
            Some(_) => Err(A::Error::invalid_length(N + 1, &self)),
        }
    }
}

/// A text of at most `N` bytes of UTF-8; a longer one is refused before it is copied.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BoundedText<const N: usize>(String);

impl<const N: usize> BoundedText<N> {
    /// The text.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<'de, const N: usize> Deserialize<'de> for BoundedText<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

struct Text<const N: usize>;

impl<const N: usize> Visitor<'_> for Text<N> {
    type Value = BoundedText<N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a text of at most {N} bytes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        if text.len() > N {
            return Err(E::invalid_length(text.len(), &self));
        }
        Ok(BoundedText(text.into()))
    }
}

/// Writes a text field, cut to `N` bytes: what its reader takes.
pub(super) fn cut_text<T, S, const N: usize>(text: &T, serializer: S) -> Result<S::Ok, S::Error>
where
    T: AsRef<str>,
    S: Serializer,
{
    serializer.serialize_str(&cut(text.as_ref(), N))
}

/// Writes a text field that may be left out, cut to `N` bytes.
pub(super) fn cut_opt_text<S, const N: usize>(
    text: &Option<String>,
    serializer: S,
) -> Result<S::Ok, S::Error>
where
    S: Serializer,
{
    match text {
        Some(text) => serializer.serialize_some(&*cut(text, N)),
        None => serializer.serialize_none(),
    }
}

/// Reads a list field through [`Bounded`].
pub(super) fn list<'de, D, T, const N: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Bounded::<T, N>::deserialize(deserializer).map(Bounded::into_vec)
}

/// Reads a text field through [`BoundedText`].
pub(super) fn text<'de, D, const N: usize>(deserializer: D) -> Result<String, D::Error>
where
    D: Deserializer<'de>,
{
    BoundedText::<N>::deserialize(deserializer).map(BoundedText::into_string)
}

/// Reads a text field that may be left out through [`BoundedText`].
pub(super) fn opt_text<'de, D, const N: usize>(deserializer: D) -> Result<Option<String>, D::Error>
where
    D: Deserializer<'de>,
{
    Option::<BoundedText<N>>::deserialize(deserializer)
        .map(|text| text.map(BoundedText::into_string))
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use core::cell::Cell;
    use std::thread_local;

    use super::*;
    use crate::encoding::{cbor, msgpack};

    thread_local! {
        static BUILT: Cell<usize> = const { Cell::new(0) };
    }

    /// Counts the items that are built.
    #[derive(PartialEq, Debug)]
    struct Counted(u8);

    impl<'de> Deserialize<'de> for Counted {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            BUILT.set(BUILT.get() + 1);
            u8::deserialize(deserializer).map(Self)
        }
    }

    #[test]
    fn takes_a_list_up_to_its_bound() {
        let bytes = msgpack::to_vec(&[7_u8, 8]).unwrap();
        let read: Bounded<u8, 2> = msgpack::from_slice(&bytes).unwrap();
        assert_eq!(read.into_vec(), [7, 8]);
    }

    #[test]
    fn refuses_announced_length() {
        let bytes = msgpack::to_vec(&vec![7_u8; 3]).unwrap();
        assert!(msgpack::from_slice::<Bounded<Counted, 2>>(&bytes).is_err());
        assert_eq!(BUILT.get(), 0);
    }

    #[test]
    fn refuses_item_above_bound() {
        // A list of unknown length, as CBOR has them.
        let bytes = [0x9f, 1, 2, 3, 4, 0xff];
        assert!(cbor::from_slice::<Bounded<Counted, 2>>(&bytes).is_err());
        assert_eq!(BUILT.get(), 2);
        let read: Bounded<Counted, 4> = cbor::from_slice(&bytes).unwrap();
        assert_eq!(read.into_vec().len(), 4);
    }

    #[test]
    fn refuses_a_text_above_its_bound() {
        let bytes = msgpack::to_vec("four").unwrap();
        assert!(msgpack::from_slice::<BoundedText<3>>(&bytes).is_err());
        let read: BoundedText<4> = msgpack::from_slice(&bytes).unwrap();
        assert_eq!(read.into_string(), "four");
    }
}
