//! One event, with the events that change its occurrences, as a booking.

use crate::booking::import::bookings::local;
use crate::booking::import::row::{
    BookingRecord, Content, Differing, Endless, Instance, PartyRecord, People, Row, ServiceChoice,
};
use crate::booking::span::{Asked, Bounds, Span, resolve};
use crate::booking::{Context, Error, Fault, series};
use crate::ical::event::{PartStat, Party, Status, When};
use crate::ical::read::ReadEvent;
use crate::store::BookingStatus;
use crate::time::{Civil, Zone};

use super::{refused, row};

/// How far ahead an endless series is booked.
const AHEAD_SECONDS: i64 = 2 * 366 * 86_400;

/// The booking of an event, and rows about the changes that are not taken.
///
/// # Errors
/// Why it cannot be one.
pub(super) fn record(
    event: &ReadEvent,
    changes: &[&ReadEvent],
    ctx: &Context,
    zone: &Zone,
) -> Result<(BookingRecord, Vec<Row>), Vec<Fault>> {
    if event.rdates.iter().any(|date| *date != event.start) {
        let detail = "is not supported: a booking has the occurrences of one rule; make single events of the others";
        return Err(vec![fault("/rdate", detail)]);
    }
    let zone = clocks(event, zone);
    let (start, end) = (text(&event.start, &zone), text(&event.end, &zone));
    let mut record = BookingRecord {
        uid: event.uid.clone(),
        sequence: i32::try_from(event.sequence).ok(),
        service: service(event),
        people: People::Parties(parties(event)),
        start,
        end: Some(end),
        timezone: Some(zone.name().to_owned()),
        status: Some(status(event.status)),
        notes: Some(event.description.clone().filter(|text| !text.trim().is_empty())),
        location: Some(one_line(event.location.as_deref())),
        rrule: Some(None),
        ..BookingRecord::default()
    };
    let span = span(&record, ctx).map_err(faults)?;
    let Some(rule) = &event.rrule else {
        let detail = "changes an occurrence of an event that does not recur";
        return Ok((record, changes.iter().map(|change| refused(change, "/recurrence_id", detail)).collect()));
    };
    recur(&mut record, rule, &span, ctx).map_err(faults)?;
    let mut differs: Vec<Differing> =
        event.exdates.iter().map(|date| Differing { instance: instance(date, &span), moved_to: None }).collect();
    let mut others = Vec::new();
    for change in changes {
        match differing(change, &span) {
            Ok(change) => differs.push(change),
            Err(detail) => others.push(refused(change, "/recurrence_id", &detail)),
        }
        if change.summary != event.summary || change.description != event.description {
            let text = "the occurrence has texts of its own; a booking has one for all of them".to_owned();
            others.push(row(change, Content::Note(text)));
        }
    }
    record.differs = Some(differs);
    Ok((record, others))
}

pub(super) fn fault(pointer: &str, detail: impl Into<String>) -> Fault {
    Fault { pointer: pointer.to_owned(), detail: detail.into() }
}

fn faults(error: Error) -> Vec<Fault> {
    match error {
        Error::Invalid(faults) => faults,
        other => vec![fault("", other.to_string())],
    }
}

/// On whose clocks the booking is: those of its start. A single event in UTC is on the calendar's; the rule of a series
/// only has its meaning on the clocks it was written for.
fn clocks(event: &ReadEvent, calendar: &Zone) -> Zone {
    match &event.start {
        When::Zoned { zone, .. } => zone.clone(),
        When::Utc(_) if event.rrule.is_some() => Zone::utc(),
        When::Utc(_) | When::Date(_) => calendar.clone(),
    }
}

/// A time as [`crate::time::TimeInput`] reads it beside the zone of the booking.
pub(super) fn text(when: &When, zone: &Zone) -> String {
    match when {
        When::Date(date) => date.strftime("%Y-%m-%d").to_string(),
        When::Zoned { civil, zone: its } if its == zone => local(*civil),
        other => other.instant(zone).to_rfc3339(zone),
    }
}

/// The names that may be those of a service: the categories, the title, and what stands before a dash in it.
fn service(event: &ReadEvent) -> ServiceChoice {
    let summary = event.summary.clone().filter(|text| !text.trim().is_empty());
    let mut names: Vec<String> = summary.iter().cloned().collect();
    if let Some((before, _)) = summary.as_deref().and_then(|title| title.split_once(" – ")) {
        // Fasti's own feeds: "Anna: Haircut – Cleo".
        names.push(before.to_owned());
        names.extend(before.split_once(": ").map(|(_, service)| service.to_owned()));
    }
    names.extend(event.categories.iter().cloned());
    ServiceChoice::Guessed { names, summary }
}

fn parties(event: &ReadEvent) -> Vec<PartyRecord> {
    let coming = event.attendees.iter().filter(|a| a.partstat != PartStat::Declined).map(|a| &a.who);
    let named = |party: &&Party<'_>| party.email.is_some() || !party.name.is_empty();
    let party = |party: &Party<'_>| PartyRecord {
        name: party.name.to_string(),
        email: party.email.as_ref().map(ToString::to_string),
    };
    event.organizer.iter().chain(coming).filter(named).map(party).collect()
}

const fn status(status: Option<Status>) -> BookingStatus {
    match status {
        Some(Status::Tentative) => BookingStatus::Tentative,
        Some(Status::Cancelled) => BookingStatus::Cancelled,
        Some(Status::Confirmed) | None => BookingStatus::Confirmed,
    }
}

/// A place of several lines is written in one.
pub(super) fn one_line(text: Option<&str>) -> Option<String> {
    let lines = text?.lines().map(str::trim).filter(|line| !line.is_empty());
    Some(lines.collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty())
}

fn span(record: &BookingRecord, ctx: &Context) -> Result<Span, Error> {
    if record.end.as_ref() == Some(&record.start) {
        return Err(Error::invalid("/end", "is the start: the event takes no time"));
    }
    let asked = Asked {
        start: &record.start,
        end: record.end.as_deref(),
        timezone: record.timezone.as_deref(),
        duration_minutes: 0,
    };
    Ok(resolve(asked, &ctx.zone, Bounds::Any)?.0)
}

/// Gives the record its rule. Of one without an end, what is within two years.
fn recur(record: &mut BookingRecord, rule: &str, span: &Span, ctx: &Context) -> Result<(), Error> {
    let rule = rule.trim().trim_end_matches(';');
    if !series::is_endless(rule) {
        record.rrule = Some(Some(series::read(rule, span)?.rule));
        return Ok(());
    }
    let today = span.zone.civil_at(ctx.now);
    let until = span.zone.civil_at(ctx.now + AHEAD_SECONDS);
    let part = series::read_endless(rule, span, today, until.max(span.start_local))?;
    record.endless = Some(Endless {
        rule: rule.to_owned(),
        start: record.start.clone(),
        end: record.end.clone().unwrap_or_default(),
    });
    let (Some(first), Some(last)) = (part.starts.first(), part.starts.last()) else { return Ok(()) };
    let detail = format!(
        "has no end; the {} occurrences from {} to {} are booked",
        part.starts.len(),
        first.date(),
        last.date()
    );
    record.notices.push(fault("/rrule", detail));
    if *first != span.start_local {
        let moved = span.moved_to(*first);
        let text = |civil: Civil| if span.all_day { civil.date().to_string() } else { local(civil) };
        record.start = text(moved.start_local);
        record.end = Some(text(moved.end_local));
    }
    record.rrule = Some(Some(part.rule));
    Ok(())
}

/// What a time means on the clocks of the series.
fn instance(when: &When, series: &Span) -> Instance {
    match when {
        When::Date(date) => Instance::Day(*date),
        other if series.all_day => Instance::Day(series.zone.civil_at(other.instant(&series.zone)).date()),
        other => Instance::At(civil(other, &series.zone)),
    }
}

fn civil(when: &When, zone: &Zone) -> Civil {
    match when {
        When::Date(date) => date.at(0, 0, 0, 0),
        When::Zoned { civil, zone: its } if its == zone => *civil,
        other => zone.civil_at(other.instant(zone)),
    }
}

/// What an event makes of the occurrence it names.
fn differing(change: &ReadEvent, series: &Span) -> Result<Differing, String> {
    let Some(recurrence_id) = &change.recurrence_id else { return Err("is missing".to_owned()) };
    let instance = instance(recurrence_id, series);
    if change.status == Some(Status::Cancelled) || change.transparent {
        return Ok(Differing { instance, moved_to: None });
    }
    if change.start.is_date() != series.all_day {
        return Err("makes a whole day of a time or a time of a whole day, which one occurrence cannot do".to_owned());
    }
    let (start, end) = (civil(&change.start, &series.zone), civil(&change.end, &series.zone));
    if end <= start {
        return Err("ends when it starts; the occurrence takes no time".to_owned());
    }
    Ok(Differing { instance, moved_to: Some((start, end)) })
}
