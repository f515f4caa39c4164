//! A calendar of so many events, made by Fasti's own use cases: of ten, seven once, two weekly with a date left out and
//! one moved, one of a whole day. As many a year whatever there are, so that more of them reach further back and a month
//! has as many. About 900 octets each.

use data_encoding::BASE64;
use fasti::booking::people::{self, NewPerson};
use fasti::calendar::home::{self, NewCollection};
use fasti::calendar::precondition::Preconditions;
use fasti::calendar::write::{self, Incoming};
use fasti::calendar::{self, Viewer};
use fasti::ical::object::{Limits, Object};
use fasti::store::{Conn, Role};
use fasti::time::{Date, Instant, Zone};

use crate::Failure;
use crate::seed;

const USERNAME: &str = "anna";
const NAME: &str = "events";
const PER_YEAR: i64 = 500;
/// The day after the last event.
const END: Date = Date::constant(2026, 1, 1);
/// So many series have no end.
const ENDLESS: usize = 10;
/// Objects that one unit of work adds.
const UNIT: usize = 1000;

/// Where the calendar is, and who reads it.
#[derive(Debug, Clone)]
pub struct Calendar {
    pub tenant: i64,
    pub collection: [u8; 16],
    /// Its path.
    pub href: String,
    /// The line of the header, with CRLF.
    pub authorization: String,
    pub events: usize,
}

/// Makes the schema, a business, and somebody's calendar in it.
pub fn seed(url: &str, events: usize) -> Result<Calendar, Failure> {
    let house = seed::house(url, 1)?;
    let mut conn = Conn::open(url, true)?;
    let (person, password) = conn.transaction(|conn| {
        let person = people::create(conn, &house.ctx, &anna())?;
        let password = people::add_app_password(conn, &house.ctx, USERNAME, "bench")?;
        Ok::<_, fasti::booking::Error>((person.person_id, password.reveal().to_string()))
    })?;
    let viewer = Viewer { tenant: house.ctx.tenant, person, role: Role::Staff, now: house.ctx.now };
    let collection = conn.transaction(|conn| {
        home::furnish(conn, &viewer)?;
        let home = home::find(conn, &viewer, USERNAME)?;
        let components = vec!["VEVENT".to_owned()];
        let new = NewCollection { name: NAME.to_owned(), components, opaque: false, timezone: None };
        home::create(conn, &viewer, &home, new)
    })?;
    let all: Vec<usize> = (0..events).collect();
    for unit in all.chunks(UNIT) {
        conn.transaction(|conn| {
            unit.iter().try_for_each(|index| {
                let text = event(*index, events, 0);
                let object = Object::parse(text.as_bytes(), &Limits::default()).map_err(calendar::Error::Object)?;
                let incoming = Incoming::new(&object, text);
                let expected = Preconditions::default();
                write::put(conn, &viewer, &collection, &name(*index), &incoming, &expected).map(|_| ())
            })
        })?;
    }
    let credentials = BASE64.encode(format!("{USERNAME}:{password}").as_bytes());
    Ok(Calendar {
        tenant: house.tenant(),
        collection: *collection.id.as_bytes(),
        href: format!("/dav/calendars/{USERNAME}/{NAME}/"),
        authorization: format!("Authorization: Basic {credentials}\r\n"),
        events,
    })
}

fn anna() -> NewPerson {
    NewPerson {
        role: Role::Staff,
        name: "Anna".to_owned(),
        email: None,
        phone: None,
        username: Some(USERNAME.to_owned()),
        password_hash: None,
        timezone: None,
        locale: None,
        external_ref: None,
    }
}

/// The last segment of an object's URL.
pub fn name(index: usize) -> String {
    format!("event-{index:06}.ics")
}

/// A number that looks like chance, from 0 to before `below`.
pub fn chance(seed: usize, below: i64) -> i64 {
    let mut z = (seed as u64).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 1) as i64 % below
}

/// The text of an event of a calendar of so many, in a revision.
pub fn event(index: usize, of: usize, revision: u64) -> String {
    let days = (of as i64 * 365 / PER_YEAR).max(365);
    let day = END.saturating_add(jiff::Span::new().days(chance(index, days) - days));
    let (hour, minute) = (8 + chance(index + 7, 9), 15 * chance(index + 11, 4));
    let at = |days: i64, hour: i64| {
        let day = day.saturating_add(jiff::Span::new().days(days));
        format!("{}T{hour:02}{minute:02}00", day.strftime("%Y%m%d"))
    };
    let zoned = |name: &str, at: String| format!("{name};TZID=Europe/Berlin:{at}\r\n");
    let head = format!(
        "BEGIN:VEVENT\r\nUID:event-{index}@bench.example\r\nDTSTAMP:20250101T000000Z\r\nSEQUENCE:{revision}\r\n\
         SUMMARY:Consultation {index}\r\nLOCATION:Room {}\\, second floor\r\n\
         DESCRIPTION:Bring the documents of the last visit. Number {:032x}\r\n",
        index % 12,
        chance(index + 3, i64::MAX)
    );
    let times = zoned("DTSTART", at(0, hour)) + &zoned("DTEND", at(0, hour + 1));
    let body = match index % 10 {
        9 => {
            let next = day.saturating_add(jiff::Span::new().days(1));
            format!(
                "{head}DTSTART;VALUE=DATE:{}\r\nDTEND;VALUE=DATE:{}\r\nEND:VEVENT\r\n",
                day.strftime("%Y%m%d"),
                next.strftime("%Y%m%d")
            )
        }
        7 | 8 => {
            let series = index / 10 * 2 + index % 10 - 7;
            let count = if series < ENDLESS { String::new() } else { format!(";COUNT={}", 8 + chance(index, 13)) };
            let moved = zoned("RECURRENCE-ID", at(14, hour))
                + &zoned("DTSTART", at(15, hour))
                + &zoned("DTEND", at(15, hour + 1));
            let left_out = zoned("EXDATE", at(7, hour));
            format!("{head}{times}RRULE:FREQ=WEEKLY{count}\r\n{left_out}END:VEVENT\r\n{head}{moved}END:VEVENT\r\n")
        }
        _ => format!("{head}{times}END:VEVENT\r\n"),
    };
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bench//events//EN\r\n{BERLIN}{body}END:VCALENDAR\r\n",
        BERLIN = if index % 10 == 9 { "" } else { BERLIN }
    )
}

const BERLIN: &str = "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\n\
    BEGIN:DAYLIGHT\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\nDTSTART:19700329T020000\r\n\
    RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\n\
    BEGIN:STANDARD\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:CET\r\nDTSTART:19701025T030000\r\n\
    RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";

/// The month of 2025 of a number, in UTC.
pub fn month(number: i64) -> (Instant, Instant) {
    month_of(2025, number)
}

/// The month of a year, in UTC.
pub fn month_of(year: i16, number: i64) -> (Instant, Instant) {
    let first = |month: i64| {
        let date = Date::constant(year, 1, 1).saturating_add(jiff::Span::new().months(month));
        Zone::utc().instant(date.at(0, 0, 0, 0))
    };
    (first(number % 12), first(number % 12 + 1))
}
