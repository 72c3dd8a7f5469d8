//! Attention of a tab to the shared connection.

/// Attempts to connect that a tab asks for. The most that a tab asks for are made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub enum Attention {
    /// None: the tab is hidden.
    #[default]
    Hidden,
    /// Rare ones: the tab is visible, and the browser says that there is no network.
    Offline,
    /// The usual ones.
    Full,
}

impl Attention {
    pub(super) const fn number(self) -> u64 {
        match self {
            Self::Hidden => 0,
            Self::Offline => 1,
            Self::Full => 2,
        }
    }

    pub(super) const fn of(number: u64) -> Self {
        match number {
            0 => Self::Hidden,
            1 => Self::Offline,
            _ => Self::Full,
        }
    }
}
