//! Maps with named fields: how every control op is written and read (docs/protocol.md section 5).

use alloc::vec::Vec;

use crate::encoding::msgpack::token::{self, Reader, TokenError};

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

/// Reads one map, key by key, handing each to `field`; `field` returns whether it consumed the value, and
/// keys it does not know are stepped over, so that later versions may add fields.
pub(super) fn read_map<'a>(
    reader: &mut Reader<'a>,
    mut field: impl FnMut(&str, &mut Reader<'a>) -> Result<bool, TokenError>,
) -> Result<(), TokenError> {
    for _ in 0..reader.map()? {
        let key = reader.str()?;
        if !field(key, reader)? {
            reader.skip()?;
        }
    }
    Ok(())
}

/// Reads an array of at most `limit` items.
pub(super) fn read_list<'a, T>(
    reader: &mut Reader<'a>,
    limit: usize,
    mut item: impl FnMut(&mut Reader<'a>) -> Result<T, TokenError>,
) -> Result<Vec<T>, TokenError> {
    let start = reader.clone();
    let len = reader.array()?;
    if len > limit {
        return Err(start.error("a shorter list"));
    }
    // Grows as items arrive: an announced length allocates nothing.
    let mut items = Vec::new();
    for _ in 0..len {
        items.push(item(reader)?);
    }
    Ok(items)
}

/// Reads an unsigned integer into `slot`; returns "consumed".
pub(super) fn uint_into<T: TryFrom<u64>>(
    slot: &mut Option<T>,
    reader: &mut Reader<'_>,
) -> Result<bool, TokenError> {
    let start = reader.clone();
    let value = T::try_from(reader.uint()?).map_err(|_| start.error("a smaller number"))?;
    *slot = Some(value);
    Ok(true)
}
