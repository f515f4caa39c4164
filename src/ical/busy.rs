//! Events of a calendar as time that is taken: the way from iCalendar to [`crate::availability`].

use std::collections::{BTreeMap, BTreeSet};

use super::event::{PartStat, Status, When};
use super::read::ReadEvent;
use crate::availability::{BusyKind, Filter, Recurring, Ref, Traits};
use crate::recurrence::{
    Change, Definition, End, Moment, Override, ParseError, Range, Rdate, Rule, Series, SeriesError,
};

/// What the events of one calendar take.
#[derive(Debug, Default)]
pub struct CalendarBusy {
    /// One for each event that takes time, recurring or not. Its source is the number of the event's line.
    pub events: Vec<Recurring>,
    /// Events of which it cannot be said when they are. That is not the same as free.
    pub errors: Vec<BusyError>,
}

/// An event of which it cannot be said when it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct BusyError {
    /// The line of its `BEGIN:VEVENT`, from 1.
    pub line: usize,
    /// What is wrong.
    pub why: BusyErrorKind,
}

/// What is wrong with an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BusyErrorKind {
    /// Its RRULE.
    #[error("RRULE {0}")]
    Rule(#[from] ParseError),
    /// Its dates, or all of them together.
    #[error("the event {0}")]
    Series(#[from] SeriesError),
}

/// What `events` take of their owner's time. `owner` is the owner's e-mail address, by which invitations that they
/// declined or have not answered are told from others.
///
/// A component with RECURRENCE-ID changes its instance of the series of its UID; one that takes no time, because it is
/// cancelled or the filter says so, leaves its instance free. Without its series it stands for itself.
#[must_use]
pub fn busy(events: &[ReadEvent], filter: &Filter, owner: Option<&str>) -> CalendarBusy {
    let masters: BTreeSet<&str> =
        events.iter().filter(|e| e.recurrence_id.is_none()).filter_map(|e| e.uid.as_deref()).collect();
    let (changes, series): (Vec<&ReadEvent>, Vec<&ReadEvent>) =
        events.iter().partition(|e| e.recurrence_id.is_some() && e.uid.as_deref().is_some_and(|u| masters.contains(u)));
    let mut changes_of: BTreeMap<&str, Vec<&ReadEvent>> = BTreeMap::new();
    for change in changes {
        changes_of.entry(change.uid.as_deref().unwrap_or_default()).or_default().push(change);
    }
    let takes = |event: &ReadEvent| filter.takes_time(&traits(event, owner));
    let mut found = CalendarBusy::default();
    let mut add = |event: &ReadEvent, changes: &[&ReadEvent]| match series_of(event, changes, takes) {
        Ok(series) => {
            let source = Ref::number(event.line as u128);
            found.events.push(Recurring::new(series, BusyKind::External, source));
        }
        Err(why) => found.errors.push(BusyError { line: event.line, why }),
    };
    for event in series {
        let own = event.uid.as_deref().filter(|_| event.recurrence_id.is_none()).and_then(|uid| changes_of.get(uid));
        let changes = own.map_or(&[][..], |all| &all[..]);
        if takes(event) {
            add(event, changes);
        } else {
            // A series that is shown as free may have an instance that is not.
            changes.iter().filter(|change| takes(change)).for_each(|change| add(change, &[]));
        }
    }
    found
}

fn series_of(
    event: &ReadEvent,
    changes: &[&ReadEvent],
    takes: impl Fn(&ReadEvent) -> bool,
) -> Result<Series, BusyErrorKind> {
    let mut definition = Definition::new(moment(&event.start));
    definition.end = End::At(moment(&event.end));
    if let Some(rule) = &event.rrule {
        definition.rules.push(Rule::parse_lenient(rule)?);
    }
    definition.rdates = event.rdates.iter().map(|day| Rdate::from(moment(day))).collect();
    definition.exdates = event.exdates.iter().map(moment).collect();
    for changed in changes {
        let Some(recurrence_id) = &changed.recurrence_id else { continue };
        let change = if takes(changed) {
            Change::Moved { start: moment(&changed.start), end: End::At(moment(&changed.end)) }
        } else {
            Change::Cancelled
        };
        definition.overrides.push(Override { recurrence_id: moment(recurrence_id), range: Range::This, change });
    }
    Ok(Series::new(definition)?)
}

fn moment(when: &When) -> Moment {
    match when {
        When::Date(date) => Moment::Date(*date),
        When::Zoned { civil, zone } => Moment::Zoned(*civil, zone.clone()),
        When::Utc(instant) => Moment::Utc(*instant),
    }
}

fn traits<'e>(event: &'e ReadEvent, owner: Option<&str>) -> Traits<'e> {
    let answer = event.attendees.iter().find(|attendee| {
        let email = attendee.who.email.as_deref();
        owner.zip(email).is_some_and(|(owner, email)| email.eq_ignore_ascii_case(owner))
    });
    let answered = |partstat| answer.is_some_and(|attendee| attendee.partstat == partstat);
    Traits {
        transparent: event.transparent,
        declined: answered(PartStat::Declined),
        tentative: event.status == Some(Status::Tentative)
            || answered(PartStat::Tentative)
            || answered(PartStat::NeedsAction),
        cancelled: event.status == Some(Status::Cancelled),
        all_day: event.start.is_date(),
        categories: &event.categories,
        color: None,
        title: event.summary.as_deref(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::availability::Expansion;
    use crate::ical::read::read_events;
    use crate::time::{Interval, TimeInput, Zone};

    fn taken(lines: &str, filter: &Filter) -> Vec<String> {
        let text =
            format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{lines}END:VCALENDAR\r\n").replace(";;", "\r\n");
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        let read = read_events(text.as_bytes(), &berlin).unwrap();
        assert!(read.errors.is_empty(), "{:?}", read.errors);
        let found = busy(&read.events, filter, Some("Me@example.com"));
        let at = |text: &str| match TimeInput::parse(text) {
            Ok(TimeInput::Fixed(at)) => at,
            other => panic!("{other:?}"),
        };
        let window = Interval { start: at("2026-03-23T00:00:00Z"), end: at("2026-04-20T00:00:00Z") };
        let mut all = Vec::new();
        Expansion::new(window).busy(&found.events, &berlin, &mut all).unwrap();
        let mut all: Vec<String> = all.iter().map(|b| b.at.start.to_rfc3339(&berlin)).collect();
        all.extend(found.errors.iter().map(ToString::to_string));
        all.sort_unstable();
        all
    }

    const WEEKLY: &str = "BEGIN:VEVENT;;UID:w;;DTSTART;TZID=Europe/Berlin:20240101T090000;;DURATION:PT1H;;RRULE:FREQ=WEEKLY;;\
                          EXDATE;TZID=Europe/Berlin:20260330T090000;;END:VEVENT;;";

    #[test]
    fn series_with_exceptions_and_moved_and_cancelled_instances() {
        let changed = "BEGIN:VEVENT;;UID:w;;RECURRENCE-ID;TZID=Europe/Berlin:20260406T090000;;\
                       DTSTART;TZID=Europe/Berlin:20260407T110000;;DURATION:PT2H;;END:VEVENT;;\
                       BEGIN:VEVENT;;UID:w;;RECURRENCE-ID;TZID=Europe/Berlin:20260413T090000;;STATUS:CANCELLED;;\
                       DTSTART;TZID=Europe/Berlin:20260413T090000;;DURATION:PT1H;;END:VEVENT;;";
        let all = taken(&format!("{WEEKLY}{changed}"), &Filter::default());
        assert_eq!(all, ["2026-03-23T09:00:00+01:00", "2026-04-07T11:00:00+02:00"]);
        // Without their series they stand for themselves.
        assert_eq!(taken(changed, &Filter::default()), ["2026-04-07T11:00:00+02:00"]);
    }

    #[test]
    fn what_the_filter_leaves_out_is_free() {
        let free = WEEKLY.replace("RRULE", "TRANSP:TRANSPARENT;;RRULE");
        assert_eq!(taken(&free, &Filter::default()), [""; 0]);
        let declined = WEEKLY.replace("RRULE", "ATTENDEE;PARTSTAT=DECLINED:mailto:me@EXAMPLE.com;;RRULE");
        assert_eq!(taken(&declined, &Filter::default()), [""; 0]);
        assert_eq!(taken(&declined, &Filter { declined: false, ..Filter::default() }).len(), 3);
        let busy_once = "BEGIN:VEVENT;;UID:w;;RECURRENCE-ID;TZID=Europe/Berlin:20260406T090000;;\
                         DTSTART;TZID=Europe/Berlin:20260406T090000;;DURATION:PT1H;;END:VEVENT;;";
        assert_eq!(taken(&format!("{free}{busy_once}"), &Filter::default()), ["2026-04-06T09:00:00+02:00"]);
    }

    #[test]
    fn a_rule_that_cannot_be_read_is_named_and_not_taken_for_free() {
        let all = taken(&WEEKLY.replace("FREQ=WEEKLY", "FREQ=WEEKLY;INTERVAL=0"), &Filter::default());
        assert!(all.len() == 1 && all[0].starts_with("line 4: RRULE "), "{all:?}");
    }
}
