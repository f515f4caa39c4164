//! What each reader is told about a booking: as much as they need, no more (F2).

use std::borrow::Cow;

use crate::ical::event::{Attendee, Event, PartStat, Party, Status, When, render_event};
use crate::store::bookings::{Booking, Override};
use crate::store::people::Person;
use crate::store::{BookingStatus, Id, ResourceKind};
use crate::time::{Civil, Resolved};

use super::Context;
use super::cast::Cast;
use super::project::Scene;
use super::series;
use super::span::Span;

/// Whose view a calendar object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Who serves: who is coming, how to reach them, notes.
    Staff,
    /// Who is served: what, where, with whom, how to change it.
    Customer,
    /// Who looks after a resource: what a manager sees.
    Resource,
    /// A manager, who sees everything.
    Team,
}

/// The VEVENTs of a booking for one reader: the booking or series, and each occurrence that differs. Whoever serves only
/// some occurrences sees these alone; to whoever serves the others they do not take place.
#[must_use]
pub fn render(ctx: &Context, scene: &Scene<'_>, span: &Span, (reader, who): (Reader, Id)) -> String {
    let Some(rule) = &scene.booking.rrule else { return render_event(&event(ctx, scene, span, reader)) };
    let instance = |o: &Override| at(span, o.recurrence_id.0, false);
    let concerns = |cast: &Cast| match reader {
        Reader::Staff => cast.staff.as_ref().is_some_and(|person| person.person_id == who),
        Reader::Resource => cast.resources.iter().any(|resource| resource.resource_id == who),
        Reader::Customer | Reader::Team => true,
    };
    let differing: Vec<(&Override, Cast)> = scene.overrides.iter().map(|o| (o, scene.cast.of(o))).collect();
    let takes_place = |(o, cast): &&(&Override, Cast)| !o.cancelled && concerns(cast);
    let mut text = String::new();
    if concerns(scene.cast) {
        let mut event = event(ctx, scene, span, reader);
        event.rrule = Some(Cow::Borrowed(rule));
        event.exdates = differing.iter().filter(|one| !takes_place(one)).map(|(o, _)| instance(o)).collect();
        text.push_str(&render_event(&event));
    }
    for (moved, cast) in differing.iter().filter(takes_place) {
        let to = series::overridden(span, moved);
        let scene = Scene { cast, ..*scene };
        let mut event = event(ctx, &scene, span, reader);
        event.recurrence_id = Some(instance(moved));
        event.start = at(&to, to.start_local, to.fold);
        event.end = at(&to, to.end_local, to.end_fold);
        text.push_str(&render_event(&event));
    }
    text
}

fn event<'a>(ctx: &'a Context, scene: &'a Scene<'_>, span: &Span, reader: Reader) -> Event<'a> {
    let (booking, cast) = (scene.booking, scene.cast);
    let cancelled = booking.status == BookingStatus::Cancelled;
    let alarms = matches!(reader, Reader::Staff | Reader::Customer);
    Event {
        uid: Cow::Borrowed(&booking.uid),
        sequence: u32::try_from(booking.sequence).unwrap_or(u32::MAX),
        created: booking.created_at,
        modified: booking.updated_at,
        start: at(span, span.start_local, span.fold),
        end: at(span, span.end_local, span.end_fold),
        status: status(booking),
        summary: Cow::Owned(summary(ctx, scene, reader)),
        description: Some(description(ctx, scene, reader)).filter(|text| !text.is_empty()).map(Cow::Owned),
        location: location(scene),
        organizer: ctx.tenant_email.as_deref().map(|email| party(&ctx.tenant_name, Some(email))),
        attendees: attendees(scene, reader),
        categories: vec![Cow::Borrowed(category(booking.status))],
        color: Some(Cow::Borrowed(color(booking.status, cast.service.color.as_deref()))),
        url: (reader == Reader::Customer).then(|| Cow::Owned(ctx.links.manage(booking))),
        alarms_minutes: if alarms { reminders(&cast.service.reminders_minutes) } else { Vec::new() },
        transparent: cancelled,
        class: None,
        rrule: None,
        exdates: Vec::new(),
        recurrence_id: None,
    }
}

/// A local time as it is written: with its zone, unless it is the later of two, which only UTC can say (RFC 5545
/// §3.3.5).
fn at(span: &Span, civil: Civil, fold: bool) -> When {
    if span.all_day {
        return When::Date(civil.date());
    }
    if let (true, Resolved::Twice { later, .. }) = (fold, span.zone.resolve(civil)) {
        return When::Utc(later);
    }
    When::Zoned { civil, zone: span.zone.clone() }
}

fn status(booking: &Booking) -> Status {
    match booking.status {
        BookingStatus::Cancelled => Status::Cancelled,
        BookingStatus::Tentative => Status::Tentative,
        BookingStatus::Confirmed | BookingStatus::Completed | BookingStatus::NoShow => Status::Confirmed,
    }
}

fn summary(ctx: &Context, scene: &Scene<'_>, reader: Reader) -> String {
    let (booking, cast) = (scene.booking, scene.cast);
    let service = &cast.service.name;
    let customer = cast.customer.as_ref().map(|c| c.name.as_str());
    let mut text = String::new();
    if let (Some(stop), true) = (booking.stop, reader != Reader::Customer) {
        text.push_str(&stop.to_string());
        text.push_str(". ");
    }
    if let (Reader::Team, Some(staff)) = (reader, &cast.staff) {
        text.push_str(&staff.name);
        text.push_str(": ");
    }
    text.push_str(service);
    let other = if reader == Reader::Customer { Some(ctx.tenant_name.as_str()) } else { customer };
    if let Some(other) = other {
        text.push_str(" – ");
        text.push_str(other);
    }
    text
}

fn description(ctx: &Context, scene: &Scene<'_>, reader: Reader) -> String {
    let (booking, cast) = (scene.booking, scene.cast);
    let mut lines: Vec<String> = Vec::new();
    let mut add = |label: &str, value: Option<&str>| {
        lines.extend(value.filter(|v| !v.is_empty()).map(|v| format!("{label}: {v}")));
    };
    let resources = cast.resources.iter().map(|r| r.name.as_str()).collect::<Vec<_>>().join(", ");
    let staff = cast.staff.as_ref().map(|s| s.name.as_str());
    if reader == Reader::Customer {
        add("With", staff);
        add("Includes", Some(&resources));
        add("Status", (booking.status == BookingStatus::Tentative).then_some("not yet confirmed"));
        add("See, move or cancel", Some(&ctx.links.manage(booking)));
        return lines.join("\n");
    }
    let customer = cast.customer.as_ref();
    add("Customer", customer.map(|c| c.name.as_str()));
    add("Phone", customer.and_then(|c| c.phone.as_deref()));
    if reader != Reader::Staff {
        add("E-mail", customer.and_then(|c| c.email.as_deref()));
        add("Staff", staff);
    }
    add("Uses", Some(&resources));
    add("Notes", booking.notes.as_deref());
    if reader != Reader::Staff {
        add("Reference", booking.external_ref.as_deref());
    }
    add("Cancelled", booking.cancel_reason.as_deref());
    lines.join("\n")
}

/// The place given with the booking, else the rooms it uses.
fn location<'a>(scene: &'a Scene<'_>) -> Option<Cow<'a, str>> {
    if let Some(location) = &scene.booking.location {
        return Some(Cow::Borrowed(location));
    }
    let rooms = scene.cast.resources.iter().filter(|r| r.kind == ResourceKind::Room);
    let rooms = rooms.map(|r| r.name.as_str()).collect::<Vec<_>>().join(", ");
    (!rooms.is_empty()).then_some(Cow::Owned(rooms))
}

/// Managers see addresses of both sides, customers their own; staff reach customers by telephone.
fn attendees<'a>(scene: &'a Scene<'_>, reader: Reader) -> Vec<Attendee<'a>> {
    let accepted = |p: &'a Person| {
        p.email.as_deref().map(|email| Attendee { who: party(&p.name, Some(email)), partstat: PartStat::Accepted })
    };
    let customer = scene.cast.customer.as_ref().and_then(accepted);
    let staff = scene.cast.staff.as_ref().and_then(accepted);
    match reader {
        Reader::Customer => customer.into_iter().collect(),
        Reader::Staff => staff.into_iter().collect(),
        Reader::Resource | Reader::Team => staff.into_iter().chain(customer).collect(),
    }
}

fn party<'a>(name: &'a str, email: Option<&'a str>) -> Party<'a> {
    Party { name: Cow::Borrowed(name), email: email.map(Cow::Borrowed) }
}

const fn category(status: BookingStatus) -> &'static str {
    match status {
        BookingStatus::Tentative => "Tentative",
        BookingStatus::Confirmed => "Confirmed",
        BookingStatus::Completed => "Completed",
        BookingStatus::NoShow => "No-show",
        BookingStatus::Cancelled => "Cancelled",
    }
}

/// COLOR by status; the service's own for what is confirmed, where it is a CSS3 name (RFC 7986 §5.9 knows no other).
fn color(status: BookingStatus, service: Option<&str>) -> &str {
    match status {
        BookingStatus::Tentative => "orange",
        BookingStatus::Confirmed => service.filter(|c| !c.starts_with('#')).unwrap_or("green"),
        BookingStatus::Completed => "gray",
        BookingStatus::NoShow => "firebrick",
        BookingStatus::Cancelled => "red",
    }
}

fn reminders(text: &str) -> Vec<u32> {
    text.split(',').filter_map(|minutes| minutes.parse().ok()).collect()
}
