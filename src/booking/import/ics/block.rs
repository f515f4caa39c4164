//! One event, with the events that change its occurrences, as a block.

use crate::booking::Fault;
use crate::booking::import::BlocksOf;
use crate::booking::import::row::{BlockRecord, Row};
use crate::ical::event::{Status, When};
use crate::ical::read::ReadEvent;
use crate::time::Zone;

use super::event::{fault, one_line, text};
use super::refused;

/// Characters of a title that are kept.
const TITLE: usize = 200;

/// The block of an event, and rows about the changes that are not taken. `zone` is that of whole days: a holiday begins
/// at the business's midnight, whatever zone its calendar names.
///
/// # Errors
/// Why it cannot be one.
pub(super) fn record(
    event: &ReadEvent,
    changes: &[&ReadEvent],
    of: &BlocksOf,
    zone: &Zone,
) -> Result<(BlockRecord, Vec<Row>), Vec<Fault>> {
    let recurs = event.rrule.is_some() || !event.rdates.is_empty();
    let zone = match &event.start {
        When::Zoned { zone, .. } => zone.clone(),
        When::Utc(_) if recurs => Zone::utc(),
        When::Utc(_) | When::Date(_) => zone.clone(),
    };
    if event.start == event.end {
        return Err(vec![fault("/end", "is the start: the event takes no time")]);
    }
    let title = one_line(event.summary.as_deref()).map(|title| title.chars().take(TITLE).collect());
    let mut record = BlockRecord {
        uid: event.uid.clone(),
        cancelled: event.status == Some(Status::Cancelled),
        kind: of.kind,
        staff: of.staff.clone(),
        resources: of.resources.clone(),
        summary: title,
        start: text(&event.start, &zone),
        end: text(&event.end, &zone),
        timezone: zone.name().to_owned(),
        // Exporters end rules with a semicolon.
        rrule: event.rrule.as_deref().map(|rule| rule.trim().trim_end_matches(';').to_owned()),
        rdates: event.rdates.iter().filter(|date| **date != event.start).map(|date| text(date, &zone)).collect(),
        exdates: event.exdates.iter().map(|date| text(date, &zone)).collect(),
    };
    let mut others = Vec::new();
    for change in changes {
        let taken = if recurs {
            differ(change, event, &zone, &mut record)
        } else {
            Err("changes an occurrence of an event that does not recur")
        };
        if let Err(detail) = taken {
            others.push(refused(change, "/recurrence_id", detail));
        }
    }
    Ok((record, others))
}

/// Notes what an event makes of the occurrence it names: it does not take place, or at another time.
fn differ(change: &ReadEvent, event: &ReadEvent, zone: &Zone, record: &mut BlockRecord) -> Result<(), &'static str> {
    let Some(recurrence_id) = &change.recurrence_id else { return Err("is missing") };
    let cancelled = change.status == Some(Status::Cancelled);
    if !cancelled && change.start == *recurrence_id && lasts(change, zone) == lasts(event, zone) {
        return Ok(());
    }
    if !cancelled {
        if change.start.is_date() != event.start.is_date() || lasts(change, zone) != lasts(event, zone) {
            return Err(
                "makes the occurrence longer or shorter, which one of a block cannot be; give it an event of its own",
            );
        }
        record.rdates.push(text(&change.start, zone));
    }
    record.exdates.push(text(recurrence_id, zone));
    Ok(())
}

/// Seconds on the clock for whole days, else on the time line.
fn lasts(event: &ReadEvent, zone: &Zone) -> i64 {
    let zone = if event.start.is_date() { &Zone::utc() } else { zone };
    event.end.instant(zone) - event.start.instant(zone)
}
