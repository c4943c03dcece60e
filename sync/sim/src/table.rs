//! Rows with a durable and an unsynced part.
//!
//! Mirrors the promises of `journal` over SQLite: the writer sees a write at once, readers see it
//! after the commit; a crash before the commit leaves no trace of it.

use std::{collections::BTreeMap, rc::Rc};

/// Rows by key. Both parts share rows, so a commit moves no data.
#[derive(Debug)]
pub struct ModelTable<K, V> {
    durable: BTreeMap<K, Rc<V>>,
    live: BTreeMap<K, Rc<V>>,
    unsynced: Vec<K>,
}

impl<K, V> Default for ModelTable<K, V> {
    fn default() -> Self {
        Self {
            durable: BTreeMap::new(),
            live: BTreeMap::new(),
            unsynced: Vec::new(),
        }
    }
}

impl<K: Ord + Clone, V> ModelTable<K, V> {
    /// The writer's view.
    pub fn get(&self, key: &K) -> Option<&Rc<V>> {
        self.live.get(key)
    }

    /// The readers' view: committed rows only.
    pub fn read(&self, key: &K) -> Option<&Rc<V>> {
        self.durable.get(key)
    }

    pub fn live(&self) -> &BTreeMap<K, Rc<V>> {
        &self.live
    }

    pub fn durable(&self) -> &BTreeMap<K, Rc<V>> {
        &self.durable
    }

    pub fn put(&mut self, key: K, row: V) {
        self.unsynced.push(key.clone());
        self.live.insert(key, Rc::new(row));
    }

    pub fn remove(&mut self, key: &K) {
        self.unsynced.push(key.clone());
        self.live.remove(key);
    }

    /// A copy of the file: exactly the committed rows.
    pub fn copied(&self) -> Self {
        let durable = self.durable.clone();
        Self {
            live: durable.clone(),
            durable,
            unsynced: Vec::new(),
        }
    }

    pub fn clear(&mut self) {
        let keys: Vec<K> = self.live.keys().cloned().collect();
        keys.iter().for_each(|key| self.remove(key));
    }

    pub fn commit(&mut self) {
        for key in self.unsynced.drain(..) {
            match self.live.get(&key) {
                Some(row) => self.durable.insert(key, Rc::clone(row)),
                None => self.durable.remove(&key),
            };
        }
    }

    pub fn roll_back(&mut self) {
        for key in self.unsynced.drain(..) {
            match self.durable.get(&key) {
                Some(row) => self.live.insert(key, Rc::clone(row)),
                None => self.live.remove(&key),
            };
        }
    }
}

/// The same for a single row.
#[derive(Debug, Default)]
pub struct ModelRow<V> {
    durable: V,
    pub live: V,
}

impl<V: Clone> ModelRow<V> {
    pub fn new(row: V) -> Self {
        Self {
            durable: row.clone(),
            live: row,
        }
    }

    pub fn read(&self) -> &V {
        &self.durable
    }

    pub fn commit(&mut self) {
        self.durable.clone_from(&self.live);
    }

    pub fn copied(&self) -> Self {
        Self::new(self.durable.clone())
    }

    pub fn roll_back(&mut self) {
        self.live.clone_from(&self.durable);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_committed_survives_a_crash() {
        let mut table = ModelTable::default();
        table.put(1, "a");
        table.commit();
        table.put(1, "b");
        table.put(2, "c");
        assert_eq!(table.get(&1).map(|row| **row), Some("b"));
        assert_eq!(table.read(&1).map(|row| **row), Some("a"));
        table.roll_back();
        table.remove(&1);
        assert_eq!((table.get(&1), table.live().len()), (None, 0));
        table.roll_back();
        assert_eq!(table.get(&1).map(|row| **row), Some("a"));
    }
}
