//! The vectors of `corpora/recurrence`.

use std::path::PathBuf;

use fasti::recurrence::{Definition, Moment, Rdate, Rule, Series};
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

/// The lines of a file of vectors: from `tests/data`, or from `shared` what may not be copied from there.
pub fn lines(name: &str) -> Vec<Value> {
    let own = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/recurrence")).join(name);
    let file = if own.exists() { Some(own) } else { shared(&format!("corpora/recurrence/{name}")) };
    let Some(file) = file else { return Vec::new() };
    let text = std::fs::read_to_string(&file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
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
pub fn definition(
    vector: &Value,
    parse: fn(&str) -> Result<Rule, fasti::recurrence::ParseError>,
) -> Result<Definition, String> {
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
    let utc = Zone::utc();
    let format = |instant: Instant| {
        let text = instant.to_ical();
        if zoned { text } else { text.trim_end_matches('Z').to_owned() }
    };
    let all = series.instances(ALL_TIME, &utc).take(most);
    all.map(|found| found.map(|found| format(found.at.start)).map_err(|e| e.to_string())).collect()
}

/// What is wrong with what a vector gives, if something is.
fn fault(vector: &Value, parse: fn(&str) -> Result<Rule, fasti::recurrence::ParseError>) -> Option<String> {
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
    let mut found = match starts(&series, zoned, limit) {
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
    if !expected.is_empty() || vector["kind"] == "complete" {
        let differs = (0..found.len().max(expected.len())).find(|i| found.get(*i) != expected.get(*i));
        return differs.map(|i| format!("[{i}] {:?} instead of {:?}", found.get(i), expected.get(i)));
    }
    None
}

#[test]
fn explore() {
    for name in ["rfc5545", "dst", "sets", "rscale", "public", "realworld", "random"] {
        let mut tally: std::collections::BTreeMap<String, (u32, u32)> = Default::default();
        for vector in lines(&format!("{name}.jsonl")) {
            if !vector["ics"].is_null() {
                continue;
            }
            let class = vector["class"].as_str().unwrap().to_owned();
            let tally = tally.entry(class.clone()).or_default();
            match fault(&vector, Rule::parse_lenient) {
                None => tally.0 += 1,
                Some(fault) => {
                    tally.1 += 1;
                    println!(
                        "{} {class} {} {} {} agree {}: {fault}",
                        vector["id"], vector["dtstart"], vector["tzid"], vector["rrule"], vector["agree"]
                    );
                }
            }
        }
        println!("{name}: {tally:?}");
    }
}
