//! Panics: printed with their place, and told to the clients of the page, which end.

use std::cell::RefCell;
use std::panic;
use std::sync::Once;

use super::ClientHooks;
use super::hooks::console_error;

thread_local! {
    /// The clients of the page, by number.
    static LIVE: RefCell<Vec<(u32, ClientHooks)>> = const { RefCell::new(Vec::new()) };
    static NUMBER: RefCell<u32> = const { RefCell::new(0) };
}

/// Entry of one client; dropping it removes it.
pub(super) struct Live(u32);

impl Live {
    /// Adds a client, which is told of panics.
    pub(super) fn add(hooks: ClientHooks) -> Self {
        static SET: Once = Once::new();
        SET.call_once(|| panic::set_hook(Box::new(tell)));
        let number = NUMBER.with_borrow_mut(|number| {
            *number += 1;
            *number
        });
        LIVE.with_borrow_mut(|live| live.push((number, hooks)));
        Self(number)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        LIVE.with_borrow_mut(|live| live.retain(|(number, _)| *number != self.0));
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
    for (_, hooks) in live {
        // Nothing can be done about another exception.
        drop(hooks.panicked(&message));
    }
}
