//! Checks of the builder's settings: ranges and combinations.

use std::fmt::Debug;
use std::ops::RangeInclusive;
use std::time::Duration;

use push_wire_shared::ChannelKind;
use push_wire_shared::channel::{Channel, ChannelMode, ChannelTable};
use push_wire_shared::limits::MESSAGE_BYTES;

use super::BuildError;
use crate::hub::HubConfig;
use crate::{ChannelPolicy, Limits, Rate, Rates, SlowReaders};

const MS: Duration = Duration::from_millis(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Times of a connection. The wire has whole milliseconds, and the timers of browsers end at 24 days.
const CONNECTION_TIMES: RangeInclusive<Duration> = MS..=DAY;

/// Times that a session may outlive its connection.
const SESSION_TIMES: RangeInclusive<Duration> = MS..=Duration::from_secs(365 * 24 * 60 * 60);

/// Shortest time that entries are kept. Live delivery reads the log too: an entry that expires before a busy reader
/// gets to it is not delivered.
const MIN_AGE: Duration = Duration::from_secs(1);

/// Largest message taken from a client: `auth` with its subscriptions has to fit, and 1 GiB is what one buffer may be.
const MESSAGES: RangeInclusive<usize> = 1024..=1 << 30;

/// Largest entry.
const ENTRIES: RangeInclusive<usize> = 1..=1 << 30;

/// Largest batch of entries in one message: half of the clients' default limit, since control ops are added to it.
const MAX_MESSAGE_BYTES: usize = MESSAGE_BYTES / 2;

/// Smallest fragment: its headers have 40 bytes.
const MIN_FRAGMENT_BYTES: usize = 64;

/// Largest number of streams that one connection may read: readers are searched linearly.
const MAX_SUBSCRIPTIONS: usize = 65_536;

/// Checks a channel enum: the derive does so at compile time, but the trait can be implemented by hand.
pub(super) fn channels(channels: &[Channel]) -> Result<(), BuildError> {
    for (index, channel) in channels.iter().enumerate() {
        let earlier = &channels[..index];
        if let Some(other) = earlier.iter().find(|other| other.id == channel.id) {
            return Err(BuildError::SameId(other.name.clone(), channel.name.clone()));
        }
        if earlier.iter().any(|other| other.name == channel.name) {
            return Err(BuildError::SameName(channel.name.clone()));
        }
    }
    let is_system = |channel: &&Channel| channel.mode == ChannelMode::System;
    match channels.iter().filter(is_system).count() {
        1 => Ok(()),
        count => Err(BuildError::SystemChannels(count)),
    }
}

/// Checks a channel's policy.
pub(super) fn policy<C: ChannelKind>(
    channels: &ChannelTable,
    channel: &C,
    policy: &ChannelPolicy,
) -> Result<(), BuildError> {
    if channel.is_system() {
        return Err(BuildError::SystemPolicy(channel.name()));
    }
    if channels.by_id(channel.wire_id()).is_none() {
        return Err(BuildError::UnknownChannel(channel.name()));
    }
    let setting = |method: &str| format!("{method} of channel {:?}", channel.name());
    let retention = policy.retention();
    at_least(&setting("retain_entries"), retention.entries, 1)?;
    at_least(&setting("retain_bytes"), retention.bytes, 1)?;
    at_least(&setting("retain_age"), retention.age, MIN_AGE)?;
    slow_readers(&setting("slow_readers"), policy)
}

/// Checks that the treatment of slow readers fits the mode, and that its limits leave something to send.
fn slow_readers(setting: &str, policy: &ChannelPolicy) -> Result<(), BuildError> {
    let is_state = policy.mode() == ChannelMode::State;
    match policy.how_slow_readers_go_on() {
        SlowReaders::Conflate if is_state => Ok(()),
        chosen if is_state => Err(error(setting, &chosen, "Conflate for a state".into())),
        SlowReaders::Conflate => {
            let allowed = "Lag or Drop for a log".into();
            Err(error(setting, &SlowReaders::Conflate, allowed))
        }
        SlowReaders::Lag => Ok(()),
        SlowReaders::Drop(max) => {
            at_least(&format!("entries of {setting}"), max.entries, 1)?;
            at_least(&format!("bytes of {setting}"), max.bytes, 1)?;
            at_least(&format!("age of {setting}"), max.age, MS)?;
            let kept = policy.retention();
            let entries = u64::try_from(kept.entries).unwrap_or(u64::MAX);
            below(
                &format!("entries of {setting}"),
                max.entries,
                entries,
                u64::MAX,
            )?;
            below(
                &format!("bytes of {setting}"),
                max.bytes,
                kept.bytes,
                usize::MAX,
            )?;
            below(
                &format!("age of {setting}"),
                max.age,
                kept.age,
                Duration::MAX,
            )
        }
    }
}

/// Checks a limit of the lag: retention passes a reader first whose limit is not below it. `off` is no limit.
fn below<T: PartialOrd + Debug>(
    setting: &str,
    value: T,
    retention: T,
    off: T,
) -> Result<(), BuildError> {
    if value < retention || value == off {
        return Ok(());
    }
    let allowed = format!("below the retention of {retention:?}, or {off:?} for no limit");
    Err(error(setting, &value, allowed))
}

/// Checks times and limits.
pub(super) fn config(config: &HubConfig) -> Result<(), BuildError> {
    let session = &config.session;
    within("handshake", session.handshake, CONNECTION_TIMES)?;
    within("heartbeat", session.heartbeat, CONNECTION_TIMES)?;
    within("heartbeat_grace", session.heartbeat_grace, CONNECTION_TIMES)?;
    within("session_ttl", config.session_ttl, SESSION_TIMES)?;
    limits(&config.limits, &session.channels)
}

fn limits(limits: &Limits, channels: &ChannelTable) -> Result<(), BuildError> {
    // A client of the JSON dialect reads each channel and its inbox in it.
    let read_by_json = 2 * (channels.channels().len() - 1).max(1);
    let subscriptions = read_by_json..=MAX_SUBSCRIPTIONS;
    within("limits.message_bytes", limits.message_bytes, MESSAGES)?;
    within("limits.subscriptions", limits.subscriptions, subscriptions)?;
    for (setting, value) in [
        ("limits.connections", limits.connections),
        (
            "limits.unauthenticated_per_address",
            limits.unauthenticated_per_address,
        ),
        ("limits.sessions", limits.sessions),
        ("limits.sessions_per_identity", limits.sessions_per_identity),
        (
            "limits.connections_per_identity",
            limits.connections_per_identity,
        ),
        ("limits.sessions_per_address", limits.sessions_per_address),
        ("limits.streams", limits.streams),
        ("limits.streams_per_identity", limits.streams_per_identity),
        ("limits.streams_per_address", limits.streams_per_address),
    ] {
        at_least(setting, value, 1)?;
    }
    for (setting, value) in [
        ("limits.unauthenticated_bytes", limits.unauthenticated_bytes),
        (
            "limits.unauthenticated_bytes_per_address",
            limits.unauthenticated_bytes_per_address,
        ),
    ] {
        at_least(setting, value, limits.message_bytes)?;
    }
    rate("limits.connects_per_address", limits.connects_per_address)?;
    rates("client_rates", &limits.client_rates)?;
    rates("identity_rates", &limits.identity_rates)?;
    rates("address_rates", &limits.address_rates)?;
    within("limits.entry_bytes", limits.entry_bytes, ENTRIES)?;
    let fragments = MIN_FRAGMENT_BYTES..=MAX_MESSAGE_BYTES;
    within("limits.fragment_bytes", limits.fragment_bytes, fragments)?;
    within(
        "limits.batch_bytes",
        limits.batch_bytes,
        1..=MAX_MESSAGE_BYTES,
    )?;
    at_least("limits.control_ops", limits.control_ops, 1)?;
    within("limits.stall", limits.stall, CONNECTION_TIMES)
}

fn rates(name: &str, rates: &Rates) -> Result<(), BuildError> {
    for (kind, limit) in [
        ("frames", rates.frames),
        ("bytes", rates.bytes),
        ("uploads", rates.uploads),
    ] {
        rate(&format!("limits.{name}.{kind}"), limit)?;
    }
    Ok(())
}

fn rate(setting: &str, rate: Rate) -> Result<(), BuildError> {
    at_least(&format!("{setting}.per_second"), rate.per_second, 1)?;
    at_least(&format!("{setting}.burst"), rate.burst, 1)
}

fn within<T: PartialOrd + Debug>(
    setting: &str,
    value: T,
    allowed: RangeInclusive<T>,
) -> Result<(), BuildError> {
    if allowed.contains(&value) {
        return Ok(());
    }
    let allowed = format!("{:?} to {:?}", allowed.start(), allowed.end());
    Err(error(setting, &value, allowed))
}

fn at_least<T: PartialOrd + Debug>(setting: &str, value: T, min: T) -> Result<(), BuildError> {
    if value >= min {
        return Ok(());
    }
    Err(error(setting, &value, format!("at least {min:?}")))
}

fn error(setting: &str, value: &impl Debug, allowed: String) -> BuildError {
    BuildError::Setting {
        setting: setting.into(),
        value: format!("{value:?}"),
        allowed,
    }
}
