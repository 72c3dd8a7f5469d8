//! This project's server, with the API that a backend uses.

use std::sync::Arc;

use axum::Router;
use push_wire_server::{ChannelPolicy, PushServer};
use push_wire_shared::ChannelKind;

use super::serve::{Message, Target};
use crate::Fallible;

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    #[channel(system)]
    System,
    Feed,
}

/// A server with one log channel.
pub(super) struct PushWire(Arc<PushServer<Channel>>);

impl PushWire {
    pub(super) fn new() -> Fallible<(Self, Router)> {
        let server = PushServer::builder()
            .channel(Channel::Feed, ChannelPolicy::log())
            // Readers are exempt from limits per address, attackers from other addresses of loopback are not.
            .exempt_addresses(["127.0.0.1/32".parse()?])
            .build()?;
        let router = server.router();
        Ok((Self(server), router))
    }
}

impl Target for PushWire {
    fn publish(&self, message: &Message) -> Fallible<()> {
        self.0.publish(Channel::Feed, message)?;
        Ok(())
    }
}
