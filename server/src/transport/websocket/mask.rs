//! The mask of client frames (RFC 6455 section 5.3).

/// Unmasks a piece of a payload in place, and turns the mask so that it fits the next piece.
pub(super) fn unmask(bytes: &mut [u8], mask: &mut [u8; 4]) {
    let [a, b, c, d] = *mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    mask.rotate_left(bytes.len() % 4);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_are_unmasked_as_the_whole_is(payload: Vec<u8>, mask: [u8; 4], cut: prop::sample::Index) {
            let plain: Vec<u8> =
                payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
            let mut payload = payload;
            let cut = cut.index(payload.len() + 1);
            let (first, second) = payload.split_at_mut(cut);
            let mut turning = mask;
            unmask(first, &mut turning);
            unmask(second, &mut turning);
            prop_assert_eq!(payload, plain);
        }
    }
}
