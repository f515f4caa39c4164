//! The vectors of `corpora/recurrence`.

use std::path::PathBuf;

use fasti::recurrence::{Change, Definition, End, Length, Moment, Override, ParseError, Range, Rdate, Rule, Series};
use fasti::time::{Civil, Instant, Interval, Zone};
use serde_json::Value;

/// All of time that can be written.
pub const ALL_TIME: Interval =
    Interval { start: Instant::from_unix(-62_135_769_600), end: Instant::from_unix(253_402_300_800) };

/// The folder `shared`, or `None` with a word why.
pub fn shared(path: &str) -> Option<PathBuf> {
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared"));
    let file = std::env::var_os("FASTI_SHARED").map_or(beside, PathBuf::from).join(path);
    if file.exists() {
        return Some(file);
    }
    eprintln!("not tested: {} is not here (FASTI_SHARED names the folder \"shared\")", file.display());
    None
}

/// The lines of a file of vectors in `tests/data`.
pub fn lines(name: &str) -> Vec<Value> {
    read(&PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/recurrence")).join(name))
}

fn read(file: &std::path::Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The lines of a file in `shared`, which has what must or need not be copied from there.
fn shared_lines(name: &str) -> Option<Vec<Value>> {
    shared(&format!("corpora/recurrence/{name}")).map(|file| read(&file))
}

pub fn strings(value: &Value, name: &str) -> Vec<String> {
    let list = value[name].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

/// `20250101T090000` or `20250101`.
pub fn civil(text: &str) -> Option<Civil> {
    let format = if text.len() == 8 { "%Y%m%d" } else { "%Y%m%dT%H%M%S" };
    let broken = jiff::fmt::strtime::parse(format, text).ok()?;
    broken.to_datetime().ok().or_else(|| Some(broken.to_date().ok()?.at(0, 0, 0, 0)))
}

pub fn moment(text: &str, zone: Option<&Zone>) -> Option<Moment> {
    Some(match (text.strip_suffix('Z'), zone) {
        (Some(text), _) => Moment::Utc(Zone::utc().instant(civil(text)?)),
        _ if text.len() == 8 => Moment::Date(civil(text)?.date()),
        (None, None) => Moment::Floating(civil(text)?),
        (None, Some(zone)) => Moment::Zoned(civil(text)?, zone.clone()),
    })
}

/// A vector as a definition, or why it is none.
pub fn definition(vector: &Value, parse: fn(&str) -> Result<Rule, ParseError>) -> Result<Definition, String> {
    let zone = vector["tzid"].as_str().map(Zone::parse).transpose().map_err(|e| e.to_string())?;
    let at = |text: &str| moment(text, zone.as_ref()).ok_or(format!("{text} is no time"));
    let rules = |name| {
        let all = strings(vector, name);
        all.iter().map(|rule| parse(rule).map_err(|e| e.to_string())).collect::<Result<Vec<_>, _>>()
    };
    let mut definition = Definition::new(at(vector["dtstart"].as_str().unwrap())?);
    definition.rules = rules("rrule")?;
    definition.exrules = rules("exrule")?;
    for date in strings(vector, "exdate") {
        definition.exdates.push(at(&date)?);
    }
    for date in strings(vector, "rdate") {
        // A PERIOD: its length makes no difference to the starts.
        definition.rdates.push(Rdate::from(at(date.split('/').next().unwrap())?));
    }
    Ok(definition)
}

/// The first `most` starts, written as the vectors write them.
pub fn starts(series: &Series, zoned: bool, most: usize) -> Result<Vec<String>, String> {
    starts_until(series, zoned, most, ALL_TIME.end)
}

fn starts_until(series: &Series, zoned: bool, most: usize, end: Instant) -> Result<Vec<String>, String> {
    let utc = Zone::utc();
    let format = |instant: Instant| {
        let text = instant.to_ical();
        if zoned { text } else { text.trim_end_matches('Z').to_owned() }
    };
    let all = series.instances(Interval { end, ..ALL_TIME }, &utc).take(most);
    all.map(|found| found.map(|found| format(found.at.start)).map_err(|e| e.to_string())).collect()
}

/// What is wrong with what a vector gives, if something is.
fn fault(vector: &Value, parse: fn(&str) -> Result<Rule, ParseError>) -> Option<String> {
    let series = match definition(vector, parse).and_then(|d| Series::new(d).map_err(|e| e.to_string())) {
        Ok(series) => series,
        Err(error) => return Some(format!("refused: {error}")),
    };
    let zoned = !vector["tzid"].is_null();
    let mut expected = strings(vector, "expected");
    let limit = match vector["kind"].as_str() {
        Some("complete") => expected.len() + 1,
        Some("prefix") if vector["expect_count"].is_null() => expected.len(),
        Some("count") => vector["expect_count"].as_u64().unwrap_or(1_000_000) as usize + 1,
        _ => 100_000,
    };
    // Vectors are in civil order; instances are in order of their starts, which differs in a gap.
    expected.sort();
    let until = vector["window_end"]
        .as_str()
        .map_or(ALL_TIME.end, |end| Zone::utc().instant(civil(end.trim_end_matches('Z')).unwrap()) + 1);
    let mut found = match starts_until(&series, zoned, limit, until) {
        Ok(found) => found,
        Err(error) => return Some(error),
    };
    if let Some(end) = vector["window_end"].as_str() {
        let end = if end.len() == 8 { format!("{end}T000000") } else { end.to_owned() };
        let inclusive = vector["window_end_inclusive"].as_bool() == Some(true);
        found.retain(|start| *start < end || inclusive && *start == end);
    }
    if let Some(count) = vector["expect_count"].as_u64()
        && found.len() as u64 != count
    {
        return Some(format!("{} instances instead of {count}", found.len()));
    }
    if let Some(last) = vector["expect_last"].as_str()
        && found.last().map(String::as_str) != Some(last)
    {
        return Some(format!("ends {:?} instead of {last}", found.last()));
    }
    if vector["kind"] == "prefix" {
        found.truncate(expected.len());
    }
    if !expected.is_empty() || vector["kind"] == "complete" {
        let differs = (0..found.len().max(expected.len())).find(|i| found.get(*i) != expected.get(*i));
        return differs.map(|i| format!("[{i}] {:?} instead of {:?}", found.get(i), expected.get(i)));
    }
    None
}

/// Vectors that are not met, and why. `docs/rulings.md` has the rulings.
const EXCEPTIONS: [(&str, &str); 37] = [
    ("icalnet/64", "disputed: its list begins at an evaluation start that the vector does not have"),
    // A1: "if the … BYMONTH rule part were missing, the … month would have been retrieved from DTSTART" (§3.3.10).
    ("dateutil/404", "A1"),
    ("dateutil/405", "A1"),
    ("dateutil/409", "A1"),
    ("php-rrule/yearlyRules/5", "A1"),
    ("php-rrule/yearlyRules/14", "A1"),
    ("php-rrule/yearlyRules/35", "A1"),
    ("php-rrule/rfcExamples/27", "A1"),
    // A2: the weekday "would be the same as what is specified for DTSTART" (§3.3.10).
    ("dateutil/411", "A2"),
    ("lib-recur-rules/452", "A2"),
    // A3: INTERVAL counts the years that weeks belong to, from DTSTART's; here DTSTART is no instance (§3.8.5.3).
    ("libical/134", "A3"),
    ("libical/135", "A3"),
    // A4: UNTIL is inclusive, and a DATE names the day (§3.3.10).
    ("lib-recur-rules/211", "A4"),
    ("lib-recur-rules/257", "A4"),
    ("lib-recur-rules/259", "A4"),
    ("lib-recur-rules/261", "A4"),
    ("lib-recur-rules/262", "A4"),
    ("lib-recur-rules/263", "A4"),
    ("lib-recur-rules/264", "A4"),
    // SKIP is about days that a month or year does not have (RFC 7529 §4.1), not about weeks.
    ("lib-recur/23", "SKIP and BYWEEKNO"),
    ("lib-recur/24", "SKIP and BYWEEKNO"),
    ("lib-recur/27", "SKIP and BYWEEKNO"),
    ("lib-recur/28", "SKIP and BYWEEKNO"),
    // Not RECUR values (§3.3.10): refused by both readers.
    ("real/1138", "malformed: UNTL"),
    ("icalnet/67", "malformed: 0SA"),
    ("icalnet/68", "malformed: 0MO"),
    ("lib-recur-it/526", "malformed: ZZ"),
    ("lib-recur-it/534", "malformed"),
    ("lib-recur-it/535", "malformed"),
    ("lib-recur-it/536", "malformed"),
    ("lib-recur-it/537", "malformed"),
    ("lib-recur-it/538", "malformed"),
    ("lib-recur-it/539", "malformed"),
    ("lib-recur-it/540", "malformed"),
    ("lib-recur-it/541", "malformed"),
    ("lib-recur-it/542", "malformed"),
    ("lib-recur-it/543", "malformed"),
];

/// Classed as legal, but only the lenient reader forgives them: a semicolon at the end, and BYSETPOS without another BYxxx
/// part ("MUST only be used in conjunction with another BYxxx rule part").
const FORGIVEN: [&str; 7] = [
    "lib-recur-rules/276",
    "lib-recur-rules/278",
    "lib-recur-rules/322",
    "lib-recur-rules/439",
    "libical/40",
    "icalnet/61",
    "rrulejs/242",
];

/// Checks vectors; gives how many pass. Those of [`EXCEPTIONS`] must not.
fn check(vectors: &[Value]) -> usize {
    let mut passed = 0;
    for vector in vectors {
        let id = vector["id"].as_str().unwrap();
        let class = vector["class"].as_str().unwrap();
        // Parts that a DATE makes meaningless "MUST be ignored": nothing is illegal about the rule by itself.
        let illegal = class.starts_with("illegal") && class != "illegal:time-parts-on-DATE";
        let lenient = illegal || FORGIVEN.contains(&id);
        let strictly = fault(vector, Rule::parse);
        let found = if lenient { fault(vector, Rule::parse_lenient) } else { strictly.clone() };
        if lenient {
            assert!(strictly.is_some_and(|fault| fault.starts_with("refused")), "{id} is to be refused: {vector}");
        }
        let exception = EXCEPTIONS.iter().find(|(excepted, _)| *excepted == id);
        match (found, exception) {
            (None, None) => passed += 1,
            (None, Some((_, why))) => panic!("{id} passes although {why}"),
            (Some(_), Some(_)) => {}
            (Some(fault), None) => panic!("{id} {class} {} {}: {fault}", vector["dtstart"], vector["rrule"]),
        }
    }
    passed
}

#[test]
fn examples_of_the_rfc() {
    let vectors = lines("rfc5545.jsonl");
    assert_eq!((vectors.len(), check(&vectors)), (35, 35));
}

#[test]
fn gaps_and_overlaps() {
    let vectors = lines("dst.jsonl");
    assert_eq!((vectors.len(), check(&vectors)), (35, 35));
}

#[test]
fn sets() {
    let (objects, vectors): (Vec<_>, Vec<_>) = lines("sets.jsonl").into_iter().partition(|v| !v["ics"].is_null());
    assert_eq!((vectors.len(), check(&vectors)), (16, 16));
    assert_eq!(objects.len(), 3);
    for vector in objects {
        let series = Series::new(object(vector["ics"].as_str().unwrap())).unwrap();
        assert_eq!(starts(&series, false, 100).unwrap(), strings(&vector, "expected"), "{}", vector["title"]);
    }
}

/// The events of an object, all of them of one series, in UTC.
fn object(text: &str) -> Definition {
    let mut definition = Definition::new(Moment::Utc(Instant::from_unix(0)));
    for event in text.split("BEGIN:VEVENT").skip(1) {
        let property = |name: &str| {
            let line = event.lines().find(|line| line.starts_with(name) && !line.starts_with("DTSTAMP"));
            line.map(|line| (line.contains("THISANDFUTURE"), line.split_once(':').unwrap().1))
        };
        let at = |text: &str| moment(text, None).unwrap();
        let start = at(property("DTSTART").unwrap().1);
        let end = End::Lasting(Length::exact(3600).unwrap());
        if let Some((future, original)) = property("RECURRENCE-ID") {
            let range = if future { Range::ThisAndFuture } else { Range::This };
            let change = Change::Moved { start, end };
            definition.overrides.push(Override { recurrence_id: at(original), range, change });
            continue;
        }
        (definition.start, definition.end) = (start, end);
        definition.rules = property("RRULE").iter().map(|(_, rule)| Rule::parse(rule).unwrap()).collect();
        let dates = property("RDATE").map_or("", |(_, dates)| dates);
        definition.rdates = dates.split(',').filter(|d| !d.is_empty()).map(|d| Rdate::from(at(d))).collect();
    }
    definition
}

#[test]
fn vectors_of_other_projects() {
    let vectors = lines("public.jsonl");
    // Excepted: 7 A1, 1 A2, 4 SKIP, 13 malformed, 1 disputed.
    assert_eq!((vectors.len(), check(&vectors)), (520, 494));
}

#[test]
fn vectors_of_libical() {
    let Some(mut vectors) = shared_lines("public.jsonl") else { return };
    vectors.retain(|vector| vector["id"].as_str().unwrap().starts_with("libical/"));
    // Excepted: 2 A3.
    assert_eq!((vectors.len(), check(&vectors)), (112, 110));
    let Some(vectors) = shared_lines("rscale.jsonl") else { return };
    assert_eq!((vectors.len(), check(&vectors)), (11, 11));
}

#[test]
fn rules_from_the_wild() {
    let Some(vectors) = shared_lines("realworld.jsonl") else { return };
    // Excepted: 1 A2, 7 A4, 1 malformed.
    assert_eq!((vectors.len(), check(&vectors)), (1_490, 1_481));
}

#[test]
fn random_vectors() {
    let Some(vectors) = shared_lines("random.jsonl") else { return };
    assert_eq!((vectors.len(), check(&vectors)), (3_965, 3_965));
}

#[test]
fn windows_ten_years_later() {
    let vectors = lines("window.jsonl");
    assert_eq!(vectors.len(), 479);
    let utc = Zone::utc();
    for vector in vectors {
        let series = Series::new(definition(&vector, Rule::parse).unwrap()).unwrap();
        let at = |index: usize| {
            Zone::utc().instant(civil(vector["window"][index].as_str().unwrap().trim_end_matches('Z')).unwrap())
        };
        let window = Interval::new(at(0), at(1)).unwrap();
        let found = series.instances(window, &utc).map(|found| found.unwrap().at.start.to_ical());
        assert_eq!(found.collect::<Vec<_>>(), strings(&vector, "expected"), "{} {}", vector["id"], vector["rrule"]);
    }
}
