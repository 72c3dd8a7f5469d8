//! `Debug` of control ops, without the token.

use core::fmt;
use core::hash::Hash;

use super::SystemOp;
use crate::hidden::Hidden;

impl<C: fmt::Debug + Eq + Hash> fmt::Debug for SystemOp<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut op = f.debug_struct(self.variant());
        match self {
            Self::Auth {
                client_id,
                token,
                capabilities,
                resume_cursor,
                resume_cursors,
            } => op
                .field("client_id", client_id)
                .field("token", &token.as_ref().map(Hidden))
                .field("capabilities", capabilities)
                .field("resume_cursor", resume_cursor)
                .field("resume_cursors", resume_cursors),
            Self::AuthOk {
                resume_cursor,
                resume_cursors,
            } => op
                .field("resume_cursor", resume_cursor)
                .field("resume_cursors", resume_cursors),
            Self::Error { message } => op.field("message", message),
            Self::Ping | Self::Pong => return op.finish(),
            Self::Slow { window } => op.field("window", window),
            Self::Ack { channel, cursor } => op.field("channel", channel).field("cursor", cursor),
            Self::ResumeRequired {
                channel,
                from_cursor,
            } => op
                .field("channel", channel)
                .field("from_cursor", from_cursor),
            Self::Subscribe { channels } | Self::Unsubscribe { channels } => {
                op.field("channels", channels)
            }
            Self::Health { status, detail } => op.field("status", status).field("detail", detail),
            Self::Features {
                supported,
                requested,
            } => op
                .field("supported", supported)
                .field("requested", requested),
            Self::Goodbye { reason } => op.field("reason", reason),
        };
        op.finish()
    }
}

impl<C: Eq + Hash> SystemOp<C> {
    const fn variant(&self) -> &'static str {
        match self {
            Self::Auth { .. } => "Auth",
            Self::AuthOk { .. } => "AuthOk",
            Self::Error { .. } => "Error",
            Self::Ping => "Ping",
            Self::Pong => "Pong",
            Self::Slow { .. } => "Slow",
            Self::Ack { .. } => "Ack",
            Self::ResumeRequired { .. } => "ResumeRequired",
            Self::Subscribe { .. } => "Subscribe",
            Self::Unsubscribe { .. } => "Unsubscribe",
            Self::Health { .. } => "Health",
            Self::Features { .. } => "Features",
            Self::Goodbye { .. } => "Goodbye",
        }
    }
}
