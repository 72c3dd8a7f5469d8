//! Finite state entropy: tables that decode one symbol a step (RFC 8878 section 4.1).

use alloc::vec;
use alloc::vec::Vec;

use super::bits::{Backward, Forward};
use super::codes::{Code, SYMBOLS_MAX, Shares};

/// Smallest logarithm of a table's size.
const LOG_MIN: u32 = 5;

/// A table, of a power of two of states.
pub(super) struct Fse {
    log: u8,
    states: Vec<State>,
}

/// What a state decodes to, and what leads to the next.
#[derive(Clone, Copy, Default)]
pub(super) struct State {
    /// The symbol's value: this, plus a number of so many bits more.
    pub(super) value: u32,
    pub(super) extra: u8,
    /// The next state: this, plus a number of so many bits.
    bits: u8,
    base: u16,
}

impl Fse {
    /// Reads a table's description; what follows it comes with it.
    pub(super) fn read<'a>(code: &Code, bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let mut bits = Forward::new(bytes);
        let log = bits.read(4) + LOG_MIN;
        if log > code.log_max {
            return None;
        }
        let mut shares = [0; SYMBOLS_MAX];
        let mut symbol = 0;
        let mut left = 1 << log;
        while left > 0 {
            let share = read_share(&mut bits, left)?;
            left = left.checked_sub(u32::from(share.unsigned_abs()))?;
            *shares[..code.extra.len()].get_mut(symbol)? = share;
            symbol += 1;
            // After a symbol that does not occur: how many more do not, and once more after a 3.
            let mut more = if share == 0 { 3 } else { 0 };
            while more == 3 {
                more = bits.read(2);
                symbol += more as usize;
            }
        }
        let table = Self::new(code, &Shares { log, of: &shares });
        Some((table, bits.rest()?))
    }

    /// A table of one symbol.
    pub(super) fn single(code: &Code, symbol: u8) -> Option<Self> {
        let mut shares = [0; SYMBOLS_MAX];
        *shares[..code.extra.len()].get_mut(usize::from(symbol))? = 1;
        let shares = Shares {
            log: 0,
            of: &shares,
        };
        Some(Self::new(code, &shares))
    }

    /// The table in which symbols have these shares.
    pub(super) fn new(code: &Code, &Shares { log, of: shares }: &Shares<'_>) -> Self {
        let values = code.values();
        let mut next = [0; SYMBOLS_MAX];
        for (next, share) in next.iter_mut().zip(shares) {
            *next = share.unsigned_abs();
        }
        let mut states = spread(1 << log, shares);
        for state in &mut states {
            let symbol = state.value as usize;
            let nth = next[symbol];
            next[symbol] += 1;
            let bits = log - nth.ilog2();
            *state = State {
                value: values[symbol],
                extra: code.extra[symbol],
                bits: low_byte(bits),
                base: (nth << bits) - (1 << log),
            };
        }
        Self {
            log: low_byte(log),
            states,
        }
    }

    /// The state to begin with.
    pub(super) fn first(&self, bits: &mut Backward<'_>) -> Option<State> {
        self.states.get(bits.take(self.log)? as usize).copied()
    }

    /// The state after this one.
    #[inline]
    pub(super) fn next(&self, state: State, bits: &mut Backward<'_>) -> Option<State> {
        let place = u32::from(state.base) + bits.take(state.bits)?;
        self.states.get(place as usize).copied()
    }
}

/// Reads one symbol's share of the states that are left.
fn read_share(bits: &mut Forward<'_>, left: u32) -> Option<i16> {
    // One of `left + 2` numbers; the lowest ones take one bit less.
    let width = (left + 1).ilog2() + 1;
    let short = (1 << width) - (left + 2);
    let number = bits.peek(width);
    let low = number & ((1 << (width - 1)) - 1);
    if low < short {
        bits.skip(width - 1);
        return i16::try_from(low).ok()?.checked_sub(1);
    }
    bits.skip(width);
    let number = if number == low {
        number
    } else {
        number - short
    };
    i16::try_from(number).ok()?.checked_sub(1)
}

/// States, each with its symbol as the value: the rounded ones have one state each at the end, the others theirs all over
/// the rest.
fn spread(size: usize, shares: &[i16]) -> Vec<State> {
    let mut states = vec![State::default(); size];
    let mut end = size;
    for (symbol, _) in (0..).zip(shares).filter(|(_, share)| **share < 0) {
        end -= 1;
        states[end].value = symbol;
    }
    let step = (size >> 1) + (size >> 3) + 3;
    let mut at = 0;
    for (symbol, share) in (0..).zip(shares) {
        for _ in 0..*share {
            states[at].value = symbol;
            at = (at + step) & (size - 1);
            while at >= end {
                at = (at + step) & (size - 1);
            }
        }
    }
    states
}

#[expect(clippy::cast_possible_truncation, reason = "logarithms are small")]
const fn low_byte(log: u32) -> u8 {
    log as u8
}
