//! Session and grant that a connection holds in the hub.

use std::net::IpAddr;
use std::sync::Arc;

use push_wire_shared::encoding::PayloadEncoding;
use push_wire_shared::hidden::Hidden;
use push_wire_shared::position::{Scope, StreamKey};
use push_wire_shared::quote::quoted;
use push_wire_shared::session::op::{Auth, ErrorCode, RejectedMessage};
use push_wire_shared::session::server::{Delivery, MessageError};
use push_wire_shared::time::Moment;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::action::Inbound;
use super::body;
use crate::auth::Grant;
use crate::compression::{Audience, Dictionary};
use crate::hub::{
    ConnectionWaker, Hub, OpenError, OpenStream, OpenedSession, Owner, SessionCredentials,
    SessionError,
};
use crate::rate::{Load, Wait};

/// The session that a connection holds; none before the client is authenticated.
#[derive(Debug)]
pub(super) struct Membership {
    hub: Arc<Hub>,
    credentials: SessionCredentials,
    /// SHA-256 of the renewed token that is being checked.
    renewal: Option<Hidden<[u8; 32]>>,
    held: Option<Held>,
}

/// The client, its grant, the number of the connection, and the owner that the session counts towards.
#[derive(Debug)]
struct Held {
    client: Uuid,
    grant: Arc<Grant>,
    generation: u64,
    owner: Owner,
    /// [`Hub::revocations`] before the credentials were found to be valid.
    revocations: u64,
}

/// Reason for which a client's message does not reach the application.
#[derive(Debug)]
pub(super) enum InboundError {
    /// The connection does not hold the session any more.
    Replaced,
    /// The client's credentials are revoked; the message does not count as taken.
    Revoked,
    /// The message cannot be carried out.
    Refused(MessageError),
}

impl Membership {
    /// No session yet; `json` is the dialect without secrets.
    pub(super) fn new(hub: Arc<Hub>, json: bool) -> Self {
        Self {
            hub,
            credentials: SessionCredentials {
                json,
                ..SessionCredentials::default()
            },
            renewal: None,
            held: None,
        }
    }

    /// Sets the address of the other end.
    pub(super) fn set_address(&mut self, address: IpAddr) {
        self.credentials.address = Some(address);
    }

    /// Keeps the credentials of `auth` until they have been checked.
    pub(super) fn note_credentials(&mut self, auth: &Auth) {
        self.credentials.secret = auth.secret.map(Hidden);
        self.credentials.attempt = auth.attempt;
        self.credentials.token = auth.token.as_deref().map(sha256);
    }

    /// Keeps a renewed token until it has been checked.
    pub(super) fn note_renewal(&mut self, token: &str) {
        self.renewal = Some(sha256(token));
    }

    /// Drops a renewed token that was not accepted.
    pub(super) const fn drop_renewal(&mut self) {
        self.renewal = None;
    }

    /// Returns whether a renewed token is being checked whose grant may allow what the present one does not.
    pub(super) const fn is_renewing(&self) -> bool {
        self.renewal.is_some()
    }

    /// Returns whether the client may send to a topic of a channel, or to the channel itself.
    pub(super) fn may_send(&self, channel: u8, topic: Option<&str>) -> bool {
        let held = self.held.as_ref();
        held.is_some_and(|held| held.grant.may_send_on(channel, topic))
    }

    /// Returns whether a POST waits for the check of a renewed token. In the JSON dialect the token proves later POSTs; the
    /// secret of the push-wire dialect does not change with it.
    pub(super) const fn holds_posts(&self) -> bool {
        self.credentials.json && self.renewal.is_some()
    }

    /// Begins or continues the client's session.
    ///
    /// # Errors
    /// [`SessionError`]; the connection holds no session.
    pub(super) fn open(
        &mut self,
        now: Moment,
        client: Uuid,
        grant: Grant,
        waker: &Arc<ConnectionWaker>,
    ) -> Result<OpenedSession, SessionError> {
        self.credentials.identity = grant.who().map(str::to_owned);
        let credentials = self.credentials.clone();
        let opened = self.hub.open_session(now, client, credentials, waker)?;
        let grant = Arc::new(grant);
        let owner = &opened.owner;
        self.hub.observer().granted(client, &grant, owner);
        self.held = Some(Held {
            client,
            grant,
            generation: opened.generation,
            owner: opened.owner.clone(),
            // Checked with the first message, or by the peer before.
            revocations: 0,
        });
        Ok(opened)
    }

    /// The client, once it is authenticated.
    pub(super) fn client(&self) -> Option<Uuid> {
        self.held.as_ref().map(|held| held.client)
    }

    /// Returns whether the client may read a stream of a channel; an inbox is taken to be its own.
    pub(super) fn may_read(&self, channel: u8, scope: &Scope) -> bool {
        let held = self.held.as_ref();
        held.is_some_and(|held| held.grant.may_read_stream(channel, scope))
    }

    /// Returns whether the credentials of the client are revoked.
    pub(super) fn is_revoked(&self) -> bool {
        let held = self.held.as_ref();
        held.is_some_and(|held| self.hub.is_revoked(held.client, &held.grant))
    }

    /// Returns whether the credentials of the client were revoked since the last call that found them valid.
    fn is_newly_revoked(&mut self) -> bool {
        let revocations = self.hub.revocations();
        let has_changed = |held: &&mut Held| held.revocations != revocations;
        let Some(held) = self.held.as_mut().filter(has_changed) else {
            return false;
        };
        if self.hub.is_revoked(held.client, &held.grant) {
            return true;
        }
        held.revocations = revocations;
        false
    }

    /// Replaces the grant by that of the renewed token, which is the session's from here on. Returns false if it is another
    /// identity's.
    pub(super) fn replace_grant(&mut self, grant: Grant) -> bool {
        let renewal = self.renewal.take();
        let held = self.held.as_mut();
        let Some(held) = held.filter(|held| held.grant.who() == grant.who()) else {
            return false;
        };
        if let Some(token) = renewal {
            self.hub.note_token(held.client, held.generation, token);
        }
        held.grant = Arc::new(grant);
        held.revocations = 0;
        let observer = self.hub.observer();
        observer.granted(held.client, &held.grant, &held.owner);
        true
    }

    /// Opens a stream for the session, made when there is none; `None` if the grant does not allow it.
    pub(super) fn open_stream(
        &self,
        now: Moment,
        key: &StreamKey,
    ) -> Option<Result<OpenStream, OpenError>> {
        let Some(held) = &self.held else {
            return Some(Err(OpenError::NoSession));
        };
        let may_read = held.grant.may_read_stream(key.channel, &key.scope);
        may_read.then(|| self.hub.open_stream(now, key, &held.owner))
    }

    /// The channel's newest dictionary, if the client may read the streams that it was made of.
    pub(super) fn newest_dictionary(&self, channel: u8) -> Option<Arc<Dictionary>> {
        let newest = self.hub.dictionaries().newest(channel)?;
        let is_allowed =
            newest.audience() != Audience::Channel || self.may_read(channel, &Scope::Channel);
        is_allowed.then_some(newest)
    }

    /// Records a client message as taken by its session, and converts it for the application: a value becomes JSON
    /// text.
    ///
    /// # Errors
    /// [`InboundError`]; a numbered message counts as taken unless the connection was replaced.
    pub(super) fn take_inbound(
        &mut self,
        message: Delivery,
        encoding: PayloadEncoding,
    ) -> Result<Inbound, InboundError> {
        let Delivery {
            channel,
            topic,
            content,
            body,
            number,
        } = message;
        if self.is_newly_revoked() {
            return Err(InboundError::Revoked);
        }
        let held = self.held.as_ref().ok_or(InboundError::Replaced)?;
        // Before the application sees it: two connections of one session must not both hand it on.
        if let Some(number) = number
            && !self.hub.take_message(held.client, held.generation, number)
        {
            return Err(InboundError::Replaced);
        }
        if !self.may_send(channel, topic.as_deref()) {
            let error = self.no_right_to_send(channel, topic.as_deref());
            return Err(InboundError::Refused(error));
        }
        let body = body::to_json(content, encoding, body).map_err(InboundError::Refused)?;
        Ok(Inbound {
            client_id: held.client,
            grant: Arc::clone(&held.grant),
            channel,
            topic,
            content,
            body,
            number,
        })
    }

    fn no_right_to_send(&self, channel: u8, topic: Option<&str>) -> MessageError {
        let channel = self.hub.channels().name(channel);
        let message = match topic {
            None => format!("no right to send on {channel}"),
            Some(topic) => {
                let topic = quoted(topic);
                format!("no right to send to the topic {topic:?} of {channel}")
            }
        };
        MessageError::new(ErrorCode::NotPermitted, message)
    }

    /// Takes what the client sends from the rates of its session's owner. Returns the wait that it causes.
    pub(super) fn charge(&self, now: Moment, load: Load) -> Option<Wait> {
        self.hub.charge(now, &self.held.as_ref()?.owner, load)
    }

    /// Keeps a refusal for the next connection of the session.
    pub(super) fn note_rejected(&self, rejected: &RejectedMessage) {
        if let Some(held) = &self.held {
            self.hub
                .note_rejected(held.client, held.generation, rejected.clone());
        }
    }

    /// Ends the session.
    pub(super) fn end(&mut self) {
        if let Some(held) = self.held.take() {
            self.hub.end_session(held.client, held.generation);
        }
    }

    /// Releases the session, which is kept for the session time.
    pub(super) fn leave(&mut self, now: Moment) {
        if let Some(held) = self.held.take() {
            self.hub.leave_session(now, held.client, held.generation);
        }
    }
}

fn sha256(token: &str) -> Hidden<[u8; 32]> {
    Hidden(Sha256::digest(token).into())
}
