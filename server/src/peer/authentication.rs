//! Answers of the authenticator: whether a client is accepted, renewed or refused, and revocation of what was accepted.

use push_wire_shared::close::CloseReason;
use push_wire_shared::time::Moment;

use super::{Accepted, AuthFailure, Peer};

impl Peer {
    /// Takes the answer to [`Action::Authenticate`].
    pub fn handle_authenticated(&mut self, now: Moment, answer: Result<Accepted, AuthFailure>) {
        let answer = answer.and_then(|accepted| self.still_valid(now, accepted));
        match answer {
            answer if self.session.is_ready() => return self.renewed(now, answer),
            Ok(accepted) => self.open_session(now, accepted),
            Err(failure) => {
                let reason = failure.close_reason();
                self.session.handle_refused(reason, &failure.message);
            }
        }
        self.perform(now);
    }

    /// The answer, unless the grant has ended since it was given.
    fn still_valid(&self, now: Moment, accepted: Accepted) -> Result<Accepted, AuthFailure> {
        if accepted.has_expired(now) {
            return Err(AuthFailure::expired());
        }
        let client = self.session.client_id();
        match self.hub.is_revoked(client, &accepted.grant) {
            true => Err(AuthFailure::revoked()),
            false => Ok(accepted),
        }
    }

    /// Takes the answer about a renewed token, and answers the POST that it came in.
    fn renewed(&mut self, now: Moment, answer: Result<Accepted, AuthFailure>) {
        self.for_post(|peer| {
            peer.renew(now, answer);
            peer.perform(now);
            peer.executor.release(now, &mut peer.session);
        });
        self.take_posts(now);
    }

    /// Replaces the grant by that of a renewed token. Subscriptions that it does not allow end.
    fn renew(&mut self, now: Moment, answer: Result<Accepted, AuthFailure>) {
        let Accepted { grant, expires } = match answer {
            Ok(accepted) => accepted,
            Err(failure) => {
                self.executor.membership.drop_renewal();
                let reason = failure.close_reason();
                return self
                    .session
                    .handle_renewal_failed(now, reason, &failure.message);
            }
        };
        let Some(forbidden) = self.executor.replace_grant(grant) else {
            let reason = CloseReason::Unauthorized;
            let message = "the renewed token is another identity's";
            return self.session.handle_renewal_failed(now, reason, message);
        };
        let may_read = |channel, scope: &_| self.executor.membership.may_read(channel, scope);
        self.executor.outgoing.codec.set_readable(may_read);
        self.end_if_revoked(now);
        self.session.set_grant_end(now, expires);
        forbidden
            .into_iter()
            .for_each(|id| self.session.handle_forbidden(id));
    }

    /// Closes the connection if its credentials were revoked.
    pub(super) fn end_if_revoked(&mut self, now: Moment) {
        if self.executor.membership.is_revoked() {
            let failure = AuthFailure::revoked();
            let reason = failure.close_reason();
            self.session
                .handle_renewal_failed(now, reason, &failure.message);
        }
    }
}
