//! The published server. It has no publish, so each message takes one `send` for each connected client.

use std::sync::Arc;

use axum_07::Router;
use pushwire_core::{ChannelKind, Frame};
use pushwire_server::PushServer;
use serde::{Deserialize, Serialize};

use super::serve::{Message, Target};
use crate::Fallible;

/// The published crate's channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Id 0.
    System,
    /// Id 1.
    Feed,
}

impl ChannelKind for Channel {
    fn priority(&self) -> u8 {
        u8::from(!self.is_system())
    }

    fn wire_id(&self) -> u8 {
        match self {
            Self::System => 0,
            Self::Feed => 1,
        }
    }

    fn from_wire_id(id: u8) -> Option<Self> {
        Self::all()
            .iter()
            .copied()
            .find(|channel| channel.wire_id() == id)
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::all()
            .iter()
            .copied()
            .find(|channel| channel.name() == name)
    }

    fn name(&self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Feed => "feed",
        }
    }

    fn is_system(&self) -> bool {
        *self == Self::System
    }

    fn all() -> &'static [Self] {
        &[Self::System, Self::Feed]
    }
}

/// A published server with one channel.
pub(super) struct Published(Arc<PushServer<Channel>>);

impl Published {
    pub(super) fn new() -> (Self, Router) {
        let server = Arc::new(PushServer::new());
        let router = Arc::clone(&server).router().with_state(Arc::clone(&server));
        (Self(server), router)
    }
}

impl Target for Published {
    fn publish(&self, message: &Message) -> Fallible<()> {
        let value = serde_json::to_value(message)?;
        for client in self.0.connected_client_ids() {
            // A full queue drops the message; the readers count the loss.
            if let Err(error) = self
                .0
                .send(client, Frame::new(Channel::Feed, value.clone()))
                && !matches!(error, pushwire_server::SendError::Backpressure(_))
            {
                return Err(error.to_string().into());
            }
        }
        Ok(())
    }
}
