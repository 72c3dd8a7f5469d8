//! Input of a peer: messages of the transport are decoded and handed to the session.

use std::num::NonZero;

use push_wire_shared::session::op::{Auth, ClientOp, ServerOp};
use push_wire_shared::time::Moment;

use super::{Message, Peer};
use crate::dialect::Request;

impl Peer {
    /// A message without an effect of its own: a pong, a fragment.
    pub fn heard(&mut self, now: Moment) {
        self.session.heard(now);
    }

    /// Takes a message of the client. While there is no room for the answers to the rest of it, the rest waits, and the
    /// peer [`is_full`](Self::is_full).
    pub fn handle_message(&mut self, now: Moment, message: Message) {
        if self.closed {
            return;
        }
        self.session.heard(now);
        self.unread = Some(message);
        self.read_on(now);
    }

    /// Takes as much of the client's last message as there is room for the answers to. A message of 1 MiB can hold
    /// 100,000 frames, and the answer to each can be ten times as long as the frame.
    pub(super) fn read_on(&mut self, now: Moment) {
        while let Some(room) = NonZero::new(self.op_room())
            && let Some(message) = self.unread.take()
            && !self.session.is_closed()
        {
            let mut requests = Vec::new();
            let each = &mut |one| requests.push(one);
            self.unread = self.codec.decode(&message, room.get(), each);
            requests.into_iter().for_each(|one| self.take(now, one));
            self.perform(now);
        }
    }

    fn take(&mut self, now: Moment, request: Request) {
        match request {
            Request::Op(op) => self.session.handle_op(now, op),
            Request::Uplink(uplink) => self.session.handle_uplink(now, uplink),
            Request::Error(code, message) => self.session.report(code, &message),
            Request::Close(reason) => self.session.close(reason),
        }
    }

    /// Subscriptions that the dialect begins with, once the session stands.
    pub(super) fn begin(&mut self, now: Moment, resumed: bool) {
        // `auth_ok` is written before anything that follows from it.
        self.perform(now);
        let membership = &self.membership;
        let may_read = |channel| membership.may_read_channel(channel);
        let mut requests = Vec::new();
        let items = self
            .codec
            .begin(resumed, may_read, &mut |one| requests.push(one));
        if !items.is_empty() {
            self.session.handle_op(now, ClientOp::Subscribe(items));
        }
        requests.into_iter().for_each(|one| self.take(now, one));
    }

    /// Wire ids of the channels that `auth` requests.
    pub(super) fn named_channels(&mut self, auth: &Auth) -> Vec<u8> {
        let names = self.codec.authenticate(auth).into_iter();
        let channels = self.hub.channels();
        let mut ids: Vec<u8> = names
            .filter_map(|name| Some(channels.by_name(name)?.id))
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    pub(super) fn count(&self, op: &ServerOp) {
        let counters = self.hub.counters();
        match op {
            ServerOp::Error { code, .. } => counters.error(*code),
            ServerOp::Rejected(rejection) => counters.error(rejection.code),
            ServerOp::Resumed { .. } => counters.resumed(),
            ServerOp::Reset { reason, .. } => counters.reset(*reason),
            ServerOp::AuthOk(_)
            | ServerOp::Received { .. }
            | ServerOp::Dictionary(_)
            | ServerOp::Ping { .. }
            | ServerOp::Pong
            | ServerOp::Goodbye { .. } => {}
        }
    }
}
