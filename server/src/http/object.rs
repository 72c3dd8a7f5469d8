//! JSON objects in the bodies of requests.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::error::RequestError;

/// Type that is read from a JSON object.
pub(super) trait Fields<'de>: Deserialize<'de> {
    /// Name of the object and its fields in errors.
    const EXPECTED: &'static str;
}

/// Reads a body. An array is refused, where serde would read the fields by place.
pub(super) fn read_object<'de, T: Fields<'de>>(content: &'de [u8]) -> Result<T, RequestError> {
    let read = serde_json::from_slice::<Object<T>>(content);
    read.map(|Object(fields)| fields)
        .map_err(|error| RequestError::bad(format!("the body is not valid: {error}")))
}

struct Object<T>(T);

impl<'de, T: Fields<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Fields<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}
