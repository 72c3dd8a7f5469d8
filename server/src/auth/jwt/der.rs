//! `RSAPublicKey` of RFC 8017 section A.1.1 in DER.

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;

/// Reads modulus and exponent, big-endian without leading zeros; `None` for anything else, such as a private key, which has
/// more numbers.
pub(super) fn rsa_public_key(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (numbers, rest) = value(der, SEQUENCE)?;
    let (n, numbers) = value(numbers, INTEGER)?;
    let (e, numbers) = value(numbers, INTEGER)?;
    let is_whole = rest.is_empty() && numbers.is_empty();
    is_whole.then_some((positive(n)?, positive(e)?))
}

/// The content of a value of this type, and the bytes after it.
fn value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, der) = der.split_first()?;
    let (&short, der) = der.split_first()?;
    // A length below 128 is itself; otherwise it is the number of its bytes.
    let (length, der) = match short {
        0..=0x7f => (usize::from(short), der),
        0x81 | 0x82 => {
            let (bytes, der) = der.split_at_checked(usize::from(short & 0x7f))?;
            let length = bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            (length, der)
        }
        _ => return None,
    };
    let split = der.split_at_checked(length)?;
    (found == tag).then_some(split)
}

/// The bytes of a number that is not negative.
fn positive(number: &[u8]) -> Option<&[u8]> {
    match number {
        [] => None,
        [0, rest @ ..] => Some(rest),
        [first, ..] => (*first < 0x80).then_some(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_two_numbers_and_nothing_else() {
        let key = [0x30, 7, 2, 2, 0, 0xff, 2, 1, 3];
        assert_eq!(rsa_public_key(&key), Some((&[0xff][..], &[3][..])));
        let long = [
            &[0x30, 0x81, 0x88, 2, 0x81, 0x82, 0][..],
            &[0xff; 129],
            &[2, 1, 3],
        ]
        .concat();
        assert_eq!(rsa_public_key(&long), Some((&[0xff; 129][..], &[3][..])));
        for end in 0..key.len() {
            assert_eq!(rsa_public_key(&key[..end]), None, "{end}");
        }
        for other in [
            &[0x30, 7, 2, 2, 0, 0xff, 2, 1, 3, 0][..],
            &[0x30, 10, 2, 2, 0, 0xff, 2, 1, 3, 2, 1, 1],
            &[0x31, 7, 2, 2, 0, 0xff, 2, 1, 3],
            &[0x30, 6, 2, 1, 0xff, 2, 1, 3],
            &[0x30, 5, 2, 0, 2, 1, 3],
            &[0x30, 0x84, 0, 0, 0, 7, 2, 2, 0, 0xff, 2, 1, 3],
        ] {
            assert_eq!(rsa_public_key(other), None, "{other:?}");
        }
    }
}
