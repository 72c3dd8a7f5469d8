//! Faults of the server, each of which breaks one promise, and the injector of those that are rewritten messages of a
//! correct server. The checks must find them.

use push_wire_shared::frame::FrameHeader;
use push_wire_shared::position::{Position, ResetReason};
use push_wire_shared::session::op::{ClientOp, ServerOp, Skipped, Subscribe};
use push_wire_shared::session::wire::{EntryHeader, Records, write_record};

use super::feed::{Feed, SYSTEM};

/// Fault of the server. One of the messages is injected once on each connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InjectedFault {
    /// No fault.
    None,
    /// One entry is dropped. The client detects that from the cursors, so no promise is broken.
    Lose,
    /// One entry is dropped and later cursors are one lower, so that no client can detect it.
    Skip,
    /// One entry is sent twice, the second time under the next cursor.
    Repeat,
    /// A reset with `epoch_changed` is replaced by a `resumed`.
    ClaimResume,
    /// Nothing that the server sends arrives.
    Silence,
    /// A statement of skipped entries covers one more, which was sent.
    OverstateSkip,
    /// The lanes are reversed by the settings: the least urgent channels come first.
    ReverseLanes,
    /// There are no rates, by the settings.
    NoRates,
    /// The rates are so low, by the settings, that a page exceeds them.
    TinyRates,
    /// Revocations have no effect.
    IgnoreRevocations,
}

impl InjectedFault {
    /// Returns whether the messages of a correct server are rewritten.
    const fn is_of_messages(self) -> bool {
        !matches!(
            self,
            Self::None
                | Self::ReverseLanes
                | Self::NoRates
                | Self::TinyRates
                | Self::IgnoreRevocations
        )
    }
}

/// Rewriter of a server's messages on one connection, which injects one fault.
#[derive(Debug)]
pub struct FaultInjector {
    fault: InjectedFault,
    done: bool,
    /// Offset added to the sequence of every later entry of this wire stream, on this connection.
    shift: Option<(u64, u32)>,
    /// Position that the client gave.
    asked: Vec<(u32, Position)>,
}

impl FaultInjector {
    /// An injector of this fault.
    #[must_use]
    pub fn new(fault: InjectedFault) -> Self {
        Self {
            fault,
            done: false,
            shift: None,
            asked: Vec::new(),
        }
    }

    /// Returns whether the fault was injected.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Records the positions that the client requests.
    pub fn note_requests(&mut self, message: &[u8]) {
        if self.fault != InjectedFault::ClaimResume {
            return;
        }
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
    pub fn rewrite(&mut self, message: Vec<u8>) -> Vec<u8> {
        if !self.fault.is_of_messages() {
            return message;
        }
        let mut out = Vec::with_capacity(message.len());
        if self.fault == InjectedFault::Silence {
            self.done = true;
            return out;
        }
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
        let forged = self
            .forged_resume(payload)
            .or_else(|| self.overstated_skip(payload));
        let Some(forged) = forged else {
            return write_record(out, header, payload);
        };
        let mut payload = Vec::new();
        forged.encode(&mut payload);
        write_record(out, header, &payload);
        self.done = true;
    }

    fn forged_resume(&self, payload: &[u8]) -> Option<ServerOp> {
        if self.fault != InjectedFault::ClaimResume {
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

    fn overstated_skip(&self, payload: &[u8]) -> Option<ServerOp> {
        if self.fault != InjectedFault::OverstateSkip {
            return None;
        }
        let Ok(ServerOp::Skipped(skipped)) = ServerOp::decode(payload) else {
            return None;
        };
        Some(ServerOp::Skipped(Skipped {
            count: skipped.count + 1,
            cursor: skipped.cursor + 1,
            ..skipped
        }))
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
        // The fault needs a first entry, from which the client knows the stream's position.
        let is_target =
            !self.done && header.channel == Feed::Room(0).channel_id() && header.sequence > 1;
        if !is_target {
            return write_record(out, header, payload);
        }
        self.done = true;
        match self.fault {
            InjectedFault::Lose => {}
            InjectedFault::Skip => self.shift = Some((stream, u32::MAX)),
            InjectedFault::Repeat => {
                write_record(out, header, payload);
                header.sequence += 1;
                write_record(out, header, payload);
                self.shift = Some((stream, 1));
            }
            InjectedFault::None
            | InjectedFault::ReverseLanes
            | InjectedFault::NoRates
            | InjectedFault::TinyRates
            | InjectedFault::IgnoreRevocations
            | InjectedFault::ClaimResume
            | InjectedFault::Silence
            | InjectedFault::OverstateSkip => {
                self.done = false;
                write_record(out, header, payload);
            }
        }
    }
}
