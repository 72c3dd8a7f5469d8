//! Members that are away while messages and connections pass.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use uuid::Uuid;

use super::{Lead, Member, MemberOutput, MessageError, ToLeader, ToTab};
use crate::encoding::PayloadEncoding;
use crate::session::client::{
    Attention, Cause, ClientConfig, ClientSession, Output, Status, Transport,
};
use crate::session::op::{AuthOk, ErrorCode};
use crate::time::Moment;

/// A handshake of the server, which has taken this many messages.
fn answer(received: u64) -> Box<AuthOk> {
    Box::new(AuthOk {
        client_id: Uuid::nil(),
        secret: [0; 16],
        resumed: true,
        received,
        rejected: Vec::new(),
        heartbeat_ms: 3_000,
        max_message_bytes: 1_000,
        encoding: PayloadEncoding::Json,
        channels: Vec::new(),
    })
}

fn now() -> Moment {
    Moment::after_origin(Duration::from_secs(1))
}

struct Tab(Member);

impl Tab {
    /// A tab with a line on connection 10 of the leader of generation 1.
    fn connected() -> Self {
        let mut tab = Self(Member::new(Attention::Full));
        tab.0.open(now(), 1);
        tab.ready(1, 0, 10, 0);
        let began = ToTab::Data {
            attempt: 1,
            taken: 0,
            bytes: Vec::new(),
        };
        tab.0.message(now(), 1, 0, began);
        tab.outputs();
        tab
    }

    fn ready(&mut self, generation: u64, visit: u64, connection: u64, received: u64) {
        let ready = ToTab::Ready {
            connection,
            transport: Transport::WebSocket,
            answer: answer(received),
        };
        self.0.message(now(), generation, visit, ready);
    }

    fn number(&mut self, visit: u64, own: u64, number: u64) {
        let number = ToTab::Number {
            connection: 10,
            own,
            number,
        };
        self.0.message(now(), 1, visit, number);
    }

    fn lead(&mut self, generation: u64, connection: u64) {
        let lead = Lead {
            generation,
            connection,
        };
        self.0.lead(now(), lead);
    }

    fn outputs(&mut self) -> Vec<MemberOutput> {
        core::iter::from_fn(|| self.0.poll_output()).collect()
    }

    /// State of the tab's earlier messages when it begins a line: the newest that was taken, and the refused ones.
    fn stated(&mut self) -> (u64, Vec<(u64, ErrorCode)>) {
        let stated = self.outputs().into_iter().find_map(|output| match output {
            MemberOutput::Send(ToLeader::Open { answer, .. }) => Some(answer),
            MemberOutput::Send(_)
            | MemberOutput::Input(_)
            | MemberOutput::Suspend
            | MemberOutput::Wake
            | MemberOutput::Steal => None,
        });
        let stated = stated.unwrap();
        let rejected = stated.rejected.iter();
        let rejected = rejected.map(|rejection| (rejection.number, rejection.code));
        (stated.received, rejected.collect())
    }
}

#[test]
fn next_handshake_states_what_was_taken() {
    let mut tab = Tab::connected();
    tab.number(0, 1, 5);
    tab.number(0, 2, 6);
    tab.lead(2, 0);
    tab.lead(2, 11);
    tab.0.open(now(), 2);
    tab.ready(2, 0, 11, 5);
    assert_eq!(tab.stated(), (1, Vec::new()));
}

#[test]
fn message_is_unknown_after_a_connection_that_was_missed() {
    let mut tab = Tab::connected();
    tab.number(0, 1, 5);
    tab.lead(2, 11);
    tab.lead(3, 12);
    tab.0.open(now(), 2);
    tab.ready(3, 0, 12, 7);
    assert_eq!(tab.stated(), (1, Vec::from([(1, ErrorCode::Unavailable)])));
}

#[test]
fn message_is_unknown_to_a_tab_that_was_away() {
    let mut tab = Tab::connected();
    tab.number(0, 1, 5);
    tab.0.leave();
    tab.0.open(now(), 2);
    // It has led itself, and knows of no leader in between.
    tab.lead(3, 12);
    tab.ready(3, 1, 12, 7);
    assert_eq!(tab.stated(), (1, Vec::from([(1, ErrorCode::Unavailable)])));
}

#[test]
fn message_on_its_way_is_unknown_to_a_tab_that_was_away() {
    let mut tab = Tab::connected();
    tab.0.pass(1);
    tab.0.leave();
    tab.0.open(now(), 2);
    tab.lead(3, 12);
    tab.ready(3, 1, 12, 7);
    assert_eq!(tab.stated(), (1, Vec::from([(1, ErrorCode::Unavailable)])));
}

#[test]
fn message_on_its_way_is_known_when_the_end_of_its_line_arrives_after_the_next_leaders_word() {
    let mut tab = Tab::connected();
    tab.0.pass(1);
    tab.lead(2, 11);
    tab.0.message(now(), 1, 0, ToTab::End { attempt: 1 });
    tab.0.open(now(), 2);
    tab.ready(2, 0, 11, 7);
    assert_eq!(tab.stated(), (0, Vec::new()));
}

#[test]
fn message_on_its_way_is_unknown_without_the_end_of_its_line() {
    let mut tab = Tab::connected();
    tab.0.pass(1);
    tab.lead(2, 11);
    tab.0.message(now(), 1, 0, ToTab::End { attempt: 0 });
    tab.0.open(now(), 2);
    tab.ready(2, 0, 11, 7);
    assert_eq!(tab.stated(), (1, Vec::from([(1, ErrorCode::Unavailable)])));
}

#[test]
fn answer_to_an_earlier_visit_is_ignored() {
    let mut tab = Tab::connected();
    tab.number(0, 1, 5);
    tab.0.leave();
    tab.0.open(now(), 2);
    tab.outputs();
    // Of a leader that was stopped, and has lost the lock.
    tab.number(0, 1, 5);
    tab.ready(1, 0, 10, 0);
    assert_eq!(tab.outputs(), Vec::new());
    tab.lead(3, 12);
    tab.ready(3, 1, 12, 7);
    assert_eq!(tab.stated(), (1, Vec::from([(1, ErrorCode::Unavailable)])));
}

/// The leader waits, after its third attempt that failed.
fn down() -> ToTab {
    ToTab::Down {
        is_suspended: false,
        retry: Some(Duration::from_secs(4)),
        failures: 3,
        cause: Cause::default(),
    }
}

#[test]
fn session_of_a_tab_counts_the_attempts_of_the_leader() {
    let mut session = ClientSession::new(ClientConfig::new(Uuid::nil(), 1));
    session.connect(now());
    let mut outputs = core::iter::from_fn(|| session.poll_output());
    let attempt = outputs.find_map(|output| {
        if let Output::Connect { attempt, .. } = output {
            Some(attempt)
        } else {
            None
        }
    });
    let mut member = Member::new(Attention::Full);
    member.open(now(), attempt.unwrap());
    member.message(now(), 1, 0, down());
    for output in core::iter::from_fn(|| member.poll_output()) {
        if let MemberOutput::Input(input) = output {
            session.handle_input(now(), input);
        }
    }
    assert!(matches!(
        session.status(),
        Status::Waiting { failures: 3, .. }
    ));
}

#[test]
fn messages_survive_encoding() {
    let open = ToLeader::Open {
        attempt: 3,
        connection: 1 << 40,
        sent: 7,
        answer: answer(9),
    };
    let bytes = open.encode(4, 5);
    assert_eq!(ToLeader::decode(&bytes), Ok((4, 5, open)));
    let data = ToTab::Data {
        attempt: 3,
        taken: 8,
        bytes: Vec::from([1, 2, 3]),
    };
    let bytes = data.encode(4, 2);
    assert_eq!(ToTab::decode(&bytes), Ok((4, 2, data)));
    assert_eq!(ToTab::decode(&bytes[..2]), Err(MessageError));
    let down = down();
    assert_eq!(ToTab::decode(&down.encode(4, 2)), Ok((4, 2, down)));
}

#[test]
fn refuses_texts_that_are_not_utf8() {
    let mut bytes = ToLeader::Token(Some("é".into())).encode(4, 5);
    let token = ToLeader::Token(Some("é".into()));
    assert_eq!(ToLeader::decode(&bytes), Ok((4, 5, token)));
    bytes.pop();
    assert_eq!(ToLeader::decode(&bytes), Err(MessageError));
}
