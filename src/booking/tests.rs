//! The use cases on a real database file, from the first business to what each reader's calendar holds.

use std::sync::Arc;

use super::model::{BookingPatch, CustomerInput, NewBooking};
use super::{Conflict, Context, Error, Links};
use crate::auth::MasterKey;
use crate::store::collections::{self, Collection};
use crate::store::people::Person;
use crate::store::services::Service;
use crate::store::tenants::Tenant;
use crate::store::{self, BookingKind, CollectionKind, Conn, Id, Role, TenantId};
use crate::time::{Instant, Zone};

struct House {
    conn: Conn,
    ctx: Context,
    service: Id,
    anna: Id,
    ben: Id,
    _dir: tempfile::TempDir,
}

fn person(tenant: TenantId, role: Role, name: &str) -> Person {
    Person {
        tenant_id: tenant,
        person_id: Id::new(),
        role,
        name: name.into(),
        email: None,
        phone: None,
        username: None,
        password_hash: None,
        timezone: None,
        locale: None,
        external_ref: None,
        identity_key: None,
        version: 1,
        created_at: Instant::from_unix(0),
        updated_at: Instant::from_unix(0),
        deleted_at: None,
    }
}

fn house(capacity: i32) -> House {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", dir.path().join("t.db").display());
    store::migrate(&url).unwrap();
    let mut conn = Conn::open(&url, true).unwrap();
    let tenant = TenantId::of_slug("salon");
    let at = Instant::from_unix(1_770_000_000);
    let row = Tenant {
        tenant_id: tenant,
        slug: "salon".into(),
        name: "Salon Anna".into(),
        timezone: "Europe/Berlin".into(),
        email: None,
        created_at: at,
        updated_at: at,
    };
    store::tenants::insert(&mut conn, &row).unwrap();
    let mut open = |id, kind| {
        let row =
            Collection { tenant_id: tenant, collection_id: id, kind, epoch: 1, change: 0, changed_at: at, octets: 0 };
        collections::insert(&mut conn, &row).unwrap();
    };
    let (anna, ben) = (person(tenant, Role::Staff, "Anna"), person(tenant, Role::Staff, "Ben"));
    open(Id::TEAM, CollectionKind::Team);
    open(anna.person_id, CollectionKind::Person);
    open(ben.person_id, CollectionKind::Person);
    for p in [&anna, &ben] {
        store::people::insert(&mut conn, p).unwrap();
    }
    let service = Service {
        tenant_id: tenant,
        service_id: Id::new(),
        kind: BookingKind::Appointment,
        name: "Haircut".into(),
        duration_minutes: 30,
        buffer_before_minutes: 5,
        buffer_after_minutes: 10,
        slot_step_minutes: None,
        min_notice_minutes: None,
        max_advance_days: None,
        capacity,
        color: None,
        reminders_minutes: "1440,60".into(),
        cancellation_window_minutes: None,
        external_ref: None,
        version: 1,
        created_at: at,
        updated_at: at,
        deleted_at: None,
    };
    store::services::insert(&mut conn, &service).unwrap();
    let ctx = Context {
        tenant,
        zone: Zone::parse("Europe/Berlin").unwrap(),
        tenant_name: "Salon Anna".into(),
        tenant_email: None,
        now: at,
        actor: "test".into(),
        links: Links { public_url: Arc::from("https://cal.example"), key: MasterKey::from_bytes([7; 32]) },
    };
    House { conn, ctx, service: service.service_id, anna: anna.person_id, ben: ben.person_id, _dir: dir }
}

impl House {
    fn at(&self, start: &str) -> NewBooking {
        let customer =
            CustomerInput::Named { name: "Cleo".into(), email: Some("cleo@guest.example".into()), phone: None };
        let notes = Some("allergic to lavender".into());
        NewBooking {
            service: self.service,
            staff: Some(self.anna),
            customer,
            start: start.into(),
            notes,
            ..NewBooking::default()
        }
    }

    fn book(&mut self, new: &NewBooking) -> Result<super::model::Booked, Error> {
        let ctx = self.ctx.clone();
        self.conn.transaction(|c| super::book(c, &ctx, new))
    }

    fn seen(&mut self, reader: Id, booking: Id) -> String {
        let object = collections::object(&mut self.conn, self.ctx.tenant, reader, booking).unwrap().unwrap();
        object.component.replace("\r\n ", "")
    }
}

fn is_taken<T: std::fmt::Debug>(result: Result<T, Error>) -> bool {
    match result {
        Err(Error::Conflict { kind: Conflict::SlotUnavailable, .. }) => true,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_reader_sees_their_own_side() {
    let mut house = house(1);
    let booked = house.book(&house.at("2026-03-02T09:00")).unwrap().booking;
    let staff = house.seen(house.anna, booked.booking_id);
    assert!(staff.contains("SUMMARY:Haircut – Cleo") && staff.contains("lavender") && !staff.contains("guest.example"));
    let customer = house.seen(booked.customer_id.unwrap(), booked.booking_id);
    assert!(customer.contains("SUMMARY:Haircut – Salon Anna") && customer.contains("https://cal.example/manage/"));
    assert!(!customer.contains("lavender"));
    let team = house.seen(Id::TEAM, booked.booking_id);
    assert!(team.contains("SUMMARY:Anna: Haircut – Cleo") && team.contains("cleo@guest.example"));
}

#[test]
fn buffers_keep_their_distance_and_a_cancelled_time_is_free() {
    let mut house = house(1);
    let first = house.book(&house.at("2026-03-02T09:00")).unwrap().booking;
    for start in ["2026-03-02T09:00", "2026-03-02T09:40", "2026-03-02T08:16", "2026-03-02T08:00:00Z"] {
        assert!(is_taken(house.book(&house.at(start))), "{start}");
    }
    house.book(&house.at("2026-03-02T09:45")).unwrap();
    let ctx = house.ctx.clone();
    let gone = super::cancel(&mut house.conn, &ctx, first.booking_id, None, Some("ill".into())).unwrap().booking;
    assert_eq!((gone.sequence, gone.uid == first.uid), (1, true));
    assert!(house.seen(house.anna, first.booking_id).contains("STATUS:CANCELLED"));
    house.book(&house.at("2026-03-02T09:00")).unwrap();
}

#[test]
fn a_reassigned_booking_leaves_the_old_calendar_as_cancelled() {
    let mut house = house(1);
    let first = house.book(&house.at("2026-03-02T09:00")).unwrap().booking;
    let (ctx, ben) = (house.ctx.clone(), house.ben);
    let patch =
        BookingPatch { staff: Some(Some(ben)), start: Some("2026-03-03T10:00".into()), ..BookingPatch::default() };
    let moved = super::reschedule(&mut house.conn, &ctx, first.booking_id, &patch).unwrap().booking;
    assert!(moved.updated_at > first.updated_at, "LAST-MODIFIED grows even within one second");
    let old = house.seen(house.anna, first.booking_id);
    assert!(old.contains("STATUS:CANCELLED") && old.contains("SEQUENCE:1") && old.contains("20260302T090000"));
    let new = house.seen(ben, first.booking_id);
    assert!(new.contains("STATUS:CONFIRMED") && new.contains("SEQUENCE:1") && new.contains("20260303T100000"));
    let history = store::bookings::history(&mut house.conn, ctx.tenant, first.booking_id).unwrap();
    assert_eq!(history.iter().map(|h| h.action.as_str()).collect::<Vec<_>>(), ["created", "rescheduled"]);
    assert!(history[1].changes.contains(&format!("[\"{}\",\"{ben}\"]", house.anna)));
    house.book(&house.at("2026-03-02T09:00")).unwrap();
}

#[test]
fn a_class_has_as_many_seats_as_its_capacity() {
    let mut house = house(3);
    for _ in 0..3 {
        house.book(&house.at("2026-03-02T09:00")).unwrap();
    }
    assert!(is_taken(house.book(&house.at("2026-03-02T09:00"))));
    assert!(is_taken(house.book(&house.at("2026-03-02T09:15"))), "another session of the same person");
    let anyone = NewBooking { staff: None, ..house.at("2026-03-02T09:00") };
    for _ in 0..3 {
        house.book(&anyone).unwrap();
    }
    assert!(is_taken(house.book(&anyone)), "a class without staff has its seats too");
}

/// Any of two rooms and one of them in particular: whichever the first need prefers, both are served.
#[test]
fn who_could_serve_another_need_makes_way() {
    use super::allocate::{Needs, take};
    use super::book::{Origin, row};
    use super::series::Occurrence;
    use super::span::{Asked, Bounds, resolve};
    let mut house = house(1);
    let ctx = house.ctx.clone();
    let new = house.at("2026-03-02T09:00");
    let service = store::services::find(&mut house.conn, ctx.tenant, house.service).unwrap().unwrap();
    let asked = Asked { start: &new.start, end: None, timezone: None, duration_minutes: 30 };
    let (span, _) = resolve(asked, &ctx.zone, Bounds::Any).unwrap();
    let booking = row(&ctx, &new, &Origin::default(), &service, &span).unwrap();
    let occurrences = [Occurrence { recurrence_id: span.start_local, span }];
    let room = |name: &str| store::resources::Resource {
        tenant_id: ctx.tenant,
        resource_id: Id::new(),
        kind: store::ResourceKind::Room,
        name: name.to_owned(),
        quantity: 1,
        timezone: None,
        external_ref: None,
        version: 1,
        created_at: ctx.now,
        updated_at: ctx.now,
        deleted_at: None,
    };
    let (a, b) = (room("A"), room("B"));
    let needs = |resources| Needs {
        booking: &booking,
        capacity: 1,
        occurrences: &occurrences,
        staff: Vec::new(),
        resources,
        overflow: false,
        now: ctx.now,
    };
    let both = needs(vec![vec![a.clone(), b.clone()], vec![a.clone()]]);
    let taken = house.conn.transaction(|conn| take(conn, &both)).unwrap();
    assert_eq!(taken.resources, [b.clone(), a.clone()]);
    store::allocations::delete(&mut house.conn, ctx.tenant, booking.booking_id).unwrap();
    let twice = needs(vec![vec![a.clone()], vec![a.clone()]]);
    assert!(is_taken(house.conn.transaction(|conn| take(conn, &twice))), "one room is not two");
}

#[test]
fn a_series_takes_all_its_times_or_none() {
    let mut house = house(1);
    house.book(&house.at("2026-03-16T09:00")).unwrap();
    let mut weekly = house.at("2026-03-02T09:00");
    weekly.rrule = Some("FREQ=WEEKLY;COUNT=4".into());
    let error = house.book(&weekly).unwrap_err();
    assert!(error.to_string().contains("2026-03-16T09:00:00+01:00"), "{error}");
    weekly.start = "2026-03-02T11:00".into();
    let series = house.book(&weekly).unwrap().booking;
    assert_eq!(series.last_end.to_string(), "2026-03-23T10:30:00Z");
    assert!(house.seen(house.anna, series.booking_id).contains("RRULE:FREQ=WEEKLY;COUNT=4"));
    assert!(is_taken(house.book(&house.at("2026-03-23T11:00"))));
}

#[test]
fn nothing_is_written_when_nothing_differs_and_a_stale_version_is_refused() {
    let mut house = house(1);
    let first = house.book(&house.at("2026-03-02T09:00")).unwrap().booking;
    let ctx = house.ctx.clone();
    let same = BookingPatch { start: Some("2026-03-02T08:00:00Z".into()), ..BookingPatch::default() };
    assert_eq!(super::change(&mut house.conn, &ctx, first.booking_id, &same).unwrap().booking, first);
    let stale = BookingPatch { expected_version: Some(0), notes: Some(None), ..BookingPatch::default() };
    assert!(matches!(super::change(&mut house.conn, &ctx, first.booking_id, &stale), Err(Error::Changed)));
    let noted = BookingPatch { external_ref: Some(Some("pos-7".into())), ..BookingPatch::default() };
    let noted = super::change(&mut house.conn, &ctx, first.booking_id, &noted).unwrap().booking;
    assert_eq!((noted.version, noted.sequence), (2, 0), "subscribers need not hear of a reference");
}

/// As if the zone data this was booked with had been an hour off.
#[test]
fn new_zone_rules_move_instants_and_keep_wall_times_and_every_booking() {
    use crate::store::bookings;
    let mut house = house(1);
    let ctx = house.ctx.clone();
    let mut ids = Vec::new();
    for start in ["2026-07-01T09:00", "2026-07-01T10:00", "2026-07-01T12:00"] {
        ids.push(house.book(&house.at(start)).unwrap().booking.booking_id);
    }
    for (id, hours) in [(ids[0], 1), (ids[1], 1)] {
        let old = bookings::find(&mut house.conn, ctx.tenant, id).unwrap().unwrap();
        let mut wrong = old.clone();
        (wrong.start_at, wrong.end_at) = (old.start_at + hours * 3600, old.end_at + hours * 3600);
        wrong.last_end = wrong.end_at;
        bookings::replace(&mut house.conn, &wrong, old.version).unwrap();
        let taken = store::allocations::of_booking(&mut house.conn, ctx.tenant, id).unwrap();
        store::allocations::delete(&mut house.conn, ctx.tenant, id).unwrap();
        if id == ids[0] {
            // Its place is taken by one whose times were right all along: a conflict that must be named.
            house.book(&house.at("2026-07-01T09:15")).unwrap();
        }
        for mut row in taken {
            row.busy_from = row.busy_from + 7200 * 12;
            row.busy_until = row.busy_until + 7200 * 12;
            row.start_at = row.start_at + 7200 * 12;
            row.end_at = row.end_at + 7200 * 12;
            store::allocations::insert(&mut house.conn, &row).unwrap();
        }
    }
    let report = house.conn.transaction(|c| super::rederive::rederive(c, &ctx)).unwrap();
    assert_eq!((report.moved, report.conflicts.as_slice()), (2, &ids[..1]));
    for (id, start) in ids.iter().zip(["07:00", "08:00", "10:00"]) {
        let row = bookings::find(&mut house.conn, ctx.tenant, *id).unwrap().unwrap();
        assert_eq!(row.start_at.to_string(), format!("2026-07-01T{start}:00Z"));
        assert_eq!(store::allocations::of_booking(&mut house.conn, ctx.tenant, *id).unwrap()[0].start_at, row.start_at);
    }
    let again = house.conn.transaction(|c| super::rederive::rederive(c, &ctx)).unwrap();
    assert_eq!(again.moved, 0);
}
