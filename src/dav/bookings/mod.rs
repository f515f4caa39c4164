//! What clients change in `bookings` collections, through the business's rules (D5): a moved event is a booking
//! rescheduled, a deleted one a booking cancelled. What a person adds for themselves is kept for them alone.

mod plan;

use std::sync::Arc;

use super::condition::{Condition, Failure};
use super::object::Sent;
use super::path::Place;
use super::{DavState, Session};
use crate::booking::cast::Cast;
use crate::booking::model::{Booked, BookingPatch, Scope};
use crate::booking::{self, Context, Links, additions, scope, tenants};
use crate::calendar::home::{self, Collection, Contents, Rights};
use crate::calendar::members::{self, Member};
use crate::calendar::precondition::Preconditions;
use crate::calendar::write::Written;
use crate::calendar::{self, Viewer};
use crate::ical::object::{Limits, Object};
use crate::ical::personal::Moved;
use crate::store::bookings::{self, Booking};
use crate::store::{Conn, Id, Role, collections};
use crate::time::{Instant, Interval, Zone};
use plan::{Step, Times};

/// A change of a booking's object, on its way into the transaction.
struct Change {
    viewer: Viewer,
    username: Arc<str>,
    place: Place,
    expected: Preconditions,
    links: Links,
}

/// PUT over a booking.
pub(super) async fn put(
    state: &DavState,
    session: &Session,
    place: &Place,
    sent: Sent,
    expected: Preconditions,
) -> Result<Written, Failure> {
    let change = Change::new(state, session, place, expected);
    let object = Arc::new(sent.object);
    let touched = state.store().write(move |conn| change.put(conn, &object)).await?;
    state.changed(session.viewer.tenant, &touched);
    Ok(Written { etag: String::new(), created: false })
}

/// DELETE of a booking's object.
pub(super) async fn delete(
    state: &DavState,
    session: &Session,
    place: &Place,
    expected: Preconditions,
) -> Result<(), Failure> {
    let change = Change::new(state, session, place, expected);
    let touched = state.store().write(move |conn| change.delete(conn)).await?;
    state.changed(session.viewer.tenant, &touched);
    Ok(())
}

/// What steps came to.
struct Taken {
    /// Whose calendars are others now.
    touched: Vec<Id>,
    /// The booking's after them.
    version: i64,
    /// The dates of a series that was moved as a whole.
    moved: Moved,
}

/// A booking that is about to be changed.
struct Target {
    collection: Collection,
    booking: Booking,
    ctx: Context,
}

impl Change {
    fn new(state: &DavState, session: &Session, place: &Place, expected: Preconditions) -> Self {
        Self {
            viewer: session.viewer,
            username: session.login.username.as_str().into(),
            place: place.clone(),
            expected,
            links: state.links().clone(),
        }
    }

    fn put(&self, conn: &mut Conn, sent: &Object) -> Result<Vec<Id>, Failure> {
        let nobody = calendar::Error::Forbidden("only the business makes bookings; use the booking page");
        let target = self.target(conn)?.ok_or(nobody)?;
        let served = target.served(conn, &self.place.name)?;
        let rendered = object_of(members::rendered(conn, &target.collection, &self.place.name)?)?;
        let zone = Zone::parse(&target.booking.timezone).unwrap_or_else(|_| target.ctx.zone.clone());
        let times = plan::instances(&served, &zone).map_err(not_yours)?;
        let others = target.is_shared(conn, &times)?;
        let steps = plan::plan(&served, sent, &zone, others).map_err(not_yours)?;
        let taken = target.take_all(conn, &self.viewer, (steps, &times), &zone)?;
        let added = plan::Added { rendered: &rendered, served: &served, sent, moved: &taken.moved, zone: &zone };
        self.keep_personal(conn, &target, (&added, taken.version))?;
        Ok(taken.touched)
    }

    fn delete(&self, conn: &mut Conn) -> Result<Vec<Id>, Failure> {
        // A second device, or a second try, hears that it is gone.
        let target = self.target(conn)?.ok_or(calendar::Error::NotFound)?;
        let zone = Zone::parse(&target.booking.timezone).unwrap_or_else(|_| target.ctx.zone.clone());
        let served = target.served(conn, &self.place.name)?;
        let times = plan::instances(&served, &zone).map_err(not_yours)?;
        let others = target.is_shared(conn, &times)?;
        let steps = plan::deletion(&served, &zone, others).map_err(not_yours)?;
        Ok(target.take_all(conn, &self.viewer, (steps, &times), &zone)?.touched)
    }

    /// The booking at the address, when it is as the client knows it and theirs to change; `None` when there is none.
    fn target(&self, conn: &mut Conn) -> Result<Option<Target>, Failure> {
        let (_, collection) = home::open(conn, &self.viewer, &self.place.username, &self.place.collection)?;
        if collection.contents == Contents::Team || collection.rights < Rights::Write {
            return Err(calendar::Error::Forbidden("you may look at these bookings, not change them").into());
        }
        // The row before its object: who changes it after this is noticed by its version.
        let id = members::booking_of(&self.place.name);
        let booking = id.map(|id| bookings::find(conn, self.viewer.tenant, id)).transpose()?.flatten();
        let member = members::find(conn, &collection, &self.place.name)?;
        let current = member.as_ref().and_then(|member| Some((&*member.etag, member.modified_at?)));
        if !self.expected.hold(current, || collection.sync_token()) {
            return Err(calendar::Error::Precondition.into());
        }
        let Some(booking) = booking.filter(|_| member.is_some()) else { return Ok(None) };
        let actor = format!("caldav:{}", self.username);
        let ctx = tenants::context(conn, self.viewer.tenant, &actor, self.viewer.now, self.links.clone())?;
        Ok(Some(Target { collection, booking, ctx }))
    }

    /// Keeps what the client added, to the booking that has this version.
    fn keep_personal(
        &self,
        conn: &mut Conn,
        target: &Target,
        (added, version): (&plan::Added<'_>, i64),
    ) -> Result<(), Failure> {
        // Only what one adds to one's own bookings is kept.
        if target.collection.rights != Rights::Owner {
            return Ok(());
        }
        let (tenant, collection, id) = (self.viewer.tenant, target.collection.id, target.booking.booking_id);
        let known = crate::store::members::read(conn, tenant, collection, id)?;
        let Some(known) = known else { return Ok(()) };
        let personal = added.personal(known.personal.as_deref().unwrap_or_default());
        let personal = Some(personal.as_str()).filter(|text| !text.is_empty());
        if known.personal.as_deref() == personal {
            return Ok(());
        }
        let change = collections::bump(conn, tenant, collection, self.viewer.now)?;
        // Who moved the series until the collection was locked gave its dates other names.
        if bookings::find(conn, tenant, id)?.is_none_or(|now| now.version != version) {
            return Err(crate::store::Error::lost().into());
        }
        Ok(crate::store::members::set_personal(conn, tenant, (collection, id), personal, change)?)
    }
}

fn not_yours(sentence: String) -> Failure {
    Failure::condition(Condition::NotYours, sentence)
}

/// What an object says.
fn object_of(member: Option<Member>) -> Result<Object, Failure> {
    let text = member.and_then(|member| member.body).ok_or(calendar::Error::NotFound)?;
    Ok(Object::parse(text.as_bytes(), &Limits::stored()).map_err(calendar::Error::from)?)
}

impl Target {
    /// The booking's object, as its reader has it.
    fn served(&self, conn: &mut Conn, name: &str) -> Result<Object, Failure> {
        object_of(members::find(conn, &self.collection, name)?)
    }

    /// Whether dates of the booking take place that are not in what its reader has: others serve them.
    fn is_shared(&self, conn: &mut Conn, times: &Times) -> Result<bool, Failure> {
        let own = times.values().flatten().count();
        Ok(scope::occurrences(conn, &self.booking)?.len() > own)
    }

    /// Takes one step after the other.
    fn take_all(
        &self,
        conn: &mut Conn,
        viewer: &Viewer,
        (steps, times): (Vec<Step>, &Times),
        zone: &Zone,
    ) -> Result<Taken, Failure> {
        let mut taken = Taken { touched: Vec::new(), version: self.booking.version, moved: Moved::default() };
        for step in steps {
            // What a series has only after it was moved as a whole was asked for with that.
            if let Some(start) = plan::begins_first(&step, times) {
                self.in_time(conn, viewer, start)?;
            }
            let done = self.take(conn, viewer, (step, taken.version), zone)?;
            if let Step::MoveAll(_) = step {
                taken.moved = additions::moved(&self.booking, &done.booking)?.unwrap_or_default();
            }
            taken.version = done.booking.version;
            taken.touched.extend(done.touched);
        }
        Ok(taken)
    }

    /// Does what a client asks for to the booking that has this version.
    fn take(
        &self,
        conn: &mut Conn,
        viewer: &Viewer,
        (step, version): (Step, i64),
        zone: &Zone,
    ) -> Result<Booked, Failure> {
        let (ctx, id) = (&self.ctx, self.booking.booking_id);
        let named = |at: Instant| Some(self.occurrence(at, zone));
        let done = match step {
            Step::MoveAll(to) => {
                self.as_long(viewer, to)?;
                scope::reschedule(conn, ctx, id, (&Scope::All, &self.patch(to, version, zone)))
            }
            Step::Move(at, to) => {
                self.as_long(viewer, to)?;
                scope::reschedule(conn, ctx, id, (&Scope::This(named(at)), &self.patch(to, version, zone)))
            }
            Step::CancelAll => scope::cancel(conn, ctx, id, Some(version), (&Scope::All, None)),
            Step::Cancel(at) => scope::cancel(conn, ctx, id, Some(version), (&Scope::This(named(at)), None)),
            Step::CancelFrom(at) => scope::cancel(conn, ctx, id, Some(version), (&Scope::Following(named(at)), None)),
        };
        Ok(done.map_err(booking::Error::or_lost)?)
    }

    /// Customers move and cancel up to their service's window before the start.
    fn in_time(&self, conn: &mut Conn, viewer: &Viewer, start: Instant) -> Result<(), Failure> {
        if viewer.role != Role::Customer {
            return Ok(());
        }
        let cast = Cast::load(conn, &self.booking, &[])?;
        let minutes = i64::from(cast.service.cancellation_window_minutes.unwrap_or(0));
        if viewer.now <= start - minutes * 60 {
            return Ok(());
        }
        let sentence = "it is too late to move or cancel this booking; call the business";
        Err(Failure::condition(Condition::NotYours, sentence))
    }

    /// How long it lasts is the business's: a customer who moves a booking does not get more of somebody's time.
    fn as_long(&self, viewer: &Viewer, to: Interval) -> Result<(), Failure> {
        // Whole days are as many, however long the nights are.
        let slack = if self.booking.all_day { 3 * 3600 } else { 0 };
        let difference = (to.end - to.start) - (self.booking.end_at - self.booking.start_at);
        if viewer.role != Role::Customer || difference.abs() <= slack {
            return Ok(());
        }
        Err(Failure::condition(Condition::NotYours, "how long a booking lasts is decided by the business"))
    }

    fn patch(&self, to: Interval, version: i64, zone: &Zone) -> BookingPatch {
        BookingPatch {
            expected_version: Some(version),
            start: Some(self.occurrence(to.start, zone)),
            end: Some(self.occurrence(to.end, zone)),
            ..BookingPatch::default()
        }
    }

    /// A time as the use cases take it: of whole days the date.
    fn occurrence(&self, at: Instant, zone: &Zone) -> String {
        if self.booking.all_day { zone.civil_at(at).date().to_string() } else { at.to_rfc3339(zone) }
    }
}
