//! Maps with named fields: how every control op is written and read (docs/protocol.md section 5).

use alloc::vec::Vec;

use super::OpError;
use crate::encoding::msgpack::token::{self, Kind, Reader, TokenError};
use crate::position::Tag;

/// Writes one map of at most 15 named fields; the header is completed as fields are added.
pub(super) struct MapWriter<'a> {
    out: &'a mut Vec<u8>,
    header: usize,
}

impl<'a> MapWriter<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        let header = out.len();
        token::write_map(out, 0);
        Self { out, header }
    }

    /// Adds a key; the caller writes exactly one value into what is returned.
    pub(super) fn key(&mut self, key: &str) -> &mut Vec<u8> {
        self.out[self.header] += 1;
        debug_assert!(
            self.out[self.header] < 0x90,
            "a one-byte map header counts to 15"
        );
        token::write_str(self.out, key);
        self.out
    }

    pub(super) fn str(mut self, key: &str, value: &str) -> Self {
        token::write_str(self.key(key), value);
        self
    }

    pub(super) fn bin(mut self, key: &str, value: &[u8]) -> Self {
        token::write_bin(self.key(key), value);
        self
    }

    pub(super) fn uint(mut self, key: &str, value: u64) -> Self {
        token::write_uint(self.key(key), value);
        self
    }

    pub(super) fn flag(mut self, key: &str, value: bool) -> Self {
        if value {
            token::write_bool(self.key(key), true);
        }
        self
    }

    pub(super) fn opt_str(self, key: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.str(key, value),
            None => self,
        }
    }

    pub(super) fn opt_bin(self, key: &str, value: Option<&[u8]>) -> Self {
        match value {
            Some(value) => self.bin(key, value),
            None => self,
        }
    }

    pub(super) fn opt_uint(self, key: &str, value: Option<u64>) -> Self {
        match value {
            Some(value) => self.uint(key, value),
            None => self,
        }
    }

    /// An array field whose items `write` appends; left out when there are none.
    pub(super) fn list<T>(mut self, key: &str, items: &[T], write: fn(&mut Vec<u8>, &T)) -> Self {
        if !items.is_empty() {
            let out = self.key(key);
            token::write_array(out, items.len());
            items.iter().for_each(|item| write(out, item));
        }
        self
    }
}

/// One map that was checked and taken off a reader; its fields are looked up by name. Fields that nobody looks up are
/// thereby stepped over, so that later versions may add some; of two with one name the first counts.
///
/// A field that is wrong reads as zero or empty, and the fault is kept: [`judge`](Self::judge) tells it, so that
/// nothing that was read comes out.
pub(super) struct MapReader<'a> {
    /// What the map describes: names it in errors.
    of: &'static str,
    /// Stands at the first key.
    fields: Reader<'a>,
    pairs: u64,
    fault: Option<OpError>,
}

impl<'a> MapReader<'a> {
    /// Takes the map of an op, whose first field is its name: one of these.
    pub(super) fn op(
        bytes: &'a [u8],
        names: &[&'static str],
    ) -> Result<(&'static str, Self), OpError> {
        let mut reader = Reader::new(bytes);
        let mut map = Self::take(&mut reader, "op")?;
        reader.finish()?;
        let mut first = map.fields.clone();
        if map.pairs == 0 || str(&mut first)? != "op" {
            return Err(OpError::Unknown("(the first field must be op)".into()));
        }
        let name = str(&mut first)?;
        let known = names.iter().find(|known| **known == name);
        map.of = known.ok_or_else(|| OpError::Unknown(name.into()))?;
        Ok((map.of, map))
    }

    /// Takes the map of an item of a list.
    pub(super) fn take(reader: &mut Reader<'a>, of: &'static str) -> Result<Self, TokenError> {
        let pairs = expect(reader, Kind::Map, "a map")?;
        let fields = reader.clone();
        for _ in 0..pairs {
            str(reader)?;
            reader.skip()?;
        }
        Ok(Self {
            of,
            fields,
            pairs,
            fault: None,
        })
    }

    /// What was read, unless there was a fault.
    pub(super) fn judge<T>(self, read: T) -> Result<T, OpError> {
        match self.fault {
            None => Ok(read),
            Some(fault) => Err(fault),
        }
    }

    fn blame(&mut self, field: &'static str) {
        let op = self.of;
        self.fault.get_or_insert(OpError::Field { op, field });
    }

    /// A reader at the value of a field.
    fn find(&self, key: &str) -> Option<Reader<'a>> {
        let mut reader = self.fields.clone();
        for _ in 0..self.pairs {
            if str_bytes(&mut reader).ok()? == key.as_bytes() {
                return Some(reader);
            }
            reader.skip().ok()?;
        }
        None
    }

    /// The value of a field, by what reads one of its type.
    fn value<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Reader<'a>) -> Result<T, TokenError>,
    ) -> Option<T> {
        let value = read(&mut self.find(key)?);
        if value.is_err() {
            self.blame(key);
        }
        value.ok()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    pub(super) fn opt_uint(&mut self, key: &'static str) -> Option<u64> {
        self.value(key, uint)
    }

    pub(super) fn uint(&mut self, key: &'static str) -> u64 {
        self.opt_uint(key).unwrap_or_else(|| {
            self.blame(key);
            0
        })
    }

    pub(super) fn opt_narrow<T: TryFrom<u64> + Default>(&mut self, key: &'static str) -> Option<T> {
        self.has(key).then(|| self.narrow(key))
    }

    /// An unsigned integer of a narrower type.
    pub(super) fn narrow<T: TryFrom<u64> + Default>(&mut self, key: &'static str) -> T {
        T::try_from(self.uint(key)).unwrap_or_else(|_| {
            self.blame(key);
            T::default()
        })
    }

    pub(super) fn flag(&mut self, key: &'static str) -> bool {
        self.value(key, |reader| expect(reader, Kind::Bool, "a boolean")) == Some(1)
    }

    pub(super) fn opt_str(&mut self, key: &'static str) -> Option<&'a str> {
        self.value(key, str)
    }

    pub(super) fn str(&mut self, key: &'static str) -> &'a str {
        self.opt_str(key).unwrap_or_else(|| {
            self.blame(key);
            ""
        })
    }

    /// What a name on the wire stands for.
    pub(super) fn named<T>(
        &mut self,
        key: &'static str,
        from_name: fn(&str) -> Option<T>,
        placeholder: T,
    ) -> T {
        from_name(self.str(key)).unwrap_or_else(|| {
            self.blame(key);
            placeholder
        })
    }

    /// An id, a secret or a hash, if there is one.
    pub(super) fn opt_fixed<const N: usize>(&mut self, key: &'static str) -> Option<[u8; N]> {
        let bytes = self.value(key, |reader| bytes(reader, Kind::Bin, "bytes"))?;
        let bytes = bytes.try_into().ok();
        if bytes.is_none() {
            self.blame(key);
        }
        bytes
    }

    pub(super) fn fixed<const N: usize>(&mut self, key: &'static str) -> [u8; N] {
        self.opt_fixed(key).unwrap_or_else(|| {
            self.blame(key);
            [0; N]
        })
    }

    /// An array of at most `limit` items; empty when the field is left out.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        limit: u64,
        item: fn(&mut Reader<'a>) -> Result<T, OpError>,
    ) -> Vec<T> {
        // Grows as items arrive: an announced length allocates nothing.
        let mut items = Vec::new();
        self.each(key, limit, &mut |reader| {
            items.push(item(reader)?);
            Ok(())
        });
        items
    }

    fn each(
        &mut self,
        key: &'static str,
        limit: u64,
        take: &mut dyn FnMut(&mut Reader<'a>) -> Result<(), OpError>,
    ) {
        let Some(mut reader) = self.find(key) else {
            return;
        };
        let Some(items) = array(&mut reader).ok().filter(|&items| items <= limit) else {
            return self.blame(key);
        };
        for _ in 0..items {
            if let Err(fault) = take(&mut reader) {
                self.fault.get_or_insert(fault);
                return;
            }
        }
    }
}

/// The field of a tag; left out for one that is not known.
pub(super) fn tag_field(tag: Tag) -> Option<u64> {
    (tag != Tag::UNKNOWN).then_some(u64::from(tag.0))
}

/// Reads the head of a value of this type.
fn expect(reader: &mut Reader<'_>, kind: Kind, expected: &'static str) -> Result<u64, TokenError> {
    let start = reader.clone();
    let head = reader.head(expected)?;
    if head.kind == kind {
        Ok(head.number)
    } else {
        Err(start.error(expected))
    }
}

/// Reads an unsigned integer.
pub(super) fn uint(reader: &mut Reader<'_>) -> Result<u64, TokenError> {
    expect(reader, Kind::Uint, "an unsigned integer")
}

/// Reads the head of an array.
pub(super) fn array(reader: &mut Reader<'_>) -> Result<u64, TokenError> {
    expect(reader, Kind::Array, "an array")
}

/// Reads what is of this type and has its length at its head.
fn bytes<'a>(
    reader: &mut Reader<'a>,
    kind: Kind,
    expected: &'static str,
) -> Result<&'a [u8], TokenError> {
    let len = expect(reader, kind, expected)?;
    reader.content(len)
}

fn str_bytes<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], TokenError> {
    bytes(reader, Kind::Str, "a string")
}

fn str<'a>(reader: &mut Reader<'a>) -> Result<&'a str, TokenError> {
    let start = reader.clone();
    core::str::from_utf8(str_bytes(reader)?).map_err(|_| start.error("UTF-8"))
}
