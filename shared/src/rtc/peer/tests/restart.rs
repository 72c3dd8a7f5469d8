//! Tests of sessions that meet, and of one that replaces another.

use super::*;

/// Hello of a later session of `HIGH`, which knows this session of `LOW`, or none.
fn later_hello(known: u64, attempt: u64) -> Input {
    let pair = Pair {
        session: 99,
        peer: known,
    };
    hello(HIGH, LOW, pair, attempt, true)
}

#[test]
fn messages_wait_for_the_other_session() {
    let mut low = alone(LOW, HIGH);
    low.send(at(0), json!("a")).unwrap();
    let asked = hello_in(&outputs(&mut low));
    let expected = Pair {
        session: number(LOW),
        peer: 0,
    };
    assert_eq!((asked.pair, asked.asks), (expected, true));
    for (ms, next) in [(1_000, 3_000), (3_000, 7_000)] {
        low.handle_timeout(at(ms - 1));
        assert!(outputs(&mut low).is_empty());
        low.handle_timeout(at(ms));
        assert!(hello_in(&outputs(&mut low)).asks);
        assert_eq!(low.poll_timeout(), Some(at(next)));
    }
    // The other session does not know this one yet.
    let unknown = Pair {
        session: number(HIGH),
        peer: 5,
    };
    let answered = hello_in(&input(
        &mut low,
        at(3_001),
        hello(HIGH, LOW, unknown, 0, true),
    ));
    assert_eq!((answered.pair, answered.asks), (numbers(LOW, HIGH), true));
    let known = hello(HIGH, LOW, numbers(HIGH, LOW), 0, true);
    let met = input(&mut low, at(3_002), known);
    assert!(!hello_in(&met[..1]).asks);
    let [_, Output::Send(TransportRoute::Relay, packet)] = &*met else {
        panic!("{met:?}");
    };
    assert_eq!((packet.session, packet.peer), (number(LOW), number(HIGH)));
    assert_eq!((packet.sequence, &packet.payload), (1, &json!("a")));
}

#[test]
fn sessions_meet_though_hellos_cross() {
    let (mut low, mut high) = (alone(LOW, HIGH), alone(HIGH, LOW));
    let mut to_high = input(&mut low, at(0), Input::Connect);
    let mut to_low = input(&mut high, at(0), Input::Connect);
    let mut hellos = 0;
    let mut offers = 0;
    while !to_high.is_empty() || !to_low.is_empty() {
        let [for_high, for_low] = [core::mem::take(&mut to_high), core::mem::take(&mut to_low)];
        for (outputs, receiver, answers) in [
            (for_high, &mut high, &mut to_low),
            (for_low, &mut low, &mut to_high),
        ] {
            for output in outputs {
                match output {
                    Output::Signal(message) => {
                        hellos += 1;
                        answers.extend(input(receiver, at(1), Input::Signal(message)));
                    }
                    Output::MakeOffer { .. } => offers += 1,
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    assert_eq!((hellos, offers), (6, 2));
}

#[test]
fn restart_reports_what_may_be_lost() {
    let mut low = connected();
    for message in ["a", "b", "c"] {
        low.send(at(0), json!(message)).unwrap();
    }
    outputs(&mut low);
    let one = Input::Packet(TransportRoute::P2p, packet(1, 1));
    assert_eq!(input(&mut low, at(1), one)[0], Output::Message(json!(1)));
    // Not sent any more.
    for message in 0..PEER_MESSAGES - 2 {
        low.send(at(1), json!(message)).unwrap();
    }
    let restarted = input(&mut low, at(2), later_hello(0, 0));
    assert_eq!(restarted[0], Output::Abandon { attempt: 1 });
    let Output::Restarted { unacknowledged } = &restarted[1] else {
        panic!("{restarted:?}");
    };
    assert_eq!(*unacknowledged, [json!("b"), json!("c")]);
    let own = hello_in(&restarted[2..3]).pair.session;
    assert_ne!(own, number(LOW), "a new pair of numbers");
    assert!(matches!(restarted[3], Output::Switched(_)));
    assert_eq!(restarted.len(), 4);

    let met = input(&mut low, at(3), later_hello(own, 0));
    assert!(!hello_in(&met[..1]).asks);
    assert_eq!(met[1], Output::MakeOffer { attempt: 3 });
    let Output::Send(TransportRoute::Relay, first) = &met[2] else {
        panic!("{met:?}");
    };
    assert_eq!((first.sequence, &first.payload), (1, &json!(0)));
    assert_eq!(met.len(), 2 + PEER_WINDOW);
}

#[test]
fn packets_of_earlier_session_are_dropped() {
    let mut low = session(LOW, HIGH);
    let [one, two] = [packet(1, 0), packet(2, 0)];
    let relayed = |packet| Input::Packet(TransportRoute::Relay, packet);
    assert_eq!(
        input(&mut low, at(0), relayed(one.clone()))[0],
        Output::Message(json!(1))
    );
    let own = hello_in(&input(&mut low, at(1), later_hello(0, 0))[1..])
        .pair
        .session;
    input(&mut low, at(2), later_hello(own, 0));
    let asked = input(&mut low, at(5_000), relayed(two));
    assert!(
        hello_in(&asked).asks,
        "the other end may not know this session"
    );
    assert!(
        input(&mut low, at(5_001), relayed(one)).is_empty(),
        "asked already"
    );
    let later = PeerPacket {
        session: 99,
        peer: own,
        ..packet(1, 0)
    };
    assert_eq!(
        input(&mut low, at(5_002), relayed(later))[0],
        Output::Message(json!(1))
    );
}

#[test]
fn restarted_client_goes_on_from_higher_attempt() {
    let mut low = alone(LOW, HIGH);
    hello_in(&input(&mut low, at(0), Input::Connect));
    let known = hello(HIGH, LOW, numbers(HIGH, LOW), 7, false);
    assert_eq!(
        input(&mut low, at(1), known),
        [Output::MakeOffer { attempt: 9 }]
    );
}

#[test]
fn offer_to_earlier_session_is_answered_by_hello() {
    let mut low = session(LOW, HIGH);
    let mut stale = label(HIGH, LOW, 2);
    stale.pair.peer += 1;
    let stale = Input::Signal(RtcMessage::Offer {
        from: HIGH,
        to: LOW,
        sdp: "v=0".into(),
        meta: stale.to_meta(),
    });
    assert!(hello_in(&input(&mut low, at(0), stale)).asks);
    let current = input(&mut low, at(1), offer(HIGH, LOW, 2));
    assert!(matches!(&*current, [Output::MakeAnswer { attempt: 2, .. }]));
}
