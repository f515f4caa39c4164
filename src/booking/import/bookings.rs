//! Bookings: found by reference or UID, and then booked or revised.

use crate::booking::book::{Origin, OverrideInput};
use crate::booking::model::{CustomerInput, NewBooking};
use crate::booking::services::{self as use_services, NewService};
use crate::booking::span::{Asked, Bounds, Span, resolve};
use crate::booking::{Context, Error, Fault, adopt, input, revise, series};
use crate::store::bookings::{self, Booking};
use crate::store::people;
use crate::store::services;
use crate::store::{BookingKind, Conn, Id, Local, Role, allocations};
use crate::time::Civil;

use super::directory::Directory;
use super::row::{BookingRecord, Customer, Field, PartyRecord, People, ServiceChoice};
use super::unit::Verdict;

/// The reference of the service that events of no known service are bookings of.
const IMPORTED_REF: &str = "import:ics";

/// Takes a row: what became of it, and what should be known about how it was understood.
pub(super) fn booking(
    conn: &mut Conn,
    ctx: &Context,
    directory: &mut Directory,
    staff: Option<&str>,
    row: &BookingRecord,
) -> Result<(Verdict, Vec<Fault>), Error> {
    check_uid(row.uid.as_deref())?;
    let (service, title) = service(conn, ctx, directory, &row.service)?;
    let (staff, customer) = people(conn, ctx, directory, staff, &row.people)?;
    let resources = row.resources.as_ref().map(|texts| directory.all_resources(conn, ctx, texts)).transpose()?;
    let mut new = NewBooking {
        service,
        staff,
        resources,
        customer: customer.clone().flatten().unwrap_or_default(),
        start: row.start.clone(),
        end: row.end.clone(),
        timezone: row.timezone.clone(),
        rrule: row.rrule.clone().flatten(),
        notes: notes(title, row.notes.clone().flatten()),
        location: row.location.clone().flatten(),
        stop: row.stop.flatten(),
        external_ref: row.external_ref.clone(),
        status: None,
    };
    let known = known(conn, ctx, row.external_ref.as_deref(), row.uid.as_deref())?;
    let mut notices = row.notices.clone();
    let mut origin = Origin { uid: row.uid.clone(), sequence: row.sequence, status: row.status, overrides: Vec::new() };
    let Some(old) = known else {
        origin.overrides = differing(conn, ctx, row, &new, None)?;
        let booked = adopt(conn, ctx, &new, &origin)?;
        notices.extend(booked.notices);
        return Ok((Verdict::Created, notices));
    };
    keep(conn, ctx, row, customer.is_some(), &old, &mut new)?;
    origin.overrides = differing(conn, ctx, row, &new, Some(&old))?;
    let booked = revise(conn, ctx, old.booking_id, &new, &origin)?;
    if booked.booking.version == old.version {
        return Ok((Verdict::Unchanged, Vec::new()));
    }
    notices.extend(booked.notices);
    Ok((Verdict::Changed, notices))
}

fn check_uid(uid: Option<&str>) -> Result<(), Error> {
    let Some(uid) = uid else { return Ok(()) };
    if uid.len() > 255 {
        let detail = format!("has {} octets; at most 255 are kept (RFC 7986 §5.3)", uid.len());
        return Err(Error::invalid("/uid", detail));
    }
    if uid.trim().is_empty() || uid.chars().any(char::is_control) {
        return Err(Error::invalid("/uid", "must not be empty or contain control characters"));
    }
    Ok(())
}

/// The service, and the title of an event where the service does not say it.
fn service(
    conn: &mut Conn,
    ctx: &Context,
    directory: &mut Directory,
    choice: &ServiceChoice,
) -> Result<(Id, Option<String>), Error> {
    match choice {
        ServiceChoice::Named(text) => Ok((directory.service_named(conn, ctx, text)?, None)),
        ServiceChoice::Guessed { names, summary } => {
            for name in names {
                if let Ok(id) = directory.service_named(conn, ctx, name) {
                    let says_it_all = summary.as_ref().is_none_or(|summary| summary == name);
                    return Ok((id, summary.clone().filter(|_| !says_it_all)));
                }
            }
            Ok((imported(conn, ctx, directory)?, summary.clone()))
        }
    }
}

/// The service of events that are of no known service. Their calendars have their own alarms, so it reminds nobody.
fn imported(conn: &mut Conn, ctx: &Context, directory: &mut Directory) -> Result<Id, Error> {
    if let Some(service) = services::find_by_external_ref(conn, ctx.tenant, IMPORTED_REF)? {
        return Ok(service.service_id);
    }
    let new = NewService {
        name: "Imported".to_owned(),
        kind: Some(BookingKind::Appointment),
        duration_minutes: 60,
        reminders_minutes: Some(Vec::new()),
        external_ref: Some(IMPORTED_REF.to_owned()),
        ..NewService::default()
    };
    let offered = use_services::create(conn, ctx, &new)?;
    directory.forget();
    Ok(offered.service.service_id)
}

/// The booking that has the time a row wants, where the row says whose time that is: by reference, else UID.
pub(super) fn in_the_way(
    conn: &mut Conn,
    ctx: &Context,
    directory: &mut Directory,
    staff: Option<&str>,
    row: &BookingRecord,
) -> Result<Option<String>, Error> {
    let service = match &row.service {
        ServiceChoice::Named(text) => {
            let id = directory.service_named(conn, ctx, text)?;
            services::find(conn, ctx.tenant, id)?
        }
        ServiceChoice::Guessed { .. } => None,
    };
    let (before, after, duration_minutes) =
        service.map_or((0, 0, 0), |s| (s.buffer_before_minutes, s.buffer_after_minutes, s.duration_minutes));
    let asked =
        Asked { start: &row.start, end: row.end.as_deref(), timezone: row.timezone.as_deref(), duration_minutes };
    let span = resolve(asked, &ctx.zone, Bounds::Any)?.0;
    let wanted = span.at.widened(i64::from(before) * 60, i64::from(after) * 60);
    let (staff, _) = people(conn, ctx, directory, staff, &row.people)?;
    let texts = row.resources.as_deref().unwrap_or_default();
    let resources = directory.all_resources(conn, ctx, texts)?;
    for id in staff.into_iter().chain(resources) {
        if let Some(holder) = allocations::holder(conn, ctx.tenant, id, wanted)? {
            let booking = bookings::find(conn, ctx.tenant, holder)?;
            let same = |one: Option<&String>, other: Option<&String>| one.is_some() && one == other;
            let is_other = |b: &Booking| {
                !same(row.external_ref.as_ref(), b.external_ref.as_ref()) && !same(row.uid.as_ref(), Some(&b.uid))
            };
            return Ok(booking.filter(is_other).map(|b| b.external_ref.unwrap_or(b.uid)));
        }
    }
    Ok(None)
}

type Cast = (Option<Id>, Field<CustomerInput>);

/// Who serves and who is served; `default` serves events whose parties name no staff member.
fn people(
    conn: &mut Conn,
    ctx: &Context,
    directory: &mut Directory,
    default: Option<&str>,
    people: &People,
) -> Result<Cast, Error> {
    match people {
        People::Named { staff, customer } => {
            let staff = staff.as_ref().map(|text| directory.staff_named(conn, ctx, text)).transpose()?;
            let customer = match customer {
                None => None,
                Some(None) => Some(None),
                Some(Some(customer)) => Some(Some(self::customer(conn, ctx, customer)?)),
            };
            Ok((staff, customer))
        }
        People::Parties(parties) => {
            let team = directory.staff(conn, ctx)?;
            let is = |party: &PartyRecord, address: Option<&str>| match (party.email.as_deref(), address) {
                (Some(email), Some(address)) => email.eq_ignore_ascii_case(address),
                _ => false,
            };
            let ours = |party: &PartyRecord| team.iter().find(|one| is(party, one.email.as_deref()));
            let mut staff = parties.iter().find_map(ours).map(|one| one.person_id);
            let business = ctx.tenant_email.as_deref();
            let theirs = parties.iter().find(|party| ours(party).is_none() && !is(party, business));
            let customer = theirs.and_then(guest);
            if let (None, Some(text)) = (staff, default) {
                staff = Some(directory.staff_named(conn, ctx, text)?);
            }
            Ok((staff, Some(customer)))
        }
    }
}

/// A party as a customer. What cannot be their name or address is left out: it is no reason to lose the booking.
fn guest(party: &PartyRecord) -> Option<CustomerInput> {
    let email = party.email.as_deref().and_then(|email| input::email(email).ok());
    let name = input::line(&party.name, 200).ok().or_else(|| email.clone())?;
    Some(CustomerInput::Named { name, email, phone: None })
}

fn customer(conn: &mut Conn, ctx: &Context, customer: &Customer) -> Result<CustomerInput, Error> {
    match customer {
        Customer::Named { name, email, phone } => {
            Ok(CustomerInput::Named { name: name.clone(), email: email.clone(), phone: phone.clone() })
        }
        Customer::Known(text) => {
            let text = text.trim();
            let by_reference = people::find_by_external_ref(conn, ctx.tenant, text)?;
            let found = match (by_reference, text.parse()) {
                (None, Ok(id)) => people::find(conn, ctx.tenant, id)?,
                (found, _) => found,
            };
            found
                .filter(|person| person.role == Role::Customer && person.deleted_at.is_none())
                .map(|person| CustomerInput::Known(person.person_id))
                .ok_or_else(|| Error::invalid("/customer_id", format!("\"{text}\" names no customer of this business")))
        }
    }
}

fn notes(title: Option<String>, text: Option<String>) -> Option<String> {
    match (title, text) {
        (Some(title), Some(text)) if title.trim() != text.trim() => Some(format!("{title}\n{text}")),
        (title, text) => title.or(text),
    }
}

fn span(conn: &mut Conn, ctx: &Context, new: &NewBooking) -> Result<Span, Error> {
    let duration_minutes = match &new.end {
        Some(_) => 0,
        None => services::find(conn, ctx.tenant, new.service)?.map_or(0, |service| service.duration_minutes),
    };
    let asked =
        Asked { start: &new.start, end: new.end.as_deref(), timezone: new.timezone.as_deref(), duration_minutes };
    Ok(resolve(asked, &ctx.zone, Bounds::Any)?.0)
}

/// The booking that a row is about.
fn known(conn: &mut Conn, ctx: &Context, reference: Option<&str>, uid: Option<&str>) -> Result<Option<Booking>, Error> {
    let by_reference = match reference {
        Some(reference) => bookings::find_by_external_ref(conn, ctx.tenant, reference.trim())?,
        None => None,
    };
    let by_uid = match uid {
        Some(uid) => bookings::find_by_uid(conn, ctx.tenant, uid)?,
        None => None,
    };
    match (by_reference, by_uid) {
        (Some(one), Some(other)) if one.booking_id != other.booking_id => {
            let detail =
                format!("is that of booking {}, and external_ref that of {}", other.booking_id, one.booking_id);
            Err(Error::invalid("/uid", detail))
        }
        (one, other) => Ok(one.or(other)),
    }
}

/// What a row says nothing of stays as it is.
fn keep(
    conn: &mut Conn,
    ctx: &Context,
    row: &BookingRecord,
    names_customer: bool,
    old: &Booking,
    new: &mut NewBooking,
) -> Result<(), Error> {
    if row.notes.is_none() && new.notes.is_none() {
        new.notes.clone_from(&old.notes);
    }
    if row.location.is_none() {
        new.location.clone_from(&old.location);
    }
    if row.stop.is_none() {
        new.stop = old.stop.map(i64::from);
    }
    if row.external_ref.is_none() {
        new.external_ref.clone_from(&old.external_ref);
    }
    if new.timezone.is_none() {
        new.timezone = Some(old.timezone.clone());
    }
    if row.rrule.is_none() {
        new.rrule.clone_from(&old.rrule);
    }
    if new.end.is_none() {
        new.end = end_after_same_length(ctx, old, new)?;
    }
    let same = match (&new.customer, old.customer_id) {
        _ if !names_customer => true,
        // Without an address nobody can be told from a namesake, so the one who has the booking is meant.
        (CustomerInput::Named { name, email: None, .. }, Some(id)) => people::find(conn, ctx.tenant, id)?
            .is_some_and(|known| known.email.is_none() && known.name.eq_ignore_ascii_case(name.trim())),
        _ => false,
    };
    if same {
        new.customer = old.customer_id.map_or(CustomerInput::Nobody, CustomerInput::Known);
    }
    if row.endless.is_some() {
        keep_part_of_endless(ctx, row, old, new)?;
    }
    Ok(())
}

/// The end of a booking that takes as long as before; none where whole days become a time or a time whole days.
fn end_after_same_length(ctx: &Context, old: &Booking, new: &NewBooking) -> Result<Option<String>, Error> {
    let days = old.end_local.0.date().since(old.start_local.0.date()).map_or(1, |span| span.get_days());
    let duration_minutes = if old.all_day { days * 1440 } else { 1 };
    let asked = Asked { start: &new.start, end: None, timezone: new.timezone.as_deref(), duration_minutes };
    let (span, _) = resolve(asked, &ctx.zone, Bounds::Any)?;
    Ok(match (old.all_day, span.all_day) {
        (true, true) => Some(span.end_local.date().to_string()),
        (false, false) => Some((span.at.start + (old.end_at - old.start_at)).to_rfc3339(&span.zone)),
        _ => None,
    })
}

/// The part of an endless series that was taken once stays that part as long as some of it is ahead: what "from now on"
/// means must not change with every import.
fn keep_part_of_endless(ctx: &Context, row: &BookingRecord, old: &Booking, new: &mut NewBooking) -> Result<(), Error> {
    let (Some(endless), Some(stored), Some(wanted)) = (&row.endless, &old.rrule, &new.rrule) else { return Ok(()) };
    if old.last_end <= ctx.now || !series::same_pattern(stored, wanted) {
        return Ok(());
    }
    let asked = Asked {
        start: &endless.start,
        end: Some(&endless.end),
        timezone: new.timezone.as_deref(),
        duration_minutes: 0,
    };
    let (first, _) = resolve(asked, &ctx.zone, Bounds::Any)?;
    let stays = old.timezone == first.zone.name()
        && old.all_day == first.all_day
        && series::has_occurrence(&endless.rule, &first, old.start_local.0).unwrap_or(false);
    if stays {
        let part = first.moved_to(old.start_local.0);
        let text = |civil: Civil| if first.all_day { civil.date().to_string() } else { local(civil) };
        new.start = text(part.start_local);
        new.end = Some(text(part.end_local));
        new.rrule = Some(stored.clone());
    }
    Ok(())
}

/// A local time as [`crate::time::TimeInput`] reads it.
pub(super) fn local(civil: Civil) -> String {
    civil.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// The occurrences that differ, those of them that the series has.
fn differing(
    conn: &mut Conn,
    ctx: &Context,
    row: &BookingRecord,
    new: &NewBooking,
    old: Option<&Booking>,
) -> Result<Vec<OverrideInput>, Error> {
    let Some(rule) = &new.rrule else { return Ok(Vec::new()) };
    let stored = match (&row.differs, old) {
        (None, Some(old)) => bookings::overrides(conn, ctx.tenant, old.booking_id)?,
        _ => Vec::new(),
    };
    if stored.is_empty() && row.differs.as_ref().is_none_or(Vec::is_empty) {
        return Ok(Vec::new());
    }
    let first = span(conn, ctx, new)?;
    let starts = series::read(rule, &first)?.starts;
    let mut overrides = Vec::new();
    for start in starts {
        let moved_to = match &row.differs {
            Some(differs) => differs.iter().rev().find(|d| d.instance.is(start)).map(|d| d.moved_to),
            None => {
                let stored = stored.iter().find(|o| o.recurrence_id.0 == start);
                stored.map(|o| (!o.cancelled).then_some((o.start_local.0, o.end_local.0)))
            }
        };
        let of_rule = first.moved_to(start);
        let Some(moved_to) = moved_to.filter(|to| *to != Some((of_rule.start_local, of_rule.end_local))) else {
            continue;
        };
        let moved_to = moved_to.map(|(start, end)| (Local(start), Local(end)));
        overrides.push(OverrideInput { recurrence_id: Local(start), moved_to });
    }
    Ok(overrides)
}
