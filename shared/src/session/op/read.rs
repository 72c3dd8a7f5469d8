//! Fields of an op, read by their names.
//!
//! A field is one call here. The readers that serde derives are 15 KB larger in the browser module, 5 KB with brotli.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::OpError;
use super::fields::Named;
use crate::encoding::DecodeError;
use crate::encoding::msgpack::token::{Reader, TokenError};
use crate::limits::OP_FIELDS;
use crate::quote::quoted;

/// Error of a field. It is behind a pointer, so that results of fields are small.
#[derive(Debug)]
pub(super) struct FieldError(Box<DecodeError>);

impl FieldError {
    #[cold]
    fn refused(message: String, reader: &Reader<'_>) -> Self {
        let at = reader.offset();
        Self(Box::new(DecodeError::Refused { message, at }))
    }

    /// Error of fields that do not fit together.
    #[cold]
    pub(super) fn contradiction(message: &str, fields: &Fields<'_>) -> Self {
        Self::refused(message.into(), &fields.end)
    }
}

impl From<TokenError> for FieldError {
    #[cold]
    fn from(TokenError { expected, at }: TokenError) -> Self {
        Self(Box::new(DecodeError::Malformed { expected, at }))
    }
}

pub(super) type Read<T> = Result<T, FieldError>;

/// An op, whose fields are not read yet.
pub(super) struct Op<'a> {
    pub(super) name: &'a str,
    pub(super) fields: Fields<'a>,
}

impl<'a> Op<'a> {
    /// Reads a map whose first key is `op`.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, OpError> {
        let mut reader = Reader::new(bytes);
        let count = reader.map()?;
        if count == 0 || reader.str()? != "op" {
            return Err(OpError::Unknown("(the first field must be op)".into()));
        }
        let name = reader.str()?;
        if count > OP_FIELDS {
            return Err(OpError::TooManyFields(count));
        }
        let mut values = Vec::with_capacity(count - 1);
        for _ in 1..count {
            let key = reader.str()?;
            if key == "op" || values.iter().any(|(other, _)| *other == key) {
                return Err(OpError::Repeated(quoted(key).into_owned()));
            }
            values.push((key, reader.clone()));
            reader.skip()?;
        }
        let end = reader;
        let fields = Fields { values, end };
        Ok(Self { name, fields })
    }

    /// The op of this name that was read, if the bytes end with it.
    pub(super) fn finish<T>(&self, op: &'static str, read: Read<T>) -> Result<T, OpError> {
        let error = match read {
            Ok(read) if self.fields.end.remaining() == 0 => return Ok(read),
            Ok(_) => DecodeError::TrailingBytes {
                at: self.fields.end.offset(),
            },
            Err(error) => *error.0,
        };
        Err(OpError::Invalid { op, error })
    }
}

/// The fields of a map: their names, and a reader at the value of each. A field that is nil is absent.
pub(super) struct Fields<'a> {
    values: Vec<(&'a str, Reader<'a>)>,
    /// The reader after the map.
    end: Reader<'a>,
}

impl<'a> Fields<'a> {
    /// Reads a map inside of an op, with at most [`OP_FIELDS`] fields, whose keys come once.
    pub(super) fn of(reader: &mut Reader<'a>) -> Read<Self> {
        let count = reader.map()?;
        if count > OP_FIELDS {
            let message = format!("{count} fields in a map, where {OP_FIELDS} may be");
            return Err(FieldError::refused(message, reader));
        }
        let mut values = Vec::with_capacity(count);
        for _ in 0..count {
            let key = reader.str()?;
            if values.iter().any(|(other, _)| *other == key) {
                let message = format!("key that comes twice: {}", quoted(key));
                return Err(FieldError::refused(message, reader));
            }
            values.push((key, reader.clone()));
            reader.skip()?;
        }
        let end = reader.clone();
        Ok(Self { values, end })
    }

    /// A reader at the value of a field.
    #[inline(never)]
    fn find(&self, name: &str) -> Option<Reader<'a>> {
        let (_, value) = self.values.iter().find(|(key, _)| *key == name)?;
        (value.peek() != Some(NIL)).then(|| value.clone())
    }

    #[inline(never)]
    fn required(&self, name: &str) -> Read<Reader<'a>> {
        self.find(name)
            .ok_or_else(|| FieldError::refused(format!("missing field `{name}`"), &self.end))
    }

    pub(super) fn u64(&self, name: &str) -> Read<u64> {
        integer(name, self.required(name)?, u64::MAX)
    }

    pub(super) fn u32(&self, name: &str) -> Read<u32> {
        let number = integer(name, self.required(name)?, u32::MAX.into())?;
        Ok(u32::try_from(number).unwrap_or_default())
    }

    pub(super) fn u16(&self, name: &str) -> Read<u16> {
        let number = integer(name, self.required(name)?, u16::MAX.into())?;
        Ok(u16::try_from(number).unwrap_or_default())
    }

    pub(super) fn u8(&self, name: &str) -> Read<u8> {
        let number = integer(name, self.required(name)?, u8::MAX.into())?;
        Ok(u8::try_from(number).unwrap_or_default())
    }

    #[inline(never)]
    pub(super) fn opt_u64(&self, name: &str) -> Read<Option<u64>> {
        let value = self.find(name);
        value
            .map(|value| integer(name, value, u64::MAX))
            .transpose()
    }

    #[inline(never)]
    pub(super) fn opt_u32(&self, name: &str) -> Read<Option<u32>> {
        let value = self.find(name);
        value.map(|_| self.u32(name)).transpose()
    }

    /// A flag, which is false where it is absent.
    #[inline(never)]
    pub(super) fn flag(&self, name: &str) -> Read<bool> {
        let value = self.find(name);
        Ok(value
            .map(|mut value| value.bool())
            .transpose()?
            .unwrap_or_default())
    }

    /// A text of at most this many bytes of UTF-8; a longer one is refused before it is copied.
    #[inline(never)]
    pub(super) fn text(&self, name: &str, max_bytes: usize) -> Read<String> {
        text(name, &mut self.required(name)?, max_bytes)
    }

    #[inline(never)]
    pub(super) fn opt_text(&self, name: &str, max_bytes: usize) -> Read<Option<String>> {
        let value = self.find(name);
        value
            .map(|mut value| text(name, &mut value, max_bytes))
            .transpose()
    }

    /// A byte string of `N` bytes: an id, a secret or a hash.
    pub(super) fn fixed<const N: usize>(&self, name: &str) -> Read<[u8; N]> {
        fixed(name, self.required(name)?)
    }

    pub(super) fn opt_fixed<const N: usize>(&self, name: &str) -> Read<Option<[u8; N]>> {
        let value = self.find(name);
        value.map(|value| fixed(name, value)).transpose()
    }

    /// A value that is written as its name. An unknown name is an error that quotes it.
    pub(super) fn name<T: Named>(&self, name: &str) -> Read<T> {
        let mut value = self.required(name)?;
        let text = value.str()?;
        T::from_wire_name(text).ok_or_else(|| unknown_name(T::WHAT, text, &value))
    }

    pub(super) fn opt_name<T: Named>(&self, name: &str) -> Read<Option<T>> {
        let value = self.find(name);
        value.map(|_| self.name(name)).transpose()
    }

    /// A list of at most `max_items`, each read by `item`; a longer one is refused before the first.
    pub(super) fn list<T>(
        &self,
        name: &str,
        max_items: usize,
        item: impl Fn(&mut Reader<'a>) -> Read<T>,
    ) -> Read<Vec<T>> {
        let mut value = self.required(name)?;
        let count = items(name, &mut value, max_items)?;
        (0..count).map(|_| item(&mut value)).collect()
    }

    /// The same, empty where it is absent.
    pub(super) fn opt_list<T>(
        &self,
        name: &str,
        max_items: usize,
        item: impl Fn(&mut Reader<'a>) -> Read<T>,
    ) -> Read<Vec<T>> {
        if self.find(name).is_none() {
            return Ok(Vec::new());
        }
        self.list(name, max_items, item)
    }
}

/// An unsigned integer. Some implementations write every integer in a signed form.
#[inline(never)]
fn unsigned(value: &mut Reader<'_>) -> Read<u64> {
    let start = value.clone();
    if let Ok(number) = value.uint() {
        return Ok(number);
    }
    *value = start.clone();
    let number = value.int().ok().and_then(|n| u64::try_from(n).ok());
    number.ok_or_else(|| start.error("an unsigned integer").into())
}

#[inline(never)]
fn integer(name: &str, mut value: Reader<'_>, max: u64) -> Read<u64> {
    let number = unsigned(&mut value)?;
    if number > max {
        let message = format!("`{name}` is {number}, and at most {max}");
        return Err(FieldError::refused(message, &value));
    }
    Ok(number)
}

/// A text of at most this many bytes, as a field or in a list.
pub(super) fn text(name: &str, value: &mut Reader<'_>, max_bytes: usize) -> Read<String> {
    let text = value.str()?;
    if text.len() > max_bytes {
        return Err(too_long(name, "a text", text.len(), max_bytes, value));
    }
    Ok(text.into())
}

fn fixed<const N: usize>(name: &str, mut value: Reader<'_>) -> Read<[u8; N]> {
    let bytes = value.bin()?;
    let fixed = bytes.try_into();
    fixed.map_err(|_| {
        let message = format!("`{name}` has {} bytes, and has to have {N}", bytes.len());
        FieldError::refused(message, &value)
    })
}

/// The number of items of a list.
#[inline(never)]
fn items(name: &str, value: &mut Reader<'_>, max_items: usize) -> Read<usize> {
    let count = value.array()?;
    if count > max_items {
        return Err(too_long(name, "a list", count, max_items, value));
    }
    Ok(count)
}

/// A list of exactly `N` unsigned integers.
pub(super) fn tuple<const N: usize>(value: &mut Reader<'_>) -> Read<[u64; N]> {
    let start = value.clone();
    if value.array()? != N {
        return Err(start.error("a list with an integer for each part").into());
    }
    let mut numbers = [0; N];
    for number in &mut numbers {
        *number = unsigned(value)?;
    }
    Ok(numbers)
}

/// An unsigned integer of 32 bits, in a list.
pub(super) fn id(value: &mut Reader<'_>) -> Read<u32> {
    let start = value.clone();
    u32::try_from(unsigned(value)?).map_err(|_| start.error("an integer of 32 bits").into())
}

#[cold]
fn too_long(name: &str, kind: &str, size: usize, max: usize, value: &Reader<'_>) -> FieldError {
    let message = format!("`{name}` is {kind} of {size}, and has at most {max}");
    FieldError::refused(message, value)
}

#[cold]
fn unknown_name(what: &str, name: &str, value: &Reader<'_>) -> FieldError {
    FieldError::refused(format!("unknown {what} {}", quoted(name)), value)
}

/// The marker of nil.
const NIL: u8 = 0xc0;

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use core::cell::Cell;

    use super::*;
    use crate::encoding::msgpack::token::{write_array, write_map, write_str, write_uint};

    /// An op `x` with one field, `n`, whose value are these bytes.
    fn op_with(value: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_map(&mut bytes, 2);
        for text in ["op", "x", "n"] {
            write_str(&mut bytes, text);
        }
        bytes.extend(value);
        bytes
    }

    /// Reads that op.
    fn read<T>(value: &[u8], read: impl Fn(&Fields<'_>) -> Read<T>) -> Result<T, String> {
        let bytes = op_with(value);
        let op = Op::new(&bytes).map_err(|error| error.to_string())?;
        op.finish("x", read(&op.fields))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn reads_integers_of_any_form_within_their_type() {
        for form in [
            &[7][..],
            &[0xcc, 7],
            &[0xd0, 7],
            &[0xd3, 0, 0, 0, 0, 0, 0, 0, 7],
        ] {
            assert_eq!(read(form, |fields| fields.u8("n")), Ok(7));
        }
        let above = read(&[0xcd, 1, 0], |fields| fields.u8("n"));
        assert_eq!(
            above.unwrap_err(),
            "x: `n` is 256, and at most 255, up to byte 11"
        );
        let negative = read(&[0xff], |fields| fields.u64("n"));
        assert_eq!(
            negative.unwrap_err(),
            "x: expected an unsigned integer at byte 8"
        );
    }

    #[test]
    fn nil_is_absent() {
        assert_eq!(read(&[NIL], |fields| fields.opt_u32("n")), Ok(None));
        assert_eq!(read(&[NIL], |fields| fields.flag("n")), Ok(false));
        let missing = read(&[NIL], |fields| fields.u64("n"));
        assert_eq!(missing.unwrap_err(), "x: missing field `n`, up to byte 9");
    }

    #[test]
    fn sizes_are_checked_before_anything_is_built() {
        let mut value = Vec::new();
        write_array(&mut value, 3);
        value.extend([7, 7, 7]);
        let built = Cell::new(0);
        let list = |max_items| {
            read(&value, |fields| {
                fields.list("n", max_items, |item| {
                    built.set(built.get() + 1);
                    id(item)
                })
            })
        };
        let error = "x: `n` is a list of 3, and has at most 2, up to byte 9";
        assert_eq!((list(2), built.get()), (Err(error.into()), 0));
        assert_eq!((list(3), built.get()), (Ok([7, 7, 7].into()), 3));

        let text = |max_bytes| read(b"\xa4four", |fields| fields.text("n", max_bytes));
        assert_eq!(text(4).as_deref(), Ok("four"));
        assert_eq!(
            text(3).unwrap_err(),
            "x: `n` is a text of 4, and has at most 3, up to byte 13"
        );
        let bytes = read(b"\xc4\x01x", |fields| fields.fixed::<2>("n"));
        assert_eq!(
            bytes.unwrap_err(),
            "x: `n` has 1 bytes, and has to have 2, up to byte 11"
        );
    }

    #[test]
    fn maps_in_an_op_have_few_keys_and_each_once() {
        let of = |keys: &[&str]| {
            let mut value = Vec::new();
            write_map(&mut value, keys.len());
            for key in keys {
                write_str(&mut value, key);
                write_uint(&mut value, 1);
            }
            read(&value, |fields| {
                Fields::of(&mut fields.required("n")?)?.u64("a")
            })
        };
        assert_eq!(of(&["a", "b"]), Ok(1));
        assert!(of(&["a", "a"]).unwrap_err().contains("twice: a"));
        let names: Vec<String> = (0..=OP_FIELDS).map(|n| n.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert!(of(&names).unwrap_err().contains("65 fields in a map"));
    }
}
