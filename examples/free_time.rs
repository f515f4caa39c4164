//! When is there half an hour free? Asks the library alone: no server, no database.
//!
//! ```text
//! cargo run --example free_time                       the calendar below
//! cargo run --example free_time -- a.ics b.ics        your own, for the coming two weeks
//! ```

use std::error::Error;

use fasti::availability::{
    Break, Business, Busy, Calendar, Expansion, Filter, Grid, HoursRule, HoursSpec, Need, Question, Ref, Shift, Terms,
    explain, slots,
};
use fasti::ical::{busy::busy, read::read_events};
use fasti::recurrence::Rule;
use fasti::time::{Instant, Interval, Zone, clock, parse_date, parse_time};

/// A stand-up every weekday, moved once, and a day off.
const SAMPLE: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//EN\r\n\
    BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Stand-up\r\n\
    DTSTART;TZID=Europe/Berlin:20260105T093000\r\nDURATION:PT30M\r\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID;TZID=Europe/Berlin:20260330T093000\r\n\
    DTSTART;TZID=Europe/Berlin:20260330T110000\r\nDURATION:PT1H\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nUID:2\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Day off\r\nDTSTART;VALUE=DATE:20260331\r\nEND:VEVENT\r\n\
    END:VCALENDAR\r\n";

fn main() -> Result<(), Box<dyn Error>> {
    let zone = Zone::parse("Europe/Berlin")?;
    let files: Vec<String> = std::env::args().skip(1).collect();
    let (texts, from) = if files.is_empty() {
        // The week in which Berlin's clocks are set forward, on Sunday the 29th.
        (vec![SAMPLE.into()], zone.instant(parse_date("2026-03-27")?.at(0, 0, 0, 0)))
    } else {
        (files.iter().map(std::fs::read).collect::<Result<Vec<_>, _>>()?, clock::now())
    };
    let window = Interval { start: from, end: from + if files.is_empty() { 5 } else { 14 } * 86_400 };

    // The question: half an hour, on the full and the half hour, with five minutes to get there.
    let terms = Terms { buffer_before_minutes: 5, ..Terms::plain(30, Grid::every(30)?) };
    let question =
        Question { window, now: from, zone: &zone, terms, business: Business::default(), needs: &[], ignore: &[] };

    // Rules and calendars become intervals over the time that the question reaches.
    let mut expansion = Expansion::new(question.reach());
    let hours = expansion.hours(&[weekdays(&zone)?])?;
    let mut taken: Vec<Busy> = Vec::new();
    for text in &texts {
        let calendar = read_events(text, &zone)?;
        let found = busy(&calendar.events, &Filter::default(), None);
        for error in calendar.errors.iter().map(ToString::to_string).chain(found.errors.iter().map(ToString::to_string))
        {
            eprintln!("not understood, so perhaps not free: {error}");
        }
        expansion.busy(&found.events, &zone, &mut taken)?;
    }

    // The answer.
    let me = [Calendar { who: Ref::number(1), hours: Some(&hours), quantity: 1, busy: &taken, sessions: &[] }];
    let question = Question { needs: &[Need { candidates: &me, units: 1 }], ..question };
    for slot in slots(&question).slots() {
        println!("{}", slot.at.start.to_rfc3339(&zone));
    }
    if files.is_empty() {
        why_not(&question, zone.instant(parse_date("2026-03-30")?.at(11, 30, 0, 0)));
    }
    Ok(())
}

/// Weekdays from nine to twelve, with a break.
fn weekdays(zone: &Zone) -> Result<HoursRule, Box<dyn Error>> {
    let breaks = vec![Break { start: parse_time("10:30")?, end: parse_time("10:45")? }];
    Ok(HoursRule::new(HoursSpec {
        rule: Rule::parse("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR")?,
        valid_from: None,
        valid_until: None,
        exdates: Vec::new(),
        rdates: Vec::new(),
        shift: Shift { start: parse_time("09:00")?, end: parse_time("12:00")?, breaks },
        zone: zone.clone(),
    })?)
}

fn why_not(question: &Question<'_>, start: Instant) {
    let explained = explain(&Question { window: Interval { start, end: start + 1 }, ..*question });
    for reason in explained.reasons {
        println!("not at {}: {}", start.to_rfc3339(question.zone), reason.kind.summary());
    }
}
