//! Identity of the client that all tabs are to the server, kept in the local storage: `pw1 ID SECRET`.

use uuid::Uuid;

use crate::storage::KeyValueStorage;

const VERSION: &str = "pw1";

/// Id and secret of the client that all tabs are.
#[derive(Clone, Copy)]
pub(super) struct Identity {
    pub(super) client_id: Uuid,
    pub(super) secret: [u8; 16],
}

impl Identity {
    /// The identity that the tabs share; `own` if there is none yet. `None` if it cannot be kept.
    pub(super) fn shared(storage: &KeyValueStorage, name: &str, own: Self) -> Option<Self> {
        let key = format!("{name}:tabs");
        let read = || decode(&storage.read(&key)?);
        read().or_else(|| {
            let secret = hex::encode(own.secret);
            storage.write(
                &key,
                &format!("{VERSION} {} {secret}", own.client_id.simple()),
            );
            read()
        })
    }
}

fn decode(record: &str) -> Option<Identity> {
    let mut parts = record.splitn(3, ' ');
    let (version, id, secret) = (parts.next()?, parts.next()?, parts.next()?);
    if version != VERSION {
        return None;
    }
    Some(Identity {
        client_id: Uuid::try_parse(id).ok()?,
        secret: hex::decode(secret).ok()?.try_into().ok()?,
    })
}
