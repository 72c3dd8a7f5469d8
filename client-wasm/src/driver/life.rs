//! The page's life: hidden, left, frozen, and shown again.

use push_wire_shared::session::client::{Attention, ClientSession};

use super::Driver;
use crate::{clock, page};

impl Driver {
    /// The page may have been hidden, shown, or cut off from the network.
    pub(crate) fn attend(&self) {
        // A page that returns may be visible before `pageshow`, until which the record is of another page.
        if self.is_closed() || !self.store.is_held() {
            return;
        }
        if let Some(tabs) = &self.settings.tabs {
            tabs.attend();
            // The page may have been built before it was shown. Its own part costs nothing while it is hidden.
            self.with(ClientSession::wake);
        } else {
            self.with(|session, now| session.attend(now, page::attention()));
        }
    }

    /// There is a connection, which other tabs may have had before this one asked.
    pub(super) fn note_network(&self) {
        if self.settings.tabs.is_none()
            && page::note_network()
            && page::attention() == Attention::Full
        {
            self.with(ClientSession::wake);
        }
    }

    /// The page is frozen, with what it has: another tab takes the shared connection over.
    pub(crate) fn freeze(&self) {
        if self.settings.tabs.is_some() && !self.is_closed() {
            self.hand_over();
        }
    }

    /// Drops the connection, or leaves it to other tabs.
    fn hand_over(&self) {
        self.with(ClientSession::leave);
        if let Some(tabs) = &self.settings.tabs {
            tabs.leave();
        }
    }

    /// The page is left; it may come back.
    pub(crate) fn leave_page(&self) {
        if self.is_closed() {
            return;
        }
        let tabs = self.settings.tabs.as_ref();
        if tabs.is_some_and(|tabs| tabs.is_busy()) {
            return self.abandon();
        }
        self.commit();
        // A browser would drop it without a word, or not keep the page.
        self.hand_over();
        self.store.hold(false);
        self.keep();
    }

    /// The page is shown, perhaps again.
    pub(crate) fn return_to_page(&self) {
        if self.is_closed() {
            return;
        }
        // Another page of the tab may have continued with what is kept. It may not have been told yet that it is left.
        if let Some(snapshot) = self.store.read() {
            self.with(|session, _| session.continue_after(snapshot));
        }
        self.with(|session, _| session.note_attempts(clock::unix_millis()));
        self.store.hold(true);
        self.keep();
        self.attend();
    }
}
