//! Huffman codes of literals (RFC 8878 section 4.2).

use alloc::vec;
use alloc::vec::Vec;

use super::bits::Backward;
use super::codes::WEIGHTS;
use super::fse::Fse;

/// Longest code, in bits.
const BITS_MAX: u32 = 11;

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
        let mut weights = Weights::default();
        let packed = match head {
            0..128 => head.into(),
            _ => usize::from(head - 127).div_ceil(2),
        };
        let (packed, rest) = rest.split_at_checked(packed)?;
        if head < 128 {
            weights.decode(packed)?;
        } else {
            for nth in 0..usize::from(head - 127) {
                let pair = packed[nth / 2];
                weights.push(if nth % 2 == 0 { pair >> 4 } else { pair & 15 })?;
            }
        }
        Some((Self::new(weights)?, rest))
    }

    fn new(mut weights: Weights) -> Option<Self> {
        let bits = weights.complete()?;
        Some(Self {
            bits,
            codes: weights.lay_out(bits),
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

/// A symbol of weight `w` has a code that is `w - 1` bits shorter than the longest; one of weight 0 has none.
struct Weights {
    of: [u8; 256],
    count: usize,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            of: [0; 256],
            count: 0,
        }
    }
}

impl Weights {
    fn push(&mut self, weight: u8) -> Option<()> {
        *self.of.get_mut(self.count)? = weight;
        self.count += 1;
        Some(())
    }

    /// Decodes all that the bytes hold; two states take turns to yield one.
    fn decode(&mut self, bytes: &[u8]) -> Option<()> {
        let (table, bytes) = Fse::read(&WEIGHTS, bytes)?;
        let mut bits = Backward::new(bytes)?;
        bits.refill();
        let mut state = table.first(&mut bits)?;
        let mut other = table.first(&mut bits)?;
        loop {
            self.push(low_byte(state.value))?;
            bits.refill();
            let Some(next) = table.next(state, &mut bits) else {
                return self.push(low_byte(other.value));
            };
            (state, other) = (other, next);
        }
    }

    /// Adds the last weight, which takes what the others leave; returns the length of the longest code.
    fn complete(&mut self) -> Option<u8> {
        let mut taken = 0;
        for weight in &self.of[..self.count] {
            taken += places(*weight)?;
        }
        let bits = u32::checked_ilog2(taken)? + 1;
        let left = (1 << bits) - taken;
        if bits > BITS_MAX || !left.is_power_of_two() {
            return None;
        }
        self.push(low_byte(left.ilog2() + 1))?;
        Some(low_byte(bits))
    }

    /// The longest codes come first, and those of one length in the order of their symbols.
    fn lay_out(&self, bits: u8) -> Vec<Symbol> {
        let mut codes = vec![Symbol::default(); 1 << bits];
        let mut at = 0;
        for weight in 1..=bits {
            for (symbol, _) in (0..=u8::MAX).zip(&self.of).filter(|(_, of)| **of == weight) {
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
}

/// Lookup places that a code of this weight takes.
const fn places(weight: u8) -> Option<u32> {
    match weight {
        0 => Some(0),
        1..=11 => Some(1 << (weight - 1)),
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "weights are small")]
const fn low_byte(weight: u32) -> u8 {
    weight as u8
}
