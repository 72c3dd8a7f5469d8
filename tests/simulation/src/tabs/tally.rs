//! Events of runs, so that a test can tell that they occur.

/// Events of runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TabsTally {
    /// Tabs that were opened.
    pub opened: u64,
    /// Leaders.
    pub leaders: u64,
    /// Leaders that were robbed of the lock.
    pub robbed: u64,
    /// Tabs that ended without a word.
    pub crashed: u64,
    /// Tasks of tabs that were being closed, whose scripts the browser aborted.
    pub aborted: u64,
    /// Tabs that were left, and came back.
    pub returned: u64,
    /// Connections that ended.
    pub cuts: u64,
    /// Restarts of the server.
    pub restarts: u64,
    /// Entries that tabs were given.
    pub entries: u64,
    /// Resets that tabs were told of.
    pub resets: u64,
    /// Sends that were carried out, and confirmed.
    pub confirmed: u64,
    /// Sends that the server refused.
    pub refused: u64,
    /// Sends that were answered with an unknown outcome.
    pub unknown: u64,
}

impl TabsTally {
    /// The counts.
    #[must_use]
    pub const fn counts(&self) -> [u64; 13] {
        [
            self.opened,
            self.leaders,
            self.robbed,
            self.crashed,
            self.aborted,
            self.returned,
            self.cuts,
            self.restarts,
            self.entries,
            self.resets,
            self.confirmed,
            self.refused,
            self.unknown,
        ]
    }

    /// Adds the events of another run.
    pub const fn add(&mut self, other: &Self) {
        self.opened += other.opened;
        self.leaders += other.leaders;
        self.robbed += other.robbed;
        self.crashed += other.crashed;
        self.aborted += other.aborted;
        self.returned += other.returned;
        self.cuts += other.cuts;
        self.restarts += other.restarts;
        self.entries += other.entries;
        self.resets += other.resets;
        self.confirmed += other.confirmed;
        self.refused += other.refused;
        self.unknown += other.unknown;
    }
}
