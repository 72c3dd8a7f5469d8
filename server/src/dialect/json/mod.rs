//! The JSON dialect (docs/protocol.md section 9): the published control ops and frames, in text messages.

mod auth;
mod bit_set;
mod channels;
mod decode;
mod events;
mod names;
mod numbering;
mod render;
mod runs;
mod session;
mod subscriptions;

use std::sync::Arc;

use auth::ResumeRequest;
use channels::{Channels, Unproved, bad_op, report_unknown};
use decode::{JsonMessage, decode};
use push_wire_broker::Entry;
use push_wire_shared::SystemOp;
use push_wire_shared::close::CloseReason;
use push_wire_shared::limits::TOKEN_BYTES;
use push_wire_shared::position::{ResetReason, Scope};
use push_wire_shared::session::op::{Auth, ClientOp, ErrorCode, ServerOp, Skipped, Subscribe};
use push_wire_shared::session::server::ServerConfig;
use render::Renderer;
use session::JsonSession;
use uuid::Uuid;

use super::{Added, Message, Request};
use crate::carrier::Carrier;
use crate::hub::{OpAnswer, OpenedSession, Stream};

/// Close code of refused credentials that the published clients know (RFC 6455 section 7.4.1: policy).
pub(super) const UNAUTHORIZED: u16 = 1008;

/// Decoder and encoder of one connection.
#[derive(Debug)]
pub(crate) struct JsonCodec {
    phase: Phase,
    channels: Channels,
    renderer: Renderer,
    /// The form of messages.
    form: Form,
}

/// Form of messages.
#[derive(Debug)]
enum Form {
    /// Messages of a WebSocket.
    Messages,
    /// Events of an event stream, with ids.
    Events {
        /// The `Last-Event-ID` of the request.
        last: Option<String>,
    },
}

/// Progress of a connection.
#[derive(Debug)]
enum Phase {
    /// Only `auth` is taken.
    AwaitingAuth {
        /// Error of the request that opened the connection.
        remark: Option<String>,
    },
    /// The credentials are being checked.
    Authenticating(Box<ResumeRequest>),
    /// The client is authenticated.
    Open,
}

impl JsonCodec {
    pub(super) fn new(config: &Arc<ServerConfig>) -> Self {
        Self {
            phase: Phase::AwaitingAuth { remark: None },
            channels: Channels::new(config),
            renderer: Renderer::default(),
            form: Form::Messages,
        }
    }

    /// The codec of an event stream. Its ops are payloads of frames, so that all events have one form.
    pub(super) fn events(config: &Arc<ServerConfig>) -> Self {
        let codec = Self::new(config);
        Self {
            renderer: Renderer::in_frames(codec.channels.system()),
            form: Form::Events { last: None },
            ..codec
        }
    }

    /// Sets the id of the last event that the client has seen.
    pub(super) fn set_last_event(&mut self, id: String) {
        self.form = Form::Events { last: Some(id) };
    }

    /// Sets an error to be sent once the client is authenticated.
    pub(super) fn set_remark(&mut self, text: String) {
        self.phase = Phase::AwaitingAuth { remark: Some(text) };
    }

    /// Collects the answers from here on for a POST.
    pub(super) fn collect_answers(&mut self) {
        self.renderer.collect_answers();
    }

    /// Returns the collected answers, and sends later ones to the client.
    pub(super) fn take_answers(&mut self) -> Vec<OpAnswer> {
        self.renderer.take_answers()
    }

    /// Reads a message, and passes its requests to `each`.
    pub(super) fn decode(&mut self, message: &Message, each: &mut dyn FnMut(Request)) {
        let text = match message {
            Message::Text(text) => Ok(text.as_str()),
            Message::Binary(bytes) => std::str::from_utf8(bytes),
        };
        let Ok(text) = text else {
            let what = "a binary message that is no UTF-8";
            return each(Request::Error(ErrorCode::BadFrame, what.into()));
        };
        let decoded = decode(text, self.channels.system());
        let is_auth = matches!(decoded, Ok(JsonMessage::Auth { .. }));
        if !is_auth && !matches!(self.phase, Phase::Open) {
            // Also while the credentials are being checked: published clients wait for the answer.
            if let Err(message) = decoded {
                each(bad_op(message));
            }
            return each(Request::Close(CloseReason::AuthExpected));
        }
        match decoded {
            Err(message) => each(bad_op(message)),
            Ok(JsonMessage::Op(op)) => self.handle_op(op, false, each),
            Ok(JsonMessage::Auth { op, renews }) => self.handle_op(op, renews, each),
            Ok(JsonMessage::Token(token)) if token.len() > TOKEN_BYTES => {
                each(bad_op(too_large_token(&token)));
            }
            Ok(JsonMessage::Token(token)) => each(Request::Op(ClientOp::Token(token))),
            Ok(JsonMessage::Frame {
                channel,
                topic,
                payload,
            }) => each(self.channels.uplink(&channel, topic, payload)),
        }
    }

    /// Handles an op; `renews` is a field of `auth`.
    fn handle_op(&mut self, op: SystemOp<String>, renews: bool, each: &mut dyn FnMut(Request)) {
        let op = match op {
            SystemOp::Auth {
                token: Some(token), ..
            } if token.len() > TOKEN_BYTES => {
                each(bad_op(too_large_token(&token)));
                return each(Request::Close(CloseReason::AuthExpected));
            }
            SystemOp::Auth {
                client_id,
                token,
                capabilities,
                resume_cursor,
                resume_cursors,
            } => {
                if let Phase::AwaitingAuth { remark } = &mut self.phase {
                    let table = self.channels.table();
                    let mut request =
                        ResumeRequest::new(table, &capabilities, resume_cursor, &resume_cursors);
                    request.remark = remark.take();
                    self.phase = Phase::Authenticating(Box::new(request));
                }
                ClientOp::Auth(Auth {
                    token,
                    skips: true,
                    renews,
                    ..Auth::new(client_id)
                })
            }
            SystemOp::Ping => ClientOp::Ping,
            SystemOp::Pong => ClientOp::Pong,
            SystemOp::Ack { channel, cursor } => {
                if let Err(unproved) = self.channels.ack(&channel, cursor, each) {
                    let channel = self.channels.name(unproved.channel);
                    self.renderer.unproved_ack(channel, unproved.number);
                }
                return;
            }
            SystemOp::Subscribe { channels } => return self.channels.subscribe(&channels, each),
            SystemOp::Unsubscribe { channels } => {
                return self.channels.unsubscribe(&channels, each);
            }
            // The connection ends; the session stays for its time, since published clients come back after it.
            SystemOp::Goodbye { .. } => return each(Request::Close(CloseReason::Normal)),
            SystemOp::AuthOk { .. } | SystemOp::ResumeRequired { .. } => {
                return each(bad_op("an op that only servers send"));
            }
            // Messages without an effect.
            SystemOp::Slow { .. }
            | SystemOp::Health { .. }
            | SystemOp::Features { .. }
            | SystemOp::Error { .. }
            | _ => return,
        };
        each(Request::Op(op));
    }

    /// Names of the channels that `auth` requests.
    pub(super) fn named_channels(&self) -> impl Iterator<Item = &str> {
        let request = match &self.phase {
            Phase::Authenticating(request) => Some(request),
            Phase::AwaitingAuth { .. } | Phase::Open => None,
        };
        let named = request.into_iter().flat_map(|request| request.named());
        named.map(|id| self.channels.name(id))
    }

    pub(super) fn open(&mut self, client: Uuid, session: &OpenedSession) {
        self.channels.session = JsonSession::open(client, session);
    }

    pub(super) fn begin(
        &mut self,
        resumed: bool,
        may_read: impl Fn(u8, &Scope) -> bool,
        each: &mut dyn FnMut(Request),
    ) -> Vec<Subscribe> {
        let Phase::Authenticating(mut request) = std::mem::replace(&mut self.phase, Phase::Open)
        else {
            return Vec::new();
        };
        let resumed_id = self.resume_events(&mut request);
        let (subscriptions, unproved) = self.channels.begin(&request, resumed, may_read);
        if matches!(self.form, Form::Events { .. }) {
            self.channels.begin_events(resumed_id);
        }
        unproved
            .into_iter()
            .for_each(|one| self.resume_required(one));
        report_unknown(request.unknown, each);
        if let Some(remark) = request.remark {
            each(bad_op(remark));
        }
        subscriptions
    }

    /// Takes the rights of a new grant.
    pub(super) fn set_readable(&mut self, may_read: impl Fn(u8, &Scope) -> bool) {
        self.channels.set_readable(may_read);
    }

    /// Sets the numbers after which the client of an event stream reads on. Returns the event that it resumes after.
    fn resume_events(&mut self, request: &mut ResumeRequest) -> Option<u64> {
        match &mut self.form {
            Form::Messages => None,
            Form::Events { last: None } => {
                self.channels.resume_after_highest(request);
                None
            }
            Form::Events { last } => self.channels.resume_after(&last.take()?, request),
        }
    }

    /// Adds a control op to the next message.
    pub(super) fn op(&mut self, op: &ServerOp) {
        match op {
            ServerOp::AuthOk(_) => self.auth_ok(),
            ServerOp::Resumed { id, position, .. } => self.channels.resumed(*id, *position),
            ServerOp::Reset {
                id,
                reading: Some((_, position)),
                ..
            } => {
                if let Some(unproved) = self.channels.reset(*id, *position) {
                    self.resume_required(unproved);
                }
            }
            ServerOp::Skipped(skipped) => self.skipped(skipped),
            ServerOp::Reset { id, reason, .. } => {
                if let Some(channel) = self.channels.ended(*id) {
                    let message = format!("{channel}: {}", reason.name());
                    let code = if *reason == ResetReason::NotPermitted {
                        ErrorCode::NotPermitted
                    } else {
                        ErrorCode::Refused
                    };
                    self.renderer.error(code, message);
                }
            }
            ServerOp::Error {
                message,
                retry_ms: Some(retry_ms),
                ..
            } => self.renderer.error_with_retry(message, *retry_ms),
            ServerOp::Error {
                code, message, id, ..
            } => {
                let ended = id.and_then(|id| self.channels.ended(id));
                let message = match ended {
                    Some(channel) => format!("{channel}: {message}"),
                    None => message.clone(),
                };
                self.renderer.error(*code, message);
            }
            ServerOp::Rejected(rejected) => {
                self.renderer.error(rejected.code, rejected.message.clone());
            }
            // Published clients answer pings of the WebSocket, not those of the dialect.
            ServerOp::Ping { .. } => self.renderer.ping(),
            ServerOp::Pong => self.renderer.pong(),
            ServerOp::Notice(notice) => self.renderer.notice(notice),
            ServerOp::Goodbye {
                message, retry_ms, ..
            } => self.renderer.goodbye(message, *retry_ms),
            // Messages carry no numbers in this dialect, so there is nothing to acknowledge.
            ServerOp::Received { .. } => {}
            ServerOp::Renew => self.renderer.text(br#"{"op":"renew"}"#.to_vec()),
            // Nothing is compressed in this dialect.
            ServerOp::Dictionary(_) => {}
        }
    }

    fn auth_ok(&mut self) {
        let acked = self.channels.acked();
        let newest = acked.iter().map(|(_, number)| *number).max();
        self.renderer.op(&SystemOp::AuthOk {
            resume_cursor: newest.unwrap_or(0),
            resume_cursors: acked.into_iter().collect(),
        });
    }

    /// States that entries before the next one may be missing.
    fn resume_required(&mut self, unproved: Unproved) {
        let channel = self.channels.name(unproved.channel);
        self.renderer.resume_required(channel, unproved.number);
    }

    /// States that entries before the next one are not sent.
    fn skipped(&mut self, skipped: &Skipped) {
        if let Some(unproved) = self.channels.skipped(skipped) {
            let channel = self.channels.name(unproved.channel);
            self.renderer
                .skipped(channel, unproved.number, skipped.count);
        }
    }

    /// Adds an op of the application's.
    pub(super) fn text(&mut self, text: &str) {
        self.renderer.text(text.as_bytes().to_vec());
    }

    /// Adds an entry.
    pub(super) fn entry(&mut self, stream: &Stream, entry: &Entry) -> Added {
        let body = render::body(entry);
        if let Some(too_large) = render::too_large(&body) {
            return too_large;
        }
        let (channel, is_inbox) = (stream.channel(), stream.is_inbox());
        let is_event = matches!(self.form, Form::Events { .. });
        let Some((number, id)) = self.channels.number(channel, is_inbox, entry, is_event) else {
            // The newer connection of the session reads it.
            return Added::Bytes(0);
        };
        let client = is_inbox.then_some(self.channels.session.client());
        let name = self.channels.name(channel);
        Added::Bytes(self.renderer.entry(name, number, body, client, id))
    }

    pub(super) const fn pending_bytes(&self) -> usize {
        self.renderer.pending_bytes()
    }

    pub(super) const fn pending_ops(&self) -> usize {
        self.renderer.pending_ops()
    }

    pub(super) fn finish(&mut self, out: &mut dyn Carrier) -> usize {
        self.renderer.finish(out)
    }
}

fn too_large_token(token: &str) -> String {
    let bytes = token.len();
    format!("a token of {bytes} bytes is above the limit of {TOKEN_BYTES}")
}
