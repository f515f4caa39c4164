//! Sorting many short intervals.

use crate::time::Interval;

/// Below this, comparing is faster.
const FEW: usize = 128;

/// Sorts by start. Those of equal start stay in any order.
///
/// Instances of recurring events come as many short runs over the same weeks. They are dealt out into as many buckets
/// as there are of them, which leaves little to sort.
pub(super) fn by_start(intervals: &mut Vec<Interval>) {
    if intervals.len() < FEW {
        intervals.sort_unstable_by_key(|i| i.start);
        return;
    }
    if intervals.is_sorted_by_key(|i| i.start) {
        return;
    }
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    for i in intervals.iter() {
        first = first.min(i.start.unix());
        last = last.max(i.start.unix());
    }
    // Buckets of a power of two seconds, about one for each interval.
    let spread = last.abs_diff(first);
    let width = (spread / intervals.len() as u64).max(1).ilog2() + 1;
    let bucket = |i: &Interval| (i.start.unix().abs_diff(first) >> width) as usize;
    let mut next = vec![0_u32; (spread >> width) as usize + 2];
    for i in intervals.iter() {
        next[bucket(i) + 1] += 1;
    }
    let mut before = 0;
    for count in &mut next {
        before += *count;
        *count = before;
    }
    let mut dealt = intervals.clone();
    for i in intervals.iter() {
        let place = &mut next[bucket(i)];
        dealt[*place as usize] = *i;
        *place += 1;
    }
    let mut from = 0;
    for until in next {
        // After dealing, each bucket's place is where the next begins.
        let until = (until as usize).max(from);
        if let Some(bucket) = dealt.get_mut(from..until) {
            bucket.sort_unstable_by_key(|i| i.start);
        }
        from = until;
    }
    *intervals = dealt;
}
