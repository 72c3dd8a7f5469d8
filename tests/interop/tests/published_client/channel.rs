//! Channels of the tests.

/// The channels, as our server has them.
pub(crate) mod ours {
    use push_wire_server::ChannelKind;

    #[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub(crate) enum Channel {
        #[channel(system)]
        System,
        Chat,
        Events,
    }
}

/// The channels, as the published client has them: written by hand, since that crate has no derive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Channel {
    System,
    Chat,
    Events,
}

impl pushwire_client::ChannelKind for Channel {
    fn priority(&self) -> u8 {
        1
    }

    fn wire_id(&self) -> u8 {
        *self as u8
    }

    fn from_wire_id(id: u8) -> Option<Self> {
        Self::all()
            .iter()
            .copied()
            .find(|channel| channel.wire_id() == id)
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::all()
            .iter()
            .copied()
            .find(|channel| channel.name() == name)
    }

    fn name(&self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Chat => "chat",
            Self::Events => "events",
        }
    }

    fn is_system(&self) -> bool {
        matches!(self, Self::System)
    }

    fn all() -> &'static [Self] {
        &[Self::System, Self::Chat, Self::Events]
    }
}
