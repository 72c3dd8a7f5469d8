//! Records on the device, in IndexedDB, which are kept after the browser is closed.
//!
//! A client has a record of its own, `NAME`, `NAME#2` … `NAME#8`, and holds a lock of that name as long as it lives. It takes the
//! first one that no live client holds, with the client id that is kept there. Its positions are merged from all records of the
//! name, because the pages of a device share what they store.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use push_wire_shared::session::client::Snapshot;
use uuid::Uuid;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use super::database::Database;
use super::lock::Lock;
use super::{Kept, NAMES, fault, names};
use crate::error::Fault;
use crate::fetch::text;

/// The record of one client.
pub(super) struct Device {
    name: String,
    /// The id that the application has chosen.
    chosen: Option<Uuid>,
    record: RefCell<Option<Record>>,
    /// Newest snapshot, which is written after the one that is being written.
    waiting: RefCell<Option<Vec<u8>>>,
    is_writing: Cell<bool>,
    is_released: Cell<bool>,
}

/// A record whose lock is held.
struct Record {
    database: Database,
    name: String,
    _lock: Lock,
}

impl Device {
    pub(super) fn new(name: String, chosen: Option<Uuid>) -> Self {
        Self {
            name,
            chosen,
            record: RefCell::default(),
            waiting: RefCell::default(),
            is_writing: Cell::new(false),
            is_released: Cell::new(false),
        }
    }

    /// Takes a record. Returns what is kept on the device; what cannot be read is passed to `report`.
    pub(super) async fn load(&self, report: impl Fn(Fault)) -> Option<Kept> {
        self.take(&report).await.unwrap_or_else(|thrown| {
            report(not_kept(&thrown));
            None
        })
    }

    async fn take(&self, report: &impl Fn(Fault)) -> Result<Option<Kept>, JsValue> {
        let database = Database::open().await?;
        let held = self.first_free().await?;
        let mut own = None;
        let mut snapshots = Vec::new();
        for name in names(&self.name) {
            let Some(bytes) = database.read(&name).await? else {
                continue;
            };
            match Snapshot::decode(&bytes) {
                Ok(snapshot) => {
                    let is_own = held.as_ref().is_some_and(|(held, _)| *held == name);
                    own = own.or(is_own.then(|| snapshot.clone()));
                    snapshots.push(snapshot);
                }
                Err(error) => report(unreadable(&name, &error.to_string())),
            }
        }
        match held {
            Some(_) if self.is_released.get() => {}
            Some((name, lock)) => {
                let record = Record {
                    database,
                    name,
                    _lock: lock,
                };
                self.record.replace(Some(record));
            }
            None => report(all_held(&self.name)),
        }
        Ok(self.kept(own, snapshots))
    }

    /// Takes the lock of the first record that no live client holds.
    async fn first_free(&self) -> Result<Option<(String, Lock)>, JsValue> {
        for name in names(&self.name) {
            if let Some(lock) = Lock::take(&format!("push-wire {name}")).await? {
                return Ok(Some((name, lock)));
            }
        }
        Ok(None)
    }

    /// The state of a client that continues from its own record, or begins beside those of the others.
    fn kept(&self, own: Option<Snapshot>, snapshots: Vec<Snapshot>) -> Option<Kept> {
        let own = own.filter(|own| self.chosen.is_none_or(|id| id == own.client_id));
        let is_held = own.is_none();
        let snapshot = own.or_else(|| snapshots.first().cloned())?;
        let id = if is_held {
            Uuid::nil()
        } else {
            snapshot.client_id
        };
        let positions = Snapshot::merged_positions(snapshots, id);
        Some(Kept {
            snapshot: Snapshot {
                positions,
                ..snapshot
            },
            is_held,
        })
    }

    /// Keeps a snapshot; the result of each write is passed to `written`. One that comes while another is being written waits for that, unless it is
    /// urgent.
    pub(super) fn save(
        self: &Rc<Self>,
        snapshot: &[u8],
        is_urgent: bool,
        written: impl Fn(Result<(), Fault>) + 'static,
    ) {
        self.waiting.replace(Some(snapshot.to_vec()));
        if self.is_writing.get() && !is_urgent {
            return;
        }
        self.is_writing.set(true);
        let this = Rc::clone(self);
        // The first write starts in this call: the page may be unloaded after it.
        let mut writing = this.write_next();
        spawn_local(async move {
            while let Some(writes) = writing {
                written(writes.await.map_err(|thrown| not_kept(&thrown)));
                writing = this.write_next();
            }
            this.is_writing.set(false);
        });
    }

    /// Starts to write the waiting snapshot; `None` if no snapshot waits or no record is held.
    fn write_next(&self) -> Option<impl Future<Output = Result<(), JsValue>> + use<>> {
        let record = self.record.borrow();
        let record = record.as_ref()?;
        let snapshot = self.waiting.take()?;
        let writes = record.database.write(&record.name, &snapshot);
        Some(async move { writes?.await })
    }

    /// Releases the record. What was saved is written before another client reads it.
    pub(super) fn release(&self) {
        self.is_released.set(true);
        drop(self.write_next());
        self.record.take();
    }
}

fn not_kept(thrown: &JsValue) -> Fault {
    let why = text(thrown);
    fault(format!("positions cannot be kept on the device: {why}"))
}

fn unreadable(name: &str, why: &str) -> Fault {
    fault(format!(
        "the positions kept on the device under \"{name}\" cannot be read: {why}; the client starts without them"
    ))
}

fn all_held(name: &str) -> Fault {
    fault(format!(
        "{NAMES} live clients, the most there may be, keep their positions on the device under \"{name}\": this one keeps \
         none; close one of them, or give this one another storage key"
    ))
}
