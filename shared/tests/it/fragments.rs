//! Tests of fragments: splitting, bytes, and assembling within limits.

use std::time::Duration;

use proptest::prelude::*;
use push_wire_shared::fragment::{FragmentLimits, split};
use push_wire_shared::time::Moment;
use push_wire_shared::{
    FRAGMENT_HEADER_LEN, FragmentAssembler, FragmentError, FragmentRetention, FragmentShard,
};
use uuid::Uuid;

/// Fragment `index` of `total` of message `id`.
fn shard(id: u128, total: u16, index: u16, payload: &[u8]) -> FragmentShard {
    FragmentShard {
        fragment_id: Uuid::from_u128(id),
        total,
        index,
        payload: payload.to_vec(),
    }
}

fn at(seconds: u64) -> Moment {
    Moment::after_origin(Duration::from_secs(seconds))
}

/// Room for two small messages, or 500 bytes.
fn small() -> FragmentAssembler {
    FragmentAssembler::with_limits(FragmentLimits {
        max_messages: 2,
        max_bytes: 500,
        max_age: Duration::from_secs(10),
    })
}

proptest! {
    #[test]
    fn messages_survive_in_any_order(
        payload in prop::collection::vec(any::<u8>(), 0..300),
        piece_bytes in 1_usize..40,
        order in Just(()).prop_perturb(|(), mut random| random.random::<u64>()),
    ) {
        let mut wire: Vec<Vec<u8>> = split(Uuid::from_u128(1), &payload, piece_bytes)
            .unwrap()
            .map(|shard| shard.encode())
            .collect();
        prop_assert!(wire.iter().all(|bytes| bytes.len() <= FRAGMENT_HEADER_LEN + piece_bytes));
        let last = wire.len() - 1;
        for place in 0..=last {
            let steps = order.rotate_left(u32::try_from(place % 64).unwrap()) % 1000;
            wire.swap(place, usize::try_from(steps).unwrap() % (last + 1));
        }
        let mut assembler = FragmentAssembler::new();
        for bytes in &wire[..last] {
            prop_assert_eq!(assembler.push(FragmentShard::decode(bytes)?), Ok(None));
        }
        let whole = assembler.push(FragmentShard::decode(&wire[last])?);
        prop_assert_eq!(whole, Ok(Some(payload)));
        prop_assert_eq!((assembler.inflight(), assembler.held_bytes()), (0, 0));
    }

    #[test]
    fn any_fragments_stay_within_the_limits(
        shards in prop::collection::vec((0_u128..5, 0_u16..4, 0_u16..4, 0_usize..300, 0_u64..3), 0..60),
    ) {
        let mut assembler = small();
        let mut now = 0;
        for (id, total, index, len, seconds) in shards {
            now += seconds;
            let pushed = assembler.push_at(at(now), shard(id, total, index, &vec![0; len]));
            if let Ok(Some(whole)) = pushed {
                prop_assert!(whole.len() <= 500);
            }
            prop_assert!(assembler.inflight() <= 2);
            prop_assert!(assembler.held_bytes() <= 500);
            prop_assert!(assembler.deadline().is_none_or(|deadline| deadline > at(now)));
        }
        assembler.expire(at(now + 10));
        prop_assert_eq!((assembler.inflight(), assembler.held_bytes()), (0, 0));
    }

    #[test]
    fn any_bytes_are_a_fragment_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        match FragmentShard::decode(&bytes) {
            Ok(shard) => prop_assert_eq!(shard.encode(), bytes),
            Err(_) => prop_assert!(bytes.len() < 20 || bytes[18..20] >= bytes[16..18]),
        }
    }
}

#[test]
fn a_fragment_on_the_wire() {
    let bytes = shard(0x0102, 3, 1, b"hi").encode();
    let mut expected = [0; 22];
    expected[14..].copy_from_slice(&[1, 2, 0, 3, 0, 1, b'h', b'i']);
    assert_eq!(bytes, expected);
}

#[test]
fn splitting_has_bounds() {
    let id = Uuid::nil();
    let pieces =
        |len: usize, piece_bytes| split(id, &vec![0; len], piece_bytes).map(Iterator::count);
    assert_eq!(pieces(0, 10), Ok(1));
    assert_eq!(pieces(10, 10), Ok(1));
    assert_eq!(pieces(11, 10), Ok(2));
    assert_eq!(pieces(65_535, 1), Ok(65_535));
    assert_eq!(pieces(65_536, 1), Err(FragmentError::TooManyFragments));
    assert_eq!(pieces(1, 0), Err(FragmentError::InvalidSize));
}

#[test]
fn repeat_is_error_and_harmless() {
    let mut assembler = FragmentAssembler::new();
    assert_eq!(assembler.push(shard(1, 2, 0, b"abc")), Ok(None));
    let repeat = Err(FragmentError::Duplicate { index: 0, total: 2 });
    assert_eq!(assembler.push(shard(1, 2, 0, b"abc")), repeat);
    let whole = Ok(Some(b"abcxyz".to_vec()));
    assert_eq!(assembler.push(shard(1, 2, 1, b"xyz")), whole);
    assert_eq!(assembler.dropped(), 0);
}

#[test]
fn bad_fragment_drops_its_message() {
    for (bad, fault) in [
        (
            shard(1, 2, 0, b"other"),
            FragmentError::Conflict { index: 0 },
        ),
        (shard(1, 3, 1, b"x"), FragmentError::TotalMismatch),
        (shard(1, 2, 2, b"x"), FragmentError::InvalidSize),
        (shard(1, 0, 0, b"x"), FragmentError::InvalidSize),
        (
            shard(1, 2, 1, &[0; 400]),
            FragmentError::TooLarge { limit: 500 },
        ),
    ] {
        let mut assembler = small();
        assert_eq!(assembler.push(shard(2, 2, 0, b"two")), Ok(None));
        assert_eq!(assembler.push(shard(1, 2, 0, b"one")), Ok(None));
        assert_eq!(assembler.push(bad), Err(fault));
        assert_eq!((assembler.inflight(), assembler.dropped()), (1, 1));
        assert_eq!(assembler.held_bytes(), 67);
    }
}

#[test]
fn bad_first_fragment_keeps_nothing() {
    let mut assembler = FragmentAssembler::new();
    for index in [3, u16::MAX] {
        let fault = Err(FragmentError::InvalidSize);
        assert_eq!(assembler.push(shard(index.into(), 3, index, b"x")), fault);
    }
    assert_eq!((assembler.inflight(), assembler.dropped()), (0, 0));
}

#[test]
fn the_oldest_messages_make_room() {
    let mut assembler = small();
    for (id, len) in [(1, 1), (2, 1), (3, 100)] {
        assert_eq!(assembler.push(shard(id, 3, 0, &vec![0; len])), Ok(None));
    }
    assert_eq!((assembler.inflight(), assembler.dropped()), (2, 1));
    // Message 2 is now the oldest, but it is the one that grows.
    assert_eq!(assembler.push(shard(2, 3, 1, &[0; 300])), Ok(None));
    assert_eq!((assembler.inflight(), assembler.dropped()), (1, 2));
    assert!(assembler.push(shard(2, 3, 2, b"y")).unwrap().is_some());
}

#[test]
fn incomplete_messages_expire() {
    let mut assembler = small();
    assert_eq!(assembler.deadline(), None);
    assert_eq!(assembler.push_at(at(5), shard(1, 2, 0, b"a")), Ok(None));
    assert_eq!(assembler.push_at(at(9), shard(2, 2, 0, b"b")), Ok(None));
    assert_eq!(assembler.deadline(), Some(at(15)));
    // Too late: this begins a message that will never be whole.
    assert_eq!(assembler.push_at(at(15), shard(1, 2, 1, b"c")), Ok(None));
    assert_eq!((assembler.inflight(), assembler.dropped()), (2, 1));
    assert_eq!(assembler.deadline(), Some(at(19)));
    assembler.expire(at(25));
    assert_eq!((assembler.inflight(), assembler.dropped()), (0, 3));
}

#[test]
fn retention_drops_the_oldest() {
    let mut assembler = FragmentAssembler::new();
    for id in 0..5 {
        assert_eq!(assembler.push(shard(id, 2, 0, b"x")), Ok(None));
    }
    assembler.enforce_retention(FragmentRetention { max_inflight: 2 });
    assert_eq!(assembler.inflight(), 2);
    assert!(assembler.push(shard(4, 2, 1, b"y")).unwrap().is_some());
    assert!(assembler.push(shard(0, 2, 1, b"y")).unwrap().is_none());
}

#[test]
fn announced_totals_cost_nothing() {
    let mut assembler = FragmentAssembler::new();
    for id in 0..1024 {
        assert_eq!(assembler.push(shard(id, u16::MAX, 0, b"x")), Ok(None));
    }
    assert_eq!(assembler.held_bytes(), 1024 * 65);
}
