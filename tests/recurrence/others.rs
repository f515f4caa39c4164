//! Random rules against independent implementations: the crates `ical-rs` and `rrule`, and python-dateutil.
//!
//! Each is asked only what it is right about; `docs/rulings.md` and the comments below say where and why they differ.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use fasti::recurrence::{Length, Moment};
use fasti::time::{Civil, Interval, Zone};

use crate::random::{later, rules, series};
use crate::spec::{DAILY, Dice, Spec, WEEKLY, YEARLY};

/// How many starts are compared.
const MOST: usize = 60;

fn text(civil: Civil) -> String {
    civil.strftime("%Y%m%dT%H%M%S").to_string()
}

/// Fasti's starts up to the horizon.
fn ours(spec: &Spec, start: Civil) -> Vec<String> {
    let utc = Zone::utc();
    let series = series(&spec.to_string(), Moment::Floating(start), Length::ZERO);
    let window = Interval::new(utc.instant(start), utc.instant(end(spec, start)) + 1).unwrap();
    series.instances(window, &utc).take(MOST).map(|found| text(found.unwrap().recurrence_id())).collect()
}

fn end(spec: &Spec, start: Civil) -> Civil {
    later(start, spec.horizon())
}

/// A1: YEARLY with BYMONTHDAY and no month. They take every month; RFC 5545 §3.3.10 takes DTSTART's.
fn month_from_start(spec: &Spec) -> bool {
    spec.freq == YEARLY && spec.by_month.is_empty() && spec.by_year_day.is_empty() && !spec.by_month_day.is_empty()
}

/// Rules that an implementation reads as RFC 5545 has them.
fn specs(seed: u64, rules: u64, right: fn(&Spec) -> bool) -> Vec<(Spec, Civil)> {
    let mut dice = Dice::new(seed);
    let all = (0..rules).map(|_| Spec::random(&mut dice));
    let bounded = |(mut spec, start): (Spec, Civil)| {
        // Most look for a next instance until the year 9999.
        if spec.freq < DAILY || spec.count.is_none() {
            spec.count = None;
            spec.until = Some(spec.until.unwrap_or_else(|| end(&spec, start)));
        }
        (spec, start)
    };
    all.filter(|(spec, _)| right(spec)).map(bounded).collect()
}

#[test]
fn ical_rs_agrees() {
    use ical::recur::{IcalRecurDateTime, IcalRecurRule, expand::IcalRecurExpand};
    // It keeps BYWEEKNO within the calendar year, so it loses the days of weeks that cross it.
    let all = specs(1, rules(), |spec| !month_from_start(spec) && spec.by_week_no.is_empty());
    for (spec, start) in &all {
        let rule = IcalRecurRule::parse(&spec.to_string()).unwrap();
        let at = IcalRecurDateTime::parse(&text(*start)).unwrap();
        let end = text(end(spec, *start));
        let format = |at: IcalRecurDateTime| {
            format!("{:04}{:02}{:02}T{:02}{:02}{:02}", at.year, at.month, at.day, at.hour, at.minute, at.second)
        };
        let theirs = IcalRecurExpand::new(rule, at).map(format).take_while(|at| *at <= end).take(MOST);
        assert_eq!(ours(spec, *start), theirs.collect::<Vec<_>>(), "{spec} from {start}");
    }
    println!("{} rules compared with ical-rs", all.len());
    assert!(all.len() as u64 > rules() / 2);
}

/// What `rrule` 0.14 answers rightly.
fn rrule_is_right(spec: &Spec) -> bool {
    let ordinals = spec.by_day.iter().filter(|(ordinal, _)| *ordinal != 0).count();
    let limits = spec.has_by_part() && spec.freq < DAILY;
    // Mixed with and without ordinals: empty in silence. Ordinals beyond -4 and 5: refused. BYSETPOS: wrong first week.
    // Parts that limit HOURLY to SECONDLY: empty, or in the wrong phase. BYWEEKNO: days lost and added. BYSETPOS beyond
    // what it thinks a period can have: refused.
    !(month_from_start(spec)
        || ordinals > 0 && ordinals < spec.by_day.len()
        || spec.by_day.iter().any(|(ordinal, _)| !(-4..=5).contains(ordinal))
        || spec.freq == WEEKLY && !spec.by_set_pos.is_empty()
        || limits
        || spec.by_set_pos.iter().any(|place| place.abs() > 5)
        || !spec.by_week_no.is_empty())
}

#[test]
fn rrule_agrees_where_it_is_right() {
    let all = specs(2, rules(), rrule_is_right);
    for (spec, start) in &all {
        let mut spec = spec.clone();
        // It takes UNTIL of a UTC start in UTC only.
        let until = spec.until.take();
        let rule = until.map_or(spec.to_string(), |until| format!("{spec};UNTIL={}Z", text(until)));
        spec.until = until;
        let set: rrule::RRuleSet = format!("DTSTART:{}Z\nRRULE:{rule}", text(*start)).parse().unwrap();
        let end = text(end(&spec, *start));
        let theirs = set.into_iter().map(|at| at.format("%Y%m%dT%H%M%S").to_string());
        let theirs = theirs.take_while(|at| *at <= end).take(MOST);
        assert_eq!(ours(&spec, *start), theirs.collect::<Vec<_>>(), "{spec} from {start}");
    }
    println!("{} rules compared with rrule", all.len());
    assert!(all.len() as u64 > rules() / 3);
}

/// A Python that has dateutil: conformance's (`conformance/install.sh feeds`), or the machine's.
fn python() -> Option<String> {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/conformance/.cache/venv/bin/python");
    let has = |python: &&str| {
        let check = Command::new(python).args(["-c", "import dateutil"]).stderr(Stdio::null()).status();
        check.is_ok_and(|status| status.success())
    };
    let found = [own, "python3"].into_iter().find(has);
    if found.is_none() {
        eprintln!("not tested: no Python has dateutil; conformance/install.sh feeds installs one");
    }
    found.map(str::to_owned)
}

#[test]
fn dateutil_agrees() {
    let Some(python) = python() else { return };
    // Days with and without ordinals mixed: it wants both at once (RFC 5545 §3.3.10: a list of either).
    // BYSETPOS with WEEKLY: its first week begins with DTSTART ("a set … starts at the beginning of the interval").
    // HOURLY to SECONDLY with parts that limit them: it looks at every second, for minutes.
    // BYWEEKNO: it counts INTERVAL and BYSETPOS in calendar years (A3), without BYDAY takes all days (A2), and of a week that
    // ends in the next year it reckons by that year whether it is the 52nd or the 53rd.
    let right = |spec: &Spec| {
        let last = spec.by_week_no.iter().any(|week| *week >= 52);
        let plain_weeks = !spec.by_day.is_empty() && spec.by_set_pos.is_empty() && spec.interval == 1 && !last;
        let ordinals = spec.by_day.iter().filter(|(ordinal, _)| *ordinal != 0).count();
        (ordinals == 0 || ordinals == spec.by_day.len())
            && (spec.freq != WEEKLY || spec.by_set_pos.is_empty())
            && (spec.freq >= DAILY || !spec.has_by_part())
            && !month_from_start(spec)
            && (spec.by_week_no.is_empty() || plain_weeks)
    };
    let all = specs(3, rules() / 3, right);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recurrence/dateutil_expand.py");
    let mut child = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let questions: String =
        all.iter().map(|(spec, start)| format!("{} {spec} {}\n", text(*start), text(end(spec, *start)))).collect();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(questions.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "dateutil failed");
    let answers = String::from_utf8(output.stdout).unwrap();
    assert_eq!(answers.lines().count(), all.len());
    let mut unfinished = 0;
    for ((spec, start), theirs) in all.iter().zip(answers.lines()) {
        let ours = ours(spec, *start).join(" ");
        match theirs.strip_suffix('?') {
            None => assert_eq!(ours, theirs, "{spec} from {start}"),
            Some(begun) => {
                unfinished += 1;
                assert!(ours.starts_with(begun.trim_end()), "{spec} from {start}");
            }
        }
    }
    println!("{} rules compared with dateutil, {unfinished} of which it did not finish", all.len());
    assert!(unfinished * 10 < all.len());
}
