//! What a calendar object says, read with the `icalendar` crate and expanded with `fasti::recurrence`; and what the
//! database has taken.

use fasti::recurrence::{Change, Definition, End, Moment, Override, Range, Rule, Series};
use fasti::store::{Id, allocations, collections};
use fasti::time::{Civil, Instant, Interval, Zone, parse_civil, parse_date};
use icalendar::parser::{Component, Property, read_calendar, unfold};

use super::Salon;

/// Start and end.
pub type Time = (Instant, Instant);

impl Salon<'_> {
    /// The VEVENTs of a booking in somebody's calendar.
    pub async fn object(&self, reader: Id, booking: &str) -> Option<String> {
        let (tenant, booking) = (self.business.tenant, booking.parse().unwrap());
        let read = move |conn: &mut fasti::store::Conn| collections::object(conn, tenant, reader, booking);
        let object = self.app.store.read(read).await.unwrap();
        object.map(|object| object.component.replace("\r\n ", ""))
    }

    /// The times a booking has taken of a person or resource.
    pub async fn taken(&self, booking: &str, of: Id) -> Vec<Time> {
        let (tenant, booking) = (self.business.tenant, booking.parse().unwrap());
        let read = move |conn: &mut fasti::store::Conn| allocations::of_booking(conn, tenant, booking);
        let rows = self.app.store.read(read).await.unwrap();
        let mut times: Vec<Time> =
            rows.iter().filter(|row| row.resource_id == of).map(|row| (row.start_at, row.end_at)).collect();
        times.sort_unstable();
        times
    }
}

fn property<'a>(event: &'a Component<'_>, name: &str) -> Option<&'a Property<'a>> {
    event.properties.iter().find(|property| property.name.as_ref() == name)
}

fn moment(property: &Property<'_>, text: &str) -> Moment {
    let digits = |range: std::ops::Range<usize>| text[range].to_owned();
    let date = [digits(0..4), digits(4..6), digits(6..8)].join("-");
    if text.len() == 8 {
        return Moment::Date(parse_date(&date).unwrap());
    }
    let civil: Civil = parse_civil(&format!("{date}T{}:{}:{}", &text[9..11], &text[11..13], &text[13..15])).unwrap();
    if text.ends_with('Z') {
        return Moment::Utc(Zone::utc().instant(civil));
    }
    let tzid = property.params.iter().find(|parameter| parameter.key.as_ref() == "TZID").unwrap();
    let zone = tzid.val.as_ref().unwrap().as_ref().to_owned();
    Moment::Zoned(civil, Zone::parse(&zone).unwrap())
}

fn time(event: &Component<'_>, name: &str) -> Moment {
    let property = property(event, name).unwrap_or_else(|| panic!("no {name}"));
    moment(property, property.val.as_ref())
}

fn at(moment: &Moment, zone: &Zone) -> Instant {
    match moment {
        Moment::Date(date) => zone.instant(date.at(0, 0, 0, 0)),
        Moment::Floating(civil) => zone.instant(*civil),
        Moment::Zoned(civil, zone) => zone.instant(*civil),
        Moment::Utc(instant) => *instant,
    }
}

/// The times that the VEVENTs of one object say it takes place.
pub fn expanded(object: &str, zone: &Zone) -> Vec<Time> {
    let text = unfold(&format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n{object}END:VCALENDAR\r\n"));
    let calendar = read_calendar(&text).unwrap_or_else(|error| panic!("{error}\n{object}"));
    let stands = |event: &&Component<'_>| {
        event.name.as_ref() == "VEVENT" && property(event, "STATUS").is_none_or(|p| p.val.as_ref() != "CANCELLED")
    };
    let events: Vec<&Component<'_>> = calendar.components.iter().filter(stands).collect();
    let (moved, masters): (Vec<_>, Vec<_>) =
        events.into_iter().partition(|event| property(event, "RECURRENCE-ID").is_some());
    assert!(masters.len() <= 1, "{object}");
    let mut times = match masters.first() {
        Some(master) => of_series(master, &moved, zone),
        None => {
            moved.iter().map(|event| (at(&time(event, "DTSTART"), zone), at(&time(event, "DTEND"), zone))).collect()
        }
    };
    times.sort_unstable();
    times
}

fn of_series(master: &Component<'_>, moved: &[&Component<'_>], zone: &Zone) -> Vec<Time> {
    let mut definition = Definition::new(time(master, "DTSTART"));
    definition.end = End::At(time(master, "DTEND"));
    definition.rules.extend(property(master, "RRULE").map(|rule| Rule::parse(rule.val.as_ref()).unwrap()));
    for exdate in master.properties.iter().filter(|property| property.name.as_ref() == "EXDATE") {
        definition.exdates.extend(exdate.val.as_ref().split(',').map(|text| moment(exdate, text)));
    }
    definition.overrides = moved
        .iter()
        .map(|event| Override {
            recurrence_id: time(event, "RECURRENCE-ID"),
            range: Range::This,
            change: Change::Moved { start: time(event, "DTSTART"), end: End::At(time(event, "DTEND")) },
        })
        .collect();
    let series = Series::new(definition).unwrap();
    assert!(!series.is_endless());
    let ever = Interval { start: Instant::from_unix(0), end: Instant::MAX };
    series.instances(ever, zone).map(|instance| instance.unwrap().at).map(|at| (at.start, at.end)).collect()
}
