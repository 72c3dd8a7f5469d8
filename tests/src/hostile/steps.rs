//! Fuzz input split into a sequence of steps, for targets that keep state.

/// One step: the kind of its action, and the bytes for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step<'a> {
    pub(super) kind: u8,
    pub(super) bytes: &'a [u8],
}

impl Step<'_> {
    /// The first four bytes as a little-endian number; missing ones count as 0.
    pub(super) fn number(&self) -> u32 {
        let mut number = [0; 4];
        for (to, from) in number.iter_mut().zip(self.bytes) {
            *to = *from;
        }
        u32::from_le_bytes(number)
    }
}

/// Reads steps, each `[kind: 1][length: 2 LE][bytes]`; the last may be cut off.
pub(super) fn steps(mut input: &[u8]) -> impl Iterator<Item = Step<'_>> {
    std::iter::from_fn(move || {
        let ([kind, low, high], rest) = input.split_first_chunk()?;
        let len = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
        let (bytes, rest) = rest.split_at(len);
        input = rest;
        Some(Step { kind: *kind, bytes })
    })
}

/// Removes the first byte and returns it; 0 if there is none.
pub(super) fn take_byte(input: &mut &[u8]) -> u8 {
    match input.split_first() {
        Some((first, rest)) => {
            *input = rest;
            *first
        }
        None => 0,
    }
}
