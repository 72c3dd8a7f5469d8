//! Relay of opaque bytes between clients.

use std::sync::Mutex;

use bytes::{BufMut, BytesMut};
use push_wire_shared::relay::{RelayError, RelayLimits, RelayMeter};
use push_wire_shared::session::op::{ServerOp, Slow, SystemNotice};
use push_wire_shared::session::wire::Content;
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::Rtc;
use crate::hub::{Hub, Notice, lock};
use crate::record::bytes_record;
use crate::{ClientMessage, HandlerError, SendError};

/// The relay channel of a server.
pub(super) struct Relay {
    channel: u8,
    meter: Mutex<RelayMeter>,
}

impl Relay {
    /// The channel of this wire id.
    pub(super) const fn new(channel: u8, limits: RelayLimits) -> Self {
        Self {
            channel,
            meter: Mutex::new(RelayMeter::new(limits)),
        }
    }
}

impl Rtc {
    /// Relays a client's message to the client whose id its first 16 bytes are.
    pub(super) fn relay<C>(
        &self,
        now: Moment,
        message: &ClientMessage<C>,
    ) -> Result<(), HandlerError> {
        let (Some(relay), Some(hub)) = (&self.relay, self.hub.upgrade()) else {
            return Err(HandlerError::Refused("there is no relay".into()));
        };
        let (to, packet) = address(message)?;
        if !self.is_permitted(message, to) {
            let text = "no room is shared with the receiver";
            return Err(HandlerError::NotPermitted(text.into()));
        }
        let (from, bytes) = (message.client_id, message.body.len() as u64);
        let charge = match lock(&relay.meter).charge(now, from, bytes) {
            Ok(charge) => charge,
            Err(error) => {
                refuse(&hub, from, error);
                return Err(error.into());
            }
        };
        let mut addressed = BytesMut::with_capacity(message.body.len());
        addressed.put_slice(from.as_bytes());
        addressed.put_slice(packet);
        let record = bytes_record(addressed.freeze());
        if let Err(error) = hub.send(now, to, relay.channel, record) {
            lock(&relay.meter).refund(charge);
            return Err(SendError::from(error).into());
        }
        hub.counters().relayed(lock(&relay.meter).sent(charge));
        Ok(())
    }

    /// Bytes that were relayed for a client.
    pub(super) fn relayed_bytes(&self, client: Uuid) -> u64 {
        let relay = self.relay.as_ref();
        relay.map_or(0, |relay| lock(&relay.meter).total_bytes(client))
    }
}

/// Receiver and content of a packet.
fn address<C>(message: &ClientMessage<C>) -> Result<(Uuid, &[u8]), HandlerError> {
    let split = message.body.split_first_chunk::<16>();
    match split {
        Some((to, packet)) if message.content == Content::Bytes => {
            Ok((Uuid::from_bytes(*to), packet))
        }
        Some(_) | None => Err(HandlerError::BadPayload(
            "a packet is bytes, of which the first 16 are the receiver's client id".into(),
        )),
    }
}

/// Counts a packet that is not relayed, and tells its sender once to send less.
fn refuse(hub: &Hub, from: Uuid, error: RelayError) {
    let RelayError::RateLimited { is_first, .. } = error else {
        return;
    };
    hub.counters().relay_refused();
    if is_first {
        let slow = SystemNotice::Slow(Slow { window: None });
        let json = r#"{"op":"slow"}"#.into();
        let op = Some(ServerOp::Notice(slow));
        let told = hub.notify(from, Notice::System { json, op });
        if let Err(error) = told {
            // The refusal of its packet tells it as well.
            tracing::debug!(client_id = %from, ?error, "a sender was not told to send less");
        }
    }
}
