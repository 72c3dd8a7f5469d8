//! Writer of CBOR data items: the codec's `Format` for CBOR.

use alloc::vec::Vec;

use super::half;
use crate::encoding::EncodeError;
use crate::encoding::codec::{Container, Format};
use crate::encoding::json::write_text;

/// CBOR with structs as maps.
pub(in crate::encoding) struct Cbor;

/// An item's head: its major type and an argument in the shortest form.
fn head(out: &mut Vec<u8>, major: u8, argument: u64) {
    let major = major << 5;
    if let Ok(n) = u8::try_from(argument) {
        if n < 24 {
            out.push(major | n);
        } else {
            out.extend([major | 24, n]);
        }
    } else if let Ok(n) = u16::try_from(argument) {
        out.push(major | 25);
        out.extend_from_slice(&n.to_be_bytes());
    } else if let Ok(n) = u32::try_from(argument) {
        out.push(major | 26);
        out.extend_from_slice(&n.to_be_bytes());
    } else {
        out.push(major | 27);
        out.extend_from_slice(&argument.to_be_bytes());
    }
}

/// Lengths are at most 64 bits wide on every machine there is.
fn length(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

impl Container {
    const fn major(self) -> u8 {
        match self {
            Self::List => 4,
            Self::Map => 5,
        }
    }
}

impl Format for Cbor {
    const STRUCTS_ARE_MAPS: bool = true;

    fn nil(out: &mut Vec<u8>) {
        out.push(0xf6);
    }

    fn bool(out: &mut Vec<u8>, value: bool) {
        out.push(if value { 0xf5 } else { 0xf4 });
    }

    fn uint(out: &mut Vec<u8>, n: u64) {
        head(out, 0, n);
    }

    /// A negative number is stored as the one's complement: -1 - n.
    fn int(out: &mut Vec<u8>, n: i64) {
        if n < 0 {
            head(out, 1, (!n).cast_unsigned());
        } else {
            head(out, 0, n.cast_unsigned());
        }
    }

    fn wide_uint(out: &mut Vec<u8>, n: u128) -> Result<(), EncodeError> {
        let n = u64::try_from(n).map_err(|_| EncodeError::IntegerTooWide)?;
        head(out, 0, n);
        Ok(())
    }

    fn wide_int(out: &mut Vec<u8>, n: i128) -> Result<(), EncodeError> {
        let (major, n) = if n < 0 { (1, !n) } else { (0, n) };
        let n = u64::try_from(n).map_err(|_| EncodeError::IntegerTooWide)?;
        head(out, major, n);
        Ok(())
    }

    /// In the shortest form that loses nothing.
    fn f32(out: &mut Vec<u8>, n: f32) {
        if let Some(half) = half::exact(n) {
            out.push(0xf9);
            out.extend_from_slice(&half.to_be_bytes());
        } else {
            out.push(0xfa);
            out.extend_from_slice(&n.to_be_bytes());
        }
    }

    /// In the shortest form that loses nothing.
    fn f64(out: &mut Vec<u8>, n: f64) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whether it loses anything is checked"
        )]
        let single = n as f32;
        if !n.is_finite() || f64::from(single) == n {
            Self::f32(out, single);
        } else {
            out.push(0xfb);
            out.extend_from_slice(&n.to_be_bytes());
        }
    }

    fn str(out: &mut Vec<u8>, text: &str) {
        head(out, 3, length(text.len()));
        out.extend_from_slice(text.as_bytes());
    }

    fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
        head(out, 2, length(bytes.len()));
        out.extend_from_slice(bytes);
    }

    fn unit_struct(out: &mut Vec<u8>) {
        Self::nil(out);
    }

    fn json_text(out: &mut Vec<u8>, text: &str, depth: usize) -> Result<(), EncodeError> {
        write_text::<Self>(out, text, depth).map_err(EncodeError::NotInEveryEncoding)
    }

    fn begin(out: &mut Vec<u8>, container: Container, len: usize) {
        head(out, container.major(), length(len));
    }

    fn begin_unsized(out: &mut Vec<u8>, container: Container) {
        out.push(container.major() << 5 | 31);
    }

    fn end_unsized(out: &mut Vec<u8>, _container: Container, _start: usize, _len: usize) {
        out.push(0xff);
    }
}
