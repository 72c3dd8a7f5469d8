//! Panic hook: prints the panic with its location, and ends the clients of the page with that error.

use std::cell::RefCell;
use std::panic;
use std::rc::{Rc, Weak};
use std::sync::Once;

use super::ClientHooks;
use super::hooks::console_error;
use crate::driver::Driver;

/// One client of the page.
#[derive(Clone)]
struct Client {
    number: u32,
    hooks: ClientHooks,
    /// Empty until the driver is created.
    driver: Weak<Driver>,
}

thread_local! {
    static LIVE: RefCell<Vec<Client>> = const { RefCell::new(Vec::new()) };
    static NUMBER: RefCell<u32> = const { RefCell::new(0) };
}

/// Entry of one client; dropping it removes it.
pub(super) struct Live(u32);

impl Live {
    /// Adds a client, whose hook `panicked` is called at a panic.
    pub(super) fn add(hooks: ClientHooks) -> Self {
        static SET: Once = Once::new();
        SET.call_once(|| panic::set_hook(Box::new(tell)));
        let number = NUMBER.with_borrow_mut(|number| {
            *number += 1;
            *number
        });
        let driver = Weak::new();
        LIVE.with_borrow_mut(|live| {
            live.push(Client {
                number,
                hooks,
                driver,
            });
        });
        Self(number)
    }

    /// Sets the client's driver, which ends at a panic.
    pub(super) fn set_driver(&self, driver: &Rc<Driver>) {
        LIVE.with_borrow_mut(|live| {
            for client in live.iter_mut().filter(|client| client.number == self.0) {
                client.driver = Rc::downgrade(driver);
            }
        });
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        LIVE.with_borrow_mut(|live| live.retain(|client| client.number != self.0));
    }
}

fn tell(info: &panic::PanicHookInfo<'_>) {
    let message = format!("push-wire: {info}");
    console_error(&message.as_str().into());
    let live = LIVE.with(|live| {
        live.try_borrow()
            .map(|live| live.clone())
            .unwrap_or_default()
    });
    for Client { hooks, driver, .. } in live {
        if let Some(driver) = driver.upgrade() {
            driver.abandon();
        }
        // An exception of the hook itself cannot be reported.
        drop(hooks.panicked(&message));
    }
}
