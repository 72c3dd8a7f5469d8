//! Conversion of the binary encodings to JSON text, without building the value, which could take a hundred times the
//! memory of its bytes.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};

use super::check;
use crate::encoding::{DecodeError, PayloadEncoding, cbor, msgpack};

/// Converts a value body to JSON text (docs/protocol.md section 6); the opposite of [`transcode`](super::transcode).
///
/// # Errors
/// Fails if it is not a value of its encoding, or holds what JSON has no form for: bytes, keys that are no strings, NaN and the
/// infinities.
pub fn from_body(body: &[u8], encoding: PayloadEncoding) -> Result<Vec<u8>, DecodeError> {
    let text: JsonText = match encoding {
        PayloadEncoding::MessagePack => msgpack::from_slice(body)?,
        PayloadEncoding::Cbor => cbor::from_slice(body)?,
        PayloadEncoding::Json => {
            check(body)?;
            return Ok(body.into());
        }
    };
    Ok(text.0)
}

/// JSON text of what a deserializer gives.
struct JsonText(Vec<u8>);

impl<'de> Deserialize<'de> for JsonText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AsText)
    }
}

struct AsText;

impl<'de> Visitor<'de> for AsText {
    type Value = JsonText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that JSON can hold")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<JsonText, E> {
        scalar(&value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<JsonText, E> {
        scalar(&value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<JsonText, E> {
        scalar(&value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<JsonText, E> {
        if value.is_finite() {
            return scalar(&value);
        }
        Err(E::invalid_value(
            Unexpected::Float(value),
            &"a finite number",
        ))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<JsonText, E> {
        scalar(value)
    }

    fn visit_unit<E: Error>(self) -> Result<JsonText, E> {
        scalar(&())
    }

    fn visit_none<E: Error>(self) -> Result<JsonText, E> {
        scalar(&())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<JsonText, D::Error> {
        JsonText::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<JsonText, A::Error> {
        let mut out = vec![b'['];
        while let Some(JsonText(item)) = items.next_element()? {
            separate(&mut out);
            out.extend_from_slice(&item);
        }
        out.push(b']');
        Ok(JsonText(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<JsonText, A::Error> {
        let mut out = vec![b'{'];
        while let Some((key, JsonText(value))) = entries.next_entry::<String, JsonText>()? {
            separate(&mut out);
            out.extend_from_slice(&scalar::<_, A::Error>(&key)?.0);
            out.push(b':');
            out.extend_from_slice(&value);
        }
        out.push(b'}');
        Ok(JsonText(out))
    }
}

/// A comma, unless a bracket stands before.
fn separate(out: &mut Vec<u8>) {
    if out.len() > 1 {
        out.push(b',');
    }
}

fn scalar<T: Serialize + ?Sized, E: Error>(value: &T) -> Result<JsonText, E> {
    serde_json::to_vec(value).map(JsonText).map_err(E::custom)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const BINARY: [PayloadEncoding; 2] = [PayloadEncoding::MessagePack, PayloadEncoding::Cbor];

    fn text(value: &Value) -> [String; 2] {
        BINARY.map(|encoding| {
            let body = encoding.encode(value).unwrap();
            String::from_utf8(from_body(&body, encoding).unwrap()).unwrap()
        })
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<u64>().prop_map(|bits| Value::from(f64::from_bits(bits))),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn keeps_values(value in value()) {
            for text in text(&value) {
                prop_assert_eq!(text, value.to_string());
            }
        }
    }

    #[test]
    fn inexpressible_values_are_errors() {
        let read = |bytes: &[u8]| from_body(bytes, PayloadEncoding::MessagePack);
        assert!(read(b"\xc4\x01a").is_err(), "bytes");
        assert!(read(b"\x81\x01\xc0").is_err(), "a key that is a number");
        for n in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let packed = msgpack::to_vec(&[n]).unwrap();
            let error = read(&packed).unwrap_err().to_string();
            assert!(error.contains("finite"), "{error}");
        }
        assert_eq!(text(&json!([[], {}, [null]])), ["[[],{},[null]]"; 2]);
    }
}
