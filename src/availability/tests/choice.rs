//! Alternatives, fairness, filters.

use super::support::{at, daily, every, person, question, span};
use crate::availability::{
    BlockKind, Busy, Calendar, Fairness, Filter, Load, Need, Pattern, Ref, Traits, alternatives, in_turn, slots,
};
use crate::time::{Instant, Zone};

#[test]
fn alternatives_keep_the_person_then_the_day_then_the_hour() {
    let utc = Zone::utc();
    let hours = daily(&utc, "2026-06-01", "2026-06-03", ("09:00", "12:00"), &[]);
    let taken = [Busy::booking(span(&utc, "2026-06-02T10:00", "2026-06-02T11:00"), 0, Ref::number(7))];
    let away = [Busy::block(span(&utc, "2026-06-01T00:00", "2026-06-02T11:00"), BlockKind::TimeOff, Ref::number(8))];
    let people =
        [Calendar { hours: Some(&hours), ..person(1, &away) }, Calendar { hours: Some(&hours), ..person(2, &taken) }];
    let needs = [Need { candidates: &people, units: 1 }];
    let window = span(&utc, "2026-06-01T00:00", "2026-06-04T00:00");
    let offers = slots(&question(&utc, window, every(60, 60), &needs));
    let wanted = at(&utc, "2026-06-02T10:00");
    let named = |who| {
        let found = alternatives(&offers, wanted, who, &utc, 5);
        found.iter().map(|a| (a.at.start.to_string()[8..13].to_owned(), a.who.unwrap())).collect::<Vec<_>>()
    };
    let (one, two) = (Ref::number(1), Ref::number(2));
    let expected = [("02T09", two), ("02T11", two), ("01T10", two), ("03T10", two), ("01T11", two)];
    assert_eq!(named(Some(two)), expected.map(|(start, who)| (start.to_owned(), who)));
    let expected = [("02T11", one), ("03T10", one), ("03T09", one), ("03T11", one), ("02T09", two)];
    assert_eq!(named(Some(one)), expected.map(|(start, who)| (start.to_owned(), who)));
}

#[test]
fn fairness_is_the_same_for_the_same_loads() {
    let [a, b, c] = [1, 2, 3].map(Ref::number);
    let load =
        |who, booked_minutes, last: Option<i64>| Load { who, booked_minutes, last_given: last.map(Instant::from_unix) };
    let loads = [load(a, 90, Some(50)), load(b, 30, Some(70))];
    assert_eq!(in_turn(&[a, b, c], &loads, Fairness::Preference), [a, b, c]);
    assert_eq!(in_turn(&[a, b, c], &loads, Fairness::LeastBusy), [c, b, a]);
    assert_eq!(in_turn(&[a, b, c], &loads, Fairness::RoundRobin), [c, a, b]);
    assert_eq!(in_turn(&[b, a], &[], Fairness::LeastBusy), [b, a], "equals stay in order");
}

#[test]
fn filters_of_external_events() {
    let event = Traits { title: Some("Lunch with ÉMILE"), color: Some("red"), ..Traits::default() };
    let any = Filter::default();
    assert!(any.takes_time(&event));
    assert!(!any.takes_time(&Traits { transparent: true, ..event }));
    assert!(!any.takes_time(&Traits { declined: true, ..event }));
    assert!(!any.takes_time(&Traits { cancelled: true, ..event }));
    assert!(any.takes_time(&Traits { tentative: true, all_day: true, ..event }));
    assert!(!Filter { tentative: true, ..any.clone() }.takes_time(&Traits { tentative: true, ..event }));
    assert!(!Filter { all_day: true, ..any.clone() }.takes_time(&Traits { all_day: true, ..event }));
    assert!(Filter { transparent: false, ..any.clone() }.takes_time(&Traits { transparent: true, ..event }));
    assert!(!Filter { titles: vec![Pattern::new("lunch*émile")], ..any.clone() }.takes_time(&event));
    assert!(!Filter { colors: vec![Pattern::new("RED")], ..any.clone() }.takes_time(&event));
    let categories = ["Private".to_owned()];
    assert!(
        !Filter { categories: vec![Pattern::new("priv?te")], ..any }
            .takes_time(&Traits { categories: &categories, ..event })
    );
}

#[test]
fn patterns() {
    for (pattern, text, matches) in [
        ("", "", true),
        ("", "a", false),
        ("*", "", true),
        ("a*c", "abbbc", true),
        ("a*c", "abcd", false),
        ("*a*b*", "xxaxxbxx", true),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("*aab", "aaaab", true),
    ] {
        assert_eq!(Pattern::new(pattern).matches(text), matches, "{pattern} {text}");
    }
    // Exponential for a matcher that tries everything.
    assert!(!Pattern::new(&"a*".repeat(60)).matches(&format!("{}b", "x".repeat(5000))));
}
