//! Execution of the session's outputs.

use std::collections::{BTreeSet, VecDeque};

use push_wire_shared::close::CloseReason;
use push_wire_shared::position::{Position, StreamKey, Tag};
use push_wire_shared::session::op::{Auth, ErrorCode, ServerOp};
use push_wire_shared::session::server::{MessageError, Opened, Output};
use push_wire_shared::session::wire::Content;
use push_wire_shared::time::Moment;

use super::{Action, AuthRequest, Inbound, Peer};
use crate::compression::Audience;
use crate::hub::{Notice, OpenError, OpenStream};

impl Peer {
    pub(super) fn perform(&mut self, now: Moment) {
        while let Some(output) = self.session.poll_output() {
            self.carry_out(now, output);
        }
    }

    fn carry_out(&mut self, now: Moment, output: Output) {
        match output {
            Output::Op(op) => self.say(&op),
            Output::Authenticate(auth) => self.ask_who(auth),
            Output::Open {
                look,
                key,
                position,
            } => self.open(now, look, &key, position),
            Output::Read {
                id,
                look,
                after,
                has_base,
            } => {
                if let Some(stream) = self.take_opened(look) {
                    let channel = stream.channel();
                    self.outbox.read(id, stream, after, has_base);
                    self.name_dictionary(channel);
                }
            }
            Output::Stop { id } => self.outbox.stop(id),
            Output::Whole { id } => self.outbox.whole(id),
            Output::Have(ids) => {
                if let Some(dictionaries) = self.codec.dictionaries() {
                    dictionaries.confirm(&ids);
                }
            }
            Output::Acked { id, cursor } => {
                // Only an inbox has a single reader, whose word decides what is kept.
                if let Some(stream) = self.outbox.stream(id).filter(|stream| stream.is_inbox()) {
                    stream.log().release(cursor);
                }
            }
            Output::Deliver {
                channel,
                content,
                body,
                number,
            } => {
                self.deliver(channel, content, body, number);
            }
            Output::Heartbeat => {
                for channel in self.outbox.channels().collect::<BTreeSet<u8>>() {
                    self.name_dictionary(channel);
                }
                let heads = self.outbox.heads(now);
                self.session.send_heartbeat(heads);
            }
            Output::EndSession => self.membership.end(),
            Output::Close(reason) => {
                self.hub.counters().closed(reason);
                let code = self.codec.close_code(reason);
                self.actions.push_back(Action::Close {
                    code,
                    text: reason.text().to_owned(),
                });
            }
        }
    }

    pub(super) fn say(&mut self, op: &ServerOp) {
        self.count(op);
        if let ServerOp::Rejected(rejected) = op {
            self.membership.note_rejected(rejected);
        }
        self.codec.op(op);
    }

    /// Tells the client of the channel's newest dictionary, if it does not know it. A rotation reaches readers with
    /// their next heartbeat: until then the older one is good.
    fn name_dictionary(&mut self, channel: u8) {
        let Some(newest) = self.hub.dictionaries().newest(channel) else {
            return;
        };
        if newest.audience() == Audience::Channel && !self.membership.may_read_channel(channel) {
            return;
        }
        let named = self
            .codec
            .dictionaries()
            .and_then(|known| known.name(&newest));
        if let Some(info) = named {
            self.say(&ServerOp::Dictionary(info));
        }
    }

    fn ask_who(&mut self, auth: Auth) {
        let channels = self.named_channels(&auth);
        self.membership.note_credentials(&auth);
        let (client_id, token) = (auth.client_id, auth.token);
        self.actions.push_back(Action::Authenticate(AuthRequest {
            client_id,
            token,
            channels,
        }));
    }

    fn open(&mut self, now: Moment, look: u64, key: &StreamKey, position: Option<Position>) {
        let (opened, stream) = if self.membership.may_read(key) {
            self.open_stream(now, key, position)
        } else {
            (Opened::NotPermitted, None)
        };
        if self.session.handle_opened(look, opened) {
            self.opened.extend(stream.map(|stream| (look, stream)));
        }
    }

    fn open_stream(
        &mut self,
        now: Moment,
        key: &StreamKey,
        position: Option<Position>,
    ) -> (Opened, Option<OpenStream>) {
        let stream = match self.membership.open_stream(now, key) {
            Ok(stream) => stream,
            Err(error) => {
                if matches!(error, OpenError::Limit(_)) {
                    self.session.report(ErrorCode::Refused, &error.to_string());
                }
                return (Opened::Unavailable, None);
            }
        };
        let tag = |position: Position| stream.log().tag(position.cursor);
        let opened = Opened::Readable {
            stream: stream.number(),
            bounds: stream.log().bounds(now),
            found: position.map_or(Tag::UNKNOWN, tag),
        };
        (opened, Some(stream))
    }

    /// The stream of a look. They are read in the order in which they were opened.
    fn take_opened(&mut self, look: u64) -> Option<OpenStream> {
        while let Some((opened, stream)) = self.opened.pop_front() {
            if opened == look {
                if self.opened.is_empty() {
                    self.opened = VecDeque::new();
                }
                return Some(stream);
            }
        }
        None
    }

    fn deliver(&mut self, channel: u8, content: Content, body: bytes::Bytes, number: Option<u64>) {
        let Some(client_id) = self.membership.client() else {
            return;
        };
        // Before the application sees it: two connections of one session must not both hand it on.
        if let Some(number) = number
            && !self.membership.take_message(number)
        {
            return self.session.close(CloseReason::Replaced);
        }
        if !self.membership.may_send(channel) {
            let message = String::from("this session may not send on this channel");
            let refusal = MessageError {
                code: ErrorCode::NotPermitted,
                message,
            };
            return self.session.handle_answer(number, Err(refusal));
        }
        let body = match super::body::to_json(content, self.codec.encoding(), body) {
            Ok(body) => body,
            Err(refusal) => return self.session.handle_answer(number, Err(refusal)),
        };
        let inbound = Inbound {
            client_id,
            identity: self.membership.identity().map(str::to_owned),
            channel,
            content,
            body,
            number,
        };
        self.actions.push_back(Action::Deliver(inbound));
    }

    /// Takes the hub's notices, as many as there is room for.
    pub fn handle_wake(&mut self, now: Moment) {
        let (notices, are_left) = self.waker.take_notices(self.op_room());
        self.notices_left = are_left;
        self.outbox.collect_woken();
        for notice in notices {
            match notice {
                Notice::Replaced => self.session.close(CloseReason::Replaced),
                Notice::System { json, op } => {
                    if !self.codec.text(&json)
                        && let Some(op) = op
                    {
                        self.say(&op);
                    }
                }
            }
        }
        self.perform(now);
    }
}
