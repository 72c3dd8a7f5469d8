//! Messages of tabs for the server.

use super::Relay;
use super::peer::Peer;
use crate::session::client::{ClientSession, SendError};
use crate::session::op::{ErrorCode, RejectedMessage};
use crate::session::tabs::{TabId, ToTab};
use crate::session::wire::UplinkHeader;
use crate::time::Moment;

/// Messages of tabs.
impl Relay {
    pub(super) fn uplink(
        &mut self,
        now: Moment,
        session: &mut ClientSession,
        tab: TabId,
        channel: u8,
        payload: &[u8],
    ) -> bool {
        let Ok((header, body)) = UplinkHeader::split(payload) else {
            return false;
        };
        let mut channels = session.channels().iter();
        let Some(channel) = channels.find(|known| known.id == channel) else {
            return false;
        };
        let name = channel.name.clone();
        let Ok(topic) = header.topic.map(core::str::from_utf8).transpose() else {
            return false;
        };
        let sent = session.send(now, &name, topic, header.content, body.into());
        let system = self.peers.system;
        let peer = self.peers.get_or_add(tab);
        peer.last += 1;
        let own = peer.last;
        match sent {
            Ok(ticket) => peer.sends.push((own, ticket)),
            Err(error) => {
                let rejection = refusal(&error);
                peer.reject(system, own, rejection);
            }
        }
        true
    }

    pub(super) fn numbered(&mut self, ticket: u64, number: u64) {
        let Some(connection) = self.connection else {
            return;
        };
        let Some((peer, at)) = self.peers.find_send(ticket) else {
            return;
        };
        let (own, _) = peer.sends[at];
        let message = ToTab::Number {
            connection,
            own,
            number,
        };
        self.outputs.push_back((peer.tab, message));
    }

    /// Takes the server's answer to a message.
    pub(super) fn answered(
        &mut self,
        session: &mut ClientSession,
        ticket: u64,
        rejection: Option<RejectedMessage>,
    ) {
        let system = self.peers.system;
        let Some((peer, at)) = self.peers.find_send(ticket) else {
            return;
        };
        let (own, _) = peer.sends.remove(at);
        match rejection {
            Some(rejection) => peer.reject(system, own, rejection),
            None => peer.tell_taken(system),
        }
        let tab = peer.tab;
        if Peer::awaits_answers(peer) {
            // Time plays no part in it.
            self.welcome(Moment::default(), session, tab);
        }
    }
}

fn refusal(error: &SendError) -> RejectedMessage {
    let code = match error {
        SendError::TooLarge { .. } => ErrorCode::TooLarge,
        SendError::BadTopic => ErrorCode::BadTopic,
        SendError::Closed | SendError::QueueFull => ErrorCode::Unavailable,
    };
    RejectedMessage {
        number: 0,
        code,
        message: alloc::format!("{error}"),
        retry_ms: None,
    }
}
