//! Rules that would loop, explode or overflow: within the limit on work, or refused. Never a panic, never slow.

use std::time::{Duration, Instant as Clock};

use fasti::recurrence::{
    Change, Definition, End, Exhausted, Length, Moment, Override, Range, Rdate, Rule, Series, SeriesError,
};
use fasti::time::{Civil, Instant, Interval, Zone};

use crate::corpus::{ALL_TIME, definition, lines, shared, strings};

/// 10 ms in a release build, and a margin for what runs beside; tests are built without optimisation.
fn limit() -> Duration {
    Duration::from_millis(if cfg!(debug_assertions) { 1_000 } else { 15 })
}

/// What `work` took, at best of three.
fn timed<T>(what: &str, mut work: impl FnMut() -> T) -> T {
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let begin = Clock::now();
        let result = work();
        best = best.min(begin.elapsed());
        if best < limit() {
            return result;
        }
    }
    panic!("{what} took {best:?}");
}

fn floating(text: &str) -> Moment {
    Moment::Floating(text.parse().unwrap())
}

fn series(start: Moment, rules: &[&str]) -> Result<Series, SeriesError> {
    let mut definition = Definition::new(start);
    definition.rules = rules.iter().map(|rule| Rule::parse(rule).unwrap()).collect();
    Series::new(definition)
}

/// Everything that a series can be asked.
fn ask(series: &Series) -> Result<usize, Exhausted> {
    let utc = Zone::utc();
    let mut count = 0;
    series.for_each(ALL_TIME, &utc, |_| count += 1)?;
    assert_eq!(series.end(&utc).is_none(), series.is_endless());
    series.first_after(Instant::from_unix(4_000_000_000), &utc)?;
    series.contains("2030-01-01T09:00:00".parse().unwrap())?;
    Ok(count)
}

#[test]
fn hostile_vectors_are_bounded() {
    let vectors = lines("hostile.jsonl");
    assert_eq!(vectors.len(), 65);
    for vector in &vectors {
        let text = vector["title"].to_string();
        for parse in [Rule::parse, Rule::parse_lenient] {
            timed(&text, || {
                let Ok(definition) = definition(vector, parse) else { return };
                if let Ok(series) = Series::new(definition) {
                    // Enough or not: what matters is that it ends.
                    assert!(ask(&series).is_ok_and(|count| count < 1_000_000) || ask(&series) == Err(Exhausted));
                }
            });
        }
    }
}

#[test]
fn what_must_be_rejected_is() {
    let vectors = lines("must-reject.jsonl");
    assert_eq!(vectors.len(), 26);
    for vector in &vectors {
        let rule = &strings(vector, "rrule")[0];
        assert!(Rule::parse(rule).is_err(), "{rule}");
        // What RFC 5545 forbids in combination is all that the lenient reader forgives.
        let forgiven = ["FREQ=DAILY;BYYEARDAY=1", "FREQ=MONTHLY;BYYEARDAY=1", "FREQ=DAILY;BYWEEKNO=1"];
        assert_eq!(Rule::parse_lenient(rule).is_ok(), forgiven.contains(&rule.as_str()), "{rule}");
    }
}

#[test]
fn rules_of_the_hostile_folder_are_bounded() {
    let Some(folder) = shared("hostile") else { return };
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.file_name().unwrap().to_string_lossy().starts_with("rr_"));
    assert_eq!(files.len(), 15);
    let june = Interval::new(Instant::from_unix(1_780_272_000), Instant::from_unix(1_782_864_000)).unwrap();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap().replace("\r\n ", "");
        let value = |name: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| line.starts_with(name));
            lines.map(|line| line.split_once(':').unwrap().1.to_owned()).collect()
        };
        let outcome = timed(&name, || -> Result<usize, String> {
            let start = crate::corpus::moment(&value("DTSTART")[0], None).unwrap();
            let mut definition = Definition::new(start);
            for rule in value("RRULE") {
                definition.rules.push(Rule::parse(&rule).map_err(|e| e.to_string())?);
            }
            for date in value("RDATE").iter().flat_map(|line| line.split(',')) {
                definition.rdates.push(Rdate::from(crate::corpus::moment(date, None).unwrap()));
            }
            let series = Series::new(definition).map_err(|e| e.to_string())?;
            let all: Result<Vec<_>, _> = series.instances(june, &Zone::utc()).collect();
            all.map(|all| all.len()).map_err(|e| e.to_string())
        });
        let refused = ["rr_interval0", "rr_empty_part", "rr_dup_freq", "rr_rscale", "rr_setpos_underflow"];
        let too_much = ["rr_secondly_1970", "rr_all_times", "rr_two_rrules"];
        match outcome {
            Ok(count) => {
                assert!(!refused.contains(&name.as_str()) && !too_much.contains(&name.as_str()), "{name}: {count}");
                if name.starts_with("rr_never") {
                    assert_eq!(count, 0, "{name}");
                }
            }
            Err(error) => assert!(
                refused.contains(&name.as_str()) || too_much.contains(&name.as_str()),
                "{name} is refused: {error}"
            ),
        }
    }
}

#[test]
fn the_end_of_the_budget_is_said() {
    let secondly = series(floating("2000-01-01T00:00:00"), &["FREQ=SECONDLY"]).unwrap();
    let mut given = 0;
    let mut last = Ok(());
    for instance in secondly.instances(ALL_TIME, &Zone::utc()) {
        match instance {
            Ok(_) => given += 1,
            Err(error) => last = Err(error),
        }
    }
    assert_eq!(last, Err(Exhausted));
    assert!(given > 50_000, "{given}");
    assert_eq!(secondly.for_each(ALL_TIME, &Zone::utc(), |_| {}), Err(Exhausted));
    // A window of an hour, a century later, costs what is in it.
    let window = Interval::new(Instant::from_unix(4_102_444_800), Instant::from_unix(4_102_448_400)).unwrap();
    assert_eq!(secondly.instances(window, &Zone::utc()).count(), 3_600);
}

#[test]
fn rules_without_any_instance_end_at_once() {
    for rule in [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=366",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=HOURLY;INTERVAL=2;BYHOUR=10",
        "FREQ=MINUTELY;INTERVAL=60;BYMINUTE=5",
        "FREQ=SECONDLY;INTERVAL=60;BYSECOND=5",
        "FREQ=SECONDLY;INTERVAL=7200;BYHOUR=10",
        "FREQ=MINUTELY;INTERVAL=35;BYMINUTE=1,2,3,4",
        "FREQ=SECONDLY;BYSETPOS=2;BYSECOND=1",
        // The steps come round with the week: 06:00 is met on Thursdays only.
        "FREQ=HOURLY;INTERVAL=7;BYDAY=TU;BYHOUR=6",
        "FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=3",
        "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=2",
        "FREQ=YEARLY;BYYEARDAY=366;BYMONTH=3",
        "FREQ=DAILY;UNTIL=20240101T000000Z",
        "FREQ=YEARLY;INTERVAL=9999;BYMONTH=1;BYMONTHDAY=1",
    ] {
        timed(rule, || {
            let series = series(floating("2025-01-01T09:00:00"), &[rule]).unwrap();
            let expected = usize::from(rule.contains("9999"));
            assert_eq!(ask(&series), Ok(expected), "{rule}");
            assert!(!series.is_endless() || expected == 1, "{rule}");
        });
    }
}

#[test]
fn great_numbers_are_bounded() {
    for rule in [
        "FREQ=DAILY;COUNT=4294967295",
        "FREQ=SECONDLY;COUNT=4294967295",
        "FREQ=SECONDLY;INTERVAL=4294967295;COUNT=3",
        "FREQ=HOURLY;INTERVAL=4294967295",
        "FREQ=DAILY;INTERVAL=4294967295;COUNT=4294967295",
        "FREQ=WEEKLY;INTERVAL=4294967295",
        "FREQ=MONTHLY;INTERVAL=4294967295;BYDAY=MO;BYSETPOS=1",
        "FREQ=YEARLY;INTERVAL=4294967295;BYWEEKNO=53",
        "FREQ=YEARLY;INTERVAL=4294967295",
        "FREQ=MONTHLY;INTERVAL=4294967295",
        "FREQ=MINUTELY;INTERVAL=1439;BYHOUR=3;BYMINUTE=17;COUNT=4294967295",
        "FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=-1;COUNT=4294967295",
        "FREQ=YEARLY;BYWEEKNO=1,53;BYDAY=MO,SU;BYSETPOS=-1;COUNT=5000",
        "FREQ=SECONDLY;INTERVAL=86399;BYSECOND=0;BYMINUTE=0;BYHOUR=0",
        "FREQ=SECONDLY;INTERVAL=7;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;BYHOUR=3;BYMINUTE=3;BYSECOND=3",
    ] {
        for start in ["2025-01-01T09:00:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59"] {
            let made = timed(rule, || series(floating(start), &[rule]));
            assert!(
                made.is_ok() || made.as_ref().err() == Some(&SeriesError::Exhausted(Exhausted)),
                "{rule}: {made:?}"
            );
            let asked = timed(rule, || made.as_ref().map(ask));
            assert!(!matches!(asked, Ok(Ok(count)) if count > 1_000_000), "{rule}");
        }
    }
}

#[test]
fn full_lists_are_bounded() {
    let list =
        |from: i32, to: i32| (from..=to).filter(|n| *n != 0).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let clock = format!("BYHOUR={};BYMINUTE={};BYSECOND={}", list(0, 23), list(0, 59), list(0, 60));
    let days = format!("BYMONTH={};BYMONTHDAY={};BYDAY=MO,TU,WE,TH,FR,SA,SU", list(1, 12), list(-31, 31));
    for rule in [
        format!("FREQ=YEARLY;{days};{clock}"),
        format!("FREQ=YEARLY;{days};{clock};BYYEARDAY={};BYWEEKNO={}", list(-366, 366), list(-53, 53)),
        format!("FREQ=YEARLY;{days};{clock};BYSETPOS={}", list(-366, 366)),
        format!("FREQ=MONTHLY;{days};{clock};BYSETPOS={}", list(-366, 366)),
        format!("FREQ=DAILY;{days};{clock};BYSETPOS={}", list(-366, 366)),
        format!("FREQ=HOURLY;INTERVAL=7;{days};{clock};BYSETPOS={}", list(-366, 366)),
        format!("FREQ=SECONDLY;INTERVAL=7;{days};{clock};BYYEARDAY={}", list(-366, 366)),
        format!("FREQ=YEARLY;{days};{clock};COUNT=4294967295"),
    ] {
        let name = &rule[..20];
        let parsed = timed(name, || Rule::parse(&rule).unwrap());
        assert_eq!(Rule::parse(&parsed.to_string()).unwrap(), parsed);
        let made = timed(name, || series(floating("1970-01-01T00:00:00"), &[&rule]));
        assert!(made.is_ok() || made.as_ref().err() == Some(&SeriesError::Exhausted(Exhausted)), "{name}: {made:?}");
        let asked = timed(name, || made.as_ref().map(ask));
        assert!(!matches!(asked, Ok(Ok(count)) if count > 1_000_000), "{name}");
    }
}

fn many(count: i64) -> impl Iterator<Item = Civil> {
    let start: Civil = "2000-01-01T09:00:00".parse().unwrap();
    (0..count).map(move |n| start.checked_add(jiff::Span::new().days(n % 50_000).seconds(n / 50_000)).unwrap())
}

#[test]
fn a_million_exceptions_are_refused_and_thousands_are_served() {
    let mut definition = Definition::new(floating("2000-01-01T09:00:00"));
    definition.rules.push(Rule::parse("FREQ=DAILY").unwrap());
    definition.exdates = many(1_000_000).map(Moment::Floating).collect();
    // That takes as long as freeing them; whoever reads them from text refuses earlier.
    let error = Series::new(definition).unwrap_err();
    assert!(matches!(error, SeriesError::TooMany { limit: 20_000, .. }), "{error}");
    let berlin = Zone::parse("Europe/Berlin").unwrap();
    let mut definition = Definition::new(Moment::Zoned("2000-01-01T09:00:00".parse().unwrap(), berlin.clone()));
    definition.rules.push(Rule::parse("FREQ=DAILY").unwrap());
    let utc = |civil: Civil| Moment::Utc(berlin.instant(civil));
    definition.exdates = many(8_000).map(utc).collect();
    definition.overrides = many(12_000)
        .skip(8_000)
        .map(|civil| Override {
            recurrence_id: Moment::Zoned(civil, berlin.clone()),
            range: Range::This,
            change: Change::Moved { start: Moment::Zoned(civil, berlin.clone()), end: End::Lasting(Length::ZERO) },
        })
        .collect();
    let series = timed("thousands", || Series::new(definition.clone()).unwrap());
    let first = series.first_after(Instant::from_unix(0), &berlin).unwrap().unwrap();
    assert_eq!(first.recurrence_id(), many(8_001).last().unwrap());
    assert!(first.change.is_some());
}

#[test]
fn an_exrule_that_excludes_everything_is_bounded() {
    let mut definition = Definition::new(floating("2000-01-01T09:00:00"));
    definition.rules.push(Rule::parse("FREQ=DAILY").unwrap());
    definition.exrules.push(Rule::parse("FREQ=DAILY").unwrap());
    let series = Series::new(definition).unwrap();
    assert_eq!(timed("all", || ask(&series)), Err(Exhausted));
    let window = Interval::new(Instant::from_unix(1_780_272_000), Instant::from_unix(1_782_864_000)).unwrap();
    assert_eq!(series.instances(window, &Zone::utc()).count(), 0);
}

#[test]
fn many_rules_are_bounded() {
    let dense = "FREQ=SECONDLY";
    let error = timed("sixty", || series(floating("2000-01-01T09:00:00"), &[dense; 60]).unwrap_err());
    assert!(matches!(error, SeriesError::TooMany { .. }), "{error}");
    let error = series(floating("2000-01-01T09:00:00"), &["FREQ=DAILY"; 65]).unwrap_err();
    assert_eq!(error.to_string(), "has more than 64 rules");
}
