//! Target: fragments of several messages, mixed and damaged.

use std::collections::BTreeMap;
use std::time::Duration;

use push_wire_shared::fragment::{FragmentAssembler, FragmentLimits, FragmentShard, split};
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::steps::{Step, steps, take_byte};

const LIMITS: FragmentLimits = FragmentLimits {
    max_messages: 4,
    max_bytes: 4096,
    max_age: Duration::from_secs(60),
};

/// Id of messages of which all fragments are given.
const WHOLE: Uuid = Uuid::max();

pub(super) fn run(bytes: &[u8]) {
    let mut receiver = Receiver {
        assembler: FragmentAssembler::with_limits(LIMITS),
        arrived: BTreeMap::new(),
        now: Moment::default(),
    };
    for step in steps(bytes) {
        receiver.run_step(step);
        assert!(receiver.assembler.inflight() <= LIMITS.max_messages);
        assert!(receiver.assembler.held_bytes() <= LIMITS.max_bytes);
    }
    receiver.assembler.expire(receiver.now + LIMITS.max_age);
    assert_eq!(
        (
            receiver.assembler.inflight(),
            receiver.assembler.held_bytes()
        ),
        (0, 0)
    );
}

/// A receiver of fragments, and the fragments that it was given.
struct Receiver {
    assembler: FragmentAssembler,
    /// Last payload given for each id and index.
    arrived: BTreeMap<(Uuid, u16), Vec<u8>>,
    now: Moment,
}

impl Receiver {
    fn run_step(&mut self, step: Step<'_>) {
        match step.kind % 4 {
            0 => {
                if let Ok(shard) = FragmentShard::decode(step.bytes) {
                    assert_eq!(shard.encode(), step.bytes);
                    if shard.fragment_id != WHOLE {
                        self.push(shard);
                    }
                }
            }
            1 => self.push(small_shard(step.bytes)),
            2 => self.push_all(step.bytes),
            _ => self.now = self.now + Duration::from_secs(u64::from(step.number() % 100)),
        }
    }

    fn push(&mut self, shard: FragmentShard) {
        let (id, total) = (shard.fragment_id, shard.total);
        self.arrived
            .insert((id, shard.index), shard.payload.clone());
        let Ok(Some(whole)) = self.assembler.push_at(self.now, shard) else {
            return;
        };
        let pieces = (0..total).filter_map(|index| self.arrived.get(&(id, index)));
        let pieces: Vec<&[u8]> = pieces.map(Vec::as_slice).collect();
        assert_eq!(pieces.len(), usize::from(total));
        assert_eq!(whole, pieces.concat());
    }

    /// Gives all fragments of a message, which must be assembled if it fits.
    fn push_all(&mut self, payload: &[u8]) {
        let id = WHOLE;
        let Ok(shards) = split(id, payload, 7) else {
            return;
        };
        let overhead = 64 * payload.len().div_ceil(7).max(1);
        let mut whole = None;
        for shard in shards {
            self.arrived
                .insert((id, shard.index), shard.payload.clone());
            let Ok(taken) = self.assembler.push_at(self.now, shard) else {
                break;
            };
            whole = taken;
        }
        if payload.len() + overhead <= LIMITS.max_bytes {
            assert_eq!(whole.as_deref(), Some(payload));
        }
    }
}

/// A fragment of one of few messages with few fragments, so that some are completed.
fn small_shard(mut bytes: &[u8]) -> FragmentShard {
    let bytes = &mut bytes;
    FragmentShard {
        fragment_id: Uuid::from_u128(u128::from(take_byte(bytes) % 8)),
        total: u16::from(take_byte(bytes) % 5),
        index: u16::from(take_byte(bytes) % 5),
        payload: bytes.to_vec(),
    }
}
