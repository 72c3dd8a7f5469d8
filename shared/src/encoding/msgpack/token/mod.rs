//! MessagePack tokens: reader and writer that the control ops and the serde codec are built on.

mod read;
mod write;

pub use crate::encoding::error::TokenError;
pub use read::{Head, Kind, Reader};
pub use write::{
    write_array, write_bin, write_bool, write_f32, write_f64, write_int, write_map, write_nil,
    write_str, write_uint,
};

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn written_tokens_are_read(n: u64, i: i64, single: f32, double: f64, text: String, bytes: Vec<u8>, flag: bool) {
            let mut out = Vec::new();
            write_map(&mut out, 20);
            write_array(&mut out, 20);
            write_uint(&mut out, n);
            write_str(&mut out, &text);
            write_bin(&mut out, &bytes);
            write_bool(&mut out, flag);
            write_int(&mut out, i);
            write_f32(&mut out, single);
            write_f64(&mut out, double);
            write_nil(&mut out);
            out.extend([0xc0; 40]);

            let mut reader = Reader::new(&out);
            prop_assert_eq!(reader.map()?, 20);
            prop_assert_eq!(reader.array()?, 20);
            prop_assert_eq!(reader.uint()?, n);
            prop_assert_eq!(reader.str()?, text);
            prop_assert_eq!(reader.bin()?, &bytes[..]);
            prop_assert_eq!(reader.bool()?, flag);
            prop_assert_eq!(reader.int()?, i);
            prop_assert_eq!(reader.f32()?.to_bits(), single.to_bits());
            prop_assert_eq!(reader.f64()?.to_bits(), double.to_bits());
            prop_assert_eq!(reader.nil(), Ok(()));
        }

        #[test]
        fn skips_or_refuses_any_bytes(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            while reader.remaining() > 0 && reader.skip().is_ok() {}
        }
    }

    #[test]
    fn nesting_and_announced_lengths_are_bounded() {
        let deep = vec![0x91; 100_000];
        assert!(Reader::new(&deep).skip().is_err());
        assert_eq!(
            Reader::new(&[0xdd, 0xff, 0xff, 0xff, 0xff])
                .array()
                .map_err(|e| e.at),
            Err(0)
        );
        assert_eq!(
            Reader::new(&[0xdf, 0xff, 0xff, 0xff, 0xff])
                .map()
                .map_err(|e| e.at),
            Err(0)
        );
        assert!(
            Reader::new(&[0xc6, 0xff, 0xff, 0xff, 0xff, 1])
                .bin()
                .is_err()
        );
    }
}
