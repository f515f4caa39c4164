//! `calendar-availability` (RFC 7953 §7.2.4): working hours as one VAVAILABILITY, read and written (D6).
//!
//! Each rule of the hours is an AVAILABLE, each break divides one. What is written replaces the hours, with the same
//! checks as the API's.

use crate::booking::hours::{self, Owner, WorkingHoursRule};
use crate::booking::{self, Links, tenants};
use crate::calendar::Viewer;
use crate::calendar::home::Home;
use crate::ical::calendar::{CalendarHead, TAIL, render_head};
use crate::ical::object::{Component, Kind, Limits, Object, Property};
use crate::ical::timezone;
use crate::ical::zones::zone_by_name;
use crate::store::{Conn, Role};
use crate::time::{Civil, Date, Instant, Time, Zone, parse_date, parse_time};

use super::condition::Failure;

/// The first day of hours that say no other: a Monday.
const ANCHOR: &str = "2001-01-01";

/// The working hours of a home's owner; empty when they have none of their own.
pub(super) fn read(conn: &mut Conn, viewer: &Viewer, home: &Home) -> Result<String, Failure> {
    let Some(row) = crate::store::hours::find(conn, viewer.tenant, home.owner.person_id)? else {
        return Ok(String::new());
    };
    let rules = hours::rules_of(&row)?;
    if rules.is_empty() {
        return Ok(String::new());
    }
    Ok(render(&rules, home, row.updated_at))
}

fn render(rules: &[WorkingHoursRule], home: &Home, updated: Instant) -> String {
    let owner = home.owner.person_id;
    let zone_of = |rule: &WorkingHoursRule| {
        let name = rule.timezone.as_deref().or(home.owner.timezone.as_deref());
        name.and_then(|name| Zone::parse(name).ok()).unwrap_or_else(Zone::utc)
    };
    let mut text = render_head(&CalendarHead::default());
    let mut zones: Vec<Zone> = rules.iter().map(zone_of).collect();
    zones.sort_by(|one, other| one.name().cmp(other.name()));
    zones.dedup();
    for zone in zones.iter().filter(|zone| zone.name() != "UTC") {
        text.push_str(&timezone::kept(zone, updated, updated + 31_557_600));
    }
    let stamp = updated.to_ical();
    text.push_str(&format!("BEGIN:VAVAILABILITY\r\nUID:{owner}\r\nDTSTAMP:{stamp}\r\n"));
    for (number, rule) in rules.iter().enumerate() {
        let zone = zone_of(rule);
        for (part, (start, end)) in stretches(rule).into_iter().enumerate() {
            text.push_str(&format!("BEGIN:AVAILABLE\r\nUID:{owner}-{number}-{part}\r\nDTSTAMP:{stamp}\r\n"));
            push_rule(&mut text, rule, (start, end), &zone);
            text.push_str("END:AVAILABLE\r\n");
        }
    }
    text.push_str("END:VAVAILABILITY\r\n");
    text.push_str(TAIL);
    text
}

/// The stretches of a day between the breaks.
fn stretches(rule: &WorkingHoursRule) -> Vec<(String, String)> {
    let mut breaks: Vec<_> = rule.breaks.iter().map(|pause| (pause.start.clone(), pause.end.clone())).collect();
    breaks.sort();
    let mut found = Vec::new();
    let mut from = rule.start.clone();
    for (start, end) in breaks {
        found.push((std::mem::replace(&mut from, end), start));
    }
    found.push((from, rule.end.clone()));
    found.retain(|(start, end)| start != end);
    found
}

fn push_rule(text: &mut String, rule: &WorkingHoursRule, (start, end): (String, String), zone: &Zone) {
    let first = first_day(rule);
    let at = |day: Date, time: &str| day.to_datetime(parse_time(time).unwrap_or(Time::midnight()));
    let begins = at(first, &start);
    // Until 24:00 is until the next midnight, and what ends before it starts ends the next day.
    let mut ends = at(first, if end == "24:00" { "00:00" } else { &end });
    if ends <= begins {
        ends = at(first.tomorrow().unwrap_or(first), if end == "24:00" { "00:00" } else { &end });
    }
    let clock = |civil: Civil| civil.strftime("%Y%m%dT%H%M%S").to_string();
    let mut push = |name: &str, civil: Civil| match zone.name() {
        "UTC" => text.push_str(&format!("{name}:{}Z\r\n", clock(civil))),
        tzid => text.push_str(&format!("{name};TZID={tzid}:{}\r\n", clock(civil))),
    };
    push("DTSTART", begins);
    push("DTEND", ends);
    for (name, dates) in [("EXDATE", &rule.exdates), ("RDATE", &rule.rdates)] {
        for day in dates.iter().filter_map(|day| parse_date(day).ok()) {
            push(name, at(day, &start));
        }
    }
    let until = rule.valid_until.as_deref().and_then(|day| parse_date(day).ok()).map(|day| {
        let last = zone.instant(day.at(23, 59, 59, 0));
        format!(";UNTIL={}", last.to_ical())
    });
    let ended =
        rule.rrule.to_ascii_uppercase().contains("COUNT=") || rule.rrule.to_ascii_uppercase().contains("UNTIL=");
    let until = until.filter(|_| !ended).unwrap_or_default();
    text.push_str(&format!("RRULE:{}{until}\r\n", rule.rrule.trim().trim_start_matches("RRULE:")));
}

/// The first day of a rule: DTSTART is an instance itself, so it has to be one of its weekdays.
fn first_day(rule: &WorkingHoursRule) -> Date {
    let from = rule.valid_from.as_deref().unwrap_or(ANCHOR);
    let from = parse_date(from).unwrap_or(Date::new(2001, 1, 1).unwrap_or(Date::MIN));
    let upper = rule.rrule.to_ascii_uppercase();
    let days = upper.split(';').find_map(|part| part.strip_prefix("BYDAY=").map(str::to_owned));
    let Some(days) = days else { return from };
    let is_named = |day: &Date| {
        let word = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"][day.weekday().to_monday_zero_offset() as usize];
        days.split(',').any(|named| named == word)
    };
    let week = std::iter::successors(Some(from), |day| day.tomorrow().ok()).take(7);
    week.into_iter().find(is_named).unwrap_or(from)
}

/// Replaces the working hours of a home's owner; without a text they have none of their own.
///
/// # Errors
/// [`Failure::Booking`] for hours that cannot be kept.
pub(super) fn write(
    conn: &mut Conn,
    viewer: &Viewer,
    home: &Home,
    text: Option<&str>,
    links: &Links,
) -> Result<(), Failure> {
    if home.owner.role == Role::Customer {
        return Err(booking::Error::invalid("", "customers have no working hours").into());
    }
    let rules = match text.map(str::trim).filter(|text| !text.is_empty()) {
        None => Vec::new(),
        Some(text) => rules(text).map_err(|detail| booking::Error::invalid("", detail))?,
    };
    let actor = format!("caldav:{}", home.owner.username.as_deref().unwrap_or_default());
    let ctx = tenants::context(conn, viewer.tenant, &actor, viewer.now, links.clone())?;
    hours::replace(conn, &ctx, Owner::Staff(home.owner.person_id), &rules, None)?;
    Ok(())
}

/// The rules that a VAVAILABILITY says.
fn rules(text: &str) -> Result<Vec<WorkingHoursRule>, String> {
    let limits = Limits { kinds: &[Kind::Availability], ..Limits::default() };
    let object = Object::parse(text.as_bytes(), &limits).map_err(|violation| violation.detail)?;
    let mut components = object.components();
    let (Some(all), None) = (components.next(), components.next()) else {
        return Err("working hours are one VAVAILABILITY; several with priorities are not understood".to_owned());
    };
    let bound =
        |name: &str| all.property(name).map(|property| moment(property).map(|(civil, _)| civil.date())).transpose();
    let (from, until) = (bound("DTSTART")?, bound("DTEND")?);
    let available = all.components.iter().filter(|component| component.name == "AVAILABLE");
    available.map(|component| rule(component, from, until)).collect()
}

fn rule(available: &Component, from: Option<Date>, until: Option<Date>) -> Result<WorkingHoursRule, String> {
    if available.property("RECURRENCE-ID").is_some() {
        return Err(
            "single days of working hours are changed as exceptions (EXDATE, RDATE), not as overrides".to_owned()
        );
    }
    let start = available.property("DTSTART").ok_or("an AVAILABLE has a DTSTART")?;
    let (begins, zone) = moment(start)?;
    let ends = end_of(available, begins, start)?;
    let hours = ends.duration_since(begins).as_secs();
    if !(1..=86_400).contains(&hours) {
        return Err("an AVAILABLE lasts no longer than a day".to_owned());
    }
    let first = begins.date();
    let mut rule = WorkingHoursRule {
        rrule: "FREQ=DAILY".to_owned(),
        start: clock(begins.time()),
        end: if ends.time() == Time::midnight() { "24:00".to_owned() } else { clock(ends.time()) },
        timezone: zone.as_ref().map(|zone| zone.name().to_owned()),
        valid_from: Some(from.map_or(first, |from| from.max(first)).to_string()),
        valid_until: until.and_then(|until| until.yesterday().ok()).map(|day| day.to_string()),
        exdates: days(available, "EXDATE")?,
        rdates: days(available, "RDATE")?,
        breaks: Vec::new(),
    };
    match available.property("RRULE") {
        None => rule.valid_until = Some(first.to_string()),
        Some(property) => {
            let (kept, last) = without_until(&property.value, zone.as_ref());
            rule.rrule = kept;
            if let Some(last) = last {
                let earlier =
                    rule.valid_until.as_deref().and_then(|day| parse_date(day).ok()).filter(|day| *day < last);
                rule.valid_until = Some(earlier.unwrap_or(last).to_string());
            }
        }
    }
    Ok(rule)
}

fn clock(time: Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// What a property's date or time shows on the clock, and whose clock.
fn moment(property: &Property) -> Result<(Civil, Option<Zone>), String> {
    let (text, utc) = match property.value.trim().strip_suffix('Z') {
        Some(text) => (text, true),
        None => (property.value.trim(), false),
    };
    let zone = match property.parameter("TZID").and_then(<[String]>::first) {
        Some(name) => Some(zone_by_name(name).ok_or_else(|| format!("the time zone {name} is not known"))?),
        None => utc.then(Zone::utc),
    };
    let wrong = || format!("{} is not a date or time", property.name);
    let date = text.get(..8).and_then(|day| Date::strptime("%Y%m%d", day).ok()).ok_or_else(wrong)?;
    match text.get(8..) {
        Some("") => Ok((date.at(0, 0, 0, 0), zone)),
        Some(time) => {
            let time = Time::strptime("T%H%M%S", time).map_err(|_| wrong())?;
            Ok((date.to_datetime(time), zone))
        }
        None => Err(wrong()),
    }
}

fn end_of(available: &Component, begins: Civil, start: &Property) -> Result<Civil, String> {
    if let Some(end) = available.property("DTEND") {
        return Ok(moment(end)?.0);
    }
    if let Some(duration) = available.property("DURATION") {
        let wrong = || "DURATION is not one of hours and minutes".to_owned();
        let span: jiff::Span = duration.value.trim().parse().map_err(|_| wrong())?;
        return begins.checked_add(span).map_err(|_| wrong());
    }
    if start.parameter_is("VALUE", "DATE") {
        return begins.date().tomorrow().map(|day| day.at(0, 0, 0, 0)).map_err(|error| error.to_string());
    }
    Err("an AVAILABLE has a DTEND or a DURATION".to_owned())
}

/// The days in all properties of a name.
fn days(available: &Component, name: &str) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for property in available.properties.iter().filter(|property| property.is(name)) {
        for value in property.value.split(',') {
            let one = Property { value: value.to_owned(), ..property.clone() };
            found.push(moment(&one)?.0.date().to_string());
        }
    }
    Ok(found)
}

/// A rule without UNTIL, and the last day that was.
fn without_until(rule: &str, zone: Option<&Zone>) -> (String, Option<Date>) {
    let (until, kept): (Vec<&str>, Vec<&str>) =
        rule.trim().split(';').partition(|part| part.to_ascii_uppercase().starts_with("UNTIL="));
    let last = until.first().and_then(|part| {
        let property = Property { name: "UNTIL".to_owned(), parameters: Vec::new(), value: part[6..].to_owned() };
        let (civil, named) = moment(&property).ok()?;
        Some(match (named, zone) {
            (Some(_), Some(zone)) => zone.civil_at(Zone::utc().instant(civil)).date(),
            _ => civil.date(),
        })
    });
    (kept.join(";"), last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(available: &str) -> Result<Vec<WorkingHoursRule>, String> {
        rules(&format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nBEGIN:VAVAILABILITY\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n{available}END:VAVAILABILITY\r\nEND:VCALENDAR\r\n"
        ))
    }

    #[test]
    fn apples_hours_are_rules() {
        let found = parsed(
            "BEGIN:AVAILABLE\r\nUID:2\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Berlin:20260105T090000\r\n\
             DTEND;TZID=Europe/Berlin:20260105T173000\r\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU;UNTIL=20261231T225959Z\r\n\
             EXDATE;TZID=Europe/Berlin:20260112T090000\r\nEND:AVAILABLE\r\n",
        );
        let rule = WorkingHoursRule {
            rrule: "FREQ=WEEKLY;BYDAY=MO,TU".into(),
            start: "09:00".into(),
            end: "17:30".into(),
            timezone: Some("Europe/Berlin".into()),
            valid_from: Some("2026-01-05".into()),
            valid_until: Some("2026-12-31".into()),
            exdates: vec!["2026-01-12".into()],
            rdates: Vec::new(),
            breaks: Vec::new(),
        };
        assert_eq!(found, Ok(vec![rule]));
        assert!(parsed("BEGIN:AVAILABLE\r\nUID:2\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260105T090000Z\r\nDURATION:PT30H\r\nEND:AVAILABLE\r\n").is_err());
    }
}
