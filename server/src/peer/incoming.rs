//! From the transport to the session.

use push_wire_shared::close::CloseReason;
use push_wire_shared::session::op::{Auth, ClientOp, ErrorCode, ServerOp};
use push_wire_shared::session::server::Incoming;
use push_wire_shared::time::Moment;

use super::json::JsonError;
use super::{Codec, Message, Peer};
use crate::outbox::Renderer;

impl Peer {
    /// Something arrived that says nothing by itself: a pong, a fragment.
    pub fn heard(&mut self, now: Moment) {
        self.session.heard(now);
    }

    /// Takes a message of the client.
    pub fn handle_message(&mut self, now: Moment, message: Message) {
        if self.closed {
            return;
        }
        self.session.heard(now);
        match (&mut self.codec, message) {
            (Codec::Wire(_), Message::Text(_)) => self.session.close(CloseReason::ProtocolError),
            (Codec::Wire(decoder), Message::Binary(bytes)) => {
                let mut incoming = Vec::new();
                decoder.decode(&bytes, |one| incoming.push(one));
                incoming.into_iter().for_each(|one| self.take(now, one));
            }
            (Codec::Json(_), Message::Text(text)) => self.take_json(now, &text),
            (Codec::Json(_), Message::Binary(bytes)) => match std::str::from_utf8(&bytes) {
                Ok(text) => self.take_json(now, text),
                Err(_) => self
                    .session
                    .report(ErrorCode::BadFrame, "a binary message that is no UTF-8"),
            },
        }
        self.perform(now);
    }

    /// A message above the size limit was refused by the transport.
    pub fn handle_oversized(&mut self, now: Moment) {
        self.close(now, CloseReason::MessageTooLarge);
    }

    /// The transport's peer broke its framing.
    pub fn handle_malformed(&mut self, now: Moment) {
        self.close(now, CloseReason::ProtocolError);
    }

    fn take(&mut self, now: Moment, incoming: Incoming) {
        match incoming {
            Incoming::Op(op) => self.session.handle_op(now, op),
            Incoming::Uplink(uplink) => self.session.handle_uplink(now, uplink),
            Incoming::Error(code, message) => self.session.report(code, message),
            Incoming::Fatal(reason, message) => {
                self.session.report(ErrorCode::BadFrame, message);
                self.session.close(reason);
            }
        }
    }

    fn take_json(&mut self, now: Moment, text: &str) {
        let Codec::Json(json) = &mut self.codec else {
            return;
        };
        let mut incoming = Vec::new();
        let fault = json.decode(self.hub.channels(), text, |one| incoming.push(one));
        let is_auth = matches!(incoming[..], [Incoming::Op(ClientOp::Auth(_))]);
        if self.holds.is_none() && !is_auth {
            // Said here, since the session takes ops before the answer to auth, which this dialect's clients
            // do not send.
            self.session.close(CloseReason::AuthExpected);
            return;
        }
        incoming.into_iter().for_each(|one| self.take(now, one));
        match fault {
            None => {}
            Some(JsonError::Unreadable(message)) => self.session.report(JsonError::CODE, &message),
            Some(JsonError::AckOfFuture(channel, newest)) => {
                self.perform(now);
                if let Renderer::Json(renderer) = &mut self.renderer {
                    renderer.resume_required(channel, newest);
                }
            }
        }
    }

    /// What a JSON connection reads, once its session stands.
    pub(super) fn subscribe_json(&mut self, now: Moment, session_resumed: bool) {
        let Codec::Json(json) = &self.codec else {
            return;
        };
        let grant = &self.grant;
        let may_read =
            |channel| grant.may_read(channel, &push_wire_shared::position::Scope::Channel);
        let (items, unproved) = json.subscriptions(self.hub.channels(), session_resumed, may_read);
        // auth_ok is put out before anything that follows.
        self.perform(now);
        if let Renderer::Json(renderer) = &mut self.renderer {
            unproved
                .iter()
                .for_each(|(channel, from)| renderer.resume_required(*channel, *from));
        }
        self.session.handle_op(now, ClientOp::Subscribe(items));
    }

    /// Channels that `auth` named.
    pub(super) fn named_channels(&self, auth: &Auth) -> Vec<u8> {
        let names: Vec<&str> = match &self.codec {
            Codec::Json(json) => json.capabilities().iter().map(String::as_str).collect(),
            Codec::Wire(_) => auth
                .subscriptions
                .iter()
                .map(|item| item.channel.as_str())
                .collect(),
        };
        let mut ids: Vec<u8> = names
            .iter()
            .filter_map(|name| Some(self.hub.channels().by_name(name)?.id))
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
