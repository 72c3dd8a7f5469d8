//! Settings of a page's sessions.

use push_wire_shared::session::client::{ClientConfig, TransportPreference};
use uuid::Uuid;

/// Settings of every page: it renews its token, and pauses its subscriptions early.
pub(super) fn config(client: Uuid, seed: u64) -> ClientConfig {
    let mut config = ClientConfig::new(client, seed);
    config.renews_token = true;
    config.transports = match seed % 8 {
        0..4 => TransportPreference::WsFirst,
        4..6 => TransportPreference::SseFirst,
        6 => TransportPreference::SseOnly,
        _ => TransportPreference::WsOnly,
    };
    config.max_backlog_entries = 20;
    config.max_backlog_bytes = 20_000;
    config
}

/// Id of a page's n-th client.
pub(super) fn client_id(page: u16, number: u16) -> Uuid {
    Uuid::from_fields(1, page, number, b"sim page")
}
