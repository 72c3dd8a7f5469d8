//! Slot in which a dialect keeps state with a session or a stream of the hub.

use std::any::Any;
use std::fmt;
use std::sync::OnceLock;

/// One value of a type that the hub does not know, created on first use.
#[derive(Default)]
pub(crate) struct Attachment(OnceLock<Box<dyn Any + Send + Sync>>);

impl Attachment {
    /// The value.
    ///
    /// # Panics
    /// Panics if the slot holds a value of another type: each slot is used with one type.
    pub(crate) fn get<T: Any + Default + Send + Sync>(&self) -> &T {
        self.0
            .get_or_init(|| Box::<T>::default())
            .downcast_ref()
            .expect("each place has one user")
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment").finish_non_exhaustive()
    }
}
