//! Rights of an authenticated session.

mod pattern;
mod rights;

use std::sync::Arc;
use std::time::SystemTime;

use push_wire_shared::ChannelKind;
use push_wire_shared::position::Scope;
use serde_json::Value;

use pattern::Topics;
use rights::{ChannelRights, Rights};

/// Rights of an authenticated session, its identity, and the end of both.
///
/// A session never reads or sends what its grant does not name. Its own inbox may be read in every channel that
/// the grant names at all: only the backend writes there.
///
/// The server checks reading and sending. The rights to [request](Self::request), to see
/// [presence](Self::presence) and to read [history](Self::history) have no effect in the server, which has no features of
/// these names: handlers check them, by [`ClientMessage::grant`](crate::ClientMessage::grant).
///
/// ```
/// # use push_wire_server::{ChannelKind, Grant};
/// # #[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
/// # enum Channel { #[channel(system)] System, Chat, Prices }
/// let grant = Grant::nothing()
///     .identity("ada")
///     .read(Channel::Prices)
///     .read_topics(Channel::Chat, ["room-*", "lobby"])
///     .send_topics(Channel::Chat, ["lobby"]);
/// assert!(grant.may_send(Channel::Chat, Some("lobby")));
/// assert!(!grant.may_send(Channel::Chat, Some("room-1")));
/// assert!(!grant.may_send(Channel::Chat, None));
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Grant {
    identity: Option<Arc<str>>,
    rights: Rights,
    presence_data: Value,
    token_id: Option<Arc<str>>,
    issued_at: Option<SystemTime>,
    expires_at: Option<SystemTime>,
}

/// Rights and properties, each added to those before.
impl Grant {
    /// Every right on every channel.
    #[must_use]
    pub fn everything() -> Self {
        Self {
            rights: Rights::Everything,
            ..Self::default()
        }
    }

    /// No rights; add to it with the other methods.
    #[must_use]
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Every right on these channels.
    #[must_use]
    pub fn channels<C: ChannelKind>(channels: impl IntoIterator<Item = C>) -> Self {
        let ids = channels.into_iter().map(|channel| channel.wire_id());
        Self {
            rights: Rights::all_on(ids),
            ..Self::default()
        }
    }

    /// Sets the client's identity: one user, account or service. An empty name is none, since all clients with it would be
    /// one user.
    ///
    /// Handlers receive it. A connection of the same identity may continue a session without its secret, and sessions
    /// of one identity are limited together ([`Limits::sessions_per_identity`](crate::Limits::sessions_per_identity)).
    #[must_use]
    pub fn identity(mut self, identity: impl Into<String>) -> Self {
        let identity = identity.into();
        self.identity = (!identity.is_empty()).then(|| identity.into());
        self
    }

    /// Adds reading a channel with all its topics.
    #[must_use]
    pub fn read<C: ChannelKind>(self, channel: C) -> Self {
        self.with(channel, |rights| rights.read = Topics::WHOLE)
    }

    /// Adds reading the topics of a channel that match one of the patterns, in which `*` stands for any run of
    /// characters: `room-*`, `*`, `eu-*-prices`. The channel itself (its broadcasts) is not included.
    #[must_use]
    pub fn read_topics<C: ChannelKind, P: Into<String>>(
        self,
        channel: C,
        patterns: impl IntoIterator<Item = P>,
    ) -> Self {
        self.with(channel, |rights| rights.read.add(patterns))
    }

    /// Adds sending messages to a channel and to all its topics.
    #[must_use]
    pub fn send<C: ChannelKind>(self, channel: C) -> Self {
        self.with(channel, |rights| rights.send = Topics::WHOLE)
    }

    /// Adds sending messages to the topics of a channel that match one of the patterns of
    /// [`read_topics`](Self::read_topics). Messages without a topic are for the channel itself, which is not included.
    #[must_use]
    pub fn send_topics<C: ChannelKind, P: Into<String>>(
        self,
        channel: C,
        patterns: impl IntoIterator<Item = P>,
    ) -> Self {
        self.with(channel, |rights| rights.send.add(patterns))
    }

    /// Adds requests on a channel, for the application's handlers.
    #[must_use]
    pub fn request<C: ChannelKind>(self, channel: C) -> Self {
        self.with(channel, |rights| rights.request = true)
    }

    /// Adds seeing the presence of others on a channel, for the application's handlers.
    #[must_use]
    pub fn presence<C: ChannelKind>(self, channel: C) -> Self {
        self.with(channel, |rights| rights.presence = true)
    }

    /// Adds reading a channel's history, for the application's handlers.
    #[must_use]
    pub fn history<C: ChannelKind>(self, channel: C) -> Self {
        self.with(channel, |rights| rights.history = true)
    }

    /// Sets the data that others may see with the client's presence, such as a name for display; default null. For the
    /// application's handlers.
    #[must_use]
    pub fn presence_data(mut self, data: Value) -> Self {
        self.presence_data = data;
        self
    }

    /// Sets the time at which the grant ends; default never. The connection is then closed with 4005, after which clients
    /// with a token function come back with a new token. A grant that has ended before the client is accepted refuses it
    /// with 4200.
    #[must_use]
    pub const fn expires_at(mut self, time: SystemTime) -> Self {
        self.expires_at = Some(time);
        self
    }

    /// Sets the id of the token, such as the claim `jti` of a JSON Web Token, for
    /// [`Revocation::token`](crate::Revocation::token); default none.
    #[must_use]
    pub fn token_id(mut self, id: impl Into<Arc<str>>) -> Self {
        self.token_id = Some(id.into());
        self
    }

    /// Sets the time at which the token was issued, for
    /// [`Revocation::identity_before`](crate::Revocation::identity_before); default the time at which the client
    /// showed the token.
    #[must_use]
    pub const fn issued_at(mut self, time: SystemTime) -> Self {
        self.issued_at = Some(time);
        self
    }

    fn with<C: ChannelKind>(mut self, channel: C, add: impl FnOnce(&mut ChannelRights)) -> Self {
        self.rights.extend(channel.wire_id(), add);
        self
    }
}

/// Questions to a grant.
impl Grant {
    /// Returns the client's identity, if the authenticator gave one.
    #[must_use]
    pub fn who(&self) -> Option<&str> {
        self.identity.as_deref()
    }

    /// Returns the id of the token, if the authenticator gave one.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token_id.as_deref()
    }

    /// Returns the time at which the token was issued; in a handler always some.
    #[must_use]
    pub const fn issue(&self) -> Option<SystemTime> {
        self.issued_at
    }

    /// Returns whether a topic of a channel may be read; without a topic, whether the channel itself may.
    #[must_use]
    pub fn may_read<C: ChannelKind>(&self, channel: C, topic: Option<&str>) -> bool {
        let id = channel.wire_id();
        self.rights
            .include(id, |rights| rights.read.contains(topic))
    }

    /// Returns whether messages may be sent to a topic of a channel; without a topic, whether they may be sent to the
    /// channel itself.
    #[must_use]
    pub fn may_send<C: ChannelKind>(&self, channel: C, topic: Option<&str>) -> bool {
        self.may_send_on(channel.wire_id(), topic)
    }

    /// Returns whether the client may make requests on a channel.
    #[must_use]
    pub fn may_request<C: ChannelKind>(&self, channel: C) -> bool {
        self.rights
            .include(channel.wire_id(), |rights| rights.request)
    }

    /// Returns whether the client may see the presence of others on a channel.
    #[must_use]
    pub fn may_see_presence<C: ChannelKind>(&self, channel: C) -> bool {
        self.rights
            .include(channel.wire_id(), |rights| rights.presence)
    }

    /// Returns whether the client may read a channel's history.
    #[must_use]
    pub fn may_read_history<C: ChannelKind>(&self, channel: C) -> bool {
        self.rights
            .include(channel.wire_id(), |rights| rights.history)
    }

    /// Returns the data that others may see with the client's presence; null if there is none.
    #[must_use]
    pub const fn data_for_presence(&self) -> &Value {
        &self.presence_data
    }

    /// Returns the time at which the grant ends; `None` for never.
    #[must_use]
    pub const fn expiry(&self) -> Option<SystemTime> {
        self.expires_at
    }

    /// The grant, with this time of issue if the authenticator has set none.
    pub(crate) fn or_issued_at(mut self, time: SystemTime) -> Self {
        self.issued_at.get_or_insert(time);
        self
    }

    /// The identity, to be kept beside the grant.
    pub(crate) fn shared_identity(&self) -> Option<Arc<str>> {
        self.identity.clone()
    }

    /// Returns whether a stream of the channel of this wire id may be read; an inbox is taken to be the client's own.
    pub(crate) fn may_read_stream(&self, channel: u8, scope: &Scope) -> bool {
        self.rights.may_read(channel, scope)
    }

    /// Returns whether messages may be sent to a topic of the channel of this wire id.
    pub(crate) fn may_send_on(&self, channel: u8, topic: Option<&str>) -> bool {
        self.rights
            .include(channel, |rights| rights.send.contains(topic))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    #[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
    enum Channel {
        #[channel(system)]
        System,
        Chat,
        Prices,
        Staff,
    }

    use Channel::{Chat, Prices, Staff};

    /// Rights on a channel, as letters: read and send the channel, then a topic `room-1`; request, presence, history.
    fn rights(grant: &Grant, channel: Channel) -> String {
        let room = Some("room-1");
        let rights = [
            ('r', grant.may_read(channel, None)),
            ('s', grant.may_send(channel, None)),
            ('R', grant.may_read(channel, room)),
            ('S', grant.may_send(channel, room)),
            ('q', grant.may_request(channel)),
            ('p', grant.may_see_presence(channel)),
            ('h', grant.may_read_history(channel)),
        ];
        let held = rights.into_iter().filter(|(_, is_held)| *is_held);
        held.map(|(letter, _)| letter).collect()
    }

    #[test]
    fn each_right_is_its_own() {
        let nothing = Grant::nothing;
        for (grant, expected) in [
            (nothing(), ""),
            (nothing().read(Chat), "rR"),
            (nothing().read_topics(Chat, ["room-*"]), "R"),
            (nothing().read_topics(Chat, ["lobby"]), ""),
            (nothing().send(Chat), "sS"),
            (nothing().send_topics(Chat, ["room-*"]), "S"),
            (nothing().send_topics(Chat, ["lobby"]), ""),
            (nothing().request(Chat), "q"),
            (nothing().presence(Chat), "p"),
            (nothing().history(Chat), "h"),
            (nothing().read(Chat).send_topics(Chat, ["*"]), "rRS"),
            (Grant::channels([Chat]), "rsRSqph"),
        ] {
            assert_eq!(rights(&grant, Chat), expected, "{grant:?}");
            assert_eq!(rights(&grant, Prices), "", "{grant:?}");
        }
    }

    #[test]
    fn everything_stays_everything() {
        let grant = Grant::everything().read_topics(Chat, ["lobby"]);
        assert_eq!(rights(&grant, Chat), "rsRSqph");
        assert_eq!(rights(&grant, Staff), "rsRSqph");
    }

    #[test]
    fn any_right_opens_the_inbox() {
        let inbox = Scope::Inbox(Uuid::nil());
        let grant = Grant::nothing().history(Chat);
        assert!(grant.may_read_stream(Chat.wire_id(), &inbox));
        assert!(!grant.may_read_stream(Prices.wire_id(), &inbox));
    }

    #[test]
    fn carries_identity_data_and_expiry() {
        let end = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let grant = Grant::nothing()
            .identity("ada")
            .presence_data(json!({ "name": "Ada" }))
            .expires_at(end);
        assert_eq!(grant.who(), Some("ada"));
        assert_eq!(grant.data_for_presence(), &json!({ "name": "Ada" }));
        assert_eq!(grant.expiry(), Some(end));
        assert_eq!(Grant::nothing().data_for_presence(), &Value::Null);
        assert_eq!(grant.identity("").who(), None, "an empty name is none");
    }
}
