//! Numbers in half precision (IEEE 754 binary16): 1 bit sign, 5 bits exponent with bias 15, 10 bits fraction.

/// The number in half precision, if that is exact.
pub(super) fn exact(n: f32) -> Option<u16> {
    let bits = n.to_bits();
    let sign = bits >> 16 & 0x8000;
    let exponent = (bits >> 23 & 0xff).cast_signed() - 127;
    let fraction = bits & 0x007f_ffff;
    let half = match exponent {
        _ if n == 0.0 => 0,
        128 if fraction == 0 => 0x7c00,
        // Every kind of NaN becomes the one quiet NaN.
        128 => return Some(0x7e00),
        -14..=15 => (exponent + 15).cast_unsigned() << 10 | shifted(fraction, 13)?,
        // Below the smallest normal number the leading one is written out.
        -24..=-15 => shifted(fraction | 0x0080_0000, (-1 - exponent).cast_unsigned())?,
        _ => return None,
    };
    u16::try_from(sign | half).ok()
}

/// `bits` without the lowest `by`, if those are zero.
fn shifted(bits: u32, by: u32) -> Option<u32> {
    (bits.trailing_zeros() >= by).then_some(bits >> by)
}

/// A number in half precision as single precision: always exact.
pub(super) fn to_f32(half: u16) -> f32 {
    let sign = u32::from(half & 0x8000) << 16;
    let exponent = u32::from(half >> 10 & 0x1f);
    let fraction = u32::from(half & 0x03ff);
    match exponent {
        0 => {
            // Multiples of 2^-24; both factors are exact.
            let steps = f32::from(half & 0x03ff);
            f32::from_bits((steps / 16_777_216.0).to_bits() | sign)
        }
        31 => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_survive_single_precision() {
        for half in 0..=u16::MAX {
            let single = to_f32(half);
            if single.is_nan() {
                assert_eq!(exact(single), Some(0x7e00));
            } else {
                assert_eq!(exact(single), Some(half), "{half:#06x} {single}");
            }
        }
    }

    #[test]
    fn known_numbers() {
        for (half, single) in [
            (0x0001, 5.960_464_5e-8),
            (0x0400, 6.103_515_6e-5),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x7c00, f32::INFINITY),
        ] {
            assert_eq!(to_f32(half).to_bits(), f32::to_bits(single));
        }
    }

    #[test]
    fn inexact_numbers_stay_single() {
        for n in [
            0.1,
            65505.0,
            65536.0,
            1e-8,
            2049.0,
            f32::MIN_POSITIVE,
            f32::MAX,
        ] {
            assert_eq!(exact(n), None, "{n}");
        }
    }
}
