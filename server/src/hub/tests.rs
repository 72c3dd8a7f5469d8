//! Tests of sessions, streams and their limits, without connections.

#[cfg(feature = "rtc")]
mod ends;
mod inboxes;

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use push_wire_shared::channel::{Channel, ChannelMode};
use push_wire_shared::encoding::Content;
use push_wire_shared::hidden::Hidden;
use push_wire_shared::session::op::ErrorCode;
use push_wire_shared::session::server::SessionState;

use super::*;
use crate::policy::ChannelPolicy;

const SYSTEM: u8 = 0;
const CHAT: u8 = 1;
const SECRET: [u8; 16] = [7; 16];

fn at(seconds: u64) -> Moment {
    Moment::after_origin(Duration::from_secs(seconds))
}

fn channel(id: u8, name: &str, mode: ChannelMode) -> Channel {
    Channel {
        id,
        name: name.into(),
        priority: 1,
        mode,
    }
}

fn hub(set: impl FnOnce(&mut HubConfig)) -> Arc<Hub> {
    let mut config = HubConfig::new(ChannelTable::new(vec![
        channel(SYSTEM, "system", ChannelMode::System),
        channel(CHAT, "chat", ChannelMode::Log),
    ]));
    set(&mut config);
    let random = AtomicU64::new(1);
    Hub::new(
        config,
        Arc::new(move || random.fetch_add(1, Ordering::Relaxed)),
    )
}

fn client() -> Uuid {
    Uuid::from_u128(1)
}

/// Credentials of the push-wire dialect, with a token that everybody has.
fn shown(secret: Option<[u8; 16]>) -> SessionCredentials {
    SessionCredentials {
        secret: secret.map(Hidden),
        token: Some(Hidden([1; 32])),
        ..SessionCredentials::default()
    }
}

fn of_identity(identity: &str, secret: Option<[u8; 16]>) -> SessionCredentials {
    SessionCredentials {
        identity: Some(identity.into()),
        ..shown(secret)
    }
}

fn in_json(credentials: SessionCredentials) -> SessionCredentials {
    SessionCredentials {
        json: true,
        secret: None,
        ..credentials
    }
}

/// A connection that opened, or tried to open, the session of [`client`].
struct Connected {
    waker: Arc<ConnectionWaker>,
    opened: Result<OpenedSession, SessionError>,
}

impl Connected {
    fn new(hub: &Hub, credentials: SessionCredentials) -> Self {
        let waker = Arc::default();
        let opened = hub.open_session(at(0), client(), credentials, &waker);
        Self { waker, opened }
    }

    fn state(&self) -> &SessionState {
        &self.opened.as_ref().unwrap().state
    }

    fn is_replaced(&self) -> bool {
        self.waker.take_notices(8).0.contains(&Notice::Replaced)
    }
}

fn topic(name: &str) -> StreamKey {
    StreamKey {
        channel: CHAT,
        scope: Scope::Topic(name.into()),
    }
}

fn record() -> Record {
    Record {
        content: Content::Value,
        body: Bytes::from_static(b"1"),
    }
}

fn position(hub: &Hub, key: &StreamKey) -> Position {
    let stream = hub.open_stream(at(0), key, &Owner::Unknown).unwrap();
    let bounds = stream.log().bounds(at(0));
    bounds.at_head()
}

#[test]
fn secret_continues_a_session() {
    let hub = hub(|_| {});
    let first = Connected::new(&hub, shown(Some(SECRET)));
    let again = Connected::new(&hub, shown(Some(SECRET)));
    assert!(again.state().resumed);
    assert_eq!(again.state().secret.0, SECRET);
    assert!(first.is_replaced());
}

#[test]
fn shared_token_proves_nothing() {
    for session in [shown(Some(SECRET)), of_identity("ada", Some(SECRET))] {
        let hub = hub(|_| {});
        let owner = Connected::new(&hub, session);
        for attack in [
            shown(None),
            shown(Some([9; 16])),
            of_identity("eve", None),
            in_json(shown(None)),
            in_json(of_identity("eve", None)),
        ] {
            let attacker = Connected::new(&hub, attack);
            assert_eq!(attacker.opened.unwrap_err(), SessionError::Foreign);
        }
        assert!(!owner.is_replaced());
        let generation = owner.opened.unwrap().generation;
        assert!(hub.take_message(client(), generation, 1));
    }
}

#[test]
fn identity_continues_with_another_secret() {
    for chosen in [None, Some([9; 16])] {
        let hub = hub(|_| {});
        let first = Connected::new(&hub, of_identity("ada", Some(SECRET)));
        let again = Connected::new(&hub, of_identity("ada", chosen));
        assert!(again.state().resumed && first.is_replaced());
        assert_ne!(again.state().secret.0, SECRET);
        assert!(chosen.is_none_or(|chosen| again.state().secret.0 == chosen));
        let stale = Connected::new(&hub, shown(Some(SECRET)));
        assert_eq!(stale.opened.unwrap_err(), SessionError::Foreign);
    }
}

#[test]
fn session_ends_when_another_user_logs_in() {
    for next in [of_identity("bob", Some(SECRET)), shown(Some(SECRET))] {
        let hub = hub(|_| {});
        let first = Connected::new(&hub, of_identity("ada", Some(SECRET)));
        hub.sessions.inbox(at(0), client(), CHAT).unwrap().unwrap();
        let next = Connected::new(&hub, next);
        assert!(!next.state().resumed && first.is_replaced());
        assert_eq!(next.state().secret, Hidden(SECRET));
        assert_eq!(hub.sessions.len(), 1);
        assert!(!hub.take_message(client(), first.opened.unwrap().generation, 1));
    }
}

#[test]
fn guest_who_logs_in_continues_the_session() {
    let hub = hub(|_| {});
    let _guest = Connected::new(&hub, shown(Some(SECRET)));
    let user = Connected::new(&hub, of_identity("ada", Some(SECRET)));
    assert!(user.state().resumed);
}

#[test]
fn delayed_handshake_of_the_user_before_ends_nothing() {
    let hub = hub(|_| {});
    let attempt = |name, attempt| SessionCredentials {
        attempt: Some(attempt),
        ..of_identity(name, Some(SECRET))
    };
    let bob = Connected::new(&hub, attempt("bob", 2));
    let late = Connected::new(&hub, attempt("ada", 1));
    assert_eq!(late.opened.unwrap_err(), SessionError::Late);
    assert!(!bob.is_replaced());
}

#[test]
fn json_session_needs_token_and_identity() {
    let hub = hub(|_| {});
    let first = Connected::new(&hub, in_json(shown(None)));
    let again = Connected::new(&hub, in_json(shown(None)));
    assert!(again.state().resumed && first.is_replaced());
    let other_token = SessionCredentials {
        token: Some(Hidden([2; 32])),
        ..in_json(shown(None))
    };
    for attack in [shown(None), shown(Some([0; 16])), other_token] {
        let attacker = Connected::new(&hub, attack);
        assert_eq!(attacker.opened.unwrap_err(), SessionError::Foreign);
    }
    assert!(!again.is_replaced());
}

#[test]
fn posts_follow_the_dialect_of_the_connection() {
    let hub = hub(|_| {});
    let _first = Connected::new(&hub, of_identity("ada", Some(SECRET)));
    let token = |token| hub.may_post(client(), &PostProof::Token(Some(Hidden(token))));
    assert_eq!(token([1; 32]), Err(PostError::Unauthorized));
    let again = Connected::new(&hub, in_json(of_identity("ada", None)));
    assert!(again.state().resumed);
    assert_eq!(token([1; 32]), Ok(()));
    assert_eq!(token([2; 32]), Err(PostError::Unauthorized));
    let _by_cookie = Connected::new(
        &hub,
        SessionCredentials {
            token: None,
            ..in_json(of_identity("ada", None))
        },
    );
    let identity = |name: &str| hub.may_post(client(), &PostProof::Identity(name.into()));
    assert_eq!(identity("ada"), Ok(()));
    assert_eq!(identity("eve"), Err(PostError::Unauthorized));
    assert_eq!(token([1; 32]), Err(PostError::Unauthorized));
}

#[test]
fn kept_refusal_has_no_time_to_try_again() {
    let hub = hub(|_| {});
    let open = || {
        let opened = hub.open_session(at(0), client(), shown(Some(SECRET)), &Arc::default());
        opened.unwrap()
    };
    let rejection = RejectedMessage {
        number: 1,
        code: ErrorCode::RateLimited,
        message: String::new(),
        retry_ms: Some(1_000),
    };
    hub.note_rejected(client(), open().generation, rejection.clone());
    let kept = RejectedMessage {
        retry_ms: None,
        ..rejection
    };
    assert_eq!(open().state.rejected, [kept]);
}

#[test]
fn sessions_expire_in_order_of_leaving() {
    let hub = hub(|config| config.session_ttl = Duration::from_secs(60));
    let mut generations = Vec::new();
    for number in 0..3 {
        let waker = Arc::default();
        let client = Uuid::from_u128(number);
        let opened = hub.open_session(at(0), client, shown(None), &waker);
        generations.push((client, opened.unwrap().generation));
    }
    hub.leave_session(at(5), generations[1].0, generations[1].1);
    hub.leave_session(at(10), generations[0].0, generations[0].1);
    assert_eq!(hub.upkeep(at(64)), at(65));
    assert_eq!(hub.upkeep(at(65)), at(70));
    assert_eq!(hub.stats().sessions, 2);
    hub.upkeep(at(70));
    assert_eq!((hub.stats().sessions, hub.stats().connections), (1, 1));
}

#[test]
fn upkeep_works_in_batches() {
    let hub = hub(|_| {});
    for number in 0..1_000 {
        let client = Uuid::from_u128(number);
        let opened = hub.open_session(at(0), client, shown(None), &Arc::default());
        hub.leave_session(at(0), client, opened.unwrap().generation);
    }
    let mut runs = 0;
    while hub.stats().sessions > 0 {
        let before = hub.stats().sessions;
        hub.upkeep(at(1_000));
        assert!(before - hub.stats().sessions <= UPKEEP_BATCH);
        runs += 1;
    }
    assert_eq!(runs, 4);
}

#[test]
fn publish_does_not_wait_for_sessions() {
    let hub = hub(|_| {});
    let key = topic("room");
    // A lock of the sessions taken here would never be had.
    let published = hub
        .sessions
        .while_locked(|| hub.publish(at(0), &key, record()));
    assert_eq!(published.unwrap().cursor, 1);
}

#[test]
fn removes_unread_empty_topic_at_once() {
    let hub = hub(|_| {});
    let before = position(&hub, &topic("a"));
    assert_eq!(hub.stats().streams, 0);
    // What else is removed meanwhile changes nothing.
    hub.publish(at(0), &topic("b"), record()).unwrap();
    hub.upkeep(at(10_000));
    assert_eq!(hub.stats().streams, 0);
    assert_eq!(position(&hub, &topic("a")), before);
}

#[test]
fn removed_topic_with_entries_changes_epoch() {
    let hub = hub(|_| {});
    let before = position(&hub, &topic("a"));
    hub.publish(at(0), &topic("a"), record()).unwrap();
    hub.upkeep(at(10_000));
    assert_ne!(position(&hub, &topic("a")).epoch, before.epoch);
}

#[test]
fn keeps_topic_with_reader_or_entries() {
    let hub = hub(|_| {});
    let age = ChannelPolicy::default().retention().age;
    hub.publish(at(0), &topic("a"), record()).unwrap();
    hub.publish(at(5), &topic("a"), record()).unwrap();
    hub.upkeep(at(1) + age);
    assert_eq!(hub.stats().streams, 1);
    let reader = hub.open_stream(at(0), &topic("a"), &Owner::Unknown);
    hub.upkeep(at(10) + age);
    assert_eq!(hub.stats().streams, 1);
    drop(reader);
    hub.upkeep(at(10) + age);
    assert_eq!(hub.stats().streams, 0);
}

#[test]
fn one_identity_cannot_take_all_streams() {
    let hub = hub(|config| config.limits.streams_per_identity = 2);
    let [ada, bob] = ["ada", "bob"].map(|name| Owner::new(Some(name), None));
    let open = |name: &str, owner: &Owner| hub.open_stream(at(0), &topic(name), owner);
    let first = open("1", &ada).unwrap();
    let second = open("2", &ada).unwrap();
    let reached = open("3", &ada).unwrap_err();
    assert!(
        reached.to_string().contains("streams_per_identity"),
        "{reached}"
    );
    assert!(open("3", &bob).is_ok());
    // Streams of others may be read.
    assert!(open("1", &bob).is_ok());
    drop(first);
    assert!(open("3", &ada).is_ok());
    // What the application publishes to is the application's.
    hub.publish(at(0), &topic("2"), record()).unwrap();
    let third = open("3", &ada).unwrap();
    assert!(open("4", &ada).is_ok());
    drop((second, third));
}

#[test]
fn one_address_cannot_take_all_sessions() {
    let hub = hub(|config| {
        config.limits.sessions_per_address = 1;
        config.limits.sessions = 3;
    });
    let open = |number: u128, address: &str| {
        let credentials = SessionCredentials {
            address: Some(address.parse::<IpAddr>().unwrap()),
            ..shown(None)
        };
        let client = Uuid::from_u128(number);
        hub.open_session(at(0), client, credentials, &Arc::default())
    };
    let first = open(1, "10.0.0.1").unwrap();
    let reached = open(2, "10.0.0.1").unwrap_err();
    assert!(
        reached.to_string().contains("sessions_per_address"),
        "{reached}"
    );
    assert!(open(3, "10.0.0.2").is_ok());
    hub.end_session(Uuid::from_u128(1), first.generation);
    assert!(open(2, "10.0.0.1").is_ok());
    assert!(open(4, "10.0.0.3").is_ok());
    let full = open(5, "10.0.0.4").unwrap_err();
    assert!(full.to_string().contains("`Limits::sessions`"), "{full}");
}

#[test]
fn streams_in_all_are_limited() {
    let hub = hub(|config| config.limits.streams = 2);
    let open = |name: &str| hub.open_stream(at(0), &topic(name), &Owner::Unknown);
    let _readers = ["1", "2"].map(|name| open(name).unwrap());
    let reached = open("3").unwrap_err().to_string();
    assert!(reached.contains("`Limits::streams`"), "{reached}");
}

#[test]
fn connections_of_an_identity_are_limited() {
    let hub = hub(|config| config.limits.connections_per_identity = 1);
    let open = |number: u128, secret| {
        let credentials = of_identity("ada", secret);
        hub.open_session(at(0), Uuid::from_u128(number), credentials, &Arc::default())
    };
    let first = open(1, None).unwrap();
    let reached = open(2, None).unwrap_err().to_string();
    assert!(reached.contains("connections_per_identity"), "{reached}");
    // A refused client has no session.
    assert!(!hub.sessions.knows(at(0), Uuid::from_u128(2)));
    // A newer connection takes the place of the older one, whose end gives up nothing.
    let newer = open(1, Some(first.state.secret.0)).unwrap();
    hub.leave_session(at(0), Uuid::from_u128(1), first.generation);
    assert!(open(2, None).is_err());
    hub.leave_session(at(0), Uuid::from_u128(1), newer.generation);
    assert!(open(2, None).is_ok());
    assert!(open(1, Some(first.state.secret.0)).is_err());
}

#[test]
fn debug_has_no_secrets() {
    let hub = hub(|_| {});
    let (client, waker) = (client(), Arc::default());
    let opened = hub.open_session(at(0), client, shown(Some([201; 16])), &waker);
    let proof = [
        PostProof::Secret(Hidden([201; 16])),
        PostProof::Token(Some(Hidden([201; 32]))),
    ];
    let credentials = shown(Some([201; 16]));
    let text = format!("{opened:?} {credentials:?} {proof:?}");
    assert!(text.contains("hidden") && !text.contains("201"), "{text}");
}
