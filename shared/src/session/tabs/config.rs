//! Settings of the sessions of tabs that share a connection.

use core::time::Duration;

use crate::limits;
use crate::session::client::{ClientConfig, RetryPolicy, TransportPreference};

/// Settings of a tab's own session, whose transport is a line to the leader.
#[must_use]
pub fn tab_config(config: ClientConfig) -> ClientConfig {
    ClientConfig {
        token: None,
        renews_token: false,
        transports: TransportPreference::WsOnly,
        retry: RetryPolicy::default(),
        compression: false,
        tells_numbers: true,
        // The leader connects meanwhile, and gives signs of life.
        handshake: Duration::from_secs(24 * 60 * 60),
        heartbeat_grace: limits::TAB_HEARTBEAT_GRACE,
        // Between tabs a message may have any size.
        max_message_bytes: usize::MAX,
        max_value_bytes: usize::MAX,
        ..config
    }
}

/// Settings of the leader's session, which has the connection: attempts that are numbered by the time, in milliseconds, and
/// after `connection`, the latest one of a leader that the tab knows of.
#[must_use]
pub fn leader_config(config: ClientConfig, unix_millis: u64, connection: u64) -> ClientConfig {
    ClientConfig {
        attempts: Some(unix_millis.max(connection.saturating_add(1))),
        tells_numbers: true,
        max_uplink_messages: limits::TABS_UPLINK_MESSAGES,
        max_uplink_bytes: limits::TABS_UPLINK_BYTES,
        ..config
    }
}
