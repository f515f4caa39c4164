use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::*;
use crate::time::{parse_civil, tzdata_version};

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

fn at(text: &str) -> Instant {
    Zone::utc().instant(parse_civil(text).unwrap())
}

fn written(name: &str) -> String {
    vtimezone(&zone(name), at("2026-05-01T00:00"), at("2028-05-01T00:00"))
}

#[test]
fn berlin() {
    let expected = concat!(
        "BEGIN:VTIMEZONE\r\n",
        "TZID:Europe/Berlin\r\n",
        "BEGIN:DAYLIGHT\r\n",
        "TZOFFSETFROM:+0100\r\n",
        "TZOFFSETTO:+0200\r\n",
        "TZNAME:CEST\r\n",
        "DTSTART:20250330T020000\r\n",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n",
        "END:DAYLIGHT\r\n",
        "BEGIN:STANDARD\r\n",
        "TZOFFSETFROM:+0200\r\n",
        "TZOFFSETTO:+0100\r\n",
        "TZNAME:CET\r\n",
        "DTSTART:20251026T030000\r\n",
        "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\n",
        "END:STANDARD\r\n",
        "END:VTIMEZONE\r\n",
    );
    assert_eq!(written("Europe/Berlin"), expected);
}

#[test]
fn the_kinds_of_zone() {
    // Zone, its observances (S standard, D daylight), its rules.
    let cases: [(&str, &str, &[&str]); 9] = [
        ("UTC", "S", &[]),
        ("Asia/Kolkata", "S", &[]),
        ("America/New_York", "DS", &["BYMONTH=3;BYDAY=2SU", "BYMONTH=11;BYDAY=1SU"]),
        ("Australia/Sydney", "SD", &["BYMONTH=4;BYDAY=1SU", "BYMONTH=10;BYDAY=1SU"]),
        ("Europe/Dublin", "DS", &["BYMONTH=3;BYDAY=-1SU", "BYMONTH=10;BYDAY=-1SU"]),
        ("Asia/Jerusalem", "DS", &["BYMONTH=3;BYMONTHDAY=23,24,25,26,27,28,29;BYDAY=FR", "BYMONTH=10;BYDAY=-1SU"]),
        // One by one: no changes after 2026, Ramadan from 2038 on, and the day after a last Thursday.
        ("Africa/Casablanca", "SDSDS", &[]),
        ("Asia/Gaza", "DSDSDSD", &[]),
        ("Africa/Cairo", "DSDSDSD", &[]),
    ];
    for (name, kinds, rules) in cases {
        let text = written(name);
        let found: String = text
            .lines()
            .filter_map(|line| line.strip_prefix("BEGIN:"))
            .filter_map(|kind| kind.chars().next())
            .skip(1)
            .collect();
        let unfolded = text.replace("\r\n ", "");
        let found_rules: Vec<&str> =
            unfolded.lines().filter_map(|line| line.strip_prefix("RRULE:FREQ=YEARLY;")).collect();
        assert_eq!((found.as_str(), found_rules.as_slice()), (kinds, rules), "{text}");
        assert!(!text.contains("RDATE"));
    }
    assert!(written("Asia/Kolkata").contains("DTSTART:19700101T000000\r\n"));
    assert!(written("America/St_Johns").contains("TZOFFSETFROM:-0330\r\n"));
}

#[test]
fn the_edges_of_time_are_bounded() {
    for name in ["Europe/Berlin", "Africa/Casablanca", "America/New_York"] {
        for from in [Instant::from_unix(i64::MIN), Instant::from_unix(0), Instant::MAX, Instant::from_unix(i64::MAX)] {
            let text = vtimezone(&zone(name), from, Instant::MAX);
            assert!(text.len() < 16_000, "{name} from {from}: {} bytes", text.len());
        }
    }
}

/// An instant in Unix seconds, the offset before and the offset from then on.
type Row = (i64, i32, i32);

/// An interpreter of VTIMEZONE that shares nothing with the writer: it walks every day of every year.
struct Interpreter {
    /// Sorted.
    onsets: Vec<Row>,
}

impl Interpreter {
    fn new(text: &str, last_year: i16) -> Self {
        let unfolded = text.replace("\r\n ", "");
        let mut onsets = Vec::new();
        let mut fields = BTreeMap::new();
        for line in unfolded.lines() {
            let (name, value) = line.split_once(':').unwrap();
            match (name, value) {
                ("BEGIN", "STANDARD" | "DAYLIGHT") => fields.clear(),
                ("END", "STANDARD" | "DAYLIGHT") => onsets.extend(Self::expand(&fields, last_year)),
                _ => assert!(fields.insert(name, value).is_none() || name == "END", "{name} twice"),
            }
        }
        onsets.sort_unstable();
        Self { onsets }
    }

    fn expand(fields: &BTreeMap<&str, &str>, last_year: i16) -> Vec<Row> {
        let (from, to) = (Self::offset(fields["TZOFFSETFROM"]), Self::offset(fields["TZOFFSETTO"]));
        let start: Civil = fields["DTSTART"].parse().unwrap();
        let mut dates = vec![start.date()];
        if let Some(rule) = fields.get("RRULE") {
            let parts: BTreeMap<&str, &str> = rule.split(';').map(|part| part.split_once('=').unwrap()).collect();
            let allowed: BTreeSet<&str> = ["FREQ", "BYMONTH", "BYMONTHDAY", "BYDAY"].into();
            assert!(parts["FREQ"] == "YEARLY" && parts.keys().all(|part| allowed.contains(part)), "{rule}");
            let end = Date::new(last_year, 12, 31).unwrap();
            dates = start
                .date()
                .series(jiff::ToSpan::days(1))
                .take_while(|day| *day <= end)
                .filter(|day| Self::matches(&parts, *day))
                .collect();
            assert_eq!(dates.first(), Some(&start.date()), "DTSTART is the first instance of {rule}");
        }
        let onset = |date: Date| {
            let local = date.to_datetime(start.time());
            (Zone::utc().instant(local).unix() - i64::from(from), from, to)
        };
        dates.into_iter().map(onset).collect()
    }

    fn matches(parts: &BTreeMap<&str, &str>, day: Date) -> bool {
        let weekday = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"][day.weekday().to_monday_zero_offset() as usize];
        let number = |text: &str| text.parse::<i8>().unwrap();
        let (nth, name) = parts["BYDAY"].split_at(parts["BYDAY"].len() - 2);
        number(parts["BYMONTH"]) == day.month()
            && name == weekday
            && parts.get("BYMONTHDAY").is_none_or(|days| days.split(',').any(|d| number(d) == day.day()))
            && match nth {
                "" => true,
                "-1" => day.day() + 7 > day.days_in_month(),
                nth => (day.day() - 1) / 7 + 1 == number(nth),
            }
    }

    fn offset(text: &str) -> i32 {
        let number = |range| text.get(range).map_or(0, |digits: &str| digits.parse::<i32>().unwrap());
        let seconds = number(1..3) * 3600 + number(3..5) * 60 + number(5..7);
        if text.starts_with('-') { -seconds } else { seconds }
    }

    fn offset_at(&self, instant: i64) -> i32 {
        let next = self.onsets.partition_point(|onset| onset.0 <= instant);
        if next == 0 { self.onsets[0].1 } else { self.onsets[next - 1].2 }
    }
}

fn shared(path: &str) -> Option<PathBuf> {
    let root =
        std::env::var("FASTI_SHARED").unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared").to_owned());
    let path = PathBuf::from(root).join(path);
    if !path.exists() {
        eprintln!("SKIPPED: {} is not there; set FASTI_SHARED", path.display());
        return None;
    }
    Some(path)
}

/// Zone → its true changes as (instant, offset before, offset after), from tzdata 2025b.
fn transitions() -> Option<BTreeMap<String, Vec<Row>>> {
    let text = std::fs::read_to_string(shared("corpora/tz/transitions_2020_2040.tsv")?).unwrap();
    let mut zones: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let row = (fields[1].parse().unwrap(), fields[2].parse().unwrap(), fields[3].parse().unwrap());
        zones.entry(fields[0].to_owned()).or_default().push(row);
    }
    Some(zones)
}

#[test]
fn every_zone_is_described_exactly() {
    let Some(zones) = transitions() else { return };
    let mut changed_since = BTreeSet::new();
    let mut checked = 0;
    let mut longest = (0, String::new());
    for (name, rows) in &zones {
        let zone = zone(name);
        for (first, last) in [("2026-01-01T00:00", 2030), ("2026-01-01T00:00", 2037), ("2027-07-15T12:00", 2029)] {
            let (from, until) = (at(first), at(&format!("{last}-12-31T23:59")));
            let text = vtimezone(&zone, from, until);
            longest = longest.max((text.len(), name.clone()));
            let read = Interpreter::new(&text, last);
            let changes = zone
                .transitions_after(from)
                .take_while(|change| change.0 <= until)
                .flat_map(|(at, _)| [at - 1, at, at + 1]);
            let steps = (0..).map(|week| from + week * 7 * 86_400).take_while(|at| *at <= until);
            for instant in changes.chain(steps).filter(|at| *at >= from && *at <= until) {
                assert_eq!(
                    read.offset_at(instant.unix()),
                    zone.offset_seconds_at(instant),
                    "{name} at {instant}\n{text}"
                );
                checked += 1;
            }
            for (instant, before, after) in rows.iter().filter(|row| row.0 > from.unix() && row.0 <= until.unix()) {
                if (read.offset_at(instant - 1), read.offset_at(*instant)) != (*before, *after) {
                    changed_since.insert(name.as_str());
                }
            }
        }
    }
    eprintln!("{} zones, {checked} offsets equal to tzdata {}; longest {longest:?}", zones.len(), tzdata_version());
    eprintln!("differing from the corpus's tzdata 2025b: {changed_since:?}");
    // Morocco, Moldova and most of western Canada changed their rules in between.
    assert!(zones.len() > 500 && changed_since.len() < 20);
}

/// Rules that never end stay right far beyond what was asked for.
#[test]
fn regular_zones_are_right_for_ever() {
    for name in [
        "Europe/Berlin",
        "America/New_York",
        "Asia/Jerusalem",
        "America/Santiago",
        "America/Nuuk",
        "Australia/Lord_Howe",
    ] {
        let zone = zone(name);
        let read = Interpreter::new(&written(name), 2199);
        for (change, _) in
            zone.transitions_after(at("2026-01-01T00:00")).take_while(|change| change.0 < at("2199-12-31T00:00"))
        {
            for instant in [change - 1, change] {
                assert_eq!(read.offset_at(instant.unix()), zone.offset_seconds_at(instant), "{name} at {instant}");
            }
        }
    }
}
