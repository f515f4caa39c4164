//! The engine against brute force, and what it promises, said one by one.

use proptest::prelude::*;

use super::brute;
use super::world::{MINUTE, World, world};
use crate::availability::{Question, alternatives, bulk, choose, explain, first, slots};
use crate::time::{Instant, Interval, Zone};

fn config(cases: u32) -> ProptestConfig {
    let cases = if std::env::var_os("FASTI_TEST_SOAK").is_some() { cases * 20 } else { cases };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Asks about each candidate of the leading need alone.
fn each_lead<T>(question: &Question<'_>, mut answer: impl FnMut(&Question<'_>) -> T) -> Vec<T> {
    let lead = &question.needs[0];
    let rest = &question.needs[1..];
    let one = |candidate| {
        let mut needs =
            vec![crate::availability::Need { candidates: std::slice::from_ref(candidate), units: lead.units }];
        needs.extend_from_slice(rest);
        answer(&Question { needs: &needs, ..*question })
    };
    lead.candidates.iter().map(one).collect()
}

fn agrees_with_brute_force(world: &World) -> Result<(), TestCaseError> {
    world.ask(|question| {
        let offers = slots(question);
        let mut expected = std::collections::BTreeMap::<Instant, Vec<_>>::new();
        for lead in question.needs[0].candidates {
            for start in brute::starts(question, lead) {
                expected.entry(start).or_default().push(lead.who);
            }
        }
        let found: std::collections::BTreeMap<_, _> =
            offers.slots().iter().map(|slot| (slot.at.start, offers.who(slot).to_vec())).collect();
        prop_assert_eq!(&found, &expected);
        prop_assert_eq!(offers.slots().len(), found.len());
        prop_assert!(offers.slots().iter().all(|slot| slot.remaining > 0));
        for slot in offers.slots().iter().step_by(7) {
            let chosen = choose(&Question { window: slot.at, ..*question }).unwrap();
            prop_assert_eq!(chosen[0], offers.who(slot)[0]);
            prop_assert!(chosen.len() == question.needs.len() || question.terms.capacity > 1);
            prop_assert!(
                chosen.iter().zip(question.needs).all(|(who, need)| need.candidates.iter().any(|c| c.who == *who))
            );
            prop_assert!((1..chosen.len()).all(|n| !chosen[n..].contains(&chosen[n - 1])), "{:?}", chosen);
        }
        let earliest =
            first(question).map(|offers| (offers.slots()[0].at.start, offers.who(&offers.slots()[0]).to_vec()));
        prop_assert_eq!(earliest, expected.into_iter().next());
        for ((who, own), lead) in bulk(question).iter().zip(question.needs[0].candidates) {
            let starts: Vec<Instant> = own.iter().map(|(at, _)| at.start).collect();
            let merged: Vec<Instant> =
                found.iter().filter(|(_, free)| free.contains(&who)).map(|(start, _)| *start).collect();
            prop_assert_eq!(who, lead.who);
            prop_assert_eq!(starts, merged);
        }
        Ok(())
    })
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn slots_are_those_of_brute_force(world in world(false)) {
        agrees_with_brute_force(&world)?;
    }

    #[test]
    fn slots_are_those_of_brute_force_where_candidates_serve_several_needs(world in world(true)) {
        agrees_with_brute_force(&world)?;
    }

    #[test]
    fn no_slot_overlaps_busy(world in world(false)) {
        world.ask(|question| {
            for lead in question.needs[0].candidates {
                let alone = [crate::availability::Need { candidates: std::slice::from_ref(lead), units: 1 }];
                let terms = crate::availability::Terms { capacity: 1, ..question.terms };
                for slot in slots(&Question { needs: &alone, terms, ..*question }).slots() {
                    let taken = terms.taken_from(slot.at.start);
                    let free = (0..lead.quantity).any(|unit| {
                        !lead.busy.iter().any(|b| {
                            let counts = b.counts(question.now, &[]);
                            counts && b.takes(unit, lead.quantity) && b.at.overlaps(taken)
                        })
                    });
                    prop_assert!(free, "no unit is free for the whole of {:?}", slot.at);
                    prop_assert!(!question.business.closures.iter().any(|c| c.at.overlaps(taken)));
                    let hours = lead.hours.or(question.business.hours);
                    prop_assert!(hours.is_none_or(|hours| hours.open().covers(slot.at)));
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn every_free_stretch_that_fits_is_offered(world in world(false)) {
        world.ask(|question| {
            for lead in question.needs[0].candidates.iter().filter(|lead| lead.quantity == 1) {
                let alone = [crate::availability::Need { candidates: std::slice::from_ref(lead), units: 1 }];
                let step = 5;
                let terms = crate::availability::Terms {
                    capacity: 1,
                    min_notice_minutes: 0,
                    max_advance_days: None,
                    grid: crate::availability::Grid::every(step).unwrap(),
                    ..question.terms
                };
                let question = Question { needs: &alone, terms, ..*question };
                let offers = slots(&question);
                // By sets: hours without everything busy, narrowed by what a booking takes.
                let busy = lead.busy.iter().chain(question.business.closures).filter(|b| b.counts(question.now, &[]));
                let busy: crate::availability::Spans = busy.map(|b| b.at).collect();
                let (before, after) = (terms.taken_from(Instant::from_unix(0)).start.unix(), terms.buffer_after_minutes);
                let free = busy.complement(question.reach()).widen(before, -i64::from(after) * 60);
                let open = lead.hours.or(question.business.hours).map_or_else(
                    || crate::availability::Spans::from(question.reach()), |hours| hours.open().clone());
                for stretch in &free.intersect(&open).clip(question.window) {
                    let fits = stretch.end - stretch.start >= i64::from(terms.duration_minutes + step) * 60;
                    let offered = offers.slots().iter().any(|s| stretch.start <= s.at.start && s.at.end <= stretch.end);
                    prop_assert!(!fits || offered, "nothing in {:?}", stretch);
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn slots_in_any_zone_are_the_same_instants(world in world(false), shift in 0..11_usize) {
        // Zones a whole number of hours apart, none of which changes its clocks: the grid is the same.
        let there = Zone::parse(&format!("Etc/GMT+{shift}")).unwrap();
        let grid = crate::availability::Grid::every(15).unwrap();
        let terms = crate::availability::Terms { grid, max_advance_days: None, ..world.terms };
        let here = World { zone: Zone::utc(), terms, ..world };
        let there = World { zone: there, ..here.clone() };
        let starts = |world: &World| world.ask(|q| {
            slots(q).slots().iter().map(|slot| slot.at.start.to_rfc3339(&world.zone)).collect::<Vec<_>>()
        });
        let instants = |texts: Vec<String>| texts.iter().map(|t| crate::time::TimeInput::parse(t)).collect::<Vec<_>>();
        prop_assert_eq!(instants(starts(&here)), instants(starts(&there)));
    }

    #[test]
    fn a_slot_does_not_depend_on_the_window_it_is_looked_for_in(world in world(false), from in 0..10_080_i64) {
        let start = world.window.start + from * MINUTE;
        let narrow = World { window: Interval { start, end: start + 6 * 3600 }, ..world.clone() };
        let starts = |world: &World| world.ask(|q| slots(q).slots().iter().map(|s| s.at.start).collect::<Vec<_>>());
        let mut wide = starts(&world);
        wide.retain(|at| narrow.window.start <= *at && *at < narrow.window.end.min(world.window.end));
        let mut narrow = starts(&narrow);
        narrow.retain(|at| *at < world.window.end);
        prop_assert_eq!(narrow, wide);
    }
}

proptest! {
    #![proptest_config(config(2))]

    #[test]
    fn explain_agrees_with_slots_at_every_minute_of_a_week(world in world(false), shared in world(true)) {
        for world in [world, shared] {
            world.ask(|question| {
                for (offers, lead) in [(slots(question), None)].into_iter().chain(
                    each_lead(question, slots).into_iter().zip((0..).map(Some))
                ) {
                    let mut at = question.window.start;
                    while at < question.window.end {
                        let now = Question { window: Interval { start: at, end: at + 1 }, ..*question };
                        let explained = match lead {
                            None => explain(&now),
                            Some(lead) => each_lead(&now, explain).swap_remove(lead),
                        };
                        let offered = offers.at(at).is_some();
                        prop_assert_eq!(explained.available, offered, "at {}: {:?}", at, explained);
                        prop_assert_eq!(explained.reasons.is_empty(), offered, "at {}: {:?}", at, explained);
                        at = at + MINUTE;
                    }
                }
                Ok(())
            })?;
        }
    }

    #[test]
    fn alternatives_are_offers_in_rank_and_never_what_was_asked(world in world(false), from in 0..10_080_i64) {
        let start = world.window.start + from * MINUTE;
        world.ask(|question| {
            let offers = slots(question);
            let who = question.needs[0].candidates[0].who;
            let all = alternatives(&offers, start, Some(who), &world.zone, usize::MAX);
            let few = alternatives(&offers, start, Some(who), &world.zone, 5);
            prop_assert_eq!(&all[..few.len()], &few[..]);
            let tier = |a: &crate::availability::Alternative| {
                let (one, other) = (world.zone.civil_at(a.at.start), world.zone.civil_at(start));
                (a.who != Some(who), one.date() != other.date(), one.hour() != other.hour(), (a.at.start - start).abs())
            };
            prop_assert!(all.is_sorted_by_key(tier));
            prop_assert!(all.iter().all(|a| offers.at(a.at.start).is_some()));
            prop_assert!(all.iter().all(|a| a.at.start != start || a.who != Some(who)));
            Ok(())
        })?;
    }
}
