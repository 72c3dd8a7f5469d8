//! Execution of the session's outputs.

use std::collections::BTreeSet;
use std::sync::Arc;

use push_wire_shared::close::CloseReason;
use push_wire_shared::hidden::Hidden;
use push_wire_shared::limits::TEXT_BYTES;
use push_wire_shared::position::{Cursor, Position, StreamKey};
use push_wire_shared::quote::cut;
use push_wire_shared::session::op::{Auth, ErrorCode, RejectedMessage, ServerOp};
use push_wire_shared::session::server::{Delivery, MessageError, Opened, Output, ServerSession};
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::Dialect;
use super::action::{Action, Actions, AuthFailure, AuthRequest, Queued};
use super::membership::{InboundError, Membership};
use super::opened::{OpenedStreams, lookup_stream};
use super::outgoing::Outgoing;
use super::waiting::{Lookup, Requests, Waiting};
use crate::auth::Grant;
use crate::carrier::Carrier;
use crate::hub::{ConnectionWaker, Hub, OpenError};
use crate::outbox::ReaderError;

/// Carries out the outputs of one connection's session: in the hub, in its outbox, and by the driver.
#[derive(Debug)]
pub(super) struct Executor {
    hub: Arc<Hub>,
    pub(super) membership: Membership,
    pub(super) outgoing: Outgoing,
    pub(super) actions: Actions,
    pub(super) opened: OpenedStreams,
    waiting: Waiting,
}

impl Executor {
    pub(super) fn new(hub: Arc<Hub>, dialect: Dialect, waker: &Arc<ConnectionWaker>) -> Self {
        Self {
            membership: Membership::new(Arc::clone(&hub), dialect != Dialect::Wire),
            outgoing: Outgoing::new(&hub, dialect, waker),
            actions: Actions::default(),
            opened: OpenedStreams::default(),
            waiting: Waiting::default(),
            hub,
        }
    }

    /// Ops that may be added to those that wait and to the answers that are awaited from the driver.
    pub(super) fn op_room(&self) -> usize {
        let limit = self.hub.limits().control_ops.max(1);
        let taken = self.outgoing.codec.pending_ops() + self.actions.len() + self.waiting.len();
        limit.saturating_sub(taken)
    }

    /// Returns whether everything that was taken is carried out.
    pub(super) fn is_idle(&self) -> bool {
        self.actions.is_empty() && !self.is_waiting()
    }

    /// Returns whether requests wait for the grant of a renewed token.
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting.len() > 0
    }

    /// Carries out everything that the session has put out.
    pub(super) fn perform(&mut self, now: Moment, session: &mut ServerSession) {
        while let Some(output) = session.poll_output() {
            self.carry_out(now, output, session);
        }
    }

    fn carry_out(&mut self, now: Moment, output: Output, session: &mut ServerSession) {
        let outbox = &mut self.outgoing.outbox;
        match output {
            Output::Op(op) => self.say(&op),
            Output::Authenticate(auth) => self.authenticate(&auth),
            Output::Renew(token) => self.renew(session.client_id(), token),
            Output::Open {
                lookup,
                key,
                position,
            } => self.open(now, lookup, key, position, session),
            Output::Read {
                id,
                lookup,
                after,
                has_base,
            } => self.read(id, lookup, after, has_base),
            Output::Stop { id } => outbox.stop(id),
            Output::Whole { id } => outbox.whole(id),
            Output::Have(ids) => {
                if let Some(dictionaries) = self.outgoing.codec.dictionaries() {
                    dictionaries.confirm(&ids);
                }
            }
            Output::Acked { id, cursor } => {
                // Only an inbox has a single reader, whose acknowledgements decide what is kept.
                if let Some(stream) = outbox.stream(id).filter(|stream| stream.is_inbox()) {
                    stream.log().release(cursor);
                }
            }
            Output::Deliver(message) => self.actions.push(Queued::Message(message)),
            Output::Heartbeat => self.beat(now, session),
            Output::EndSession => self.actions.push(Queued::EndSession),
            Output::Close(reason) => self.close(reason),
        }
    }

    /// Gives the next message or messages to the carrier.
    pub(super) fn write(
        &mut self,
        now: Moment,
        session: &mut ServerSession,
        out: &mut dyn Carrier,
    ) {
        // A connection that ends is sent the reason, and nothing else.
        if session.is_closed() {
            return self.outgoing.finish(now, out);
        }
        let (messages, errors) = self.outgoing.pull(now, &self.hub, out);
        for error in errors {
            self.state(error, session);
            self.perform(now, session);
        }
        if messages == 0 {
            // Errors may have been stated while nothing else was to be sent.
            self.outgoing.finish(now, out);
        }
    }

    /// States that a reader cannot go on.
    fn state(&mut self, error: ReaderError, session: &mut ServerSession) {
        match error {
            ReaderError::Overrun { id, bounds } => {
                session.handle_overrun(id, bounds);
                self.outgoing.outbox.seek(id, bounds.floor);
            }
            ReaderError::Skipped {
                id,
                count,
                to,
                bounds,
            } => {
                self.hub.counters().skipped(count);
                session.handle_skipped(id, count, to, bounds);
                self.outgoing.outbox.seek(id, to.cursor);
            }
            ReaderError::Unreadable { id } => session.handle_unreadable(id),
            ReaderError::TooLarge { id, bytes, limit } => {
                session.handle_too_large(id, bytes, limit);
            }
        }
    }

    /// Adds an op to the next message.
    pub(super) fn say(&mut self, op: &ServerOp) {
        self.hub.counters().stated(op);
        if let ServerOp::Rejected(rejected) = op {
            self.membership.note_rejected(rejected);
        }
        self.outgoing.codec.op(op);
    }

    /// Adds a system op of the application: its JSON text, or the op in the dialect that takes no text.
    pub(super) fn say_system(&mut self, json: &str, op: Option<&ServerOp>) {
        if !self.outgoing.codec.text(json)
            && let Some(op) = op
        {
            self.say(op);
        }
    }

    fn authenticate(&mut self, auth: &Auth) {
        let names = self.outgoing.codec.authenticate(auth);
        let request = AuthRequest::new(auth, &names, self.hub.channels());
        self.membership.note_credentials(auth);
        self.actions
            .push(Queued::Action(Action::Authenticate(request)));
    }

    fn renew(&mut self, client: Uuid, token: Hidden<String>) {
        self.membership.note_renewal(&token);
        let request = AuthRequest::of_renewal(client, token.0);
        self.actions
            .push(Queued::Action(Action::Authenticate(request)));
    }

    /// Puts the grant of a renewed token in the place of the client's grant. Returns the subscriptions that it does not allow;
    /// `None` if it is another identity's.
    pub(super) fn replace_grant(&mut self, grant: Grant) -> Option<Vec<u32>> {
        if !self.membership.replace_grant(grant) {
            return None;
        }
        let is_forbidden = |key: &StreamKey| !self.membership.may_read(key.channel, &key.scope);
        Some(self.outgoing.outbox.subscriptions(is_forbidden))
    }

    /// Carries out what waited for the check of a renewed token, under the grant that the connection has now.
    pub(super) fn release(&mut self, now: Moment, session: &mut ServerSession) {
        let Requests { messages, lookups } = self.waiting.take();
        self.actions.put_back(messages);
        for Lookup {
            number,
            key,
            position,
        } in lookups
        {
            self.open(now, number, key, position, session);
        }
        self.perform(now, session);
    }

    fn open(
        &mut self,
        now: Moment,
        number: u64,
        key: StreamKey,
        position: Option<Position>,
        session: &mut ServerSession,
    ) {
        let must_wait = self.waiting.has_lookups()
            || self.membership.is_renewing() && !self.membership.may_read(key.channel, &key.scope);
        if must_wait {
            return self.waiting.add_lookup(Lookup {
                number,
                key,
                position,
            });
        }
        self.look_up(now, number, &key, position, session);
    }

    fn look_up(
        &mut self,
        now: Moment,
        lookup: u64,
        key: &StreamKey,
        position: Option<Position>,
        session: &mut ServerSession,
    ) {
        let (opened, stream) = match self.membership.open_stream(now, key) {
            None => (Opened::NotPermitted, None),
            Some(Ok(stream)) => (lookup_stream(now, &stream, position), Some(stream)),
            Some(Err(error)) => {
                if matches!(error, OpenError::Limit(_)) {
                    session.report(ErrorCode::Refused, &error.to_string());
                }
                (Opened::Unavailable, None)
            }
        };
        if session.handle_opened(lookup, opened)
            && let Some(stream) = stream
        {
            self.opened.insert(lookup, stream);
        }
    }

    fn read(&mut self, id: u32, lookup: u64, after: Cursor, has_base: bool) {
        if let Some(stream) = self.opened.take(lookup) {
            let channel = stream.channel();
            self.outgoing.outbox.read(id, stream, after, has_base);
            self.name_dictionary(channel);
        }
    }

    /// The next action of the driver. The session takes a client's message when it becomes an action: those that are left
    /// when the connection ends are the client's to send again.
    pub(super) fn next_action(
        &mut self,
        now: Moment,
        session: &mut ServerSession,
    ) -> Option<Action> {
        loop {
            let message = match self.actions.pop()? {
                Queued::Action(action) => return Some(action),
                Queued::EndSession => {
                    self.membership.end();
                    continue;
                }
                Queued::Message(message) => message,
            };
            if self.must_wait(&message) {
                self.waiting.add_message(message);
                continue;
            }
            let number = message.number;
            let encoding = self.outgoing.codec.encoding();
            match self.membership.take_inbound(message, encoding) {
                Ok(inbound) => return Some(Action::Deliver(inbound)),
                Err(InboundError::Replaced) => session.close(CloseReason::Replaced),
                Err(InboundError::Revoked) => {
                    let failure = AuthFailure::revoked();
                    let reason = failure.close_reason();
                    session.handle_renewal_failed(now, reason, &failure.message);
                }
                Err(InboundError::Refused(error)) => self.answer(number, Err(error), session),
            }
            if self.actions.is_empty() {
                self.perform(now, session);
            }
        }
    }

    /// Returns whether a message waits for the grant of a renewed token, which may allow it, or is behind one that does.
    fn must_wait(&self, message: &Delivery) -> bool {
        let Delivery { channel, topic, .. } = message;
        self.waiting.has_messages()
            || self.membership.is_renewing()
                && !self.membership.may_send(*channel, topic.as_deref())
    }

    /// Passes the answer to a client's message to the session. An error for a closed session is kept for its next
    /// connection.
    pub(super) fn answer(
        &self,
        number: Option<u64>,
        answer: Result<(), MessageError>,
        session: &mut ServerSession,
    ) {
        if session.is_closed()
            && let (Some(number), Err(error)) = (number, &answer)
        {
            // This connection sends nothing more: the session's next connection reports the error.
            self.membership.note_rejected(&RejectedMessage {
                number,
                code: error.code,
                message: cut(&error.message, TEXT_BYTES).into_owned(),
                retry_ms: None,
            });
        }
        session.handle_answer(number, answer);
    }

    fn beat(&mut self, now: Moment, session: &mut ServerSession) {
        if self.outgoing.stall.waits(now) && self.outgoing.codec.pending_ops() > 0 {
            // The ping before may not have left.
            return;
        }
        let channels: BTreeSet<u8> = self.outgoing.outbox.channels().collect();
        for channel in channels {
            self.name_dictionary(channel);
        }
        session.send_heartbeat(self.outgoing.outbox.heads(now));
    }

    /// Names the channel's newest dictionary to the client, unless it was named before. A rotation reaches readers with
    /// their next heartbeat; until then the older dictionary stays in use.
    fn name_dictionary(&mut self, channel: u8) {
        let Some(newest) = self.membership.newest_dictionary(channel) else {
            return;
        };
        let known = self.outgoing.codec.dictionaries();
        if let Some(info) = known.and_then(|known| known.name(&newest)) {
            self.say(&ServerOp::Dictionary(info));
        }
    }

    fn close(&mut self, reason: CloseReason) {
        if matches!(
            reason,
            CloseReason::GrantExpired | CloseReason::Unauthorized
        ) {
            // What the grant allowed before is not carried out after its end.
            self.actions.drop_messages();
        }
        // They were not acknowledged: the client sends them again after it has reconnected.
        drop(self.waiting.take());
        self.hub.counters().closed(reason);
        self.actions.push(Queued::Action(Action::Close {
            code: self.outgoing.codec.close_code(reason),
            text: reason.text().to_owned(),
        }));
    }
}
