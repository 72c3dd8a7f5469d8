//! The two ways in which zstd reads bits.

/// Reads from the front, lowest bit first: descriptions of tables (RFC 8878 section 4.1.1).
pub(super) struct Forward<'a> {
    bytes: &'a [u8],
    /// Bits read.
    at: usize,
}

impl<'a> Forward<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next bits, 25 at most; zeros beyond the end.
    pub(super) fn peek(&self, count: u32) -> u32 {
        let mut four = [0; 4];
        let rest = self.bytes.get(self.at / 8..).unwrap_or_default();
        for (to, from) in four.iter_mut().zip(rest) {
            *to = *from;
        }
        u32::from_le_bytes(four) >> (self.at % 8) & ((1 << count) - 1)
    }

    pub(super) const fn skip(&mut self, count: u32) {
        self.at += count as usize;
    }

    pub(super) fn read(&mut self, count: u32) -> u32 {
        let bits = self.peek(count);
        self.skip(count);
        bits
    }

    /// The bytes after the last one that was begun; none when more was read than there is.
    pub(super) fn rest(self) -> Option<&'a [u8]> {
        self.bytes.get(self.at.div_ceil(8)..)
    }
}

/// Reads from the back, highest bit first: what the tables encode (RFC 8878 section 4.1).
pub(super) struct Backward<'a> {
    rest: &'a [u8],
    /// Its lowest [`ready`](Self::ready) bits are the next ones.
    bits: u64,
    ready: u32,
}

impl<'a> Backward<'a> {
    /// None when the highest bit of the last byte, which marks the beginning, is not there.
    pub(super) fn new(bytes: &'a [u8]) -> Option<Self> {
        let (&last, rest) = bytes.split_last()?;
        Some(Self {
            rest,
            bits: last.into(),
            ready: last.checked_ilog2()?,
        })
    }

    /// Makes at least 32 bits ready, if there are so many.
    #[inline]
    pub(super) fn refill(&mut self) {
        if self.ready >= 32 {
            return;
        }
        if let Some((rest, four)) = self.rest.split_last_chunk() {
            self.rest = rest;
            self.bits = self.bits << 32 | u64::from(u32::from_le_bytes(*four));
            self.ready += 32;
            return;
        }
        while let Some((&byte, rest)) = self.rest.split_last() {
            self.rest = rest;
            self.bits = self.bits << 8 | u64::from(byte);
            self.ready += 8;
        }
    }

    /// The next bits, 32 at most; none when fewer are ready.
    #[inline]
    pub(super) fn take(&mut self, count: u8) -> Option<u32> {
        self.ready = self.ready.checked_sub(count.into())?;
        Some(lowest(self.bits >> self.ready, count))
    }

    /// The next bits, 32 at most, without taking them; zeros beyond those that are ready.
    #[inline]
    pub(super) fn peek(&self, count: u8) -> u32 {
        let wanted = u32::from(count);
        let bits = match self.ready.checked_sub(wanted) {
            Some(beyond) => self.bits >> beyond,
            None => self.bits << (wanted - self.ready),
        };
        lowest(bits, count)
    }

    /// Whether all has been read.
    pub(super) const fn is_at_end(&self) -> bool {
        self.ready == 0 && self.rest.is_empty()
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "it is what is wanted")]
const fn lowest(bits: u64, count: u8) -> u32 {
    (bits & ((1 << count) - 1)) as u32
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn forward_is_lowest_bit_first() {
        let mut bits = Forward::new(&[0b1010_0110, 0b0000_0001, 9]);
        assert_eq!(bits.read(3), 0b110);
        assert_eq!(bits.peek(5), 0b10100);
        assert_eq!(bits.read(6), 0b11_0100);
        assert_eq!(bits.rest(), Some(&[9][..]));
        let mut bits = Forward::new(&[0xff]);
        assert_eq!(bits.read(12), 0xff, "zeros beyond the end");
        assert_eq!(bits.rest(), None);
    }

    #[test]
    fn backward_is_highest_bit_first_below_the_mark() {
        let mut bits = Backward::new(&[0b1100_0011, 0b0001_0110]).unwrap();
        bits.refill();
        assert_eq!(bits.take(4), Some(0b0110));
        assert_eq!(bits.peek(3), 0b110);
        assert_eq!(bits.take(2), Some(0b11));
        assert_eq!(bits.peek(8), 0b1100, "zeros beyond the end");
        assert_eq!(bits.take(7), None);
        let mut bits = Backward::new(&[0b0000_0101, 0b1]).unwrap();
        bits.refill();
        assert_eq!(bits.take(8), Some(5));
        assert!(bits.is_at_end());
    }

    #[test]
    fn backward_needs_a_mark() {
        assert!(Backward::new(&[]).is_none());
        assert!(Backward::new(&[1, 0]).is_none());
        assert!(Backward::new(&[1]).unwrap().is_at_end());
    }

    #[test]
    fn backward_reads_any_length() {
        let bytes: Vec<u8> = (1..=100).collect();
        for len in 1..bytes.len() {
            let mut bits = Backward::new(&bytes[..len]).unwrap();
            let mut read = 0;
            loop {
                bits.refill();
                if bits.take(1).is_none() {
                    break;
                }
                read += 1;
            }
            assert!(bits.is_at_end());
            let last = u32::from(bytes[len - 1]);
            assert_eq!(read, (len - 1) * 8 + last.ilog2() as usize);
        }
    }
}
