//! The laws of interval sets, against a bitmap of minutes.

use proptest::prelude::*;

use crate::availability::{Levels, Spans};
use crate::time::{Instant, Interval};

const SIZE: i64 = 200;

fn at(n: i64) -> Instant {
    Instant::from_unix(n)
}

fn intervals() -> impl Strategy<Value = Vec<Interval>> {
    prop::collection::vec((0..SIZE, 0..25_i64), 0..16).prop_map(|all| {
        all.into_iter().map(|(from, length)| Interval { start: at(from), end: at((from + length).min(SIZE)) }).collect()
    })
}

fn bitmap(set: &Spans) -> Vec<bool> {
    (0..SIZE).map(|n| set.contains(at(n))).collect()
}

fn is_canonical(set: &Spans) -> bool {
    set.iter().all(|i| i.start < i.end) && set.as_slice().windows(2).all(|pair| pair[0].end < pair[1].start)
}

fn zip(one: &[bool], two: &[bool], op: impl Fn(bool, bool) -> bool) -> Vec<bool> {
    one.iter().zip(two).map(|(a, b)| op(*a, *b)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sets_are_those_of_the_bitmap(one in intervals(), two in intervals(), from in 0..SIZE, length in 1..90_i64) {
        let covers = |n: i64| one.iter().any(|i| i.start <= at(n) && at(n) < i.end);
        let (a, b) = (Spans::new(one.clone()), Spans::new(two));
        prop_assert_eq!(bitmap(&a), (0..SIZE).map(covers).collect::<Vec<_>>());
        let window = Interval { start: at(from), end: at((from + length).min(SIZE)) };
        let (x, y, w) = (bitmap(&a), bitmap(&b), bitmap(&Spans::from(window)));
        for (set, expected) in [
            (a.union(&b), zip(&x, &y, |p, q| p || q)),
            (a.intersect(&b), zip(&x, &y, |p, q| p && q)),
            (a.subtract(&b), zip(&x, &y, |p, q| p && !q)),
            (a.complement(window), zip(&w, &x, |p, q| p && !q)),
            (a.clip(window), zip(&w, &x, |p, q| p && q)),
        ] {
            prop_assert!(is_canonical(&set), "{:?}", set);
            prop_assert_eq!(bitmap(&set), expected);
        }
        prop_assert_eq!(a.covers(window), zip(&w, &x, |p, q| !p || q).iter().all(|ok| *ok));
        prop_assert_eq!(a.seconds(), x.iter().filter(|in_it| **in_it).count() as i64);
        prop_assert_eq!(!a.touching(window).is_empty(), zip(&w, &x, |p, q| p && q).contains(&true));
    }

    #[test]
    fn laws(one in intervals(), two in intervals(), three in intervals()) {
        let (a, b, c) = (Spans::new(one), Spans::new(two), Spans::new(three));
        let all = Interval { start: at(0), end: at(SIZE) };
        let not = |set: &Spans| set.complement(all);
        prop_assert_eq!(a.union(&b), b.union(&a));
        prop_assert_eq!(a.intersect(&b), b.intersect(&a));
        prop_assert_eq!(a.union(&b).union(&c), a.union(&b.union(&c)));
        prop_assert_eq!(a.intersect(&b.union(&c)), a.intersect(&b).union(&a.intersect(&c)));
        prop_assert_eq!(not(&a.union(&b)), not(&a).intersect(&not(&b)));
        prop_assert_eq!(not(&not(&a)), a.clone());
        prop_assert_eq!(a.subtract(&b), a.intersect(&not(&b)));
        prop_assert_eq!(a.subtract(&b).union(&a.intersect(&b)), a.clone());
        prop_assert_eq!(a.union(&a), a.clone());
        prop_assert_eq!(a.intersect(&Spans::EMPTY), Spans::EMPTY);
    }

    #[test]
    fn widening_meets_what_is_near(one in intervals(), before in 0..9_i64, after in 0..9_i64) {
        let set = Spans::new(one);
        let wide = set.widen(before, after);
        prop_assert!(is_canonical(&wide));
        for n in 0..SIZE {
            let near = set.iter().any(|i| i.start - before <= at(n) && at(n) < i.end + after);
            prop_assert_eq!(wide.contains(at(n)), near);
        }
    }

    #[test]
    fn levels_count_covers(sets in prop::collection::vec((intervals(), 0..3_u32), 0..5)) {
        let sets: Vec<(Spans, u32)> = sets.into_iter().map(|(set, weight)| (Spans::new(set), weight)).collect();
        let levels = Levels::count(sets.iter().map(|(set, weight)| (set.as_slice(), *weight)));
        let count = |n: i64| sets.iter().filter(|(set, _)| set.contains(at(n))).map(|(_, weight)| weight).sum::<u32>();
        for n in 0..SIZE {
            prop_assert_eq!(levels.at(at(n)), count(n));
            prop_assert_eq!(levels.at_least(2).contains(at(n)), count(n) >= 2);
        }
        prop_assert!(is_canonical(&levels.at_least(1)));
    }

    #[test]
    fn dealing_into_buckets_sorts(many in prop::collection::vec((0..5_000_000_i64, 1..9_i64), 0..900)) {
        let mut all: Vec<Interval> =
            many.iter().map(|(from, length)| Interval { start: at(*from), end: at(from + length) }).collect();
        let mut expected = all.clone();
        crate::availability::sort::by_start(&mut all);
        prop_assert!(all.is_sorted_by_key(|i| i.start));
        all.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(all, expected);
    }
}
