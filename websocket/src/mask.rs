//! Masking of a client's frames (RFC 6455 section 5.3).

/// Masks or unmasks a piece of a payload in place, and rotates the mask for the next piece.
pub fn apply_mask(bytes: &mut [u8], mask: &mut [u8; 4]) {
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
        fn pieces_equal_whole(payload: Vec<u8>, mask: [u8; 4], cut: prop::sample::Index) {
            let masks = mask.iter().cycle();
            let expected: Vec<u8> = payload.iter().zip(masks).map(|(byte, mask)| byte ^ mask).collect();
            let mut payload = payload;
            let cut = cut.index(payload.len() + 1);
            let (first, second) = payload.split_at_mut(cut);
            let mut mask = mask;
            apply_mask(first, &mut mask);
            apply_mask(second, &mut mask);
            prop_assert_eq!(payload, expected);
        }
    }
}
