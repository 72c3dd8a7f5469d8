//! The servers that are measured, each in a process of its own.

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
    /// One epoll loop that writes ready-made bytes, without sessions: the cost of the kernel's part.
    Floor,
    /// This project's server, in its own dialect.
    PushWire,
    /// This project's server, in the JSON dialect of the published client.
    PushWireJson,
    /// The published `pushwire-server` 0.1.1.
    Published,
}

impl Subject {
    /// All that are compared, the floor first.
    pub const ALL: [Self; 4] = [
        Self::Floor,
        Self::PushWire,
        Self::PushWireJson,
        Self::Published,
    ];

    /// The name in tables and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::PushWire => "push-wire",
            Self::PushWireJson => "push-wire, JSON dialect",
            Self::Published => "pushwire-server 0.1.1",
        }
    }

    /// The subject of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|subject| subject.name() == name)
    }
}
