//! Huffman codes of literals (RFC 8878 section 4.2).

use alloc::vec;
use alloc::vec::Vec;

use super::bits::Backward;
use super::codes::WEIGHTS;
use super::fse::Fse;

/// Longest code, in bits.
const BITS_MAX: u32 = 11;

/// Most weights that a description has: the last of 256 is left out.
const WEIGHTS_MAX: usize = 255;

/// Looked up by the next bits, as many as the longest code has.
pub(super) struct Huffman {
    bits: u8,
    codes: Vec<Symbol>,
}

#[derive(Clone, Copy, Default)]
struct Symbol {
    symbol: u8,
    /// Length of its code.
    bits: u8,
}

impl Huffman {
    /// Reads a description; what follows it comes with it.
    pub(super) fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (&head, rest) = bytes.split_first()?;
        let (weights, rest) = match head.checked_sub(127) {
            None | Some(0) => {
                let (compressed, rest) = rest.split_at_checked(head.into())?;
                (decode_weights(compressed)?, rest)
            }
            Some(count) => {
                let count = usize::from(count);
                let (pairs, rest) = rest.split_at_checked(count.div_ceil(2))?;
                let mut weights = Vec::new();
                for pair in pairs {
                    weights.extend_from_slice(&[pair >> 4, pair & 15]);
                }
                weights.truncate(count);
                (weights, rest)
            }
        };
        Some((Self::new(weights)?, rest))
    }

    /// A symbol of weight `w` has a code that is `w - 1` bits shorter than the longest; one of weight 0 has none. The
    /// last symbol takes what the others leave.
    fn new(mut weights: Vec<u8>) -> Option<Self> {
        let mut taken = 0;
        for weight in &weights {
            taken += share(*weight)?;
        }
        let bits = taken.checked_ilog2()? + 1;
        let left = (1 << bits) - taken;
        if bits > BITS_MAX || !left.is_power_of_two() {
            return None;
        }
        let [bits, last] = [bits, left.ilog2() + 1].map(low_byte);
        weights.push(last);
        Some(Self {
            bits,
            codes: lay_out(&weights, bits),
        })
    }

    /// Decodes so many symbols, which are all that the bytes hold.
    pub(super) fn decode(&self, bytes: &[u8], count: usize, out: &mut Vec<u8>) -> Option<()> {
        let mut bits = Backward::new(bytes)?;
        for _ in 0..count {
            bits.refill();
            let code = self.codes.get(bits.peek(self.bits) as usize)?;
            bits.take(code.bits)?;
            out.push(code.symbol);
        }
        bits.is_at_end().then_some(())
    }
}

/// Decodes weights, which two states take turns to yield.
fn decode_weights(bytes: &[u8]) -> Option<Vec<u8>> {
    let (table, bytes) = Fse::read(&WEIGHTS, bytes)?;
    let mut bits = Backward::new(bytes)?;
    bits.refill();
    let mut state = table.first(&mut bits)?;
    let mut other = table.first(&mut bits)?;
    let mut weights = Vec::new();
    loop {
        weights.push(low_byte(state.value));
        bits.refill();
        let next = table.next(state, &mut bits);
        state = other;
        let Some(next) = next else {
            break;
        };
        other = next;
        if weights.len() > WEIGHTS_MAX {
            return None;
        }
    }
    weights.push(low_byte(state.value));
    (weights.len() <= WEIGHTS_MAX).then_some(weights)
}

/// Lookup places of a code of this weight.
const fn share(weight: u8) -> Option<u32> {
    match weight {
        0 => Some(0),
        1..=11 => Some(1 << (weight - 1)),
        _ => None,
    }
}

/// The longest codes come first, and those of one length in the order of their symbols.
fn lay_out(weights: &[u8], bits: u8) -> Vec<Symbol> {
    let mut codes = vec![Symbol::default(); 1 << bits];
    let mut at = 0;
    for weight in 1..=bits {
        for (symbol, _) in (0..=u8::MAX).zip(weights).filter(|(_, of)| **of == weight) {
            for _ in 0..1 << (weight - 1) {
                codes[at] = Symbol {
                    symbol,
                    bits: bits + 1 - weight,
                };
                at += 1;
            }
        }
    }
    codes
}

#[expect(clippy::cast_possible_truncation, reason = "weights are small")]
const fn low_byte(weight: u32) -> u8 {
    weight as u8
}
