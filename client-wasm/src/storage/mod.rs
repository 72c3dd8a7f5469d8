//! Storage of a client's state over a reload of the page.

mod answer;
mod database;
mod device;
mod lock;
mod tab;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use push_wire_shared::session::client::Snapshot;
use uuid::Uuid;

use device::Device;
pub use tab::KeyValueStorage;
use tab::Tab;
pub(crate) use tab::not_kept;

use crate::error::{Fault, FaultCode};

/// Number of record names that a client tries.
const NAMES: usize = 8;

/// State kept by an earlier client.
pub(crate) struct Kept {
    pub(crate) snapshot: Snapshot,
    /// A live client uses the id in the snapshot: only the positions may be used.
    pub(crate) is_held: bool,
}

/// The record of one client. Dropping it releases the record.
pub(crate) struct Store {
    place: Place,
    /// The page is shown, and uses the record.
    is_held: Cell<bool>,
    failure: Rc<Failure>,
}

enum Place {
    Tab(Tab),
    Device(Rc<Device>),
}

impl Store {
    /// A record in a storage of the page, or nowhere. Returns the state that is kept there, or else that of a live client; what
    /// cannot be read is passed to `report`.
    pub(crate) fn in_page(
        storage: Option<KeyValueStorage>,
        name: &str,
        report: impl FnMut(Fault),
    ) -> (Self, Option<Kept>) {
        let (tab, kept) = Tab::open(storage, name, report);
        (Self::new(Place::Tab(tab)), kept)
    }

    /// A record on the device, which has to be [loaded](Self::load), for a client whose id the application may have chosen.
    pub(crate) fn on_device(name: String, chosen: Option<Uuid>) -> Self {
        Self::new(Place::Device(Rc::new(Device::new(name, chosen))))
    }

    fn new(place: Place) -> Self {
        Self {
            place,
            is_held: Cell::new(true),
            failure: Rc::default(),
        }
    }

    /// Loads the record; `None` if the state is known already. What cannot be read is passed to `report`.
    pub(crate) fn load(
        &self,
        report: impl Fn(Fault) + 'static,
    ) -> Option<impl Future<Output = Option<Kept>> + 'static> {
        match &self.place {
            Place::Tab(_) => None,
            Place::Device(device) => {
                let device = Rc::clone(device);
                Some(async move { device.load(report).await })
            }
        }
    }

    /// Keeps a snapshot. An error is passed to `report`, unless the write before failed for the same reason.
    pub(crate) fn save(&self, snapshot: &[u8], report: impl Fn(Fault) + 'static) {
        let is_held = self.is_held();
        let failure = Rc::clone(&self.failure);
        let written = move |result| failure.note(result, &report);
        match &self.place {
            Place::Tab(tab) => written(tab.save(snapshot, is_held)),
            Place::Device(device) => device.save(snapshot, !is_held, written),
        }
    }

    /// Marks what is saved from now on as that of a page that is left (false) or shown (true).
    pub(crate) fn hold(&self, is_held: bool) {
        self.is_held.set(is_held);
    }

    pub(crate) const fn is_held(&self) -> bool {
        self.is_held.get()
    }

    /// Reads the state again if another client may have written it while this page was in the back/forward cache. On the device
    /// none has: a page in the cache keeps its locks, and the browser discards it when another page requests them.
    pub(crate) fn read(&self) -> Option<Snapshot> {
        match &self.place {
            Place::Tab(tab) => tab.read(),
            Place::Device(_) => None,
        }
    }

    /// Releases the record.
    pub(crate) fn release(&self) {
        match &self.place {
            Place::Tab(tab) => tab.release(),
            Place::Device(device) => device.release(),
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.release();
    }
}

/// Error of the latest write; empty if it succeeded.
#[derive(Default)]
struct Failure(RefCell<String>);

impl Failure {
    /// Takes the result of a write, and passes an error to `report` unless the write before failed for the same reason: a client
    /// writes after each entry.
    fn note(&self, result: Result<(), Fault>, report: impl Fn(Fault)) {
        let message = result.as_ref().err().map(|fault| fault.message.clone());
        let message = message.unwrap_or_default();
        if self.0.replace(message.clone()) == message {
            return;
        }
        if let Err(fault) = result {
            report(fault);
        }
    }
}

/// Names of the records that clients try, in their order: `NAME`, `NAME#2` … `NAME#8`.
fn names(name: &str) -> impl Iterator<Item = String> {
    (1..=NAMES).map(move |number| match number {
        1 => name.to_owned(),
        _ => format!("{name}#{number}"),
    })
}

fn fault(message: String) -> Fault {
    Fault::new(FaultCode::Storage, message)
}
