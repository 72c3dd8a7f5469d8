//! [`Recent`]: bounded map that forgets the entry whose last use is longest ago.

use alloc::collections::BTreeMap;

/// Map of at most a fixed number of entries. An entry beyond takes the place of the one that was used least recently.
#[derive(Clone, Debug)]
pub(crate) struct Recent<K, V> {
    limit: usize,
    /// Number of the last use.
    uses: u64,
    entries: BTreeMap<K, Used<V>>,
    /// Keys by the number of their last use.
    oldest_first: BTreeMap<u64, K>,
}

#[derive(Clone, Debug)]
struct Used<V> {
    at: u64,
    value: V,
}

impl<K: Copy + Ord, V> Recent<K, V> {
    /// An empty map of at most `limit` entries, at least one.
    pub(crate) const fn with_limit(limit: usize) -> Self {
        Self {
            limit,
            uses: 0,
            entries: BTreeMap::new(),
            oldest_first: BTreeMap::new(),
        }
    }

    /// Entries held.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns a value; this counts as no use of it.
    pub(crate) fn get(&self, key: K) -> Option<&V> {
        self.entries.get(&key).map(|entry| &entry.value)
    }

    /// Returns a value to be changed; this counts as no use of it.
    pub(crate) fn get_mut(&mut self, key: K) -> Option<&mut V> {
        self.entries.get_mut(&key).map(|entry| &mut entry.value)
    }

    /// Uses a value, if there is one.
    pub(crate) fn touch(&mut self, key: K) {
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        self.uses += 1;
        self.oldest_first.remove(&entry.at);
        self.oldest_first.insert(self.uses, key);
        entry.at = self.uses;
    }

    /// Uses a value, which is made if there is none. Returns also the value that was forgotten to make room.
    pub(crate) fn touch_or_insert(
        &mut self,
        key: K,
        make: impl FnOnce() -> V,
    ) -> (&mut V, Option<V>) {
        self.touch(key);
        let forgotten = if self.entries.contains_key(&key) {
            None
        } else {
            self.make_room()
        };
        let entry = self.entries.entry(key).or_insert_with(|| {
            self.uses += 1;
            self.oldest_first.insert(self.uses, key);
            Used {
                at: self.uses,
                value: make(),
            }
        });
        (&mut entry.value, forgotten)
    }

    /// Removes an entry.
    pub(crate) fn remove(&mut self, key: K) -> Option<V> {
        let entry = self.entries.remove(&key)?;
        self.oldest_first.remove(&entry.at);
        Some(entry.value)
    }

    fn make_room(&mut self) -> Option<V> {
        if self.entries.len() < self.limit {
            return None;
        }
        let (_, oldest) = self.oldest_first.pop_first()?;
        self.entries.remove(&oldest).map(|entry| entry.value)
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Touch(u8),
        Insert(u8),
        Get(u8),
        Remove(u8),
    }

    fn step() -> impl Strategy<Value = Step> {
        let key = || 0..6_u8;
        prop_oneof![
            1 => key().prop_map(Step::Touch),
            3 => key().prop_map(Step::Insert),
            1 => key().prop_map(Step::Get),
            1 => key().prop_map(Step::Remove),
        ]
    }

    proptest! {
        /// Agrees with a plain list of keys, the least recently used first.
        #[test]
        fn forgets_least_recently_used(
            limit in 1..5_usize,
            steps in prop::collection::vec(step(), 0..60),
        ) {
            let mut map = Recent::with_limit(limit);
            let mut known: Vec<u8> = Vec::new();
            for step in steps {
                match step {
                    Step::Touch(key) => {
                        if let Some(at) = known.iter().position(|&other| other == key) {
                            known.remove(at);
                            known.push(key);
                        }
                        map.touch(key);
                    }
                    Step::Insert(key) => {
                        let is_full = !known.contains(&key) && known.len() == limit;
                        let oldest = is_full.then(|| known.remove(0));
                        known.retain(|&other| other != key);
                        known.push(key);
                        let (value, forgotten) = map.touch_or_insert(key, || key);
                        prop_assert_eq!((*value, forgotten), (key, oldest));
                    }
                    Step::Get(key) => {
                        let value = known.contains(&key).then_some(key);
                        prop_assert_eq!(map.get(key).copied(), value);
                        prop_assert_eq!(map.get_mut(key).copied(), value);
                    }
                    Step::Remove(key) => {
                        let value = known.contains(&key).then_some(key);
                        known.retain(|&other| other != key);
                        prop_assert_eq!(map.remove(key), value);
                    }
                }
                prop_assert_eq!(map.len(), known.len());
                prop_assert_eq!(map.oldest_first.len(), known.len());
            }
        }
    }
}
