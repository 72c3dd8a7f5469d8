//! `encode`, `apply` and the checks together.

use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

use super::corpus::corpora;
use super::matching::COMPARISONS;
use super::{apply, check, encode};

/// Encodes, checks that the ops make the target and are smaller, and gives their number of bytes.
fn round_trip(base: &[u8], target: &[u8]) -> Option<usize> {
    let ops = encode(base, target)?;
    assert!(ops.len() < target.len());
    assert_eq!(apply(base, &ops, target.len()).unwrap(), target);
    Some(ops.len())
}

#[test]
fn delta_size_follows_change() {
    // Mean bytes of a delta: about 1.1 times what was measured, so that a loss of quality shows.
    let limits = [
        ("dashboard JSON", 108),
        ("order book JSON", 70),
        ("HTML fragment", 33),
        ("CSV table", 60),
        ("chat log JSON", 79),
    ];
    let corpora = corpora(1, 60);
    assert_eq!(corpora.len(), limits.len());
    for (corpus, (name, limit)) in corpora.iter().zip(limits) {
        assert_eq!(corpus.name, name);
        let sizes = corpus
            .versions
            .windows(2)
            .map(|pair| round_trip(&pair[0], &pair[1]).unwrap());
        let mean = sizes.sum::<usize>() / (corpus.versions.len() - 1);

        assert!(mean <= limit, "{name}: {mean} bytes");
    }
}

#[test]
fn an_equal_value_costs_a_few_bytes() {
    let value = vec![b'x'; 5_000];
    assert_eq!(round_trip(&value, &value), Some(6));
    assert_eq!(encode(b"", b""), None);
    assert_eq!(encode(b"something", b""), None);
}

#[test]
fn unrelated_values_have_no_delta() {
    let mut rng = fastrand::Rng::with_seed(5);
    let mut noise = |len| {
        std::iter::repeat_with(|| rng.u8(..))
            .take(len)
            .collect::<Vec<_>>()
    };
    assert_eq!(encode(&noise(5_000), &noise(5_000)), None);
    assert_eq!(encode(b"", &noise(5_000)), None);
    assert_eq!(encode(&noise(5_000), b"short"), None);
}

/// Values that offer many matches, or none: pairs of base and target of about that length.
fn hard_pairs(len: usize) -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    let mut rng = fastrand::Rng::with_seed(9);
    let noise: Vec<u8> = (0..2 * len).map(|_| rng.u8(..)).collect();
    let bits: Vec<u8> = (0..2 * len).map(|_| rng.u8(..2)).collect();
    let periodic =
        |period: usize| -> Vec<u8> { (0..=u8::MAX).take(period).cycle().take(len).collect() };
    let zeros = |every: usize| {
        (0..len)
            .map(|i| u8::from(i % every == every - 1))
            .collect::<Vec<_>>()
    };
    let mut lines: Vec<_> = noise[..len].chunks(40).collect();
    rng.shuffle(&mut lines);
    vec![
        ("noise", noise[..len].to_vec(), noise[len..].to_vec()),
        ("bits", bits[..len].to_vec(), bits[len..].to_vec()),
        ("zeros", vec![0; len], vec![0; len + 1]),
        ("zeros and ones", zeros(1000), zeros(999)),
        ("short runs of zeros", zeros(62), zeros(63)),
        ("periods", periodic(100), periodic(99)),
        ("shuffled lines", noise[..len].to_vec(), lines.concat()),
    ]
}

#[test]
fn work_is_linear() {
    for len in [10_000, 100_000] {
        for (name, base, target) in hard_pairs(len) {
            COMPARISONS.set(0);
            std::hint::black_box(encode(&base, &target));
            let each = COMPARISONS.get() as f64 / len as f64;
            assert!(
                each < 30.0,
                "{name}, {len} bytes: {each} comparisons for each"
            );
        }
    }
}

#[test]
fn detects_wrong_base() {
    let mut built = 0;
    for corpus in corpora(2, 12) {
        for versions in corpus.versions.windows(3) {
            let [old, base, target] = versions else {
                panic!("windows of three");
            };
            let ops = encode(base, target).unwrap();
            assert_ne!(check(old).base(), check(base).base());
            if let Ok(value) = apply(old, &ops, 1 << 20) {
                assert_ne!(check(&value).result(), check(target).result());
                built += 1;
            }
        }
    }
    assert!(
        built > 10,
        "{built} wrong values were built: too few to say anything"
    );
}

#[test]
fn detects_damaged_ops() {
    let mut rng = fastrand::Rng::with_seed(7);
    for corpus in corpora(4, 2) {
        let (base, target) = (&corpus.versions[0], &corpus.versions[1]);
        let ops = encode(base, target).unwrap();
        for _ in 0..2_000 {
            let mut damaged = ops.clone();
            for _ in 0..rng.usize(1..4) {
                let at = rng.usize(..damaged.len());
                match rng.u8(..3) {
                    0 => damaged[at] ^= 1 << rng.u8(..8),
                    1 => damaged[at] = rng.u8(..),
                    _ => damaged.truncate(at.max(1)),
                }
            }
            let max = 2 * target.len();
            if let Ok(value) = apply(base, &damaged, max) {
                assert!(value.len() <= max);
                let same = check(&value).result() == check(target).result();
                assert_eq!(same, value == *target);
            }
        }
    }
}

/// Pieces of a small alphabet, so that chance matches, overlaps and periods abound.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        proptest::collection::vec(0u8..4, 0..20),
        (any::<u8>(), 0usize..300).prop_map(|(byte, len)| vec![byte; len]),
        proptest::collection::vec(any::<u8>(), 0..100),
        Just(b"{\"name\":\"value\",\"number\":12345.678}".to_vec()),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_pair_goes_round_trip(base in pieces(), target in pieces()) {
        round_trip(&base, &target);
    }

    #[test]
    fn an_edit_costs_about_what_it_inserts(
        value in proptest::collection::vec(any::<u8>(), 600..2_000),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0usize..30, 0u8..30), 1..4),
    ) {
        let mut edited = value.clone();
        let mut inserted = 0;
        for (at, removed, added) in &edits {
            let at = at.index(edited.len());
            let removed = (at + removed).min(edited.len());
            edited.splice(at..removed, 0..*added);
            inserted += usize::from(*added);
        }
        // Of each edit: its bytes, a token, two varints, and what falls between the index's samples.
        let most = inserted + 24 * (edits.len() + 1);
        prop_assert!(round_trip(&value, &edited).is_some_and(|len| len <= most));
    }
}
