//! Settings of the simulated server's hub.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use push_wire_server::internals::compression::Background;
use push_wire_server::internals::hub::{HubConfig, Random};
use push_wire_server::{ChannelPolicy, Compression, Rate, Rates, SlowReaders};

use super::fault_injector::InjectedFault;
use super::feed::{self, Feed};
use super::hostile_peers::{SESSIONS_PER_ADDRESS, STREAMS_PER_ADDRESS};
use super::raw_client::RAW_TOPICS;

/// Bytes of a fragment, and of the entries in one message (3,000): some entries are several times as large, and a lane's
/// share of a connection is several messages.
pub const WRITE_BYTES: usize = 3_000;

/// Rates of one connection: a page comes near none of them, and little has to be sent to exceed them. A raw client may send
/// the largest message, 8,000 ids, or more messages than may wait for an answer, at once.
pub const RATES: Rates = Rates {
    frames: Rate::new(500, 9_000),
    bytes: Rate::new(64 * 1024, 1_280 * 1024),
    uploads: Rate::new(20, 1_050),
};

/// Rates of all connections of one identity: in the long run more than those of one, and less than those of two.
pub const IDENTITY_RATES: Rates = Rates {
    frames: Rate::new(750, 9_000),
    bytes: Rate::new(96 * 1024, 1_280 * 1024),
    uploads: Rate::new(30, 1_050),
};

/// Rates that the pages exceed.
const TINY_RATES: Rates = Rates {
    uploads: Rate::new(1, 2),
    ..RATES
};

/// One seed in so many has a server that trains dictionaries (8): training takes two fifths of the time of such a run. The
/// others use only dictionaries that they are given.
const TRAINING_SEEDS: u64 = 8;

/// Settings of the hub of a run with this seed. Some faults are faults of the settings.
#[must_use]
pub fn hub_config(seed: u64, fault: InjectedFault) -> HubConfig {
    let mut config = HubConfig::new(if fault == InjectedFault::ReverseLanes {
        feed::table_of(|channel| 2 - feed::lane(channel))
    } else {
        feed::table()
    });
    // Below the time after which a missing pong ends the connection, which would always come first.
    config.limits.stall = Duration::from_secs(20);
    config.limits.fragment_bytes = WRITE_BYTES;
    config.limits.batch_bytes = WRITE_BYTES;
    config.limits.client_rates = RATES;
    config.limits.identity_rates = IDENTITY_RATES;
    if fault == InjectedFault::NoRates {
        config.limits.client_rates = Rates::UNLIMITED;
        config.limits.identity_rates = Rates::UNLIMITED;
    } else if fault == InjectedFault::TinyRates {
        config.limits.client_rates = TINY_RATES;
    }
    config.limits.sessions_per_address = SESSIONS_PER_ADDRESS;
    config.limits.streams_per_address = STREAMS_PER_ADDRESS;
    // Room for the pages, for one new client, and for a crowd that is within its limits.
    config.limits.sessions = 100 + SESSIONS_PER_ADDRESS;
    config.limits.streams = 3 + STREAMS_PER_ADDRESS + RAW_TOPICS;
    let compression = if seed.is_multiple_of(TRAINING_SEEDS) {
        Compression::Trained
    } else {
        Compression::Plain
    };
    for feed in Feed::ALL {
        config.set_policy(feed.channel_id(), policy(feed).compression(compression));
    }
    config.background = Background::new(|work| work());
    config
}

fn policy(feed: Feed) -> ChannelPolicy {
    let policy = if feed.is_state() {
        ChannelPolicy::state()
    } else {
        ChannelPolicy::log()
    };
    let policy = match feed.max_lag() {
        Some(max) => policy.slow_readers(SlowReaders::Drop(max)),
        None => policy,
    };
    policy
        .retain_entries(feed.kept_entries())
        .retain_age(feed.kept_age())
}

/// Source of random numbers of one process in a run with this seed.
#[must_use]
pub fn random(seed: u64, process: u32) -> Random {
    let rng = fastrand::Rng::with_seed(seed ^ u64::from(process) << 40);
    let rng = Mutex::new(rng);
    Arc::new(move || rng.lock().unwrap_or_else(PoisonError::into_inner).u64(..))
}
