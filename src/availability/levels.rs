//! How many of something there are, over time.

use crate::time::{Instant, Interval};

use super::Spans;

/// A stretch of time throughout which `count` of something are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// From when until when.
    pub at: Interval,
    /// How many; never 0.
    pub count: u32,
}

/// A count over time: stretches in order, disjoint, of one number each; 0 in between.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Levels(Vec<Level>);

impl Levels {
    /// Counts, at each instant, the sets that hold it, each as often as its weight says.
    #[must_use]
    pub fn count<'a>(sets: impl IntoIterator<Item = (&'a [Interval], u32)>) -> Self {
        let mut changes: Vec<(Instant, i64)> = Vec::new();
        for (intervals, weight) in sets {
            for i in intervals {
                changes.push((i.start, i64::from(weight)));
                changes.push((i.end, -i64::from(weight)));
            }
        }
        changes.sort_unstable_by_key(|change| change.0);
        let mut levels: Vec<Level> = Vec::with_capacity(changes.len());
        let (mut count, mut since) = (0_i64, Instant::default());
        for group in changes.chunk_by(|one, next| one.0 == next.0) {
            let Some((at, _)) = group.first() else { continue };
            let before = count;
            count += group.iter().map(|change| change.1).sum::<i64>();
            if count == before {
                continue;
            }
            if before > 0 {
                let count = u32::try_from(before).unwrap_or(u32::MAX);
                levels.push(Level { at: Interval { start: since, end: *at }, count });
            }
            since = *at;
        }
        Self(levels)
    }

    /// One number throughout each of `intervals`, which are sorted and disjoint.
    pub(super) fn flat(intervals: &[Interval], count: u32) -> Self {
        Self(intervals.iter().filter(|_| count > 0).map(|at| Level { at: *at, count }).collect())
    }

    /// The stretches, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Level] {
        &self.0
    }

    /// How many there are at an instant.
    #[must_use]
    pub fn at(&self, at: Instant) -> u32 {
        let next = self.0.partition_point(|level| level.at.end <= at);
        self.0.get(next).filter(|level| level.at.start <= at).map_or(0, |level| level.count)
    }

    /// When there are `count` or more.
    #[must_use]
    pub fn at_least(&self, count: u32) -> Spans {
        self.0.iter().filter(|level| level.count >= count).map(|level| level.at).collect()
    }
}
