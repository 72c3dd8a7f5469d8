//! The three buckets of a client, or of all clients of one owner.

use push_wire_shared::session::op::ClientOp;
use push_wire_shared::time::Moment;

use super::bucket::Bucket;
use crate::limits::Rates;

/// Tokens that a client's message takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Load {
    /// Frames; an op with a list counts as many as it has items.
    pub(crate) frames: u64,
    /// Bytes of the message.
    pub(crate) bytes: u64,
    /// Messages for the application.
    pub(crate) uploads: u64,
}

impl Load {
    /// A message of this size, whose frames are counted as they are read.
    pub(crate) const fn of_bytes(bytes: usize) -> Self {
        Self {
            frames: 0,
            bytes: bytes as u64,
            uploads: 0,
        }
    }

    /// This many frames without a content that is counted.
    pub(crate) const fn of_frames(frames: usize) -> Self {
        Self {
            frames: frames as u64,
            bytes: 0,
            uploads: 0,
        }
    }

    /// Adds a frame.
    pub(crate) const fn add_frame(&mut self) {
        self.frames += 1;
    }

    /// Adds a control op: its items are as much work as ops of their own would be.
    pub(crate) fn add_op(&mut self, op: &ClientOp) {
        let items = match op {
            ClientOp::Auth(auth) => auth.subscriptions.len(),
            ClientOp::Subscribe(items) => items.len(),
            ClientOp::Unsubscribe(ids) | ClientOp::Have(ids) => ids.len(),
            ClientOp::Ack(acks) => acks.len(),
            ClientOp::Whole(_)
            | ClientOp::Token(_)
            | ClientOp::Ping
            | ClientOp::Pong
            | ClientOp::Goodbye => 1,
        };
        self.frames += items.max(1) as u64;
    }

    /// Adds the names of a list.
    pub(crate) const fn add_names(&mut self, names: usize) {
        self.frames += names as u64;
    }

    /// Adds a message for the application.
    pub(crate) const fn add_upload(&mut self) {
        self.frames += 1;
        self.uploads += 1;
    }
}

/// Wait that a load has caused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Wait {
    /// Time until which nothing more is read.
    pub(crate) until: Moment,
    /// Messages that the limit allows at once; `None` if it counts bytes.
    pub(crate) window: Option<u32>,
}

impl Wait {
    /// The longer of two waits.
    pub(crate) fn longer(self, other: Self) -> Self {
        if other.until > self.until {
            other
        } else {
            self
        }
    }
}

/// Buckets of frames, bytes and uploads.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Buckets {
    frames: Bucket,
    bytes: Bucket,
    uploads: Bucket,
}

impl Buckets {
    /// Takes the tokens of a load, overdrawing the buckets if necessary. Returns the wait until none is overdrawn; it
    /// ends at `now` or earlier if none is.
    pub(crate) fn take(&mut self, now: Moment, load: Load, rates: &Rates) -> Wait {
        let counted = |until, burst| Wait {
            until,
            window: Some(burst),
        };
        let frames = self.frames.take(now, load.frames, rates.frames);
        let uploads = self.uploads.take(now, load.uploads, rates.uploads);
        let bytes = Wait {
            until: self.bytes.take(now, load.bytes, rates.bytes),
            window: None,
        };
        counted(frames, rates.frames.burst)
            .longer(counted(uploads, rates.uploads.burst))
            .longer(bytes)
    }

    /// Frames that may be read before the bucket of frames or that of uploads is empty.
    pub(crate) fn frames_left(&self, now: Moment, rates: &Rates) -> u64 {
        let frames = self.frames.left(now, rates.frames);
        frames.min(self.uploads.left(now, rates.uploads))
    }

    /// Returns whether all are full: nothing would change if they were forgotten.
    pub(crate) fn are_full(&self, now: Moment) -> bool {
        let all = [self.frames, self.bytes, self.uploads];
        all.into_iter().all(|bucket| bucket.is_full(now))
    }
}
