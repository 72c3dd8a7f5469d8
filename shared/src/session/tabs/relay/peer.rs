//! State of each tab at the leader: its line, and its messages that the server has not answered.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::frame::{BinaryFlags, FrameHeader};
use crate::limits::{BATCH_BYTES, REJECTIONS, TAB_WAITING_BYTES, TABS_AWAY};
use crate::position::low_bits;
use crate::session::client::Attention;
use crate::session::op::{Auth, AuthOk, RejectedMessage, ServerOp};
use crate::session::tabs::member::unknown;
use crate::session::tabs::{TabId, ToTab};
use crate::session::wire::write_record;

/// All tabs.
#[derive(Default, Debug)]
pub(super) struct Peers {
    list: Vec<Peer>,
    /// Wire id of the system channel.
    pub(super) system: u8,
}

/// A tab's statement about its messages on earlier lines.
#[derive(Debug)]
pub(super) struct Earlier {
    /// Connection of the leader that the statement is for.
    pub(super) connection: u64,
    /// Newest message that has left on this connection, and is not known as taken.
    pub(super) sent: u64,
    /// Messages up to this one were taken or refused, apart from those that have left on this connection.
    pub(super) received: u64,
    /// Those of them that were refused.
    pub(super) rejected: Vec<RejectedMessage>,
}

/// One tab. One that has taken leave is known for a while, because it may come back.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) tab: TabId,
    /// The tab's latest visit.
    pub(super) visit: u64,
    pub(super) is_present: bool,
    pub(super) attention: Attention,
    pub(super) line: Option<Line>,
    /// Messages that the server has not answered: the number in the tab's session, and the ticket in the leader's.
    pub(super) sends: Vec<(u64, u64)>,
    /// Number of the newest message, in the tab's session; `None` if the tab has had no line on this connection.
    begun: bool,
    pub(super) last: u64,
    /// The newest refusals. Each line begins with them, because the tab may have given the line before up.
    rejected: Vec<RejectedMessage>,
}

/// A line to a tab: the transport of one attempt of its session.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) attempt: u32,
    /// The tab's handshake has arrived.
    pub(super) is_begun: bool,
    /// The handshake, until it is answered.
    pub(super) auth: Option<Box<Auth>>,
    /// The handshake was answered.
    is_ready: bool,
    /// Number of the next control frame of each direction.
    next_in: u32,
    next_out: u32,
    /// Frames that leave with the next message.
    frames: Vec<u8>,
    /// Bytes that are on their way.
    pub(super) waiting_bytes: u64,
}

impl Peers {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Peer> {
        self.list.iter()
    }

    pub(super) fn get(&mut self, tab: TabId) -> Option<&mut Peer> {
        self.list.iter_mut().find(|peer| peer.tab == tab)
    }

    pub(super) fn get_or_add(&mut self, tab: TabId) -> &mut Peer {
        let at = self.list.iter().position(|peer| peer.tab == tab);
        let at = at.unwrap_or_else(|| {
            self.list.push(Peer::new(tab));
            self.list.len() - 1
        });
        &mut self.list[at]
    }

    /// Records that a tab has taken leave. Its sends stay known: it may come back on the same connection.
    pub(super) fn leave(&mut self, tab: TabId) {
        let Some(at) = self.list.iter().position(|peer| peer.tab == tab) else {
            return;
        };
        let mut peer = self.list.remove(at);
        peer.is_present = false;
        peer.attention = Attention::Hidden;
        // The one that left last is the last of the list.
        self.list.push(peer);
        let away = |peer: &&Peer| !peer.is_present;
        if self.list.iter().filter(away).count() > TABS_AWAY {
            let oldest = self.list.iter().position(|peer| !peer.is_present);
            self.list.remove(oldest.unwrap_or(0));
        }
    }

    /// The line of this attempt.
    pub(super) fn line(&mut self, tab: TabId, attempt: u32) -> Option<&mut Line> {
        let line = self.get(tab)?.line.as_mut();
        line.filter(|line| line.attempt == attempt)
    }

    /// The tab of a message, and the message's place.
    pub(super) fn find_send(&mut self, ticket: u64) -> Option<(&mut Peer, usize)> {
        self.list.iter_mut().find_map(|peer| {
            let mut sends = peer.sends.iter();
            let at = sends.position(|&(_, known)| known == ticket)?;
            Some((peer, at))
        })
    }

    /// Forgets the connection that has ended, and the tabs that have left.
    pub(super) fn disconnected(&mut self) {
        self.list.retain(|peer| peer.is_present);
        for peer in &mut self.list {
            peer.line = None;
            peer.sends.clear();
            peer.rejected.clear();
            peer.begun = false;
        }
    }

    /// Sends an op to a tab that has a line.
    pub(super) fn send(&mut self, tab: TabId, op: &ServerOp) {
        let system = self.system;
        if let Some(peer) = self.get(tab) {
            peer.send(system, op);
        }
    }

    /// Sends an op to all tabs that have a line.
    pub(super) fn tell(&mut self, op: &ServerOp) {
        let system = self.system;
        for peer in &mut self.list {
            peer.send(system, op);
        }
    }

    /// Sends a frame to a tab that has a line.
    pub(super) fn frame(&mut self, tab: TabId, header: FrameHeader, payload: &[u8]) {
        let line = self.get(tab).and_then(|peer| peer.line.as_mut());
        if let Some(line) = line.filter(|line| line.is_ready) {
            write_record(&mut line.frames, header, payload);
        }
    }

    /// Answers a tab's handshake, unless messages of an earlier line wait for the server's answer. Returns the handshake.
    pub(super) fn welcome(&mut self, tab: TabId, answer: &AuthOk) -> Option<Auth> {
        let system = self.system;
        let peer = self.get(tab)?;
        if !peer.sends.is_empty() {
            return None;
        }
        let line = peer.line.as_mut()?;
        let auth = *line.auth.take()?;
        line.is_ready = true;
        let answer = AuthOk {
            client_id: auth.client_id,
            secret: auth.secret.unwrap_or_default(),
            resumed: true,
            received: peer.last,
            rejected: peer.rejected.clone(),
            ..answer.clone()
        };
        peer.send(system, &ServerOp::AuthOk(answer));
        Some(auth)
    }

    /// Next message of frames to a tab.
    pub(super) fn poll_output(&mut self) -> Option<(TabId, ToTab)> {
        self.list.iter_mut().find_map(|peer| {
            let taken = peer.taken();
            let line = peer.line.as_mut()?;
            let bytes = core::mem::take(&mut line.frames);
            if bytes.is_empty() {
                return None;
            }
            line.waiting_bytes += bytes.len() as u64;
            let attempt = line.attempt;
            let data = ToTab::Data {
                attempt,
                taken,
                bytes,
            };
            Some((peer.tab, data))
        })
    }
}

impl Peer {
    const fn new(tab: TabId) -> Self {
        Self {
            tab,
            visit: 0,
            is_present: true,
            attention: Attention::Full,
            line: None,
            sends: Vec::new(),
            begun: false,
            last: 0,
            rejected: Vec::new(),
        }
    }

    /// Begins a line. The first one on a connection states what became of the tab's messages on earlier ones.
    pub(super) fn open(&mut self, attempt: u32, earlier: Earlier) {
        if !self.begun {
            self.begun = true;
            self.rejected = earlier.rejected;
            // The tab was away for so long that it was forgotten, with the answers to what it had sent.
            let forgotten = earlier.received + 1..=earlier.sent;
            self.last = earlier.received.max(earlier.sent);
            for number in forgotten {
                self.keep_rejected(RejectedMessage {
                    number,
                    ..unknown()
                });
            }
        }
        self.line = Some(Line {
            attempt,
            is_begun: false,
            auth: None,
            is_ready: false,
            next_in: 0,
            next_out: 0,
            frames: Vec::new(),
            waiting_bytes: 0,
        });
    }

    /// Counts a control frame of the tab; false if one before it is missing.
    pub(super) fn is_next_control(&mut self, header: FrameHeader) -> bool {
        self.line.as_mut().is_some_and(|line| {
            let number = line.next_in;
            line.next_in = number.wrapping_add(1);
            header.sequence == number
        })
    }

    /// Returns whether this is the tab's message after the newest one.
    pub(super) fn is_next_send(&self, header: FrameHeader) -> bool {
        header.sequence == low_bits(self.last + 1)
    }

    /// Returns whether the answer to the tab's handshake waits only for answers to earlier messages.
    pub(super) fn awaits_answers(&self) -> bool {
        let line = self.line.as_ref();
        self.sends.is_empty() && line.is_some_and(|line| line.auth.is_some())
    }

    /// Returns whether the tab has not taken what was sent to it.
    pub(super) fn is_overfull(&self) -> bool {
        let is_full =
            |line: &Line| line.waiting_bytes + line.frames.len() as u64 > TAB_WAITING_BYTES;
        // A single large entry is no reason.
        let waits = |line: &Line| line.waiting_bytes > BATCH_BYTES as u64;
        self.line
            .as_ref()
            .is_some_and(|line| is_full(line) && waits(line))
    }

    /// The newest message up to which the server has answered all.
    fn taken(&self) -> u64 {
        self.sends.first().map_or(self.last, |&(own, _)| own - 1)
    }

    /// Tells the tab up to which message the server has answered.
    pub(super) fn tell_taken(&mut self, system: u8) {
        let upto = self.taken();
        self.send(system, &ServerOp::Received { upto });
    }

    /// Tells the tab that a message was refused, now or on its next line.
    pub(super) fn reject(&mut self, system: u8, own: u64, rejection: RejectedMessage) {
        let rejection = RejectedMessage {
            number: own,
            ..rejection
        };
        self.keep_rejected(rejection.clone());
        self.send(system, &ServerOp::Rejected(rejection));
        self.tell_taken(system);
    }

    fn keep_rejected(&mut self, rejection: RejectedMessage) {
        self.rejected.push(rejection);
        let surplus = self.rejected.len().saturating_sub(REJECTIONS);
        self.rejected.drain(..surplus);
    }

    /// Sends an op, if there is a line.
    fn send(&mut self, system: u8, op: &ServerOp) {
        let Some(line) = self.line.as_mut().filter(|line| line.is_ready) else {
            return;
        };
        let mut payload = Vec::new();
        op.encode(&mut payload);
        let header = FrameHeader {
            flags: BinaryFlags::default(),
            channel: system,
            sequence: line.next_out,
        };
        line.next_out = line.next_out.wrapping_add(1);
        write_record(&mut line.frames, header, &payload);
    }
}
