//! The sample business: a house with a salon, a practice, a language school and a rental yard, in two time zones.

use crate::auth::Secret;
use crate::booking::blocks::{self, NewBlock};
use crate::booking::book::{Origin, OverrideInput};
use crate::booking::feeds::{self, NewFeed, NewFeedOptions};
use crate::booking::hours::{self, Owner, WorkingHoursBreak, WorkingHoursRule};
use crate::booking::model::{BookingPatch, CustomerInput, NewBooking};
use crate::booking::people::{self, NewPerson};
use crate::booking::resources::{self, NewResource};
use crate::booking::services::{self, NewService};
use crate::booking::tenants::{self, NewTenant};
use crate::booking::{self, Context, Error, Links};
use crate::store::feeds::Feed;
use crate::store::{BlockKind, BookingKind, BookingStatus, Conn, FeedKind, Id, Local, ResourceKind, Role};
use crate::time::{Civil, Date, clock};

/// What was made.
pub(super) struct Business {
    pub ctx: Context,
    pub bookings: usize,
    pub feeds: Vec<Feed>,
    /// A service that can be booked.
    pub haircut: Id,
    /// Tomorrow.
    pub from: Date,
    /// A week from today.
    pub to: Date,
    /// Anna's, for her calendar program.
    pub password: Secret,
}

/// The login name of a manager.
pub(super) const USERNAME: &str = "anna";

const BERLIN: &str = "Europe/Berlin";
const NEW_YORK: &str = "America/New_York";

const STAFF: [(&str, &str, Role); 8] = [
    ("Anna Berger", BERLIN, Role::Manager),
    ("Ben Yilmaz", BERLIN, Role::Staff),
    ("Chiara Rossi", BERLIN, Role::Staff),
    ("David Okafor", BERLIN, Role::Staff),
    ("Emma Lindqvist", BERLIN, Role::Staff),
    ("Farid Haddad", BERLIN, Role::Staff),
    ("Grace Miller", NEW_YORK, Role::Staff),
    ("Henry Wu", NEW_YORK, Role::Staff),
];

/// Working days of a member of staff: the rule, from when to when, on the clocks of their own zone.
struct Shifts(usize, &'static str, &'static str, &'static str);

const LUNCH: (&str, &str) = ("12:00", "13:00");

const SHIFTS: [Shifts; 9] = [
    Shifts(0, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "09:00", "17:00"),
    Shifts(1, "FREQ=WEEKLY;BYDAY=TU,WE,TH,FR,SA", "09:00", "18:00"),
    Shifts(2, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA", "08:00", "17:00"),
    Shifts(3, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA", "09:00", "17:00"),
    Shifts(4, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA", "09:00", "20:00"),
    Shifts(5, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "07:30", "16:00"),
    Shifts(5, "FREQ=WEEKLY;BYDAY=SA", "08:00", "12:00"),
    Shifts(6, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "09:00", "17:00"),
    Shifts(7, "FREQ=WEEKLY;BYDAY=TU,WE,TH,FR,SA", "10:00", "18:00"),
];

const RESOURCES: [(&str, ResourceKind, i64); 6] = [
    ("Treatment room 1", ResourceKind::Room, 1),
    ("Treatment room 2", ResourceKind::Room, 1),
    ("Studio", ResourceKind::Room, 1),
    ("Van", ResourceKind::Vehicle, 1),
    ("Mini excavator", ResourceKind::Equipment, 3),
    ("Party tent", ResourceKind::Product, 2),
];

/// A service: name, kind, minutes, buffers before and after, seats, colour, staff and resources by position.
struct Offer(&'static str, BookingKind, i64, (i64, i64), i64, &'static str, &'static [usize], &'static [usize]);

const OFFERS: [Offer; 12] = [
    Offer("Haircut", BookingKind::Appointment, 45, (0, 15), 1, "teal", &[0, 1], &[]),
    Offer("Colouring", BookingKind::Appointment, 120, (0, 15), 1, "orchid", &[1], &[]),
    Offer("Physiotherapy", BookingKind::Appointment, 30, (5, 5), 1, "seagreen", &[2], &[0, 1]),
    Offer("Sports massage", BookingKind::Appointment, 60, (0, 15), 1, "olive", &[2, 3], &[0, 1]),
    Offer("First consultation", BookingKind::Appointment, 60, (10, 10), 1, "navy", &[3], &[]),
    Offer("German lesson", BookingKind::Appointment, 50, (0, 10), 1, "royalblue", &[4], &[]),
    Offer("English lesson (online)", BookingKind::Appointment, 50, (0, 10), 1, "steelblue", &[6, 7], &[]),
    Offer("Yoga class", BookingKind::Class, 75, (15, 15), 12, "mediumpurple", &[4], &[2]),
    Offer("Excavator rental", BookingKind::Rental, 1440, (0, 0), 1, "darkorange", &[], &[4]),
    Offer("Tent rental", BookingKind::Rental, 2880, (0, 0), 1, "goldenrod", &[], &[5]),
    Offer("Delivery", BookingKind::Delivery, 30, (15, 15), 1, "sienna", &[5], &[3]),
    Offer("Excavator inspection", BookingKind::Maintenance, 90, (0, 0), 1, "gray", &[5], &[4]),
];

const CUSTOMERS: [(&str, &str, &str); 10] = [
    ("Johanna Weiß", "johanna.weiss@guest.example", "+49 30 5550101"),
    ("Luca Moretti", "luca.moretti@guest.example", "+49 30 5550102"),
    ("Mehmet Kaya", "mehmet.kaya@guest.example", "+49 30 5550103"),
    ("Sofie Andersen", "sofie.andersen@guest.example", "+49 30 5550104"),
    ("Zoë O'Brien", "zoe.obrien@guest.example", "+49 30 5550105"),
    ("李娜", "li.na@guest.example", "+49 30 5550106"),
    ("Paul Schneider", "paul.schneider@guest.example", "+49 30 5550107"),
    ("Amira Saleh", "amira.saleh@guest.example", "+49 30 5550108"),
    ("Tom Baker", "tom.baker@guest.example", "+1 212 555 0109"),
    ("Ines Duarte", "ines.duarte@guest.example", "+49 30 5550110"),
];

/// The names by position.
struct Made {
    ctx: Context,
    staff: Vec<Id>,
    resources: Vec<Id>,
    services: Vec<Id>,
    bookings: usize,
}

/// Makes everything, in one unit of work.
pub(super) fn fill(conn: &mut Conn, links: Links) -> Result<Business, Error> {
    let new = NewTenant {
        slug: "haus-und-hof".to_owned(),
        name: "Haus & Hof".to_owned(),
        timezone: BERLIN.to_owned(),
        email: Some("hello@haus-und-hof.example".to_owned()),
    };
    let tenant = tenants::create(conn, &new, clock::now(), links.clone())?;
    let ctx = tenants::context(conn, tenant.tenant_id, "demo", clock::now(), links)?;
    let mut made = Made { ctx, staff: Vec::new(), resources: Vec::new(), services: Vec::new(), bookings: 0 };
    made.people_and_things(conn)?;
    made.hours(conn)?;
    made.offers(conn)?;
    made.two_weeks(conn)?;
    made.rentals_and_routes(conn)?;
    made.series_and_cancelled(conn)?;
    made.days_off(conn)?;
    let feeds = made.feeds(conn)?;
    let (haircut, from, to) = (made.services[0], made.day(1), made.day(7));
    let password = people::add_app_password(conn, &made.ctx, USERNAME, "demo")?;
    Ok(Business { ctx: made.ctx, bookings: made.bookings, feeds, haircut, from, to, password })
}

impl Made {
    fn people_and_things(&mut self, conn: &mut Conn) -> Result<(), Error> {
        for (name, timezone, role) in STAFF {
            let email = format!("{}@haus-und-hof.example", name.to_lowercase().replace(' ', "."));
            let first = name.split(' ').next().unwrap_or_default().to_lowercase();
            let new = NewPerson {
                role,
                name: name.to_owned(),
                email: Some(email),
                phone: None,
                username: Some(first),
                password_hash: None,
                timezone: Some(timezone.to_owned()),
                locale: None,
                external_ref: None,
            };
            self.staff.push(people::create(conn, &self.ctx, &new)?.person_id);
        }
        for (name, kind, quantity) in RESOURCES {
            let new = NewResource {
                name: name.to_owned(),
                kind,
                quantity: Some(quantity),
                timezone: None,
                external_ref: None,
            };
            self.resources.push(resources::create(conn, &self.ctx, &new)?.resource_id);
        }
        Ok(())
    }

    /// The house is open from Monday to Saturday; everybody has shifts of their own, with lunch where they last over noon.
    fn hours(&self, conn: &mut Conn) -> Result<(), Error> {
        let rule = |rrule: &str, (start, end): (&str, &str), lunch: bool| WorkingHoursRule {
            rrule: rrule.to_owned(),
            start: start.to_owned(),
            end: end.to_owned(),
            timezone: None,
            valid_from: None,
            valid_until: None,
            exdates: Vec::new(),
            rdates: Vec::new(),
            breaks: Vec::from_iter(
                lunch.then(|| WorkingHoursBreak { start: LUNCH.0.to_owned(), end: LUNCH.1.to_owned() }),
            ),
        };
        let open = [rule("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA", ("08:00", "20:00"), false)];
        hours::replace(conn, &self.ctx, Owner::Business, &open, None)?;
        for (number, staff) in self.staff.iter().enumerate() {
            let own = SHIFTS.iter().filter(|Shifts(of, ..)| *of == number);
            let own: Vec<_> = own.map(|Shifts(_, days, start, end)| rule(days, (start, end), *end > LUNCH.1)).collect();
            hours::replace(conn, &self.ctx, Owner::Staff(*staff), &own, None)?;
        }
        Ok(())
    }

    /// A day on which the house is closed, and a week in which Ben is away: after the days that are booked.
    fn days_off(&self, conn: &mut Conn) -> Result<(), Error> {
        let sunday = |day: &Date| day.weekday() == jiff::civil::Weekday::Sunday;
        let closed = [16, 17].map(|days| self.day(days)).into_iter().find(|day| !sunday(day)).unwrap_or(self.day(16));
        let closed = (closed, closed.tomorrow().unwrap_or(closed));
        let holiday = (BlockKind::Holiday, Vec::new(), "Company outing", closed);
        let away = (BlockKind::TimeOff, vec![self.staff[1]], "Ben is on holiday", (self.day(18), self.day(25)));
        for (kind, staff, summary, (start, end)) in [holiday, away] {
            let new = NewBlock {
                kind,
                staff,
                resources: Vec::new(),
                start: start.to_string(),
                end: end.to_string(),
                timezone: None,
                rrule: None,
                exdates: Vec::new(),
                rdates: Vec::new(),
                summary: Some(summary.to_owned()),
                external_ref: None,
            };
            blocks::create(conn, &self.ctx, &new)?;
        }
        Ok(())
    }

    fn offers(&mut self, conn: &mut Conn) -> Result<(), Error> {
        for Offer(name, kind, minutes, (before, after), seats, color, staff, resources) in OFFERS {
            let new = NewService {
                name: name.to_owned(),
                kind: Some(kind),
                duration_minutes: minutes,
                buffer_before_minutes: Some(before),
                buffer_after_minutes: Some(after),
                capacity: Some(seats),
                color: Some(color.to_owned()),
                staff: staff.iter().map(|&i| self.staff[i]).collect(),
                resources: resources.iter().map(|&i| self.resources[i]).collect(),
                ..NewService::default()
            };
            self.services.push(services::create(conn, &self.ctx, &new)?.service.service_id);
        }
        Ok(())
    }

    /// The working day `days` from today.
    fn day(&self, days: i64) -> Date {
        let today = self.ctx.zone.civil_at(self.ctx.now).date();
        (0..days).fold(today, |day, _| day.tomorrow().unwrap_or(day))
    }

    fn booking(&self, service: usize, start: Civil, customer: usize) -> NewBooking {
        let (name, email, phone) = CUSTOMERS[customer % CUSTOMERS.len()];
        let customer = CustomerInput::Named {
            name: name.to_owned(),
            email: Some(email.to_owned()),
            phone: Some(phone.to_owned()),
        };
        let start = start.strftime("%Y-%m-%dT%H:%M").to_string();
        NewBooking { service: self.services[service], customer, start, ..NewBooking::default() }
    }

    /// Adds a booking; one that finds no free staff or room is left out, as it would be at the desk.
    fn add(&mut self, conn: &mut Conn, new: &NewBooking) -> Result<Option<Id>, Error> {
        match booking::adopt(conn, &self.ctx, new, &Origin::default()) {
            Ok(booked) => {
                self.bookings += 1;
                Ok(Some(booked.booking.booking_id))
            }
            Err(error) if error.is_want_of_time() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Two weeks of appointments, in both zones.
    fn two_weeks(&mut self, conn: &mut Conn) -> Result<(), Error> {
        for days in 0..14 {
            let date = self.day(days);
            if date.weekday() == jiff::civil::Weekday::Sunday {
                continue;
            }
            for (i, hour) in [9_i8, 10, 11, 13, 14, 15, 16].into_iter().enumerate() {
                let turn = usize::try_from(days).unwrap_or(0) * 7 + i;
                let mut new = self.booking(turn % 7, date.at(hour, 0, 0, 0), turn);
                if turn % 7 == 6 {
                    new.timezone = Some(NEW_YORK.to_owned());
                }
                if turn % 11 == 3 {
                    new.status = Some(BookingStatus::Tentative);
                }
                if turn % 5 == 0 {
                    new.notes = Some("First visit. Prefers a text message over a call.".to_owned());
                }
                self.add(conn, &new)?;
            }
            if days % 3 == 1 {
                for seat in 0..6 {
                    let new = self.booking(7, date.at(18, 30, 0, 0), seat);
                    self.add(conn, &new)?;
                }
            }
        }
        Ok(())
    }

    fn rentals_and_routes(&mut self, conn: &mut Conn) -> Result<(), Error> {
        for (service, from, until, customer) in [(8, 1, 4, 6), (8, 2, 5, 1), (8, 2, 3, 9), (9, 4, 7, 3), (9, 5, 6, 7)] {
            let mut new = self.booking(service, self.day(from).at(0, 0, 0, 0), customer);
            new.start = self.day(from).to_string();
            new.end = Some(self.day(until).to_string());
            self.add(conn, &new)?;
        }
        for (stop, (hour, street)) in [(8, "Gartenstraße 12"), (9, "Am Markt 3"), (10, "Seeweg 41")].iter().enumerate()
        {
            let mut new = self.booking(10, self.day(2).at(*hour, 0, 0, 0), stop + 4);
            new.stop = i64::try_from(stop + 1).ok();
            new.location = Some(format!("{street}, 10115 Berlin"));
            self.add(conn, &new)?;
        }
        let mut inspection = self.booking(11, self.day(6).at(8, 0, 0, 0), 0);
        inspection.customer = CustomerInput::Nobody;
        self.add(conn, &inspection)?;
        Ok(())
    }

    /// A weekly lesson with one date off and one moved, and a booking that was cancelled.
    fn series_and_cancelled(&mut self, conn: &mut Conn) -> Result<(), Error> {
        let first = self.day(1).at(17, 0, 0, 0);
        let week = |n: i64| Local((0..n * 7).fold(first, |day, _| day.tomorrow().unwrap_or(day)));
        let mut weekly = self.booking(5, first, 5);
        weekly.rrule = Some("FREQ=WEEKLY;COUNT=10".to_owned());
        let later = |local: Local, hours: i8| Local(local.0.date().at(local.0.time().hour() + hours, 0, 0, 0));
        let moved = (later(week(3), 1), Local(later(week(3), 1).0.date().at(18, 50, 0, 0)));
        let overrides = vec![
            OverrideInput { recurrence_id: week(2), moved_to: None },
            OverrideInput { recurrence_id: week(3), moved_to: Some(moved) },
        ];
        let origin = Origin { overrides, ..Origin::default() };
        booking::adopt(conn, &self.ctx, &weekly, &origin)?;
        self.bookings += 1;
        let new = self.booking(4, self.day(3).at(18, 0, 0, 0), 2);
        if let Some(id) = self.add(conn, &new)? {
            let patch =
                BookingPatch { notes: Some(Some("Asked for a later date.".to_owned())), ..BookingPatch::default() };
            booking::change(conn, &self.ctx, id, &patch)?;
            booking::cancel(conn, &self.ctx, id, None, Some("The customer is ill".to_owned()))?;
        }
        Ok(())
    }

    fn feeds(&self, conn: &mut Conn) -> Result<Vec<Feed>, Error> {
        let ctx = &self.ctx;
        let (name, email, _) = CUSTOMERS[0];
        let named = CustomerInput::Named { name: name.to_owned(), email: Some(email.to_owned()), phone: None };
        let customer = people::find_or_add_customer(conn, ctx, &named)?.map(|c| c.person_id);
        let wanted = [
            (FeedKind::Team, None),
            (FeedKind::Staff, Some(self.staff[0])),
            (FeedKind::Staff, Some(self.staff[4])),
            (FeedKind::Staff, Some(self.staff[6])),
            (FeedKind::Customer, customer),
            (FeedKind::Resource, Some(self.resources[4])),
            (FeedKind::Route, Some(self.resources[3])),
            (FeedKind::Maintenance, None),
            (FeedKind::Busy, Some(self.staff[4])),
        ];
        let make =
            |(kind, subject)| feeds::create(conn, ctx, &NewFeed { kind, subject, options: NewFeedOptions::default() });
        wanted.into_iter().map(make).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::MasterKey;
    use crate::booking::offer::{self, Wish};
    use crate::time::{Interval, Zone};

    #[test]
    fn the_sample_business_has_what_it_promises() {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", dir.path().join("t.db").display());
        crate::store::migrate(&url).unwrap();
        let mut conn = Conn::open(&url, true).unwrap();
        let links = Links { public_url: "http://localhost".into(), key: MasterKey::from_bytes([1; 32]) };
        let business = conn.transaction(|c| fill(c, links)).unwrap();
        assert!(business.bookings > 80, "{}", business.bookings);
        assert_eq!(business.feeds.len(), 9);
        assert_eq!(Zone::parse(NEW_YORK).unwrap().name(), NEW_YORK);
    }

    /// Over four weeks: open on working days but for lunch, closed on Sundays and on the day of the outing.
    #[test]
    fn what_can_be_booked_in_the_sample_business_is_believable() {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", dir.path().join("t.db").display());
        crate::store::migrate(&url).unwrap();
        let mut conn = Conn::open(&url, true).unwrap();
        let links = Links { public_url: "http://localhost".into(), key: MasterKey::from_bytes([1; 32]) };
        let Business { ctx, haircut, from, .. } = conn.transaction(|c| fill(c, links)).unwrap();
        let anyone = Wish { service: haircut, staff: None, resources: None };
        let until = (0..28).fold(from, |day, _| day.tomorrow().unwrap());
        let days = offer::days(&mut conn, &ctx, &anyone, (from, until), &ctx.zone).unwrap();
        let sunday = |date: Date| date.weekday() == jiff::civil::Weekday::Sunday;
        let closed: Vec<Date> = days.iter().filter(|day| day.slots == 0).map(|day| day.date).collect();
        let workday = |date: &&Date| !sunday(**date);
        assert!(days.iter().filter(|day| sunday(day.date)).all(|day| day.slots == 0), "{days:?}");
        assert!((1..=4).contains(&closed.iter().filter(workday).count()), "{closed:?}");
        let midnight = |day: Date| ctx.zone.instant(day.at(0, 0, 0, 0));
        let window = Interval { start: midnight(from), end: midnight(until) };
        let slots = offer::slots(&mut conn, &ctx, &anyone, window).unwrap();
        assert!(slots.len() > 200, "{}", slots.len());
        for slot in slots {
            let hours = [slot.at.start, slot.at.end - 1].map(|at| ctx.zone.civil_at(at).hour());
            assert!(hours.iter().all(|hour| (9..18).contains(hour) && *hour != 12), "{slot:?}");
        }
    }
}
