//! Tests of clients that send more than their rates.

use push_wire_shared::close::CloseReason;
use push_wire_shared::limits::{RATE_CLOSE, RATE_NOTICE, RATE_PAUSE};
use push_wire_shared::session::op::{Slow, SystemNotice};
use serde_json::json as value;

mod own_client;

use super::json::JsonClient;
use super::*;
use crate::hub::{HubConfig, Post, PostAnswer, PostProof, Reply};
use crate::limits::{RATE_RETRY, RETURN_SPREAD, Rate};

const RATE_LIMITED: u16 = CloseReason::RateLimited.code();

fn ms(ms: u64) -> Moment {
    Moment::after_origin(Duration::from_millis(ms))
}

/// Ten uploads a second, four at once.
fn few_uploads() -> HubConfig {
    let mut config = config();
    config.limits.client_rates.uploads = Rate::new(10, 4);
    config
}

/// A client that sends as soon as it is read, a message each time.
struct Flood {
    client: WireClient,
    now: Moment,
    number: u32,
}

impl Flood {
    fn of(hub: &Arc<Hub>) -> Self {
        let mut client = WireClient::connect(hub);
        client.auth(None, vec![]);
        Self {
            client,
            now: at(0),
            number: 0,
        }
    }

    /// Passes messages to the peer until it is full or closes. Returns what the server sends.
    fn send(&mut self) -> Vec<Seen> {
        let mut seen = Vec::new();
        while !self.client.peer.is_full() && !is_closed(&seen) {
            self.number += 1;
            let message = uplink_record(CHAT, self.number, b"1");
            let message = Message::Binary(Bytes::from(message));
            self.client.peer.handle_message(self.now, message);
            seen.extend(self.client.see_at(self.now));
        }
        seen
    }

    /// Moves the time to the end of the wait, or to `end`.
    fn pass(&mut self, end: Moment) {
        self.now = self.client.peer.poll_timeout().unwrap().min(end);
        self.client.peer.handle_timeout(self.now);
    }

    /// Sends until the server closes, or this time. Returns what the server sends besides `received`, with the times.
    fn run(&mut self, end: Moment) -> Vec<(Moment, Seen)> {
        let mut told = Vec::new();
        while self.now < end {
            let seen = self.send();
            let is_closed = is_closed(&seen);
            let seen = seen.into_iter().filter(|one| !is_received(one));
            told.extend(seen.map(|one| (self.now, one)));
            if is_closed {
                break;
            }
            self.pass(end);
        }
        told
    }
}

fn is_closed(seen: &[Seen]) -> bool {
    matches!(seen.last(), Some(Seen::Close(_)))
}

fn is_received(seen: &Seen) -> bool {
    matches!(
        seen,
        Seen::Op(ServerOp::Received { .. } | ServerOp::Ping { .. })
    )
}

fn slow(window: u32) -> Seen {
    let window = Some(window);
    Seen::Op(ServerOp::Notice(SystemNotice::Slow(Slow { window })))
}

fn is_rate_limited(seen: &Seen) -> bool {
    let pause = u64::try_from(RATE_PAUSE.as_millis()).unwrap();
    matches!(
        seen,
        Seen::Op(ServerOp::Error { code: ErrorCode::RateLimited, retry_ms: Some(retry), .. })
            if *retry == pause
    )
}

#[test]
fn flood_is_told_then_closed() {
    let hub = hub_of(few_uploads());
    let mut flood = Flood::of(&hub);
    let told = flood.run(at(60));
    let [
        (first, slowed),
        (second, error),
        (_, Seen::Op(ServerOp::Goodbye { retry_ms, .. })),
        (last, Seen::Close(RATE_LIMITED)),
    ] = &told[..]
    else {
        panic!("{told:?}");
    };
    assert_eq!((*first, slowed), (at(0), &slow(4)));
    assert!(is_rate_limited(error), "{error:?}");
    let tolerance = Duration::from_millis(300);
    let notice = second.since(*first);
    assert!(RATE_NOTICE <= notice && notice < RATE_NOTICE + tolerance);
    let close = last.since(*first);
    assert!(RATE_CLOSE <= close && close < RATE_CLOSE + tolerance);
    let retry = Duration::from_millis(retry_ms.unwrap());
    assert!(RATE_RETRY <= retry && retry < RATE_RETRY + RETURN_SPREAD);
    // The burst, and ten a second.
    let delivered = flood.client.delivered.len();
    assert!((100..=110).contains(&delivered), "{delivered}");
}

#[test]
fn slower_client_is_never_closed() {
    let hub = hub_of(few_uploads());
    let mut flood = Flood::of(&hub);
    assert_eq!(flood.run(at(4)), [(at(0), slow(4))]);
    // Half of the rate from now on, for a minute.
    let mut told = Vec::new();
    for step in 20..320 {
        let now = ms(step * 200);
        while flood.now < now {
            flood.pass(now);
        }
        flood.number += 1;
        told.extend(flood.client.send_at(now, CHAT, flood.number, "1"));
    }
    told.retain(|one| !is_received(one));
    assert_eq!(told, []);
    assert!(!flood.client.peer.is_full());
}

#[test]
fn pause_after_the_error_is_enough() {
    let hub = hub_of(few_uploads());
    let mut flood = Flood::of(&hub);
    let mut told = Vec::new();
    while !told.iter().any(is_rate_limited) {
        told.extend(flood.send());
        let next = flood.now + Duration::from_secs(1);
        flood.pass(next);
    }
    let end = flood.now + RATE_PAUSE;
    while flood.now < end {
        flood.pass(end);
    }
    let more = flood.run(end + (RATE_NOTICE - Duration::from_millis(300)));
    assert_eq!(more, [(end, slow(4))]);
}

#[test]
fn closed_client_continues_where_it_was() {
    let hub = hub_of(few_uploads());
    let mut client = WireClient::connect(&hub);
    let secret = WireClient::secret(&client.auth(None, vec![]));
    let mut flood = Flood {
        client,
        now: at(0),
        number: 0,
    };
    assert!(is_closed(
        &flood
            .run(at(60))
            .into_iter()
            .map(|(_, seen)| seen)
            .collect::<Vec<_>>()
    ));
    let delivered = flood.client.delivered.len();
    flood.client.peer.disconnected(flood.now);
    let mut again = WireClient::connect(&hub);
    let seen = again.auth(Some(secret), vec![]);
    let Seen::Op(ServerOp::AuthOk(ok)) = &seen[0] else {
        panic!("{seen:?}");
    };
    assert!(ok.resumed);
    assert_eq!(usize::try_from(ok.received).unwrap(), delivered);
}

#[test]
fn long_message_is_read_in_portions() {
    let hub = hub_of(few_uploads());
    let mut client = WireClient::connect(&hub);
    client.auth(None, vec![]);
    let uplinks = (1..=20).flat_map(|number| uplink_record(CHAT, number, b"1"));
    let seen = client.message(uplinks.collect());
    assert!(seen.contains(&slow(4)), "{seen:?}");
    assert!((4..=5).contains(&client.delivered.len()));
    let mut now = at(0);
    while client.peer.is_full() {
        now = client.peer.poll_timeout().unwrap();
        client.peer.handle_timeout(now);
        client.see_at(now);
    }
    assert_eq!(client.delivered.len(), 20);
    let rest = now.since(at(0)).as_millis();
    assert!((1_500..=1_900).contains(&rest), "{rest}");
}

#[test]
fn bytes_are_limited() {
    let mut config = config();
    config.limits.client_rates.bytes = Rate::new(1_000, 2_000);
    let hub = hub_of(config);
    let mut client = WireClient::connect(&hub);
    client.auth(None, vec![]);
    let body = format!("\"{}\"", "x".repeat(3_000));
    let seen = client.send(CHAT, 1, &body);
    // It is handled, and overdraws the bucket.
    assert_eq!(client.delivered, [body]);
    let window = None;
    let slow = Seen::Op(ServerOp::Notice(SystemNotice::Slow(Slow { window })));
    assert!(seen.contains(&slow), "{seen:?}");
    assert!(client.peer.is_full());
    client.peer.handle_timeout(ms(1_000));
    assert!(client.peer.is_full());
    client.peer.handle_timeout(ms(1_300));
    assert!(!client.peer.is_full());
}

#[test]
fn every_kind_of_frame_is_counted() {
    let topics = |from: u32| {
        (from..from + 8).map(|id| Subscribe {
            scope: ScopeRequest::Topic(id.to_string()),
            ..subscribe(id, "chat")
        })
    };
    let ops = [
        ClientOp::Ping,
        ClientOp::Subscribe(topics(1).collect()),
        ClientOp::Unsubscribe((1..=8).collect()),
        ClientOp::Ack((1..=8).map(|id| (id, 1)).collect()),
    ];
    for (op, at_once) in ops.into_iter().zip([16, 2, 2, 2]) {
        let mut config = config();
        // `auth` is the first frame.
        config.limits.client_rates.frames = Rate::new(1, 17);
        let hub = hub_of(config);
        let mut client = WireClient::connect(&hub);
        client.auth(None, vec![]);
        for _ in 0..at_once {
            assert!(!client.peer.is_full(), "{op:?}");
            client.op(&op);
        }
        assert!(!client.peer.is_full(), "{op:?}");
        client.op(&op);
        assert!(client.peer.is_full(), "{op:?}");
    }
    // Frames that cannot be read.
    let mut config = config();
    config.limits.client_rates.frames = Rate::new(1, 17);
    let hub = hub_of(config);
    let mut client = WireClient::connect(&hub);
    client.auth(None, vec![]);
    let garbage: Vec<u8> = (0..30).flat_map(|_| record(CHAT, 1, &[])).collect();
    let seen = client.message(garbage);
    assert!(client.peer.is_full());
    let errors = seen.iter().filter(|one| {
        matches!(
            one,
            Seen::Op(ServerOp::Error {
                code: ErrorCode::BadPayload,
                ..
            })
        )
    });
    assert!((16..=17).contains(&errors.count()));
}

#[test]
fn heartbeat_survives_a_long_wait() {
    let mut config = config();
    // A minute for a message of 1 KiB.
    config.limits.client_rates.bytes = Rate::new(17, 1_000);
    let hub = hub_of(config);
    let mut client = WireClient::connect(&hub);
    client.auth(None, vec![]);
    client.send(CHAT, 1, &format!("\"{}\"", "x".repeat(2_000)));
    let mut now = at(0);
    let mut pings = 0;
    while client.peer.is_full() {
        now = client.peer.poll_timeout().unwrap();
        client.peer.handle_timeout(now);
        for seen in client.see_at(now) {
            match seen {
                Seen::Op(ServerOp::Ping { .. }) => pings += 1,
                other => panic!("{other:?} at {now:?}"),
            }
        }
    }
    assert!(now > at(58) && pings >= 3, "{now:?}, {pings} pings");
    // The client's silence counts from here.
    let lost = client.peer.poll_timeout().unwrap();
    client.peer.handle_timeout(lost);
    assert!(!is_closed(&client.see_at(lost)));
    let mut last = Vec::new();
    while !is_closed(&last) {
        let due = client.peer.poll_timeout().unwrap();
        client.peer.handle_timeout(due);
        last = client.see_at(due);
        assert!(due.since(now) <= Duration::from_secs(26), "{due:?}");
    }
    assert_eq!(
        last.last(),
        Some(&Seen::Close(CloseReason::HeartbeatLost.code()))
    );
}

#[test]
fn connections_of_an_identity_share_its_rate() {
    let mut config = config();
    config.limits.identity_rates.uploads = Rate::new(10, 4);
    let hub = hub_of(config);
    let mut clients: Vec<WireClient> = (0..3_u128)
        .map(|id| {
            let mut client = WireClient::connect(&hub);
            client.id = Uuid::from_u128(id);
            client.grant = Grant::everything().identity(if id < 2 { "ada" } else { "bob" });
            client.auth(None, vec![]);
            client
        })
        .collect();
    for number in 1..=2 {
        for client in &mut clients {
            client.send(CHAT, number, "1");
            assert!(!client.peer.is_full());
        }
    }
    let seen = clients.iter_mut().map(|client| client.send(CHAT, 3, "1"));
    let seen: Vec<bool> = seen.map(|seen| seen.contains(&slow(4))).collect();
    assert_eq!(seen, [true, true, false]);
    let full = clients.iter().map(|client| client.peer.is_full());
    assert!(full.eq([true, true, false]));
}

#[test]
fn drain_reads_what_was_received() {
    let hub = hub_of(few_uploads());
    let mut client = WireClient::connect(&hub);
    client.auth(None, vec![]);
    let uplinks = (1..=100).flat_map(|number| uplink_record(CHAT, number, b"1"));
    client.message(uplinks.collect());
    assert!(client.delivered.len() < 10);
    hub.drain();
    let seen = client.see();
    assert_eq!(client.delivered.len(), 100);
    assert_eq!(
        seen.last(),
        Some(&Seen::Close(CloseReason::Draining.code()))
    );
}

#[test]
fn json_client_is_told_then_closed() {
    let hub = hub_of(few_uploads());
    let mut client = JsonClient::connect(&hub);
    client.auth(value!({}));
    let text = value!({"channel": "chat", "payload": 1}).to_string();
    let mut now = at(0);
    let mut told = Vec::new();
    while told
        .last()
        .is_none_or(|last: &serde_json::Value| last["close"].is_null())
    {
        while !client.peer.is_full() {
            client.peer.handle_message(now, Message::Text(text.clone()));
            let seen = client.see_at(now);
            told.extend(seen.clone());
            if seen.last().is_some_and(|last| !last["close"].is_null()) {
                break;
            }
        }
        now = client.peer.poll_timeout().unwrap_or(now);
        client.peer.handle_timeout(now);
    }
    let kinds: Vec<_> = told
        .iter()
        .map(|one| one["op"].as_str().unwrap_or("close"))
        .collect();
    assert_eq!(kinds, ["slow", "error", "goodbye", "close"]);
    assert_eq!(told[0], value!({"op": "slow", "window": 4}));
    assert_eq!(told[1]["retry_ms"], 5_000);
    assert_eq!(told[3], value!({"close": RATE_LIMITED}));
}

#[test]
fn posts_are_limited() {
    let hub = hub_of(few_uploads());
    let mut client = JsonClient::connect(&hub);
    client.peer = Peer::new(Arc::clone(&hub), Dialect::JsonEvents, at(0));
    client.auth(value!({}));
    let answers = Arc::<std::sync::Mutex<Vec<PostAnswer>>>::default();
    let mut told = Vec::new();
    let mut post = |client: &mut JsonClient, now| {
        let kept = Arc::clone(&answers);
        let post = Post {
            content: Bytes::from_static(br#"{"channel":"chat","payload":1}"#),
            number: None,
            reply: Reply::new(move |answer| kept.lock().unwrap().push(answer)),
        };
        hub.post(client_id(), PostProof::Token(None), post).unwrap();
        told.extend(client.see_at(now));
    };
    for _ in 0..6 {
        post(&mut client, at(0));
    }
    // The fifth was handled, and overdrew the bucket; the sixth waits.
    assert_eq!(answers.lock().unwrap().len(), 5);
    client.peer.handle_timeout(ms(300));
    client.see_at(ms(300));
    let answers = answers.lock().unwrap();
    assert!(answers.iter().eq(vec![&PostAnswer::Taken(Vec::new()); 6]));
    assert_eq!(client.delivered.len(), 6);
    // The notice is an event of the stream, and no answer to a POST.
    let slow = value!({"channel": "system", "payload": {"op": "slow", "window": 4}});
    assert_eq!(told, [slow]);
}

#[test]
fn names_of_json_lists_count() {
    let mut config = config();
    config.limits.client_rates.frames = Rate::new(1_000, 400);
    let hub = hub_of(config);
    let mut client = JsonClient::connect(&hub);
    client.auth(value!({}));
    let list = |names: usize| value!({"op": "subscribe", "channels": vec!["chat"; names]});
    client.say(&list(300));
    assert!(!client.peer.is_full());
    client.say(&list(300));
    assert!(client.peer.is_full(), "600 names of a burst of 400");
}
