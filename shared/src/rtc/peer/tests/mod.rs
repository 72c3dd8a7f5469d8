//! Tests of one peer session. The simulator runs two of them.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is not expected fails the test"
)]

mod restart;

use alloc::vec::Vec;
use core::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::hello::Hello;
use super::pair::{Label, Pair};
use super::*;
use crate::limits::{PEER_CANDIDATES, PEER_MESSAGES, PEER_WINDOW};
use crate::rtc::RtcMessage;
use crate::time::Moment;
use crate::transport::{ModeSwitchReason, TransportMode, TransportRoute};

const LOW: Uuid = Uuid::from_u128(1);
const HIGH: Uuid = Uuid::from_u128(2);

fn at(ms: u64) -> Moment {
    Moment::after_origin(Duration::from_millis(ms))
}

/// A session that has not met the other one.
fn alone(own: Uuid, other: Uuid) -> PeerSession {
    let (_, seed) = own.as_u64_pair();
    PeerSession::new(own, other, PeerConfig::default(), seed)
}

/// A session that has met the other one.
fn session(own: Uuid, other: Uuid) -> PeerSession {
    let mut session = alone(own, other);
    let known = hello(other, own, numbers(other, own), 0, false);
    assert!(input(&mut session, at(0), known).is_empty());
    session
}

/// Number of the session of `own` in these tests.
fn number(own: Uuid) -> u64 {
    let mut session = alone(own, Uuid::nil());
    let asked = input(&mut session, at(0), Input::Connect);
    hello_in(&asked).pair.session
}

/// Numbers of the two sessions as `from` names them.
fn numbers(from: Uuid, to: Uuid) -> Pair {
    Pair {
        session: number(from),
        peer: number(to),
    }
}

fn hello(from: Uuid, to: Uuid, pair: Pair, attempt: u64, asks: bool) -> Input {
    let hello = Hello {
        pair,
        attempt,
        asks,
    };
    Input::Signal(RtcMessage::Status {
        from,
        to,
        status: hello.to_text(),
    })
}

/// The only output: a hello.
fn hello_in(outputs: &[Output]) -> Hello {
    match outputs {
        [Output::Signal(RtcMessage::Status { status, .. })] => Hello::from_text(status).unwrap(),
        _ => panic!("{outputs:?}"),
    }
}

fn label(from: Uuid, to: Uuid, attempt: u64) -> Label {
    Label {
        pair: numbers(from, to),
        attempt,
    }
}

fn outputs(session: &mut PeerSession) -> Vec<Output> {
    core::iter::from_fn(|| session.poll_output()).collect()
}

fn input(session: &mut PeerSession, now: Moment, input: Input) -> Vec<Output> {
    session.handle_input(now, input);
    outputs(session)
}

fn described(attempt: u64) -> Input {
    Input::Described {
        attempt,
        sdp: "v=0".into(),
    }
}

fn offer(from: Uuid, to: Uuid, attempt: u64) -> Input {
    Input::Signal(RtcMessage::Offer {
        from,
        to,
        sdp: "v=0".into(),
        meta: label(from, to, attempt).to_meta(),
    })
}

fn answer(from: Uuid, to: Uuid, attempt: u64) -> Input {
    Input::Signal(RtcMessage::Answer {
        from,
        to,
        sdp: "v=0".into(),
        meta: label(from, to, attempt).to_meta(),
    })
}

fn candidate(from: Uuid, to: Uuid, text: &str) -> Input {
    Input::Signal(RtcMessage::Candidate {
        from,
        to,
        candidate: text.into(),
    })
}

/// A session of `LOW` whose first attempt is open.
fn connected() -> PeerSession {
    let mut low = session(LOW, HIGH);
    input(&mut low, at(0), Input::Connect);
    input(&mut low, at(0), described(1));
    input(&mut low, at(0), answer(HIGH, LOW, 1));
    input(&mut low, at(0), Input::Opened(1));
    assert_eq!(low.mode(), TransportMode::P2p);
    low
}

fn routes(outputs: &[Output]) -> Vec<(TransportRoute, u64)> {
    let sent = outputs.iter().filter_map(|output| match output {
        Output::Send(route, packet) => Some((*route, packet.sequence)),
        _ => None,
    });
    sent.collect()
}

/// A packet of the session of `HIGH`.
fn packet(sequence: u64, acknowledged: u64) -> PeerPacket {
    let pair = numbers(HIGH, LOW);
    PeerPacket {
        session: pair.session,
        peer: pair.peer,
        sequence,
        acknowledged,
        payload: json!(sequence),
    }
}

fn acknowledgement(acknowledged: u64) -> PeerPacket {
    packet(0, acknowledged)
}

#[test]
fn crossing_offers_leave_the_higher_number() {
    let (mut low, mut high) = (session(LOW, HIGH), session(HIGH, LOW));
    assert_eq!(
        input(&mut low, at(0), Input::Connect),
        [Output::MakeOffer { attempt: 1 }]
    );
    assert_eq!(
        input(&mut high, at(0), Input::Connect),
        [Output::MakeOffer { attempt: 2 }]
    );
    assert!(
        input(&mut high, at(1), offer(LOW, HIGH, 1)).is_empty(),
        "its own offer stands"
    );
    let yielded = input(&mut low, at(1), offer(HIGH, LOW, 2));
    let offer = "v=0".into();
    assert_eq!(
        yielded,
        [
            Output::Abandon { attempt: 1 },
            Output::MakeAnswer { attempt: 2, offer }
        ]
    );
    assert!(input(&mut low, at(2), described(1)).is_empty(), "abandoned");
    let answered = input(&mut low, at(2), described(2));
    assert!(matches!(
        &*answered,
        [Output::Signal(RtcMessage::Answer { to: HIGH, .. })]
    ));
}

#[test]
fn candidates_wait_for_the_answer() {
    let mut low = session(LOW, HIGH);
    let high = |attempt, text| label(HIGH, LOW, attempt).add_to(text);
    input(&mut low, at(0), Input::Connect);
    assert!(input(&mut low, at(0), candidate(HIGH, LOW, &high(1, "a"))).is_empty());
    let other_pair = label(LOW, HIGH, 1);
    for text in ["b attempt 1", &high(3, "c"), &other_pair.add_to("d")] {
        assert!(input(&mut low, at(0), candidate(HIGH, LOW, text)).is_empty());
    }
    for _ in 0..2 * PEER_CANDIDATES {
        input(&mut low, at(0), candidate(HIGH, LOW, &high(1, "g")));
    }
    let accepted = input(&mut low, at(0), answer(HIGH, LOW, 1));
    assert_eq!(accepted.len(), 1 + PEER_CANDIDATES);
    let candidate_a = Output::AddCandidate {
        attempt: 1,
        candidate: "a".into(),
    };
    assert_eq!(accepted[1], candidate_a);
    let announced = input(
        &mut low,
        at(0),
        Input::Candidate {
            attempt: 1,
            candidate: "typ host".into(),
        },
    );
    let expected = RtcMessage::Candidate {
        from: LOW,
        to: HIGH,
        candidate: label(LOW, HIGH, 1).add_to("typ host"),
    };
    assert_eq!(announced, [Output::Signal(expected)]);
}

#[test]
fn foreign_and_stale_signals_change_nothing() {
    let other = Uuid::from_u128(3);
    let mut low = connected();
    for signal in [
        offer(other, LOW, 4),
        offer(HIGH, other, 4),
        offer(HIGH, LOW, 3),
        offer(HIGH, LOW, 0),
        answer(HIGH, LOW, 1),
        answer(HIGH, LOW, 4),
        described(2),
        Input::Opened(2),
        Input::Closed(2),
    ] {
        assert!(input(&mut low, at(1), signal).is_empty());
        assert_eq!(low.mode(), TransportMode::P2p);
    }
}

#[test]
fn largest_number_leaves_the_relay() {
    let mut low = session(LOW, HIGH);
    input(&mut low, at(0), offer(HIGH, LOW, u64::MAX - 1));
    input(&mut low, at(0), Input::Closed(u64::MAX - 1));
    let retry = low.poll_timeout().unwrap();
    low.handle_timeout(retry);
    assert_eq!(outputs(&mut low), [Output::MakeOffer { attempt: u64::MAX }]);
    input(&mut low, retry, Input::Closed(u64::MAX));
    low.handle_timeout(low.poll_timeout().unwrap());
    assert!(outputs(&mut low).is_empty());
    assert_eq!(
        (low.mode(), low.poll_timeout()),
        (TransportMode::Relay, None)
    );
}

#[test]
fn lost_connection_changes_to_relay_and_back() {
    let mut low = connected();
    low.send(at(0), json!("a")).unwrap();
    assert_eq!(routes(&outputs(&mut low)), [(TransportRoute::P2p, 1)]);
    let closed = input(&mut low, at(1), Input::Closed(1));
    let Output::Switched(signal) = &closed[0] else {
        panic!("{closed:?}");
    };
    assert_eq!(
        (signal.reason, signal.generation),
        (ModeSwitchReason::PathDegraded, 2)
    );
    assert_eq!(
        routes(&closed),
        [(TransportRoute::Relay, 1)],
        "sent again at once"
    );
    input(
        &mut low,
        at(2),
        Input::Packet(TransportRoute::Relay, acknowledgement(1)),
    );

    let retry = low.poll_timeout().unwrap();
    let wait = retry.since(at(1));
    assert!(
        wait >= Duration::from_secs(5) && wait <= Duration::from_secs(15),
        "{wait:?}"
    );
    low.handle_timeout(retry);
    assert_eq!(outputs(&mut low), [Output::MakeOffer { attempt: 3 }]);
    input(&mut low, retry, answer(HIGH, LOW, 3));
    let opened = input(&mut low, retry, Input::Opened(3));
    let [Output::Switched(signal)] = &*opened else {
        panic!("{opened:?}");
    };
    assert_eq!(
        (signal.reason, signal.generation),
        (ModeSwitchReason::PathRecovered, 3)
    );
}

#[test]
fn silence_of_connection_changes_to_relay() {
    let mut low = connected();
    low.send(at(0), json!("a")).unwrap();
    outputs(&mut low);
    for _ in 0..2 {
        low.handle_timeout(low.poll_timeout().unwrap());
        assert_eq!(routes(&outputs(&mut low)), [(TransportRoute::P2p, 1)]);
    }
    low.handle_timeout(low.poll_timeout().unwrap());
    let third = outputs(&mut low);
    assert_eq!(third[0], Output::Abandon { attempt: 1 });
    assert_eq!(routes(&third), [(TransportRoute::Relay, 1)]);
    assert_eq!(low.mode(), TransportMode::Relay);
}

#[test]
fn attempt_ends_after_its_time() {
    let mut low = session(LOW, HIGH);
    input(&mut low, at(0), Input::Connect);
    low.handle_timeout(at(14_999));
    assert!(outputs(&mut low).is_empty());
    low.handle_timeout(at(15_000));
    assert_eq!(outputs(&mut low), [Output::Abandon { attempt: 1 }]);
    assert!(input(&mut low, at(15_000), Input::Opened(1)).is_empty());
}

#[test]
fn messages_and_window_are_bounded() {
    let mut low = session(LOW, HIGH);
    for n in 0..PEER_MESSAGES {
        low.send(at(0), json!(n)).unwrap();
    }
    let waiting = PEER_MESSAGES;
    assert_eq!(
        low.send(at(0), json!(0)),
        Err(PeerError::Backpressure { waiting })
    );
    assert_eq!(routes(&outputs(&mut low)).len(), PEER_WINDOW);
    let window = PEER_WINDOW as u64;
    let acknowledged = Input::Packet(TransportRoute::Relay, acknowledgement(window));
    assert_eq!(
        routes(&input(&mut low, at(1), acknowledged)).len(),
        PEER_WINDOW
    );
    low.send(at(1), json!(0)).unwrap();
    for number in [0, window, u64::MAX] {
        let stale = Input::Packet(TransportRoute::Relay, acknowledgement(number));
        assert!(input(&mut low, at(1), stale).is_empty());
    }
}

#[test]
fn takes_each_message_once_in_order() {
    let mut low = session(LOW, HIGH);
    let mut taken = Vec::new();
    for sequence in [2, 1, 1, 3, 2, 4, u64::MAX, 3] {
        let packet = Input::Packet(TransportRoute::P2p, packet(sequence, 0));
        for output in input(&mut low, at(0), packet) {
            match output {
                Output::Message(message) => taken.push(message),
                Output::Send(route, packet) => {
                    // On the path that the message came on.
                    assert_eq!((route, packet.sequence), (TransportRoute::P2p, 0));
                    assert_eq!(packet.acknowledged, taken.len() as u64);
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(taken, [1, 2, 3]);
}
