//! Tests of connections after an event stream: whatever ended it, the next one begins anew.

use alloc::vec::Vec;
use core::time::Duration;

use super::peer::*;
use crate::session::client::{Input, Output, PostAnswer, Status, Transport, TransportPreference};
use crate::session::wire::Content;

/// End of an event stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// The server closes it.
    PeerClose,
    /// The network loses it.
    Loss,
    /// The server stays silent.
    Silence,
    /// The application drops it.
    Interrupt,
    /// The server does not take its messages.
    PostRefused,
    /// The server refuses the request that opens it.
    OpenFailed,
    /// The server does not answer the request that opens it.
    TimeOut,
}

const ENDS: [End; 7] = [
    End::PeerClose,
    End::Loss,
    End::Silence,
    End::Interrupt,
    End::PostRefused,
    End::OpenFailed,
    End::TimeOut,
];

/// Time after which a client tries its first transport again (5 minutes).
const RETURN: Duration = Duration::from_secs(300);

/// A suspended client whose event stream has sent `auth`, and which later takes `next`.
fn opened(next: Transport) -> Harness {
    let mut config = config();
    config.transports = match next {
        Transport::WebSocket => TransportPreference::WsFirst,
        Transport::EventStream => TransportPreference::SseOnly,
    };
    let mut harness = Harness::new(config);
    harness.session.connect(harness.now);
    harness.drain();
    if next == Transport::WebSocket {
        // A WebSocket that does not open leads to the second transport.
        harness.close(None);
        harness.let_time_pass();
    }
    assert_eq!(requested(&mut harness), Some(Transport::EventStream));
    harness.open_socket();
    harness.session.suspend(harness.now);
    harness
}

/// Transport of the newest attempt since the last call.
fn requested(harness: &mut Harness) -> Option<Transport> {
    let outputs = core::mem::take(&mut harness.outputs);
    let transports = outputs.into_iter().filter_map(|output| match output {
        Output::Connect { transport, .. } => Some(transport),
        Output::Disconnect { .. }
        | Output::FetchDictionary { .. }
        | Output::TokenWanted { .. }
        | Output::Transmit(_)
        | Output::Post { .. }
        | Output::Event(_) => None,
    });
    transports.last()
}

fn end(harness: &mut Harness, end: End) {
    match end {
        End::PeerClose => harness.close(Some(4002)),
        End::Loss | End::OpenFailed => harness.close(None),
        End::Silence => harness.pass(HEARTBEAT + Duration::from_secs(10)),
        End::TimeOut => harness.pass(Duration::from_secs(10)),
        End::Interrupt => {
            harness
                .session
                .interrupt(harness.now, Duration::from_secs(1));
            harness.drain();
        }
        End::PostRefused => {
            let attempt = harness.attempt();
            harness.input(Input::Posted {
                attempt,
                number: 1,
                answer: PostAnswer::Ended,
            });
        }
    }
    let status = harness.session.status();
    assert!(
        matches!(status, Status::Suspended { .. }),
        "{end:?}: {status:?}"
    );
}

fn posts(harness: &Harness) -> usize {
    let is_post = |output: &&Output| matches!(output, Output::Post { .. });
    harness.outputs.iter().filter(is_post).count()
}

/// Ends an event stream, and lets the client connect over `next`.
fn connect_after(way: End, next: Transport) {
    let mut harness = opened(next);
    let is_ready = !matches!(way, End::OpenFailed | End::TimeOut);
    if is_ready {
        harness.auth_ok(true, 0);
    }
    // Two, so that one waits behind the POST of the other.
    for body in [b"a", b"b"] {
        let body = Vec::from(body);
        let sent = harness
            .session
            .send(harness.now, "chat", None, Content::Value, body);
        sent.unwrap();
        harness.drain();
    }
    assert_eq!(posts(&harness), usize::from(is_ready));
    end(&mut harness, way);

    harness.pass(RETURN);
    harness.outputs.clear();
    harness.session.wake(harness.now);
    harness.drain();
    assert_eq!(requested(&mut harness), Some(next), "{way:?}");
    harness.open_socket();
    harness.auth_ok(true, 0);
    assert_eq!(harness.session.status(), Status::Ready);
    let expected = match next {
        Transport::WebSocket => (2, 0),
        Transport::EventStream => (0, 1),
    };
    let sent = (harness.sent_frames().len(), posts(&harness));
    assert_eq!(sent, expected, "{way:?}, then {next:?}");
}

#[test]
fn next_connection_begins_anew() {
    for way in ENDS {
        for next in [Transport::WebSocket, Transport::EventStream] {
            connect_after(way, next);
        }
    }
}

#[test]
fn second_transport_is_kept_while_suspended() {
    let mut harness = opened(Transport::WebSocket);
    harness.auth_ok(true, 0);
    let attempt = harness.attempt();
    let start = harness.now;
    while harness.now - start < RETURN * 2 {
        harness.pass(HEARTBEAT);
        harness.input(Input::Part { attempt });
    }
    assert_eq!(harness.session.status(), Status::Ready);
    assert_eq!(requested(&mut harness), None);
    harness.session.wake(harness.now);
    harness.let_time_pass();
    assert_eq!(requested(&mut harness), Some(Transport::WebSocket));
}

#[test]
fn refused_post_waits_for_its_time() {
    let mut harness = opened(Transport::EventStream);
    harness.auth_ok(true, 0);
    let body = Vec::from(b"a");
    let now = harness.now;
    let sent = harness
        .session
        .send(now, "chat", None, Content::Value, body);
    sent.unwrap();
    harness.drain();
    let attempt = harness.attempt();
    let answer = PostAnswer::of_status(429, Some(Duration::from_secs(7)));
    harness.input(Input::Posted {
        attempt,
        number: 1,
        answer,
    });
    assert_eq!(posts(&harness), 1);
    harness.pass(Duration::from_millis(6_999));
    assert_eq!(posts(&harness), 1);
    harness.pass(Duration::from_millis(1));
    assert_eq!(posts(&harness), 2);
    assert_eq!(PostAnswer::of_status(503, None), PostAnswer::Unknown);
}
