//! Conversion of JSON text to the binary encodings.

use alloc::vec::Vec;
use core::marker::PhantomData;
use core::str;

use super::text::{Scalar, Values, read};
use crate::encoding::codec::{Container, Format};
use crate::encoding::{DecodeError, PayloadEncoding, cbor, msgpack};
use crate::limits::NESTING;

/// Checks that bytes are JSON text which every encoding can express: one value, numbers in the range of double precision,
/// escapes that make whole characters, at most [`NESTING`] levels. Integers from -2^63 to 2^64 - 1 are exact.
///
/// # Errors
/// Fails if they are not; the error has the offset.
pub fn check(text: &[u8]) -> Result<(), DecodeError> {
    read(utf8(text)?, NESTING, &mut Nothing)
}

/// Converts JSON text to an encoding; maps keep the order of their keys, and numbers their value.
///
/// # Errors
/// As [`check`].
pub fn transcode(text: &[u8], encoding: PayloadEncoding) -> Result<Vec<u8>, DecodeError> {
    let text = utf8(text)?;
    let mut out = Vec::with_capacity(text.len());
    match encoding {
        PayloadEncoding::MessagePack => {
            write_text::<msgpack::MessagePack<false>>(&mut out, text, NESTING)?
        }
        PayloadEncoding::Cbor => write_text::<cbor::Cbor>(&mut out, text, NESTING)?,
        PayloadEncoding::Json => {
            read(text, NESTING, &mut Nothing)?;
            out.extend_from_slice(text.as_bytes());
        }
    }
    Ok(out)
}

/// Appends the value of a text, which may be nested `depth` levels.
///
/// # Errors
/// As [`check`]; nothing was appended.
pub(in crate::encoding) fn write_text<F: Format>(
    out: &mut Vec<u8>,
    text: &str,
    depth: usize,
) -> Result<(), DecodeError> {
    // Both encodings write a container's length before its items.
    let mut lengths = Lengths(Vec::new());
    read(text, depth, &mut lengths)?;
    let mut writer = Writer {
        out,
        lengths: lengths.0.into_iter(),
        format: PhantomData::<F>,
    };
    read(text, depth, &mut writer)
}

fn utf8(text: &[u8]) -> Result<&str, DecodeError> {
    str::from_utf8(text).map_err(|error| DecodeError::Malformed {
        expected: "UTF-8",
        at: error.valid_up_to(),
    })
}

/// Ignores the values: what counts is whether they can be read.
struct Nothing;

impl Values for Nothing {
    fn scalar(&mut self, _: Scalar<'_>) {}

    fn open(&mut self, _: Container) -> usize {
        0
    }

    fn close(&mut self, _: usize, _: usize) {}
}

/// Collects the lengths of containers, in the order of their beginnings.
struct Lengths(Vec<usize>);

impl Values for Lengths {
    fn scalar(&mut self, _: Scalar<'_>) {}

    fn open(&mut self, _: Container) -> usize {
        self.0.push(0);
        self.0.len() - 1
    }

    fn close(&mut self, opened: usize, items: usize) {
        self.0[opened] = items;
    }
}

/// Writes the values.
struct Writer<'a, L, F> {
    out: &'a mut Vec<u8>,
    lengths: L,
    format: PhantomData<F>,
}

impl<L: Iterator<Item = usize>, F: Format> Values for Writer<'_, L, F> {
    fn scalar(&mut self, value: Scalar<'_>) {
        match value {
            Scalar::Null => F::nil(self.out),
            Scalar::Bool(value) => F::bool(self.out, value),
            Scalar::Uint(n) => F::uint(self.out, n),
            Scalar::Int(n) => F::int(self.out, n),
            Scalar::Double(n) => F::f64(self.out, n),
            Scalar::Text(text) => F::str(self.out, text),
        }
    }

    fn open(&mut self, container: Container) -> usize {
        let len = self.lengths.next().unwrap_or_default();
        F::begin(self.out, container, len);
        0
    }

    fn close(&mut self, _: usize, _: usize) {}
}
