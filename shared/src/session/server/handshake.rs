//! From the first byte to `auth_ok` (docs/protocol.md section 5.1).

use alloc::vec::Vec;

use super::{Output, ServerSession, Welcome};
use crate::close::CloseReason;
use crate::session::op::{Auth, AuthOk, ChannelInfo, ClientOp, ErrorCode, ServerOp, Subscribe};
use crate::time::Moment;

/// How far a connection has come.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Phase {
    /// Nothing but `auth` is taken.
    AwaitingAuth { until: Moment },
    /// The driver is finding out who this is.
    Authenticating {
        until: Moment,
        auth: Auth,
        early_ops: Vec<ClientOp>,
    },
    /// All is open.
    Ready,
    /// Nothing is put out any more.
    Closed,
}

/// Ops that may wait while the credentials are checked: a client that pipelines more is not waiting for its
/// answer.
const EARLY_OPS: usize = 16;

impl ServerSession {
    pub(super) fn authenticate(&mut self, auth: Auth) {
        let Phase::AwaitingAuth { until } = self.phase else {
            return;
        };
        self.client_id = auth.client_id;
        self.put(Output::Authenticate(auth.clone()));
        self.phase = Phase::Authenticating {
            until,
            auth,
            early_ops: Vec::new(),
        };
    }

    /// Keeps an op that came before the answer to `auth`.
    pub(super) fn defer(&mut self, op: ClientOp) {
        let Phase::Authenticating { early_ops, .. } = &mut self.phase else {
            return;
        };
        if early_ops.len() < EARLY_OPS {
            early_ops.push(op);
        } else {
            self.close(CloseReason::ProtocolError);
        }
    }

    /// The credentials are good and the session stands.
    pub fn handle_welcome(&mut self, now: Moment, welcome: Welcome) {
        let Phase::Authenticating {
            auth, early_ops, ..
        } = &mut self.phase
        else {
            return;
        };
        let subscriptions: Vec<Subscribe> = core::mem::take(&mut auth.subscriptions);
        let early_ops = core::mem::take(early_ops);
        let encoding = auth.encoding;
        self.phase = Phase::Ready;
        self.uplink.start_after(welcome.received);
        self.heartbeat.start(now, &self.config);
        self.put(Output::Op(ServerOp::AuthOk(AuthOk {
            client_id: self.client_id,
            secret: welcome.secret,
            resumed: welcome.resumed,
            received: welcome.received,
            rejected: welcome.rejected,
            heartbeat_ms: u64::try_from(self.config.heartbeat.as_millis()).unwrap_or(u64::MAX),
            max_message_bytes: self.config.max_message_bytes as u64,
            encoding,
            channels: self.channel_infos(),
        })));
        subscriptions
            .into_iter()
            .for_each(|item| self.subscribe(item));
        early_ops
            .into_iter()
            .for_each(|op| self.handle_ready_op(op));
    }

    /// The credentials are not good, or could not be checked.
    pub fn handle_refused(&mut self, reason: CloseReason, message: &str) {
        if matches!(self.phase, Phase::Authenticating { .. }) {
            self.error(ErrorCode::NotPermitted, message, None);
            self.close(reason);
        }
    }

    fn channel_infos(&self) -> Vec<ChannelInfo> {
        let channels = self.config.channels.channels().iter();
        let info = channels.map(|channel| ChannelInfo {
            id: channel.id,
            name: channel.name.clone(),
            priority: channel.priority,
            mode: channel.mode,
        });
        info.collect()
    }
}
