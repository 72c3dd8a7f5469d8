//! Check for numbers that JSON cannot express: NaN, the infinities, and integers that its readers would round.

use alloc::vec::Vec;

use serde::Serialize;

use crate::encoding::EncodeError;
use crate::encoding::codec::{Container, Format, write_value};

/// Checks that a value holds no NaN, no infinity and no integer beyond 64 bits, and is not nested too deep.
///
/// # Errors
/// Fails if it does, or its `Serialize` fails.
pub(super) fn check<T: Serialize + ?Sized>(value: &T) -> Result<(), EncodeError> {
    let mut found = Vec::new();
    write_value::<Finite, T>(&mut found, value)?;
    if found.is_empty() {
        Ok(())
    } else {
        Err(EncodeError::NotFinite)
    }
}

/// Format that writes one byte if there are numbers that are not finite, and nothing else.
struct Finite;

fn number(found: &mut Vec<u8>, is_finite: bool) {
    if !is_finite && found.is_empty() {
        found.push(0);
    }
}

impl Format for Finite {
    const STRUCTS_ARE_MAPS: bool = true;
    const HUMAN_READABLE: bool = true;

    fn nil(_: &mut Vec<u8>) {}
    fn bool(_: &mut Vec<u8>, _: bool) {}
    fn uint(_: &mut Vec<u8>, _: u64) {}
    fn int(_: &mut Vec<u8>, _: i64) {}

    fn wide_uint(_: &mut Vec<u8>, n: u128) -> Result<(), EncodeError> {
        u64::try_from(n).map_or(Err(EncodeError::IntegerTooWide), |_| Ok(()))
    }

    fn wide_int(_: &mut Vec<u8>, n: i128) -> Result<(), EncodeError> {
        let is_within = u64::try_from(n).is_ok() || i64::try_from(n).is_ok();
        is_within.then_some(()).ok_or(EncodeError::IntegerTooWide)
    }

    fn f32(found: &mut Vec<u8>, n: f32) {
        number(found, n.is_finite());
    }

    fn f64(found: &mut Vec<u8>, n: f64) {
        number(found, n.is_finite());
    }

    fn str(_: &mut Vec<u8>, _: &str) {}
    fn bytes(_: &mut Vec<u8>, _: &[u8]) {}
    fn unit_struct(_: &mut Vec<u8>) {}
    fn json_text(_: &mut Vec<u8>, _: &str, _: usize) -> Result<(), EncodeError> {
        Ok(())
    }
    fn begin(_: &mut Vec<u8>, _: Container, _: usize) {}
    fn begin_unsized(_: &mut Vec<u8>, _: Container) {}
    fn end_unsized(_: &mut Vec<u8>, _: Container, _: usize, _: usize) {}
}
