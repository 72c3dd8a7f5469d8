//! Writer of MessagePack tokens.

use alloc::vec::Vec;

/// Appends a string.
pub fn write_str(out: &mut Vec<u8>, text: &str) {
    let len = text.len();
    match len {
        0..32 => out.push(0xa0 | byte(len)),
        32..256 => out.extend([0xd9, byte(len)]),
        _ => write_long_header(out, 0xda, len),
    }
    out.extend_from_slice(text.as_bytes());
}

/// Appends a byte string.
pub fn write_bin(out: &mut Vec<u8>, bytes: &[u8]) {
    let len = bytes.len();
    if len < 256 {
        out.extend([0xc4, byte(len)]);
    } else {
        write_long_header(out, 0xc5, len);
    }
    out.extend_from_slice(bytes);
}

/// Appends an unsigned integer in its shortest form.
pub fn write_uint(out: &mut Vec<u8>, n: u64) {
    if let Ok(n) = u8::try_from(n) {
        if n >= 128 {
            out.push(0xcc);
        }
        out.push(n);
    } else if let Ok(n) = u16::try_from(n) {
        out.push(0xcd);
        out.extend_from_slice(&n.to_be_bytes());
    } else if let Ok(n) = u32::try_from(n) {
        out.push(0xce);
        out.extend_from_slice(&n.to_be_bytes());
    } else {
        out.push(0xcf);
        out.extend_from_slice(&n.to_be_bytes());
    }
}

/// Appends a signed integer in its shortest form.
pub fn write_int(out: &mut Vec<u8>, n: i64) {
    if let Ok(n) = u64::try_from(n) {
        write_uint(out, n);
    } else if let Ok(n) = i8::try_from(n) {
        if n < -32 {
            out.push(0xd0);
        }
        out.push(n.cast_unsigned());
    } else if let Ok(n) = i16::try_from(n) {
        out.push(0xd1);
        out.extend_from_slice(&n.to_be_bytes());
    } else if let Ok(n) = i32::try_from(n) {
        out.push(0xd2);
        out.extend_from_slice(&n.to_be_bytes());
    } else {
        out.push(0xd3);
        out.extend_from_slice(&n.to_be_bytes());
    }
}

/// Appends a number in single precision.
pub fn write_f32(out: &mut Vec<u8>, n: f32) {
    out.push(0xca);
    out.extend_from_slice(&n.to_be_bytes());
}

/// Appends a number in double precision.
pub fn write_f64(out: &mut Vec<u8>, n: f64) {
    out.push(0xcb);
    out.extend_from_slice(&n.to_be_bytes());
}

/// Appends nil: no value.
pub fn write_nil(out: &mut Vec<u8>) {
    out.push(0xc0);
}

/// Appends a boolean.
pub fn write_bool(out: &mut Vec<u8>, value: bool) {
    out.push(if value { 0xc3 } else { 0xc2 });
}

/// Appends the header of an array of `len` values.
pub fn write_array(out: &mut Vec<u8>, len: usize) {
    if len < 16 {
        out.push(0x90 | byte(len));
    } else {
        write_long_header(out, 0xdc, len);
    }
}

/// Appends the header of a map of `len` pairs.
pub fn write_map(out: &mut Vec<u8>, len: usize) {
    if len < 16 {
        out.push(0x80 | byte(len));
    } else {
        write_long_header(out, 0xde, len);
    }
}

/// `marker` with a 16-bit length, or `marker + 1` with a 32-bit one.
fn write_long_header(out: &mut Vec<u8>, marker: u8, len: usize) {
    if let Ok(len) = u16::try_from(len) {
        out.push(marker);
        out.extend_from_slice(&len.to_be_bytes());
    } else {
        out.push(marker + 1);
        // A length past 4 GiB cannot be written: the limit on messages stands far below it.
        out.extend_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
    }
}

fn byte(len: usize) -> u8 {
    debug_assert!(len < 256, "callers check the length");
    u8::try_from(len).unwrap_or(u8::MAX)
}
