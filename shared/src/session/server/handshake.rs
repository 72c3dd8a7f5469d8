//! Server side of the handshake: `auth`, its deadline and limits, and `auth_ok` (docs/protocol.md section 5.1).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::outputs::Outputs;
use super::{Output, ServerConfig, SessionState};
use crate::encoding::PayloadEncoding;
use crate::frame::FRAME_HEADER_LEN;
use crate::limits::{
    CLIENT_MESSAGE_BYTES_MIN, EARLY_OPS, EARLY_OPS_BYTES, MESSAGE_BYTES, REJECTIONS, TEXT_BYTES,
    VALUE_BYTES,
};
use crate::quote::cut;
use crate::session::op::{
    Auth, AuthOk, ChannelInfo, ClientOp, RejectedMessage, ServerOp, Subscribe,
};
use crate::time::Moment;
use uuid::Uuid;

/// State of the handshake.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Phase {
    /// Only `auth` is accepted.
    AwaitingAuth { until: Moment },
    /// The driver is checking the credentials.
    Authenticating { until: Moment, request: Handshake },
    /// The session is open.
    Ready,
    /// No more outputs.
    Closed,
}

/// Limits of a client, as stated in `auth`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClientLimits {
    /// Largest message that it takes, in bytes; default [`MESSAGE_BYTES`], at least [`CLIENT_MESSAGE_BYTES_MIN`].
    pub message_bytes: usize,
    /// Largest value that it takes, in bytes; default [`VALUE_BYTES`].
    pub value_bytes: usize,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            message_bytes: MESSAGE_BYTES,
            value_bytes: VALUE_BYTES,
        }
    }
}

impl ClientLimits {
    pub(super) fn of(auth: &Auth) -> Self {
        let bytes = |stated: u64| usize::try_from(stated).unwrap_or(usize::MAX);
        Self {
            message_bytes: bytes(auth.max_message_bytes).max(CLIENT_MESSAGE_BYTES_MIN),
            value_bytes: bytes(auth.max_value_bytes),
        }
    }

    /// The error of an `auth_ok` above the client's limit, which happens if a server has many channels.
    pub(super) fn excess(self, auth_ok: &ServerOp) -> Option<String> {
        let mut op = Vec::new();
        auth_ok.encode(&mut op);
        let (bytes, limit) = (op.len() + FRAME_BYTES, self.message_bytes);
        (bytes > limit).then(|| {
            format!("this server's auth_ok takes {bytes} bytes, above max_message_bytes of {limit}")
        })
    }

    /// The newest refusals that take at most half of a message, so that the rest of `auth_ok` fits the other half. Texts,
    /// the older ones first, are left out before refusals are.
    fn fitting(self, mut rejected: Vec<RejectedMessage>) -> Vec<RejectedMessage> {
        let room = self.message_bytes / 2;
        let kept = (room / REJECTION_BYTES).min(REJECTIONS).min(rejected.len());
        let mut rejected = rejected.split_off(rejected.len() - kept);
        let mut room = room - kept * REJECTION_BYTES;
        for message in rejected.iter_mut().rev() {
            let text = cut(&message.message, TEXT_BYTES).into_owned();
            let left = room.checked_sub(text.len());
            room = left.unwrap_or(room);
            message.message = left.map_or_else(String::new, |_| text);
        }
        rejected
    }
}

/// Bytes of a control frame beside its op: the record's length, the frame's header.
const FRAME_BYTES: usize = 5 + FRAME_HEADER_LEN;

/// Largest size, in bytes, of a refusal in `auth_ok` without its text: field names, number and code.
const REJECTION_BYTES: usize = 64;

/// Settings of `auth`, kept until it is answered.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Handshake {
    encoding: PayloadEncoding,
    subscriptions: Vec<Subscribe>,
    early_ops: Vec<ClientOp>,
    /// Bytes that the early ops may still take.
    early_bytes: usize,
}

impl Handshake {
    pub(super) fn new(auth: &Auth) -> Self {
        Self {
            encoding: auth.encoding,
            subscriptions: auth.subscriptions.clone(),
            early_ops: Vec::new(),
            early_bytes: EARLY_OPS_BYTES,
        }
    }

    /// Keeps an op that arrived before the answer; returns whether there was room.
    pub(super) fn defer(&mut self, op: ClientOp) -> bool {
        let left = self.early_bytes.checked_sub(op.held_bytes());
        let Some(left) = left.filter(|_| self.early_ops.len() < EARLY_OPS) else {
            return false;
        };
        self.early_bytes = left;
        self.early_ops.push(op);
        true
    }

    /// Ops to carry out after the handshake, in order.
    pub(super) fn into_ops(self) -> impl Iterator<Item = ClientOp> {
        core::iter::once(ClientOp::Subscribe(self.subscriptions)).chain(self.early_ops)
    }

    /// The answer to `auth`.
    pub(super) fn answer(
        &self,
        client_id: Uuid,
        limits: ClientLimits,
        state: SessionState,
        config: &ServerConfig,
    ) -> AuthOk {
        AuthOk {
            client_id,
            secret: state.secret.0,
            resumed: state.resumed,
            received: state.received,
            rejected: limits.fitting(state.rejected),
            heartbeat_ms: u64::try_from(config.heartbeat.as_millis()).unwrap_or(u64::MAX),
            max_message_bytes: config.max_message_bytes as u64,
            encoding: self.encoding,
            channels: channel_infos(config),
        }
    }
}

/// Begins to check the credentials of an `auth`.
pub(super) fn authenticate(phase: &mut Phase, auth: Auth, outputs: &mut Outputs) {
    let Phase::AwaitingAuth { until } = *phase else {
        return;
    };
    let request = Handshake::new(&auth);
    *phase = Phase::Authenticating { until, request };
    outputs.put(Output::Authenticate(auth));
}

fn channel_infos(config: &ServerConfig) -> Vec<ChannelInfo> {
    let channels = config.channels.channels().iter();
    let info = channels.map(|channel| ChannelInfo {
        id: channel.id,
        name: channel.name.clone(),
        priority: channel.priority,
        mode: channel.mode,
    });
    info.collect()
}
