//! A server that breaks its promises, made from a good one by rewriting what it says: the checks must catch it.

use push_wire_shared::frame::FrameHeader;
use push_wire_shared::position::{Position, ResetReason};
use push_wire_shared::session::op::{ClientOp, ServerOp, Subscribe};
use push_wire_shared::session::wire::{EntryHeader, Records, write_record};

use super::feed::{Feed, SYSTEM};

/// Promise that the server breaks, once on each connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sabotage {
    /// Not at all.
    None,
    /// One entry does not arrive. The client can see that from the cursors, so no promise is broken.
    Lose,
    /// One entry is skipped, and the ones after it move up, so that no client can see it.
    Skip,
    /// One entry is handed over twice, the second time under the next cursor.
    Repeat,
    /// An `epoch_changed` becomes the resume that the client hoped for.
    ClaimResume,
}

/// Rewrites what the server says on one connection, once.
#[derive(Debug)]
pub struct Saboteur {
    sabotage: Sabotage,
    done: bool,
    /// Offset added to the sequence of every later entry of this wire stream, on this connection.
    shift: Option<(u64, u32)>,
    /// Position that the client gave.
    asked: Vec<(u32, Position)>,
}

impl Saboteur {
    /// Does this once.
    #[must_use]
    pub fn new(sabotage: Sabotage) -> Self {
        Self {
            sabotage,
            done: false,
            shift: None,
            asked: Vec::new(),
        }
    }

    /// Returns whether it has done it.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Listens to what the client says.
    pub fn overhear(&mut self, message: &[u8]) {
        for (_, payload) in Records::new(message).flatten() {
            let asked = match ClientOp::decode(payload) {
                Ok(ClientOp::Auth(auth)) => auth.subscriptions,
                Ok(ClientOp::Subscribe(asked)) => asked,
                _ => continue,
            };
            let position = |asked: Subscribe| Some((asked.id, asked.position?));
            self.asked.extend(asked.into_iter().filter_map(position));
        }
    }

    /// Rewrites a message of the server.
    #[must_use]
    pub fn tamper(&mut self, message: Vec<u8>) -> Vec<u8> {
        if self.sabotage == Sabotage::None {
            return message;
        }
        let mut out = Vec::with_capacity(message.len());
        for (header, payload) in Records::new(&message).flatten() {
            if header.channel == SYSTEM {
                self.control(&mut out, header, payload);
            } else {
                self.entry(&mut out, header, payload);
            }
        }
        out
    }

    fn control(&mut self, out: &mut Vec<u8>, header: FrameHeader, payload: &[u8]) {
        let Some(claim) = self.claim(payload) else {
            return write_record(out, header, payload);
        };
        let mut payload = Vec::new();
        claim.encode(&mut payload);
        write_record(out, header, &payload);
        self.done = true;
    }

    fn claim(&self, payload: &[u8]) -> Option<ServerOp> {
        if self.sabotage != Sabotage::ClaimResume {
            return None;
        }
        let Ok(ServerOp::Reset {
            id,
            reason: ResetReason::EpochChanged,
            reading: Some((stream, _)),
            ..
        }) = ServerOp::decode(payload)
        else {
            return None;
        };
        let (_, position) = self.asked.iter().rev().find(|(asked, _)| *asked == id)?;
        Some(ServerOp::Resumed {
            id,
            stream,
            position: *position,
            caught_up: 0,
        })
    }

    fn entry(&mut self, out: &mut Vec<u8>, mut header: FrameHeader, payload: &[u8]) {
        let Ok((EntryHeader { stream, .. }, _)) = EntryHeader::split(payload) else {
            return write_record(out, header, payload);
        };
        if let Some((shifted, by)) = self.shift
            && shifted == stream
        {
            header.sequence = header.sequence.wrapping_add(by);
        }
        // The first entry shows the client where the stream stands; the second is the one.
        let chance =
            !self.done && header.channel == Feed::Room(0).channel_id() && header.sequence > 1;
        if !chance {
            return write_record(out, header, payload);
        }
        self.done = true;
        match self.sabotage {
            Sabotage::Lose => {}
            Sabotage::Skip => self.shift = Some((stream, u32::MAX)),
            Sabotage::Repeat => {
                write_record(out, header, payload);
                header.sequence += 1;
                write_record(out, header, payload);
                self.shift = Some((stream, 1));
            }
            Sabotage::None | Sabotage::ClaimResume => {
                self.done = false;
                write_record(out, header, payload);
            }
        }
    }
}
