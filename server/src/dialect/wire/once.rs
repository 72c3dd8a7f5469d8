//! List of values by key, each made once even if several threads request it at the same time.

use std::sync::OnceLock;

/// A list that only grows, read without locks. A lookup is linear, since an entry has few forms.
#[derive(Debug)]
pub(super) struct OnceList<K, V> {
    first: OnceLock<Box<Node<K, V>>>,
}

#[derive(Debug)]
struct Node<K, V> {
    key: K,
    value: V,
    next: OnceLock<Box<Node<K, V>>>,
}

impl<K, V> Default for OnceList<K, V> {
    fn default() -> Self {
        Self {
            first: OnceLock::new(),
        }
    }
}

impl<K: PartialEq + Copy, V> OnceList<K, V> {
    /// The value of a key, made on the first request.
    pub(super) fn get_or_make(&self, key: K, make: impl FnOnce() -> V) -> &V {
        let mut make = Some(make);
        let mut place = &self.first;
        loop {
            let node = place.get_or_init(|| {
                let make = make
                    .take()
                    .expect("the node that is made has the key, and ends the loop");
                let (value, next) = (make(), OnceLock::new());
                Box::new(Node { key, value, next })
            });
            if node.key == key {
                return &node.value;
            }
            place = &node.next;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn makes_each_key_once() {
        let list = OnceList::default();
        let made = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for key in 0..8 {
                        let value = list.get_or_make(key, || {
                            made.fetch_add(1, Ordering::Relaxed);
                            key * 10
                        });
                        assert_eq!(*value, key * 10);
                    }
                });
            }
        });
        assert_eq!(made.into_inner(), 8);
    }
}
