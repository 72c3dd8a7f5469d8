//! The parts of a tab that shares a connection, from the settings of its client.

use std::rc::Rc;

use push_wire_shared::PayloadEncoding;
use push_wire_shared::session::client::{ClientConfig, ClientSession};
use push_wire_shared::session::tabs::leader_config;
use uuid::Uuid;

use super::{Identity, LeadingParts, Parts, Tabs, channel};
use crate::address::Address;
use crate::config::Drawn;
use crate::driver::{Driver, Observer};
use crate::storage::Store;
use crate::{Config, ConnectError, clock, locks, page};

/// The tab of a client, among those of the same name; `None` where tabs cannot share a connection.
pub(crate) fn join(
    config: &Config,
    name: &str,
    address: &Address,
) -> Result<Option<Rc<Tabs>>, ConnectError> {
    let can_share = locks::manager().is_some() && channel::is_available();
    let Some(storage) = page::local_storage().filter(|_| can_share) else {
        return Ok(None);
    };
    let encoding = match config.encoding {
        PayloadEncoding::Json => "",
        PayloadEncoding::MessagePack => "+msgpack",
        PayloadEncoding::Cbor => "+cbor",
    };
    // Another version may write other messages.
    let mut name = [name, "@", env!("CARGO_PKG_VERSION"), encoding].concat();
    if let Some(id) = config.client_id {
        let mut digits = Uuid::encode_buffer();
        name.extend(["#", id.as_simple().encode_lower(&mut digits)]);
    }
    let drawn = Drawn::new().ok_or(ConnectError::NoCrypto)?;
    let own = Identity {
        client_id: config.client_id.unwrap_or(drawn.client_id),
        secret: drawn.secret,
    };
    let Some(identity) = Identity::shared(&storage, &name, own) else {
        return Ok(None);
    };
    let (config, address) = (config.clone(), address.clone());
    Ok(Some(Tabs::new(Parts {
        name,
        id: drawn.seed,
        storage,
        identity,
        token: config.token.clone(),
        leading: Box::new(move |parts, observer| leading(&config, &address, parts, observer)),
    })))
}

/// The driver of the connection that tabs share.
fn leading(
    config: &Config,
    address: &Address,
    parts: LeadingParts,
    observer: Box<dyn Observer>,
) -> Rc<Driver> {
    let seed = page::random().map_or_else(clock::unix_millis, u64::from_le_bytes);
    let identity = ClientConfig {
        secret: Some(parts.identity.secret),
        ..ClientConfig::new(parts.identity.client_id, seed)
    };
    let session = ClientConfig {
        token: parts.token,
        ..config.session(identity)
    };
    let session = leader_config(session, clock::unix_millis(), parts.connection);
    let settings = config.settings(address.clone());
    let tokens = config.token_source.clone();
    // The tabs keep what outlives it.
    let (store, _) = Store::in_page(None, "", |_| {});
    Driver::new(
        ClientSession::new(session),
        settings,
        tokens,
        store,
        observer,
    )
}
