//! A block's sequences: some literals, then a copy of what came before (RFC 8878 section 3.1.1.3.2).

use alloc::sync::Arc;

use super::bits::Backward;
use super::codes::SEQUENCES;
use super::fse::Fse;
use super::output::Output;
use super::tables::{Tables, Usual};

/// The tables of literal lengths, offsets and match lengths.
type Trio = [Arc<Fse>; 3];

/// Carries out the sequences of a section, which take from these literals, and then puts out the rest of them.
pub(super) fn run(
    section: &[u8],
    usual: &Usual,
    tables: &mut Tables,
    mut literals: &[u8],
    out: &mut Output<'_>,
) -> Option<()> {
    let (count, rest) = read_count(section)?;
    if count > 0 {
        let (trio, bits) = read_tables(rest, usual, tables)?;
        let recent = &mut tables.recent;
        decode(count, &trio, bits, |[lengths, offset, matched]| {
            let (now, later) = literals.split_at_checked(lengths as usize)?;
            literals = later;
            out.push(now)?;
            let offset = recent.resolve(offset, lengths == 0)?;
            out.copy(offset as usize, matched as usize)
        })?;
    } else if !rest.is_empty() {
        return None;
    }
    out.push(literals)
}

/// How many sequences there are.
fn read_count(section: &[u8]) -> Option<(u32, &[u8])> {
    let (&first, rest) = section.split_first()?;
    match first {
        0..128 => Some((first.into(), rest)),
        128..255 => {
            let (&low, rest) = rest.split_first()?;
            Some((u32::from_be_bytes([0, 0, first - 128, low]), rest))
        }
        255 => {
            let (more, rest) = rest.split_first_chunk()?;
            Some((u32::from(u16::from_le_bytes(*more)) + 0x7f00, rest))
        }
    }
}

/// Reads the tables that come with the section, and takes the others from before.
fn read_tables<'a>(
    section: &'a [u8],
    usual: &Usual,
    tables: &mut Tables,
) -> Option<(Trio, &'a [u8])> {
    let (&modes, mut rest) = section.split_first()?;
    let reserved = modes & 3;
    if reserved != 0 {
        return None;
    }
    for (at, code) in SEQUENCES.iter().enumerate() {
        let described;
        let last = &mut tables.sequences[at];
        match modes >> (6 - 2 * at) & 3 {
            0 => *last = Some(Arc::clone(&usual[at])),
            1 => {
                let (symbol, after) = rest.split_first()?;
                rest = after;
                *last = Some(Arc::new(Fse::single(code, *symbol)?));
            }
            2 => {
                (described, rest) = Fse::read(code, rest)?;
                *last = Some(Arc::new(described));
            }
            _ => {}
        }
    }
    let [lengths, offsets, matches] = &tables.sequences;
    let trio = [lengths.clone()?, offsets.clone()?, matches.clone()?];
    Some((trio, rest))
}

/// Decodes so many sequences, which are all that the bits hold, and hands each on: length of the literals, offset, length of
/// the match.
fn decode(
    count: u32,
    [lengths, offsets, matches]: &Trio,
    bits: &[u8],
    mut each: impl FnMut([u32; 3]) -> Option<()>,
) -> Option<()> {
    let bits = &mut Backward::new(bits)?;
    bits.refill();
    let mut length = lengths.first(bits)?;
    let mut offset = offsets.first(bits)?;
    let mut matched = matches.first(bits)?;
    for left in (0..count).rev() {
        // An offset takes 31 bits at most, the lengths 16 each, the next states 26: each time what a refill gives.
        bits.refill();
        let offset_value = offset.value + bits.take(offset.extra)?;
        bits.refill();
        let match_value = matched.value + bits.take(matched.extra)?;
        let length_value = length.value + bits.take(length.extra)?;
        each([length_value, offset_value, match_value])?;
        if left > 0 {
            bits.refill();
            length = lengths.next(length, bits)?;
            matched = matches.next(matched, bits)?;
            offset = offsets.next(offset, bits)?;
        }
    }
    bits.is_at_end().then_some(())
}
