//! One booking as a calendar file.

use crate::ical::calendar::{CalendarHead, Method, TAIL, render_head};
use crate::ical::timezone::vtimezone;
use crate::store::bookings::Booking;
use crate::store::{self, Conn, Id, collections};
use crate::time::{Instant, Zone};

/// Whose view of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Its customer's; of a booking without one, the staff member's or the resource's.
    Customer,
    /// The whole business's.
    Manager,
}

/// A whole VCALENDAR with one booking, to be saved as `booking.ics`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarFile {
    /// `text/calendar; charset=utf-8`, CRLF after each line.
    pub text: String,
    /// When the booking last changed.
    pub modified_at: Instant,
}

/// A booking as calendar file with METHOD:PUBLISH, from what was rendered when it was written. `None`: nobody's
/// calendar has it.
///
/// # Errors
/// [`store::Error`].
pub fn calendar_file(conn: &mut Conn, booking: &Booking, reader: Reader) -> Result<Option<CalendarFile>, store::Error> {
    let others = [booking.staff_id, booking.resource_ids.0.first().copied(), Some(Id::TEAM)];
    let calendars: Vec<Id> = match (reader, booking.customer_id) {
        (Reader::Manager, _) => vec![Id::TEAM],
        // Never another's view of it: staff see notes that the customer does not.
        (Reader::Customer, Some(customer)) => vec![customer],
        (Reader::Customer, None) => others.into_iter().flatten().collect(),
    };
    for calendar in calendars {
        if let Some(object) = collections::object(conn, booking.tenant_id, calendar, booking.booking_id)? {
            return Ok(Some(file(&object)));
        }
    }
    Ok(None)
}

fn file(object: &collections::Object) -> CalendarFile {
    let head = CalendarHead { method: Some(Method::Publish), ..CalendarHead::default() };
    let mut text = render_head(&head);
    let zone = object.timezone.as_deref().filter(|name| *name != "UTC");
    if let Some(zone) = zone.and_then(|name| Zone::parse(name).ok()) {
        text.push_str(&vtimezone(&zone, object.first_start, object.last_end));
    }
    text.push_str(&object.component);
    text.push_str(TAIL);
    CalendarFile { text, modified_at: object.modified_at }
}
