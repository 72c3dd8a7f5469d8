//! Channels that an authenticated session may read and send on.

use std::collections::BTreeMap;

use push_wire_shared::ChannelKind;
use push_wire_shared::position::Scope;

/// Channels that an authenticated session may read and send on.
///
/// A session never reads or sends what its grant does not name. Its own inbox may be read in every channel that
/// the grant names at all: only the backend writes there.
///
/// ```
/// # use push_wire_server::{ChannelKind, Grant};
/// # #[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
/// # enum Channel { #[channel(system)] System, Chat, Prices }
/// let grant = Grant::nothing()
///     .identity("ada")
///     .read(Channel::Prices)
///     .read_topics(Channel::Chat, ["room-*", "lobby"])
///     .send(Channel::Chat);
/// assert!(grant.may_send(Channel::Chat.wire_id()));
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Grant {
    identity: Option<String>,
    rights: Rights,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Rights {
    Everything,
    Channels(BTreeMap<u8, ChannelRights>),
}

impl Default for Rights {
    fn default() -> Self {
        Self::Channels(BTreeMap::new())
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct ChannelRights {
    read_all: bool,
    topics: Vec<Box<str>>,
    send: bool,
}

impl Grant {
    /// Read and send everything.
    #[must_use]
    pub fn everything() -> Self {
        Self {
            identity: None,
            rights: Rights::Everything,
        }
    }

    /// Nothing; add to it with the other methods.
    #[must_use]
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Read and send everything on these channels.
    #[must_use]
    pub fn channels<C: ChannelKind>(channels: impl IntoIterator<Item = C>) -> Self {
        channels
            .into_iter()
            .fold(Self::nothing(), |grant, channel| {
                grant.read(channel).send(channel)
            })
    }

    /// Sets the client's identity: one user, account or service.
    ///
    /// Handlers receive it. A connection of the same identity may continue a session without its secret, and sessions
    /// of one identity are limited together ([`Limits::sessions_per_identity`](crate::Limits::sessions_per_identity)).
    #[must_use]
    pub fn identity(mut self, identity: impl Into<String>) -> Self {
        self.identity = Some(identity.into());
        self
    }

    /// Adds reading a channel with all its topics.
    #[must_use]
    pub fn read<C: ChannelKind>(mut self, channel: C) -> Self {
        if let Some(rights) = self.of(channel) {
            rights.read_all = true;
        }
        self
    }

    /// Adds reading the topics of a channel that match one of the patterns, in which `*` stands for any run of
    /// characters: `room-*`, `*`, `eu-*-prices`. The channel itself (its broadcasts) is not included.
    #[must_use]
    pub fn read_topics<C: ChannelKind, P: Into<String>>(
        mut self,
        channel: C,
        patterns: impl IntoIterator<Item = P>,
    ) -> Self {
        if let Some(rights) = self.of(channel) {
            let patterns = patterns.into_iter().map(|p| p.into().into_boxed_str());
            rights.topics.extend(patterns);
        }
        self
    }

    /// Adds sending messages on a channel.
    #[must_use]
    pub fn send<C: ChannelKind>(mut self, channel: C) -> Self {
        if let Some(rights) = self.of(channel) {
            rights.send = true;
        }
        self
    }

    /// Returns the client's identity, if the authenticator gave one.
    #[must_use]
    pub fn who(&self) -> Option<&str> {
        self.identity.as_deref()
    }

    /// Returns whether a stream of the channel of this wire id may be read; an inbox is taken to be the client's own.
    #[must_use]
    pub fn may_read(&self, channel: u8, scope: &Scope) -> bool {
        let Rights::Channels(channels) = &self.rights else {
            return true;
        };
        channels.get(&channel).is_some_and(|rights| match scope {
            Scope::Channel => rights.read_all,
            Scope::Topic(topic) => {
                rights.read_all || rights.topics.iter().any(|p| matches(p, topic))
            }
            Scope::Inbox(_) => true,
        })
    }

    /// Returns whether messages may be sent on the channel of this wire id.
    #[must_use]
    pub fn may_send(&self, channel: u8) -> bool {
        match &self.rights {
            Rights::Everything => true,
            Rights::Channels(channels) => channels.get(&channel).is_some_and(|rights| rights.send),
        }
    }

    /// Rights of the channel, to be extended; `None` if everything is granted.
    fn of<C: ChannelKind>(&mut self, channel: C) -> Option<&mut ChannelRights> {
        match &mut self.rights {
            Rights::Everything => None,
            Rights::Channels(channels) => Some(channels.entry(channel.wire_id()).or_default()),
        }
    }
}

/// Returns whether the text matches the pattern, in which `*` stands for any run of characters.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    // Taking the leftmost place for each middle part leaves the most room for the parts after it.
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*').filter(|part| !part.is_empty()) {
        let Some(at) = text.find(part) else {
            return false;
        };
        text = &text[at + part.len()..];
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde::{Deserialize, Serialize};
    use uuid::Uuid;

    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
    struct Channel(u8);

    impl ChannelKind for Channel {
        fn priority(&self) -> u8 {
            1
        }
        fn wire_id(&self) -> u8 {
            self.0
        }
        fn from_wire_id(id: u8) -> Option<Self> {
            Some(Self(id))
        }
        fn from_name(_: &str) -> Option<Self> {
            None
        }
        fn name(&self) -> &'static str {
            "channel"
        }
        fn is_system(&self) -> bool {
            self.0 == 0
        }
        fn all() -> &'static [Self] {
            &[Self(0)]
        }
    }

    fn topic(name: &str) -> Scope {
        Scope::Topic(Arc::from(name))
    }

    #[test]
    fn allows_only_named_channels() {
        let grant = Grant::nothing().read(Channel(1)).send(Channel(2));
        assert!(grant.may_read(1, &Scope::Channel) && grant.may_read(1, &topic("any")));
        assert!(!grant.may_send(1));
        assert!(grant.may_send(2));
        assert!(!grant.may_read(2, &Scope::Channel) && !grant.may_read(2, &topic("any")));
        assert!(grant.may_read(2, &Scope::Inbox(Uuid::nil())));
        assert!(!grant.may_read(3, &Scope::Inbox(Uuid::nil())) && !grant.may_send(3));
    }

    #[test]
    fn topic_pattern_excludes_channel() {
        let grant = Grant::nothing().read_topics(Channel(1), ["room-*"]);
        assert!(grant.may_read(1, &topic("room-42")));
        assert!(!grant.may_read(1, &topic("lobby")) && !grant.may_read(1, &Scope::Channel));
    }

    #[test]
    fn everything_stays_everything() {
        let grant = Grant::everything().read_topics(Channel(1), ["room-*"]);
        assert!(grant.may_read(7, &Scope::Channel) && grant.may_send(7));
    }

    #[test]
    fn star_matches_any_characters() {
        for (pattern, text, expected) in [
            ("lobby", "lobby", true),
            ("lobby", "lobby2", false),
            ("*", "", true),
            ("room-*", "room-", true),
            ("room-*", "broom-1", false),
            ("*-eu", "prices-eu", true),
            ("*-eu", "prices-us", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c", false),
            ("a*ba", "aba", true),
            ("ab*ba", "aba", false),
            ("*é*", "café!", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }
}
