//! Sets of instants as sorted intervals: the algebra everything else is made of.

use crate::time::{Instant, Interval};

/// A set of instants: intervals in order, none empty, none overlapping or touching another.
///
/// One set has one representation, so two that are equal hold the same instants. Every operation is linear in the
/// number of intervals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spans(Vec<Interval>);

impl Spans {
    /// No instant.
    pub const EMPTY: Self = Self(Vec::new());

    /// The instants of any intervals, in any order, overlapping or not. Empty ones are left out.
    #[must_use]
    pub fn new(mut intervals: Vec<Interval>) -> Self {
        intervals.retain(|i| i.start < i.end);
        // Rules and series give sorted runs, which the stable sort finds.
        intervals.sort();
        join_sorted(&mut intervals);
        Self(intervals)
    }

    /// Intervals that are in order already, none empty, none overlapping or touching another.
    pub(super) const fn sorted(intervals: Vec<Interval>) -> Self {
        Self(intervals)
    }

    /// The intervals, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Interval] {
        &self.0
    }

    /// The intervals, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Interval> {
        self.0.iter()
    }

    /// Whether there is no instant.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of seconds in the set.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.0.iter().map(|i| i.end - i.start).sum()
    }

    /// Whether `at` is in the set.
    #[must_use]
    pub fn contains(&self, at: Instant) -> bool {
        self.around(at).is_some()
    }

    /// The interval that `at` lies in.
    #[must_use]
    pub fn around(&self, at: Instant) -> Option<Interval> {
        let next = self.0.partition_point(|i| i.end <= at);
        self.0.get(next).filter(|i| i.start <= at).copied()
    }

    /// Whether all of `whole` is in the set.
    #[must_use]
    pub fn covers(&self, whole: Interval) -> bool {
        self.around(whole.start).is_some_and(|i| whole.end <= i.end)
    }

    /// The intervals that share an instant with `window`, whole.
    #[must_use]
    pub fn touching(&self, window: Interval) -> &[Interval] {
        let first = self.0.partition_point(|i| i.end <= window.start);
        let last = self.0.partition_point(|i| i.start < window.end);
        self.0.get(first..last).unwrap_or_default()
    }

    /// The instants in this set or the other.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let (one, two) = (&self.0[..], &other.0[..]);
        let mut all = Vec::with_capacity(one.len() + two.len());
        let (mut i, mut j) = (0, 0);
        while let (Some(ours), Some(theirs)) = (one.get(i), two.get(j)) {
            let first = ours.start <= theirs.start;
            all.push(if first { *ours } else { *theirs });
            i += usize::from(first);
            j += usize::from(!first);
        }
        all.extend_from_slice(one.get(i..).unwrap_or_default());
        all.extend_from_slice(two.get(j..).unwrap_or_default());
        join_sorted(&mut all);
        Self(all)
    }

    /// The instants in this set and the other.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        let mut both = Vec::with_capacity(self.0.len().max(other.0.len()));
        let (mut i, mut j) = (0, 0);
        while let (Some(one), Some(two)) = (self.0.get(i), other.0.get(j)) {
            both.extend(Interval::new(one.start.max(two.start), one.end.min(two.end)));
            if one.end <= two.end { i += 1 } else { j += 1 }
        }
        Self(both)
    }

    /// The instants in this set and not in the other.
    #[must_use]
    pub fn subtract(&self, other: &Self) -> Self {
        let mut left = Vec::with_capacity(self.0.len() + other.0.len());
        gaps(&self.0, &other.0, |gap| left.push(gap));
        Self(left)
    }

    /// The instants of `window` that are not in this set.
    #[must_use]
    pub fn complement(&self, window: Interval) -> Self {
        Self::from(window).subtract(self)
    }

    /// The instants of this set that are in `window`.
    #[must_use]
    pub fn clip(&self, window: Interval) -> Self {
        let clipped = self.touching(window).iter();
        Self(clipped.filter_map(|i| Interval::new(i.start.max(window.start), i.end.min(window.end))).collect())
    }

    /// Each interval with `before` seconds more at its start and `after` more at its end; intervals that then meet are
    /// one. Negative numbers of seconds narrow, and what has no length then is gone.
    #[must_use]
    pub fn widen(&self, before: i64, after: i64) -> Self {
        Self::new(self.0.iter().map(|i| i.widened(before, after)).collect())
    }
}

/// One interval, or none when it is empty.
impl From<Interval> for Spans {
    fn from(interval: Interval) -> Self {
        Self(Interval::new(interval.start, interval.end).into_iter().collect())
    }
}

impl FromIterator<Interval> for Spans {
    fn from_iter<I: IntoIterator<Item = Interval>>(intervals: I) -> Self {
        Self::new(intervals.into_iter().collect())
    }
}

impl<'a> IntoIterator for &'a Spans {
    type Item = &'a Interval;
    type IntoIter = std::slice::Iter<'a, Interval>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// Joins neighbours of a sorted list that overlap or touch, in place.
fn join_sorted(intervals: &mut Vec<Interval>) {
    intervals.dedup_by(|next, last| {
        let joined = next.start <= last.end;
        if joined {
            last.end = last.end.max(next.end);
        }
        joined
    });
}

/// Gives `found` what is left of `open` where `busy` is not, in order.
///
/// `open` is sorted and disjoint; `busy` is sorted by start and may overlap itself.
pub(super) fn gaps(open: &[Interval], busy: &[Interval], mut found: impl FnMut(Interval)) {
    let mut busy = busy.iter().peekable();
    let Some(first) = open.first() else { return };
    // The end of everything busy that began so far.
    let mut busy_until = first.start;
    for stretch in open {
        let mut free_from = stretch.start.max(busy_until);
        while let Some(next) = busy.next_if(|b| b.start < stretch.end) {
            if next.end > free_from {
                if next.start > free_from {
                    found(Interval { start: free_from, end: next.start });
                }
                free_from = next.end;
                busy_until = busy_until.max(next.end);
            }
        }
        if free_from < stretch.end {
            found(Interval { start: free_from, end: stretch.end });
        }
    }
}
