//! [`Hidden`]: a secret that `Debug` does not show.

use alloc::string::String;
use core::fmt;
use core::ops::Deref;

/// A token or another secret. `Debug` prints `(hidden)` in place of the value, so that logs of types that contain it do not
/// show it.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Hidden<T>(pub T);

impl<T> fmt::Debug for Hidden<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

impl<T> Deref for Hidden<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl From<&str> for Hidden<String> {
    fn from(secret: &str) -> Self {
        Self(secret.into())
    }
}
