//! What the symbols of the four tables mean (RFC 8878 sections 3.1.1.3.2.1 and 4.2.1.1).

/// No code has more symbols.
pub(super) const SYMBOLS_MAX: usize = 53;

/// Symbols that stand for ranges of numbers: each begins where the one before ends.
pub(super) struct Code {
    /// Where the first range begins.
    first: u32,
    /// Of each symbol, the bits that say which number of its range is meant.
    pub(super) extra: &'static [u8],
    /// Largest logarithm of a table's size.
    pub(super) log_max: u32,
}

impl Code {
    /// Where the range of each symbol begins.
    pub(super) fn values(&self) -> [u32; SYMBOLS_MAX] {
        let mut values = [0; SYMBOLS_MAX];
        let mut next = self.first;
        for (value, extra) in values.iter_mut().zip(self.extra) {
            *value = next;
            // The last offset's range ends at 2^32.
            next = next.wrapping_add(1 << extra);
        }
        values
    }
}

/// Those of a sequence: literal lengths, offsets, match lengths.
pub(super) const SEQUENCES: [Code; 3] = [
    Code {
        first: 0,
        extra: &[
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9,
            10, 11, 12, 13, 14, 15, 16,
        ],
        log_max: 9,
    },
    Code {
        first: 1,
        extra: &[
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
            24, 25, 26, 27, 28, 29, 30, 31,
        ],
        log_max: 8,
    },
    Code {
        first: 3,
        extra: &[
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
        ],
        log_max: 9,
    },
];

/// Weights of Huffman codes, which are what they are.
pub(super) const WEIGHTS: Code = Code {
    first: 0,
    extra: &[0; 12],
    log_max: 6,
};

/// How the states of a table are shared between its symbols.
pub(super) struct Shares<'a> {
    /// Logarithm of the number of states.
    pub(super) log: u32,
    /// Of each symbol; -1 is a share so small that it is rounded up to one state. They add up to all states.
    pub(super) of: &'a [i16],
}

/// Those of the tables of a sequence that need no description (RFC 8878 section 3.1.1.3.2.2).
pub(super) const USUAL: [Shares<'_>; 3] = [
    Shares {
        log: 6,
        of: &[
            4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1,
            1, 1, 1, -1, -1, -1, -1,
        ],
    },
    Shares {
        log: 5,
        of: &[
            1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1,
            -1,
        ],
    },
    Shares {
        log: 6,
        of: &[
            1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
            1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
        ],
    },
];
