//! Target: snapshots of a client, which others may have changed in its storage.

use push_wire_shared::limits::SUBSCRIPTIONS;
use push_wire_shared::session::client::{ClientConfig, ClientSession, Snapshot};

/// Checks the bytes as they are, and with a correct checksum, so that the fields are decoded too.
pub(super) fn run(bytes: &[u8]) {
    check(bytes);
    check(&with_checksum(bytes));
}

fn check(bytes: &[u8]) {
    let Ok(snapshot) = Snapshot::decode(bytes) else {
        return;
    };
    assert!(snapshot.positions.len() <= SUBSCRIPTIONS);
    assert_eq!(snapshot.encode(), bytes, "one encoding per snapshot");
    let config = ClientConfig::continuing(&snapshot, 1);
    let mut session = ClientSession::new(config);
    session.restore_positions(snapshot.clone());
    assert_eq!(Snapshot::decode(&session.snapshot()), Ok(snapshot));
}

fn with_checksum(bytes: &[u8]) -> Vec<u8> {
    let mut sealed = bytes.to_vec();
    let check = push_wire_shared::delta::check(bytes).sha256();
    sealed.extend_from_slice(&check[..8]);
    sealed
}
