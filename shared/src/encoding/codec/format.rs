//! [`Format`]: the trait of an encoding's writer.

use alloc::vec::Vec;

use crate::encoding::EncodeError;

/// A list or a map.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::encoding) enum Container {
    List,
    Map,
}

/// Appends values in one encoding.
pub(in crate::encoding) trait Format {
    /// True if structs are maps with their fields' names, false if lists of their fields' values.
    const STRUCTS_ARE_MAPS: bool;
    /// True if JSON texts are written as the values that they hold, false if they are errors; default true. A format
    /// without them needs no parser of JSON text, which is a tenth of the browser module.
    const TAKES_JSON_TEXT: bool = true;
    /// True if types write their human-readable form; default false.
    const HUMAN_READABLE: bool = false;

    fn nil(out: &mut Vec<u8>);
    fn bool(out: &mut Vec<u8>, value: bool);
    fn uint(out: &mut Vec<u8>, n: u64);
    fn int(out: &mut Vec<u8>, n: i64);
    fn wide_uint(out: &mut Vec<u8>, n: u128) -> Result<(), EncodeError>;
    fn wide_int(out: &mut Vec<u8>, n: i128) -> Result<(), EncodeError>;
    fn f32(out: &mut Vec<u8>, n: f32);
    fn f64(out: &mut Vec<u8>, n: f64);
    fn str(out: &mut Vec<u8>, text: &str);
    fn bytes(out: &mut Vec<u8>, bytes: &[u8]);
    fn unit_struct(out: &mut Vec<u8>);
    /// The value of a JSON text, which may be nested `depth` levels.
    fn json_text(out: &mut Vec<u8>, text: &str, depth: usize) -> Result<(), EncodeError>;

    /// The header of a container of `len` items (pairs, of a map).
    fn begin(out: &mut Vec<u8>, container: Container, len: usize);
    /// The header of a container whose length is known at its end only.
    fn begin_unsized(out: &mut Vec<u8>, container: Container);
    /// The end of such a container, whose first item (or header, if there is one) is at `start`.
    fn end_unsized(out: &mut Vec<u8>, container: Container, start: usize, len: usize);
}
