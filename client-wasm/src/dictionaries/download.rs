//! Downloads, of which the browser's cache keeps the results.

use std::cell::{Cell, RefCell};
use std::rc::Weak;
use std::time::Duration;

use push_wire_shared::limits::{DICTIONARIES, DICTIONARY_BYTES};
use wasm_bindgen::JsValue;
use web_sys::{AbortController, RequestCredentials, RequestInit};

use crate::clock;
use crate::driver::Driver;
use crate::fetch::{Body, fetch};
use crate::timer::Timer;

/// Longest time of a download (30 s): the largest dictionary at 30 kbit/s.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Downloads of dictionaries. They never change, so that the browser's cache keeps them over a reload.
///
/// Entries come without one as well, only larger: one that cannot be had is counted, and requested again when the server names
/// it on the next connection. Dropping this cancels all downloads.
#[derive(Default)]
pub(crate) struct Dictionaries {
    loading: RefCell<Vec<Download>>,
    failed: Cell<u32>,
}

struct Download {
    sha256: [u8; 32],
    end: AbortController,
    /// Ends the download when it takes too long.
    _timeout: Timer,
}

impl Download {
    fn new(sha256: [u8; 32]) -> Result<Self, JsValue> {
        let end = AbortController::new()?;
        let timeout = Timer::new({
            let end = end.clone();
            move || end.abort()
        });
        timeout.set(Some(clock::now() + DOWNLOAD_TIMEOUT));
        Ok(Self {
            sha256,
            end,
            _timeout: timeout,
        })
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        self.end.abort();
    }
}

impl Dictionaries {
    /// Number of failed downloads.
    pub(crate) fn failed(&self) -> u32 {
        self.failed.get()
    }

    /// Begins the download of the dictionary with this hash.
    pub(crate) fn fetch(&self, route: &str, sha256: [u8; 32], driver: Weak<Driver>) {
        let mut loading = self.loading.borrow_mut();
        let is_loading = loading.iter().any(|download| download.sha256 == sha256);
        if is_loading || loading.len() >= DICTIONARIES {
            return;
        }
        let Ok(download) = Download::new(sha256) else {
            return;
        };
        let signal = download.end.signal();
        loading.push(download);
        let url = format!("{route}/dictionaries/{}", hex::encode(sha256));
        wasm_bindgen_futures::spawn_local(async move {
            let request = RequestInit::new();
            request.set_credentials(RequestCredentials::Omit);
            request.set_signal(Some(&signal));
            let bytes = get(&url, &request).await.ok().flatten();
            if let Some(driver) = driver.upgrade() {
                driver.dictionary(sha256, bytes);
            }
        });
    }

    /// Records the end of a download.
    pub(crate) fn ended(&self, sha256: [u8; 32], is_dictionary: bool) {
        let mut loading = self.loading.borrow_mut();
        loading.retain(|download| download.sha256 != sha256);
        if !is_dictionary {
            self.failed.set(self.failed.get() + 1);
        }
    }
}

/// The body of a successful response; nothing if it is larger than a dictionary.
async fn get(url: &str, request: &RequestInit) -> Result<Option<Vec<u8>>, JsValue> {
    let response = fetch(url, request).await?;
    if !response.ok() {
        return Ok(None);
    }
    let mut body = Body::of(&response)?;
    let mut bytes = Vec::new();
    while let Some(piece) = body.next().await? {
        if bytes.len() + piece.byte_length() as usize > DICTIONARY_BYTES {
            return Ok(None);
        }
        bytes.extend(piece.to_vec());
    }
    Ok(Some(bytes))
}
