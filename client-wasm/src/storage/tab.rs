//! Records in a storage of the page, by default `sessionStorage`, which are kept over a reload.
//!
//! A record is text: `pw3 held HEX` or `pw3 free HEX`, where `HEX` is the session's snapshot in hexadecimal. It is held while
//! a live page uses it; a page that is left releases it.
//!
//! A page that finds a held record does not use its client id, since the session of that id has a live page: the original of a
//! duplicated tab, a frame of the same tab, or another copy of this package. It takes a new id, continues from the same
//! positions, and keeps its own record under the next name that is free: `NAME`, `NAME#2` … `NAME#8`.

use std::cell::{Cell, RefCell};

use push_wire_shared::session::client::Snapshot;
use wasm_bindgen::prelude::*;

use super::{Kept, fault, names};
use crate::error::Fault;
use crate::fetch::text;

#[wasm_bindgen]
extern "C" {
    /// The part of the Web Storage interface that is used.
    #[derive(Clone, Debug)]
    pub type KeyValueStorage;

    #[wasm_bindgen(method, catch, js_name = getItem)]
    fn get_item(this: &KeyValueStorage, key: &str) -> Result<Option<String>, JsValue>;

    #[wasm_bindgen(method, catch, js_name = setItem)]
    fn set_item(this: &KeyValueStorage, key: &str, value: &str) -> Result<(), JsValue>;
}

#[cfg(feature = "tabs")]
impl KeyValueStorage {
    /// The text under a name; `None` also if it cannot be read.
    pub(crate) fn read(&self, key: &str) -> Option<String> {
        self.get_item(key).ok().flatten()
    }

    /// Keeps a text under a name. Read it again to find out whether it was kept.
    pub(crate) fn write(&self, key: &str, text: &str) {
        drop(self.set_item(key, text));
    }
}

const VERSION: &str = "pw3";
const HELD: &str = "held";
const FREE: &str = "free";

thread_local! {
    /// Names that clients of this page use.
    static IN_USE: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// The record of one client.
pub(super) struct Tab {
    storage: Option<KeyValueStorage>,
    name: String,
    snapshot: RefCell<String>,
    is_released: Cell<bool>,
}

impl Tab {
    /// Takes the first name that no live client uses. Returns the state that is kept there, or else that of a live client;
    /// what cannot be read is passed to `report`.
    pub(super) fn open(
        storage: Option<KeyValueStorage>,
        name: &str,
        mut report: impl FnMut(Fault),
    ) -> (Self, Option<Kept>) {
        // After crashes several are held, each taken later than the one before.
        let mut latest_held = None;
        let mut taken = (name.to_owned(), None);
        for name in names(name) {
            if IN_USE.with_borrow(|names| names.contains(&name)) {
                continue;
            }
            let kept = read(storage.as_ref(), &name).unwrap_or_else(|fault| {
                report(fault);
                None
            });
            taken.0 = name;
            match kept {
                Some(kept) if kept.is_held => latest_held = Some(kept),
                free => {
                    taken.1 = free;
                    break;
                }
            }
        }
        let (name, kept) = taken;
        IN_USE.with_borrow_mut(|names| names.push(name.clone()));
        let tab = Self {
            storage,
            name,
            snapshot: RefCell::default(),
            is_released: Cell::new(false),
        };
        (tab, kept.or(latest_held))
    }

    /// Keeps a snapshot, of a page that is shown (`is_held`) or left.
    pub(super) fn save(&self, snapshot: &[u8], is_held: bool) -> Result<(), Fault> {
        self.snapshot.replace(hex::encode(snapshot));
        self.write(is_held)
    }

    /// The state that is kept, perhaps by another client that has used the record since this page was left.
    pub(super) fn read(&self) -> Option<Snapshot> {
        let kept = read(self.storage.as_ref(), &self.name).ok().flatten();
        kept.map(|kept| kept.snapshot)
    }

    /// Releases the record, and its name for another client of this page.
    pub(super) fn release(&self) {
        if self.is_released.replace(true) {
            return;
        }
        // An error was reported at an earlier write.
        drop(self.write(false));
        IN_USE.with_borrow_mut(|names| names.retain(|name| *name != self.name));
    }

    fn write(&self, is_held: bool) -> Result<(), Fault> {
        // A copy: the application's storage may call back into the client.
        let snapshot = self.snapshot.borrow().clone();
        let Some(storage) = self.storage.as_ref().filter(|_| !snapshot.is_empty()) else {
            return Ok(());
        };
        let mark = if is_held { HELD } else { FREE };
        let record = format!("{VERSION} {mark} {snapshot}");
        storage
            .set_item(&self.name, &record)
            .map_err(|thrown| not_kept(&thrown))
    }
}

/// The fault of a storage that does not take a record.
pub(crate) fn not_kept(thrown: &JsValue) -> Fault {
    let why = text(thrown);
    fault(format!("positions cannot be kept over a reload: {why}"))
}

fn read(storage: Option<&KeyValueStorage>, name: &str) -> Result<Option<Kept>, Fault> {
    let Some(storage) = storage else {
        return Ok(None);
    };
    let record = storage.get_item(name).map_err(|thrown| {
        let why = text(&thrown);
        fault(format!("the positions kept under \"{name}\" cannot be read: {why}; the client starts without them"))
    })?;
    let Some(record) = record.filter(|record| !record.is_empty()) else {
        return Ok(None);
    };
    let damaged = || {
        fault(format!(
            "the text kept under \"{name}\" is damaged or not of this client; the client starts without positions and replaces it"
        ))
    };
    decode(&record).ok_or_else(damaged).map(Some)
}

fn decode(record: &str) -> Option<Kept> {
    let mut parts = record.splitn(3, ' ');
    let (version, mark, digits) = (parts.next()?, parts.next()?, parts.next()?);
    let is_held = match mark {
        HELD => true,
        FREE => false,
        _ => return None,
    };
    if version != VERSION {
        return None;
    }
    let bytes = hex::decode(digits).ok()?;
    let snapshot = Snapshot::decode(&bytes).ok()?;
    Some(Kept { snapshot, is_held })
}
