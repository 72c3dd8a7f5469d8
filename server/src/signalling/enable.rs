//! Signalling in the public API of the server.

use std::sync::Arc;

use push_wire_shared::ChannelKind;
use uuid::Uuid;

use super::channel::Membership;
use super::{EnableRtcError, Rtc, RtcConfig};
use crate::{PushServer, clock};

impl<C: ChannelKind> PushServer<C> {
    /// Makes a channel the signalling channel, on which clients exchange [`RtcMessage`](crate::RtcMessage)s
    /// (docs/relay.md), and another one the relay channel, if the settings name one. Their handlers are replaced.
    ///
    /// A client enters a room by `PeerDiscovery`, if it has the right to send to the topic of the room's name, and then
    /// exchanges messages with the clients in it. It reads them in its inbox of the channel, where they wait while it is
    /// away, within the retention of the channel's policy.
    ///
    /// # Errors
    /// [`EnableRtcError`]; nothing has changed.
    pub fn enable_rtc(&self, channel: C, config: RtcConfig) -> Result<(), EnableRtcError> {
        if channel.is_system() {
            return Err(EnableRtcError::SystemChannel);
        }
        let relay = relay_channel(channel, &config)?;
        let rtc = Rtc::new(&self.hub, channel.wire_id(), config);
        self.rtc
            .set(Arc::clone(&rtc))
            .map_err(|_| EnableRtcError::Enabled)?;
        // The first of this server, since the cell was empty.
        self.hub
            .observer()
            .set(Arc::new(Membership(Arc::clone(&rtc))));
        if let Some(relay) = relay {
            let rtc = Arc::clone(&rtc);
            self.on_message(relay, move |message, _| rtc.relay(clock::now(), message));
        }
        self.on_message(channel, move |message, _| rtc.signal(clock::now(), message));
        Ok(())
    }

    /// Bytes that were relayed for a client, with the 16 of a client id for each packet; 0 of a client that is not known.
    #[must_use]
    pub fn relayed_bytes(&self, client: Uuid) -> u64 {
        self.rtc.get().map_or(0, |rtc| rtc.relayed_bytes(client))
    }
}

fn relay_channel<C: ChannelKind>(
    channel: C,
    config: &RtcConfig,
) -> Result<Option<C>, EnableRtcError> {
    let Some((id, _)) = config.relay else {
        return Ok(None);
    };
    let relay = C::from_wire_id(id).ok_or(EnableRtcError::UnknownChannel)?;
    if relay.is_system() {
        return Err(EnableRtcError::SystemChannel);
    }
    if relay == channel {
        return Err(EnableRtcError::SameChannel);
    }
    Ok(Some(relay))
}
