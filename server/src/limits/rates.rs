//! Settings of token buckets.

/// Rate of a token bucket: what is allowed in the long run, and at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// Tokens that are added each second, at least 1.
    pub per_second: u32,
    /// Tokens that the bucket holds, at least 1: what is allowed at once after a pause.
    pub burst: u32,
}

impl Rate {
    /// No limit in practice: 4,294,967,295 a second.
    pub const UNLIMITED: Self = Self::new(u32::MAX, u32::MAX);

    /// This many a second, and `burst` at once.
    #[must_use]
    pub const fn new(per_second: u32, burst: u32) -> Self {
        Self { per_second, burst }
    }
}

/// Rates at which a client, or all clients of one owner, may send. Beyond them the server reads more slowly, and then
/// closes connections (docs/protocol.md section 5.6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rates {
    /// Frames of every kind. An op with a list, such as `subscribe`, counts as many frames as the list has items.
    pub frames: Rate,
    /// Bytes of whole messages.
    pub bytes: Rate,
    /// Messages for the application's handlers.
    pub uploads: Rate,
}

impl Rates {
    /// No limits in practice.
    pub const UNLIMITED: Self = Self {
        frames: Rate::UNLIMITED,
        bytes: Rate::UNLIMITED,
        uploads: Rate::UNLIMITED,
    };
}
