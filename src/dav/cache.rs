//! A cache under a budget of octets.

use std::borrow::Borrow;
use std::hash::Hash;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// What was asked for last and most, as much of it as the budget has room for.
pub(super) struct Budgeted<K, V>(Cache<K, Entry<V>, ByOctets>);

#[derive(Clone)]
struct Entry<V> {
    octets: u64,
    value: V,
}

#[derive(Clone)]
struct ByOctets;

impl<K, V> Weighter<K, Entry<V>> for ByOctets {
    fn weight(&self, _: &K, entry: &Entry<V>) -> u64 {
        entry.octets
    }
}

impl<K: Eq + Hash, V: Clone> Budgeted<K, V> {
    /// For `budget` octets. An entry has `usual` ones: where few have room, one may take all of it, else its share of shards.
    pub fn new(budget: u64, usual: u64) -> Self {
        let entries = usize::try_from(budget / usual).unwrap_or(usize::MAX);
        Self(Cache::with_weighter(entries, budget, ByOctets))
    }

    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.0.get(key).map(|entry| entry.value)
    }

    /// Keeps a value that takes so many octets together with its key.
    pub fn insert(&self, key: K, value: V, octets: usize) {
        // What weighs nothing would never make room for anything else.
        self.0.insert(key, Entry { octets: octets.max(1) as u64, value });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_kept() {
        let cache: Budgeted<u32, u32> = Budgeted::new(1000, 500);
        for key in 0..100 {
            cache.insert(key, key, 300);
        }
        let left: Vec<u32> = (0..100).filter(|key| cache.get(key).is_some()).collect();
        assert!((1..=3).contains(&left.len()), "{left:?}");
        cache.insert(7, 8, 900);
        assert_eq!(cache.get(&7), Some(8));
        cache.insert(9, 9, 1001);
        assert_eq!(cache.get(&9), None);
        assert_eq!(cache.0.weight(), 900);
        let none: Budgeted<u32, u32> = Budgeted::new(0, 500);
        none.insert(1, 1, 0);
        assert_eq!(none.get(&1), None);
    }
}
