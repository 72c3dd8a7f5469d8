//! IndexedDB database of the origin, which holds the clients' records by name.

use js_sys::{Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Event, IdbDatabase, IdbFactory, IdbObjectStore, IdbRequest, IdbTransaction, IdbTransactionMode,
};

use super::answer::in_time;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(extends = IdbTransaction)]
    type Transaction;

    /// Commits the transaction without waiting for its requests. The method of `web-sys` is marked as deprecated and specific to
    /// Firefox, which it is not.
    #[wasm_bindgen(method, catch)]
    fn commit(this: &Transaction) -> Result<(), JsValue>;
}

const NAME: &str = "push-wire";
const VERSION: u32 = 1;
const RECORDS: &str = "clients";

/// The open database. Dropping it closes it.
pub(super) struct Database {
    database: IdbDatabase,
    /// Called when a later version of this package opens the database.
    _changed: Closure<dyn Fn()>,
}

impl Database {
    /// Opens the database; creates it if the origin has none.
    pub(super) async fn open() -> Result<Self, JsValue> {
        let factory = Reflect::get(&js_sys::global(), &"indexedDB".into())?;
        if !factory.is_object() {
            return Err("there is no IndexedDB".into());
        }
        let request = factory
            .unchecked_into::<IdbFactory>()
            .open_with_u32(NAME, VERSION)?;
        let created = {
            let request = request.clone();
            Closure::once_into_js(move || -> Result<(), JsValue> {
                let database: IdbDatabase = request.result()?.unchecked_into();
                database.create_object_store(RECORDS).map(drop)
            })
        };
        request.set_onupgradeneeded(Some(created.unchecked_ref()));
        let database: IdbDatabase = result(&request).await?.unchecked_into();
        let changed = {
            let database = database.clone();
            Closure::new(move || database.close())
        };
        database.set_onversionchange(Some(changed.as_ref().unchecked_ref()));
        Ok(Self {
            database,
            _changed: changed,
        })
    }

    /// Reads the record of this name; `None` if there is none.
    pub(super) async fn read(&self, name: &str) -> Result<Option<Vec<u8>>, JsValue> {
        let (_, records) = self.records(IdbTransactionMode::Readonly)?;
        let record = result(&records.get(&name.into())?).await?;
        let record = record.dyn_into::<Uint8Array>().ok();
        Ok(record.map(|record| record.to_vec()))
    }

    /// Replaces the record of this name. The call starts the write; the future resolves when it is complete.
    pub(super) fn write(
        &self,
        name: &str,
        record: &[u8],
    ) -> Result<impl Future<Output = Result<(), JsValue>> + use<>, JsValue> {
        let (transaction, records) = self.records(IdbTransactionMode::Readwrite)?;
        let record = Uint8Array::from(record);
        records.put_with_key(&record, &name.into())?;
        // Never rejected: the last write of a client is not waited for.
        let ended = Promise::new(&mut |resolve, _| {
            transaction.set_oncomplete(Some(&resolve));
            transaction.set_onabort(Some(&resolve));
        });
        // Without a commit, the write is lost if the page is unloaded now.
        transaction.unchecked_ref::<Transaction>().commit()?;
        Ok(async move {
            let event: Event = JsFuture::from(ended).await?.unchecked_into();
            match event.type_().as_str() {
                "complete" => Ok(()),
                _ => Err(transaction.error().map_or(JsValue::UNDEFINED, Into::into)),
            }
        })
    }

    fn records(
        &self,
        mode: IdbTransactionMode,
    ) -> Result<(IdbTransaction, IdbObjectStore), JsValue> {
        let transaction = self.database.transaction_with_str_and_mode(RECORDS, mode)?;
        let records = transaction.object_store(RECORDS)?;
        Ok((transaction, records))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.database.set_onversionchange(None);
        self.database.close();
    }
}

/// Waits for the result of a request, in time.
async fn result(request: &IdbRequest) -> Result<JsValue, JsValue> {
    let done = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    match in_time(done, "IndexedDB").await {
        Ok(_) => request.result(),
        // A request that is not done has no error.
        Err(late) => Err(request.error().ok().flatten().map_or(late, Into::into)),
    }
}
