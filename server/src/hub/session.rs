//! One session, and the check of credentials that continue it (docs/protocol.md section 8).

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use push_wire_shared::hidden::Hidden;
use push_wire_shared::limits::{REJECTION_TEXTS, REJECTIONS};
use push_wire_shared::session::op::RejectedMessage;
use push_wire_shared::session::server::SessionState;
use push_wire_shared::time::Moment;

use super::shares::{Resource, Share, Shares};
use super::{Attachment, ConnectionWaker, LimitError, Notice, OpenStream, Owner, PostProof};

/// Secret of a session: 16 random bytes.
pub(super) type Secret = Hidden<[u8; 16]>;

/// Credentials of a connection to begin or continue a session.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct SessionCredentials {
    /// Number of the client's attempt to connect, if it counts them.
    pub attempt: Option<u64>,
    /// Secret of the session; the JSON dialect has none.
    pub secret: Option<Hidden<[u8; 16]>>,
    /// SHA-256 of the token that was accepted.
    pub token: Option<Hidden<[u8; 32]>>,
    /// Identity given by the authenticator.
    pub identity: Option<String>,
    /// The other end of the connection, if known.
    pub address: Option<IpAddr>,
    /// True if the connection uses the JSON dialect.
    pub json: bool,
}

/// Proof by which a connection continues a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Proof {
    /// The session's secret.
    Secret,
    /// The same identity, given by the authenticator.
    Identity,
    /// The same token, in the JSON dialect.
    JsonToken,
}

/// One session.
#[derive(Debug)]
pub(super) struct Session {
    /// `None` in a session that only the JSON dialect has used.
    secret: Option<Secret>,
    credentials: SessionCredentials,
    share: Share,
    pub(super) generation: u64,
    waker: Option<Arc<ConnectionWaker>>,
    /// Its place among the connections of its owner, while it is connected.
    connection: Option<Share>,
    pub(super) away_since: Moment,
    received: u64,
    rejected: VecDeque<RejectedMessage>,
    pub(super) attachment: Arc<Attachment>,
    /// Inboxes that were opened; at most one per channel.
    inboxes: Vec<OpenStream>,
}

impl Session {
    /// A session that no connection holds yet.
    pub(super) fn new(now: Moment, share: Share) -> Self {
        Self {
            secret: None,
            credentials: SessionCredentials::default(),
            share,
            generation: 0,
            waker: None,
            connection: None,
            away_since: now,
            received: 0,
            rejected: VecDeque::new(),
            attachment: Arc::default(),
            inboxes: Vec::new(),
        }
    }

    /// Returns the proof in these credentials; `None` if they do not prove the right to continue this session.
    pub(super) fn proof(&self, shown: &SessionCredentials) -> Option<Proof> {
        let secrets = self.secret.zip(shown.secret);
        if secrets.is_some_and(|(secret, shown)| is_same(&secret, &shown)) {
            return Some(Proof::Secret);
        }
        let is_same_identity = shown.identity == self.credentials.identity;
        if is_same_identity && shown.identity.is_some() {
            return Some(Proof::Identity);
        }
        let is_same_token = is_same_identity && is_same_token(self.credentials.token, shown.token);
        let is_json = shown.json && self.secret.is_none();
        (is_json && is_same_token).then_some(Proof::JsonToken)
    }

    /// Returns whether this proves that a POST comes from the session's client.
    pub(super) fn may_post(&self, proof: &PostProof) -> bool {
        match proof {
            PostProof::Secret(shown) => self.secret.is_some_and(|secret| is_same(&secret, shown)),
            PostProof::Token(shown) => {
                let is_enough = self.credentials.json && !self.posts_by_identity();
                is_enough && is_same_token(self.credentials.token, *shown)
            }
            PostProof::Identity(shown) => {
                self.posts_by_identity() && self.credentials.identity.as_ref() == Some(shown)
            }
        }
    }

    /// Returns whether POSTs are proved by the session's identity: it is held in the JSON dialect, without a token.
    pub(super) const fn posts_by_identity(&self) -> bool {
        let Self { credentials, .. } = self;
        credentials.json && credentials.token.is_none() && credentials.identity.is_some()
    }

    /// Returns whether the connection that holds the session comes from a later attempt of the same client. Attempts
    /// are compared only with the session's secret, since only its client counts them.
    pub(super) fn is_later_than(&self, proof: Proof, shown: &SessionCredentials) -> bool {
        let attempts = self.credentials.attempt.zip(shown.attempt);
        proof == Proof::Secret && attempts.is_some_and(|(held, shown)| shown < held)
    }

    /// Returns whether these credentials have the session's secret and another identity: the session of a user ends when
    /// another user logs in with the same client, who must not read its inboxes.
    pub(super) fn passes_to_another(&self, shown: &SessionCredentials) -> bool {
        let held = &self.credentials.identity;
        held.is_some()
            && *held != shown.identity
            && self.proof(shown) == Some(Proof::Secret)
            && !self.is_later_than(Proof::Secret, shown)
    }

    /// Tells the connection that holds the session that a newer one replaces it.
    pub(super) fn replace(&self) {
        if let Some(waker) = &self.waker {
            waker.notify(Notice::Replaced);
        }
    }

    /// A place among the connections of its owner; the one that it has, if it is connected.
    pub(super) fn connection(&mut self, shares: &Arc<Shares>) -> Result<Share, LimitError> {
        match self.connection.take() {
            Some(share) => Ok(share),
            None => shares.take(self.share.owner(), Resource::Connection),
        }
    }

    /// Gives the session to a connection; an older one is closed.
    ///
    /// A secret is sent only to a client that has shown it. Otherwise the session gets a new one: the client's choice,
    /// else `fresh`.
    pub(super) fn hold(
        &mut self,
        generation: u64,
        shown: SessionCredentials,
        fresh: Secret,
        waker: &Arc<ConnectionWaker>,
        connection: Share,
    ) {
        self.connection = Some(connection);
        if !shown.json {
            self.secret = Some(shown.secret.unwrap_or(fresh));
        }
        self.credentials = SessionCredentials {
            secret: None,
            ..shown
        };
        self.generation = generation;
        if let Some(older) = self.waker.replace(Arc::clone(waker)) {
            older.notify(Notice::Replaced);
        }
    }

    /// Releases the session from its connection; returns false if none holds it.
    pub(super) fn release(&mut self, now: Moment) -> bool {
        let was_held = self.waker.take().is_some();
        if was_held {
            self.connection = None;
            self.away_since = now;
        }
        was_held
    }

    /// Returns the session fields of `auth_ok`.
    pub(super) fn state(&self, resumed: bool) -> SessionState {
        SessionState {
            secret: self.secret.unwrap_or_default(),
            resumed,
            received: self.received,
            rejected: self.rejected.iter().cloned().collect(),
        }
    }

    /// The connection that holds the session.
    pub(super) const fn waker(&self) -> Option<&Arc<ConnectionWaker>> {
        self.waker.as_ref()
    }

    pub(super) const fn is_connected(&self) -> bool {
        self.waker.is_some()
    }

    /// Returns the owner whose share the session and its streams count towards.
    pub(super) const fn owner(&self) -> &Owner {
        self.share.owner()
    }

    /// Identity of the connection that holds the session, or held it last.
    pub(super) fn identity(&self) -> Option<&str> {
        self.credentials.identity.as_deref()
    }

    /// Records a client message as taken.
    pub(super) fn take_message(&mut self, number: u64) {
        self.received = self.received.max(number);
    }

    /// Records the token that the client has renewed its grant with, as SHA-256: later proofs are compared with it.
    pub(super) const fn note_token(&mut self, token: Hidden<[u8; 32]>) {
        self.credentials.token = Some(token);
    }

    /// Remembers a message that was refused, without the time to try again, which is over by then.
    pub(super) fn note_rejected(&mut self, mut rejection: RejectedMessage) {
        rejection.retry_ms = None;
        if self.rejected.len() == REJECTIONS {
            self.rejected.pop_front();
        }
        // A message that was refused before its turn, on an unknown channel, uses its number; those before it may not have
        // been taken yet.
        if rejection.number == self.received + 1 {
            self.received = rejection.number;
        }
        self.rejected.push_back(rejection);
        if let Some(at) = self.rejected.len().checked_sub(REJECTION_TEXTS + 1) {
            self.rejected[at].message = String::new();
        }
    }

    /// The inbox in a channel, if it was opened.
    pub(super) fn inbox(&self, channel: u8) -> Option<&OpenStream> {
        let mut inboxes = self.inboxes.iter();
        inboxes.find(|inbox| inbox.channel() == channel)
    }

    /// Keeps an inbox open for as long as the session lives.
    pub(super) fn keep_inbox(&mut self, inbox: OpenStream) {
        self.inboxes.push(inbox);
    }
}

/// Compares secrets in a time that does not depend on their bytes.
fn is_same<const N: usize>(held: &[u8; N], shown: &[u8; N]) -> bool {
    let pairs = held.iter().zip(shown);
    let differences = pairs.fold(0, |found, (held, shown)| found | (held ^ shown));
    std::hint::black_box(differences) == 0
}

/// Compares the hashes of two tokens; no token is the same as none.
fn is_same_token(held: Option<Hidden<[u8; 32]>>, shown: Option<Hidden<[u8; 32]>>) -> bool {
    match (held, shown) {
        (Some(held), Some(shown)) => is_same(&held, &shown),
        (held, shown) => held.is_none() && shown.is_none(),
    }
}
