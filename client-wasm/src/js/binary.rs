//! Values in MessagePack and CBOR, converted to and from JavaScript's values by serde.

use std::fmt;

use js_sys::{Array, BigInt, Number, Object, Uint8Array};
use push_wire_shared::PayloadEncoding;
use push_wire_shared::encoding::EncodeError;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use wasm_bindgen::prelude::*;

/// Decodes a body: integers beyond 2^53 - 1 become BigInts, maps objects, bytes `Uint8Array`. The error is a description.
pub(super) fn read(body: &[u8], encoding: PayloadEncoding) -> Result<JsValue, String> {
    let value = encoding.decode::<Read>(body);
    value
        .map(|Read(value)| value)
        .map_err(|error| error.to_string())
}

/// Encodes a value of arrays, plain objects, strings, numbers, BigInts from -2^63 to 2^64 - 1, booleans and null.
pub(super) fn write(value: &JsValue, encoding: PayloadEncoding) -> Result<Vec<u8>, EncodeError> {
    encoding.encode(&Written(value))
}

/// A value that is read.
struct Read(JsValue);

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

/// Largest integer that becomes a number: 2^53 - 1 (`Number.MAX_SAFE_INTEGER`). Some larger ones are not exact as doubles.
const MAX_SAFE: u64 = (1 << 53) - 1;

impl<'de> Visitor<'de> for Reader {
    type Value = Read;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Read, E> {
        Ok(Read(value.into()))
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<Read, E> {
        #[expect(clippy::cast_precision_loss, reason = "it is checked")]
        let number = n as f64;
        Ok(Read(if n <= MAX_SAFE {
            number.into()
        } else {
            BigInt::from(n).into()
        }))
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<Read, E> {
        #[expect(clippy::cast_precision_loss, reason = "it is checked")]
        let number = n as f64;
        Ok(Read(if n.unsigned_abs() <= MAX_SAFE {
            number.into()
        } else {
            BigInt::from(n).into()
        }))
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<Read, E> {
        Err(E::custom("an integer below -2^63"))
    }

    fn visit_f64<E: Error>(self, n: f64) -> Result<Read, E> {
        Ok(Read(n.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Read, E> {
        Ok(Read(text.into()))
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Read, E> {
        Ok(Read(Uint8Array::from(bytes).into()))
    }

    fn visit_unit<E: Error>(self) -> Result<Read, E> {
        Ok(Read(JsValue::NULL))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Read, A::Error> {
        let list = Array::new();
        while let Some(Read(item)) = items.next_element()? {
            list.push(&item);
        }
        Ok(Read(list.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Read, A::Error> {
        let fields = Array::new();
        while let Some((Read(key), Read(value))) = entries.next_entry()? {
            if !key.is_string() {
                return Err(A::Error::custom("a map with a key that is not text"));
            }
            fields.push(&Array::of2(&key, &value));
        }
        // Like `JSON.parse`, this makes `__proto__` a property as any other key.
        Object::from_entries(&fields)
            .map(|object| Read(object.into()))
            .map_err(|_| A::Error::custom("a map that cannot be an object"))
    }
}

/// A value that is written.
struct Written<'a>(&'a JsValue);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = self.0;
        if let Some(n) = value.as_f64() {
            return number(n, value, serializer);
        }
        if let Some(text) = value.as_string() {
            return serializer.serialize_str(&text);
        }
        if let Some(flag) = value.as_bool() {
            return serializer.serialize_bool(flag);
        }
        if value.is_bigint() {
            return match (i64::try_from(value.clone()), u64::try_from(value.clone())) {
                (Ok(n), _) => serializer.serialize_i64(n),
                (_, Ok(n)) => serializer.serialize_u64(n),
                (Err(_), Err(_)) => Err(serde::ser::Error::custom(
                    "a BigInt outside of -2^63 to 2^64 - 1",
                )),
            };
        }
        if let Some(list) = value.dyn_ref::<Array>() {
            let mut items = serializer.serialize_seq(Some(list.length() as usize))?;
            for item in list.iter() {
                items.serialize_element(&Written(&item))?;
            }
            return items.end();
        }
        if value.is_object() {
            return map(value.unchecked_ref(), serializer);
        }
        serializer.serialize_unit()
    }
}

/// Writes safe integers (up to 2^53 - 1) as integers, and all other numbers and -0 as doubles.
fn number<S: Serializer>(n: f64, value: &JsValue, serializer: S) -> Result<S::Ok, S::Error> {
    if !Number::is_safe_integer(value) || (n == 0.0 && n.is_sign_negative()) {
        return serializer.serialize_f64(n);
    }
    #[expect(clippy::cast_possible_truncation, reason = "a safe integer")]
    serializer.serialize_i64(n as i64)
}

fn map<S: Serializer>(object: &Object, serializer: S) -> Result<S::Ok, S::Error> {
    let entries = Object::entries(object);
    let mut fields = serializer.serialize_map(Some(entries.length() as usize))?;
    for entry in entries.iter() {
        let entry: Array = entry.unchecked_into();
        fields.serialize_entry(&Written(&entry.get(0)), &Written(&entry.get(1)))?;
    }
    fields.end()
}
