//! The measured servers, each in its own process.

mod floor;
mod process;
mod published;
mod push_wire;
mod serve;

pub use process::{CpuTime, ServerProcess};
pub use published::Channel as PublishedChannel;
pub use serve::{Publish, serve_if_asked};

/// A measured server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    /// Baseline: one epoll loop that writes ready-made bytes, without sessions. Its cost is nearly all the kernel's.
    Floor,
    /// This project's server, in its own dialect.
    PushWire,
    /// This project's server, in the JSON dialect of the published client.
    PushWireJson,
    /// The published `pushwire-server` 0.1.1.
    Published,
}

impl Subject {
    /// All measured servers, the floor first.
    pub const ALL: [Self; 4] = [
        Self::Floor,
        Self::PushWire,
        Self::PushWireJson,
        Self::Published,
    ];

    /// Name in tables and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::PushWire => "push-wire",
            Self::PushWireJson => "push-wire, JSON dialect",
            Self::Published => "pushwire-server 0.1.1",
        }
    }

    /// The server of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|subject| subject.name() == name)
    }
}
