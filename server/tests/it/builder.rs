//! Tests of settings that cannot work, and of the errors that name them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use proptest::prelude::*;
use push_wire_server::{
    BuildError, ChannelPolicy, Limits, MaxLag, PushServer, PushServerBuilder, SlowReaders,
};

use super::harness::Channel;

type Builder = PushServerBuilder<Channel>;
type TimeCase = (&'static str, fn(Builder, Duration) -> Builder);
type LimitCase = (
    &'static str,
    &'static [usize],
    fn(&mut Limits) -> &mut usize,
);

const ZERO: Duration = Duration::ZERO;
const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);

fn built(set: impl FnOnce(Builder) -> Builder) -> Result<(), BuildError> {
    set(PushServer::builder()).build().map(drop)
}

/// Returns whether the error names the setting, the value and what is allowed.
fn assert_refused(case: &str, result: Result<(), BuildError>, expected: &str) {
    match result {
        Err(BuildError::Setting {
            setting,
            value,
            allowed,
        }) => {
            assert_eq!(setting, expected, "{case}");
            assert!(!value.is_empty() && !allowed.is_empty(), "{case}");
        }
        other => panic!("{case}: {other:?}"),
    }
}

#[test]
fn refuses_times_that_cannot_work() {
    let cases: [TimeCase; 4] = [
        ("handshake", Builder::handshake),
        ("heartbeat", Builder::heartbeat),
        ("heartbeat_grace", Builder::heartbeat_grace),
        ("session_ttl", Builder::session_ttl),
    ];
    for (setting, set) in cases {
        for time in [ZERO, Duration::from_nanos(1), Duration::MAX] {
            let case = format!("{setting} {time:?}");
            assert_refused(&case, built(|builder| set(builder, time)), setting);
        }
        assert_eq!(
            built(|builder| set(builder, Duration::from_millis(1))),
            Ok(())
        );
    }
    assert!(built(|builder| builder.heartbeat(MONTH)).is_err());
    assert_eq!(built(|builder| builder.session_ttl(MONTH)), Ok(()));
}

#[test]
fn refuses_texts_that_are_no_origins() {
    let with = |origins: &[&str]| built(|builder| builder.allowed_origins(origins.to_vec()));
    assert_eq!(
        with(&["https://a.example", "https://*.b.example:8443"]),
        Ok(())
    );
    for (text, byte) in [
        ("*", 0),
        ("null", 0),
        ("a.example", 0),
        ("https://a.example/", 17),
        ("https://a.example:x", 18),
        ("https://a.*.example", 10),
    ] {
        let error = with(&["https://a.example", text]).unwrap_err();
        let message = error.to_string();
        let start = format!("allowed_origins: {text:?} at byte {byte}; expected: ");
        assert!(message.starts_with(&start), "{message}");
    }
}

#[test]
fn refuses_limits_that_cannot_work() {
    // Three channels with entries: clients of the JSON dialect read six streams.
    let cases: [LimitCase; 12] = [
        ("message_bytes", &[0, 1_023, usize::MAX], |l| {
            &mut l.message_bytes
        }),
        ("subscriptions", &[0, 5, 65_537], |l| &mut l.subscriptions),
        ("sessions", &[0], |l| &mut l.sessions),
        ("sessions_per_identity", &[0], |l| {
            &mut l.sessions_per_identity
        }),
        ("sessions_per_address", &[0], |l| {
            &mut l.sessions_per_address
        }),
        ("streams", &[0], |l| &mut l.streams),
        ("streams_per_identity", &[0], |l| {
            &mut l.streams_per_identity
        }),
        ("streams_per_address", &[0], |l| &mut l.streams_per_address),
        ("entry_bytes", &[0, usize::MAX], |l| &mut l.entry_bytes),
        ("fragment_bytes", &[0, 63, 1 << 20], |l| {
            &mut l.fragment_bytes
        }),
        ("batch_bytes", &[0, 1 << 20], |l| &mut l.batch_bytes),
        ("control_ops", &[0], |l| &mut l.control_ops),
    ];
    for (setting, values, field) in cases {
        for value in values {
            let mut limits = Limits::default();
            *field(&mut limits) = *value;
            let setting = format!("limits.{setting}");
            let case = format!("{setting} {value}");
            assert_refused(&case, built(|builder| builder.limits(limits)), &setting);
        }
    }
    for stall in [ZERO, Duration::MAX] {
        let mut limits = Limits::default();
        limits.stall = stall;
        let case = format!("stall {stall:?}");
        assert_refused(
            &case,
            built(|builder| builder.limits(limits)),
            "limits.stall",
        );
    }
}

#[test]
fn refuses_retention_that_delivers_nothing() {
    for policy in [ChannelPolicy::log(), ChannelPolicy::state()] {
        for (method, policy) in [
            ("retain_entries", policy.retain_entries(0)),
            ("retain_bytes", policy.retain_bytes(0)),
            ("retain_age", policy.retain_age(ZERO)),
            ("retain_age", policy.retain_age(Duration::from_millis(999))),
        ] {
            let setting = format!("{method} of channel \"chat\"");
            let result = built(|builder| builder.channel(Channel::Chat, policy));
            assert_refused(method, result, &setting);
        }
        let largest = policy.retain_entries(usize::MAX).retain_bytes(usize::MAX);
        let largest = largest.retain_age(Duration::MAX);
        assert_eq!(
            built(|builder| builder.channel(Channel::Chat, largest)),
            Ok(())
        );
    }
}

#[test]
fn refuses_slow_readers_that_do_not_fit_the_mode() {
    let drop = |entries, bytes, age| {
        SlowReaders::Drop(MaxLag {
            entries,
            bytes,
            age,
        })
    };
    let second = Duration::from_secs(1);
    let (log, state) = (ChannelPolicy::log(), ChannelPolicy::state());
    for policy in [
        log.slow_readers(SlowReaders::Conflate),
        log.slow_readers(drop(0, 1, second)),
        log.slow_readers(drop(1, 0, second)),
        log.slow_readers(drop(1, 1, ZERO)),
        state.slow_readers(SlowReaders::Lag),
        state.slow_readers(drop(1, 1, second)),
    ] {
        let error = built(|builder| builder.channel(Channel::Chat, policy)).unwrap_err();
        let setting = "slow_readers of channel \"chat\"";
        assert!(error.to_string().contains(setting), "{error}");
    }
    let limits = SlowReaders::Drop(MaxLag::default());
    let kept = log.slow_readers(limits);
    for (policy, limit) in [
        (kept.retain_entries(100), "entries of slow_readers"),
        (kept.retain_bytes(256 * 1024), "bytes of slow_readers"),
        (
            kept.retain_age(Duration::from_secs(10)),
            "age of slow_readers",
        ),
    ] {
        let error = built(|builder| builder.channel(Channel::Chat, policy)).unwrap_err();
        let error = error.to_string();
        assert!(error.starts_with(limit), "{error}");
        assert!(
            error.contains("allowed: below the retention of "),
            "{error}"
        );
    }
    let off = drop(u64::MAX, usize::MAX, Duration::MAX);
    for policy in [
        kept.retain_entries(101),
        log.retain_entries(10).slow_readers(off),
        log.slow_readers(SlowReaders::Lag),
        log.slow_readers(drop(1, 1, second)),
        state.slow_readers(SlowReaders::Conflate),
    ] {
        assert_eq!(
            built(|builder| builder.channel(Channel::Chat, policy)),
            Ok(())
        );
    }
}

#[test]
fn errors_name_setting_and_range() {
    let error = built(|builder| builder.heartbeat(ZERO)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "heartbeat is 0ns; allowed: 1ms to 86400s"
    );
    let policy = ChannelPolicy::log().retain_age(ZERO);
    let error = built(|builder| builder.channel(Channel::Chat, policy)).unwrap_err();
    let expected = "retain_age of channel \"chat\" is 0ns; allowed: at least 1s";
    assert_eq!(error.to_string(), expected);
    let error = built(|builder| builder.path("/:id")).unwrap_err();
    assert!(
        error.to_string().starts_with("path is \"/:id\"; allowed: "),
        "{error}"
    );
}

#[test]
fn system_channel_has_no_policy() {
    let error = built(|builder| builder.channel(Channel::System, ChannelPolicy::log()));
    assert_eq!(error, Err(BuildError::SystemPolicy("system")));
    let error = built(|builder| builder.dictionary(Channel::System, *b"words"));
    assert!(
        matches!(error, Err(BuildError::Dictionary("system", _))),
        "{error:?}"
    );
    let error = built(|builder| builder.dictionary(Channel::Chat, []));
    assert!(
        matches!(error, Err(BuildError::Dictionary("chat", _))),
        "{error:?}"
    );
}

proptest! {
    /// A path that the builder accepts can be routed.
    #[test]
    fn path_that_builds_can_be_routed(path in "(/|[a-c:*{}.%?# é\\\\~-]){0,8}") {
        let Ok(server) = PushServer::<Channel>::builder().path(path).build() else {
            return Ok(());
        };
        let routed = catch_unwind(AssertUnwindSafe(|| drop(server.router::<()>())));
        prop_assert!(routed.is_ok());
    }
}
