//! Attention of a page to its connection.

/// Attempts to connect that a page asks for, more of them from one to the next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub enum Attention {
    /// None: the page is hidden.
    #[default]
    Hidden,
    /// Rare ones: the page is visible, and the browser says that there is no network.
    Offline,
    /// The usual ones.
    Full,
}

impl Attention {
    pub(in crate::session) const fn number(self) -> u64 {
        match self {
            Self::Hidden => 0,
            Self::Offline => 1,
            Self::Full => 2,
        }
    }

    pub(in crate::session) const fn of(number: u64) -> Self {
        match number {
            0 => Self::Hidden,
            1 => Self::Offline,
            _ => Self::Full,
        }
    }
}
