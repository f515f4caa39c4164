//! The objects of a collection, listed and read a page at a time, whoever wrote them.

use std::cell::OnceCell;

use crate::ical::calendar::{CalendarHead, TAIL, render_head};
use crate::ical::object::{Limits, Object};
use crate::ical::personal;
use crate::ical::timezone;
use crate::store::{Conn, Id, Short, calendar_objects, homes, members};
use crate::time::{Instant, Interval, Zone};

use super::home::{Collection, Rights};
use super::{Error, Viewer};
use crate::store::calendar_objects::After;
pub use crate::store::calendar_objects::{Placed, Tagged};

/// How many objects a page has at most.
pub const PAGE: usize = calendar_objects::PAGE;

/// An object of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The last segment of its URL.
    pub name: Short,
    /// Without quotes.
    pub etag: Short,
    /// The name of its component.
    pub component: Short,
    /// Its text, where it was asked for.
    pub body: Option<String>,
    /// Octets of its text, where that is known.
    pub size: Option<usize>,
    /// Its one instance, where it has one and that is known without looking into the text.
    pub exact: Option<Interval>,
    /// Whether it is gone.
    pub deleted: bool,
    /// When it was made, where that is known.
    pub created_at: Option<Instant>,
    /// When it was changed last, where that is known.
    pub modified_at: Option<Instant>,
    /// The number of the change that wrote it, where changes are listed.
    pub change: i64,
    /// No instance ends later, where times are listed.
    pub end: Instant,
}

impl Member {
    /// What a list of tags has of it.
    #[must_use]
    pub fn tagged(&self) -> Tagged<'_> {
        Tagged { name: &self.name, component: &self.component, etag: &self.etag }
    }

    /// Where a reading goes on after it.
    #[must_use]
    pub fn place(&self) -> Place {
        Place { end: self.end, change: self.change, name: self.name.clone(), within: After::default() }
    }
}

/// Where a reading goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    end: Instant,
    change: i64,
    name: Short,
    within: After,
}

impl Place {
    /// After an object of a window.
    fn within(within: After) -> Self {
        Self { end: Instant::default(), change: 0, name: Short::from(""), within }
    }

    /// After the object of this name.
    fn of_name(name: &str) -> Self {
        Self { end: Instant::default(), change: 0, name: name.into(), within: After::default() }
    }

    /// The number of the change that the last one read was at.
    #[must_use]
    pub const fn change(&self) -> i64 {
        self.change
    }
}

/// How much is read of each object: each has what those before it have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Names, tags and the kinds of components.
    Tags,
    /// Also sizes and times of changes.
    Properties,
    /// Also texts.
    Texts,
}

/// Which objects to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All.
    All(Detail),
    /// Those that may have an instance in a window, with their texts.
    Within(Interval),
    /// Those that changed after one change and up to another, gone ones too, without their texts.
    Changed {
        /// Whether nothing but tags is of interest.
        tags: bool,
        /// The change known already.
        after: i64,
        /// The last change of interest.
        until: i64,
    },
}

/// A page of the objects of a collection, and where the next begins if there may be one.
///
/// # Errors
/// [`Error::Store`].
pub fn page(
    conn: &mut Conn,
    collection: &Collection,
    which: Which,
    after: Option<&Place>,
) -> Result<(Vec<Member>, Option<Place>), Error> {
    let found = match which {
        _ if collection.is_bookings() => bookings(conn, collection, which, after)?,
        Which::Within(window) => {
            let place = after.map(|place| place.within.clone()).unwrap_or_default();
            let (found, next) = calendar_objects::read_within(conn, collection.tenant, collection.id, window, &place)?;
            return Ok((found.into_iter().map(read).collect(), next.map(Place::within)));
        }
        Which::All(detail) => objects(conn, collection, detail, after)?,
        Which::Changed { tags: true, after: known, until } => {
            let numbers = (after.map_or(known, |place| place.change), until);
            let mut found = Vec::new();
            calendar_objects::visit_changed(
                conn,
                collection.tenant,
                collection.id,
                numbers,
                |row, change, deleted| {
                    found.push(Member { change, deleted, ..tagged(row) });
                },
            )?;
            found
        }
        Which::Changed { tags: false, after: known, until } => {
            let numbers = (after.map_or(known, |place| place.change), until);
            let found = calendar_objects::list_changed(conn, collection.tenant, collection.id, numbers)?;
            found.into_iter().map(listed).collect()
        }
    };
    let next = (found.len() == PAGE).then(|| found.last().map(Member::place)).flatten();
    Ok((found, next))
}

/// [`page`], for who looks at one member after the other: those of which only tags are read are not gathered.
///
/// # Errors
/// [`Error::Store`].
pub fn each(
    conn: &mut Conn,
    collection: &Collection,
    which: Which,
    after: Option<&Place>,
    mut visit: impl FnMut(&Member),
) -> Result<Option<Place>, Error> {
    if which != Which::All(Detail::Tags) || collection.is_bookings() {
        let (found, next) = page(conn, collection, which, after)?;
        found.iter().for_each(visit);
        return Ok(next);
    }
    each_tag(conn, collection, after, |row| visit(&tagged(row)))
}

/// A page of names and tags of all objects of a collection that are kept as clients wrote them.
///
/// # Errors
/// [`Error::Store`].
pub fn each_tag(
    conn: &mut Conn,
    collection: &Collection,
    after: Option<&Place>,
    mut visit: impl FnMut(Tagged<'_>),
) -> Result<Option<Place>, Error> {
    let (mut read, mut next) = (0, None);
    let after = after.map_or("", |place| &place.name);
    calendar_objects::visit_tags(conn, collection.tenant, collection.id, after, |row| {
        visit(row);
        read += 1;
        if read == PAGE {
            next = Some(Place::of_name(row.name));
        }
    })?;
    Ok(next)
}

/// A page, of so many at most, of the objects of a collection that may have an instance in a window and are kept as clients
/// wrote them.
///
/// # Errors
/// [`Error::Store`].
pub fn each_within(
    conn: &mut Conn,
    collection: &Collection,
    window: Interval,
    (after, most): (Option<&Place>, usize),
    visit: impl FnMut(Placed<'_>),
) -> Result<Option<Place>, Error> {
    let place = after.map(|place| place.within.clone()).unwrap_or_default();
    let next = calendar_objects::visit_within(conn, collection.tenant, collection.id, window, (&place, most), visit)?;
    Ok(next.map(Place::within))
}

fn objects(conn: &mut Conn, c: &Collection, detail: Detail, after: Option<&Place>) -> Result<Vec<Member>, Error> {
    let name = after.map_or("", |place| &place.name);
    Ok(match detail {
        Detail::Tags => {
            let mut found = Vec::new();
            calendar_objects::visit_tags(conn, c.tenant, c.id, name, |row| found.push(tagged(row)))?;
            found
        }
        Detail::Properties => calendar_objects::list(conn, c.tenant, c.id, name)?.into_iter().map(listed).collect(),
        Detail::Texts => calendar_objects::read_all(conn, c.tenant, c.id, name)?.into_iter().map(read).collect(),
    })
}

fn bookings(conn: &mut Conn, c: &Collection, which: Which, after: Option<&Place>) -> Result<Vec<Member>, Error> {
    let id = after.and_then(|place| booking_of(&place.name)).unwrap_or(Id::TEAM);
    let listed = |rows: Vec<members::Listed>| rows.into_iter().map(|row| listed_booking(c, &row)).collect();
    let read = |rows: Vec<members::Read>| rows.into_iter().map(|row| read_booking(c, row)).collect();
    Ok(match which {
        Which::All(Detail::Tags | Detail::Properties) => listed(members::list(conn, c.tenant, c.id, id)?),
        Which::All(Detail::Texts) => read(members::read_all(conn, c.tenant, c.id, id)?),
        Which::Within(window) => {
            let place = after.map(|place| (place.end, id));
            read(members::read_within(conn, c.tenant, c.id, window, place)?)
        }
        Which::Changed { after: known, until, .. } => {
            let numbers = (after.map_or(known, |place| place.change), until);
            listed(members::list_changed(conn, c.tenant, c.id, numbers)?)
        }
    })
}

/// Reads the object of this name.
///
/// # Errors
/// [`Error::Store`].
pub fn find(conn: &mut Conn, c: &Collection, name: &str) -> Result<Option<Member>, Error> {
    if !c.is_bookings() {
        return Ok(calendar_objects::read(conn, c.tenant, c.id, name)?.map(read));
    }
    let Some(id) = booking_of(name) else { return Ok(None) };
    Ok(members::read(conn, c.tenant, c.id, id)?.map(|row| read_booking(c, row)))
}

/// An object as it is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Without quotes.
    pub etag: Short,
    /// Its text.
    pub body: String,
    /// When it was changed last, where that is known.
    pub modified_at: Option<Instant>,
}

impl From<Member> for Served {
    fn from(member: Member) -> Self {
        Self { etag: member.etag, body: member.body.unwrap_or_default(), modified_at: member.modified_at }
    }
}

/// What [`home::open`](super::home::open) and [`find`] give of an object that the viewer wrote into a calendar of their
/// own. Nobody else's rights are to be looked at then, so it is one statement.
///
/// # Errors
/// [`Error::Store`].
pub fn find_own(conn: &mut Conn, viewer: &Viewer, calendar: &str, name: &str) -> Result<Option<Served>, Error> {
    let found = homes::own_object(conn, viewer.tenant, viewer.person, (calendar, name))?;
    let served = |row: homes::Served| Served { etag: row.etag, body: row.body, modified_at: Some(row.modified_at) };
    Ok(found.map(served))
}

/// Reads the objects of these names that are there, in any order.
///
/// # Errors
/// [`Error::Store`].
pub fn named(conn: &mut Conn, c: &Collection, names: &[&str]) -> Result<Vec<Member>, Error> {
    if !c.is_bookings() {
        let rows = calendar_objects::read_named(conn, c.tenant, c.id, names)?;
        return Ok(rows.into_iter().map(read).collect());
    }
    let ids: Vec<Id> = names.iter().filter_map(|name| booking_of(name)).collect();
    let rows = members::read_named(conn, c.tenant, c.id, &ids)?;
    Ok(rows.into_iter().map(|row| read_booking(c, row)).collect())
}

/// Reads the booking of this name as the business rendered it, without what its reader added.
///
/// # Errors
/// [`Error::Store`].
pub fn rendered(conn: &mut Conn, c: &Collection, name: &str) -> Result<Option<Member>, Error> {
    let Some(id) = booking_of(name) else { return Ok(None) };
    let row = members::read(conn, c.tenant, c.id, id)?;
    Ok(row.map(|row| read_booking(c, members::Read { personal: None, ..row })))
}

/// The booking that an object of a `bookings` collection is.
#[must_use]
pub fn booking_of(name: &str) -> Option<Id> {
    name.strip_suffix(".ics")?.parse().ok()
}

fn tagged(row: Tagged<'_>) -> Member {
    Member {
        name: row.name.into(),
        etag: row.etag.into(),
        component: row.component.into(),
        body: None,
        size: None,
        exact: None,
        deleted: false,
        created_at: None,
        modified_at: None,
        change: 0,
        end: Instant::default(),
    }
}

fn listed(row: calendar_objects::Listed) -> Member {
    Member {
        change: row.change,
        end: Instant::default(),
        name: row.name,
        etag: row.etag,
        component: row.component,
        body: None,
        size: usize::try_from(row.size).ok(),
        exact: None,
        deleted: row.deleted,
        created_at: Some(row.created_at),
        modified_at: Some(row.modified_at),
    }
}

fn read(row: calendar_objects::Read) -> Member {
    Member {
        change: 0,
        end: row.last_end,
        exact: if row.exact { Interval::new(row.first_start, row.last_end) } else { None },
        name: row.name,
        etag: row.etag,
        component: row.component,
        size: Some(row.body.len()),
        body: Some(row.body),
        deleted: false,
        created_at: Some(row.created_at),
        modified_at: Some(row.modified_at),
    }
}

fn listed_booking(c: &Collection, row: &members::Listed) -> Member {
    let name = format!("{}.ics", row.object_id).into();
    Member {
        change: row.change,
        end: Instant::default(),
        name,
        etag: booking_tag(c, row.change).into(),
        component: "VEVENT".into(),
        body: None,
        size: None,
        exact: None,
        deleted: row.cancelled,
        created_at: None,
        modified_at: Some(row.modified_at),
    }
}

fn read_booking(c: &Collection, row: members::Read) -> Member {
    let name = format!("{}.ics", row.object_id).into();
    // What somebody added to a booking for themselves is shown to nobody else.
    let personal = row.personal.filter(|_| c.rights == Rights::Owner);
    let mut body = render_head(&CalendarHead::default());
    let zone = row.timezone.as_deref().filter(|name| *name != "UTC");
    if let Some(zone) = zone.and_then(|name| Zone::parse(name).ok()) {
        body.push_str(&timezone::kept(&zone, row.first_start, row.last_end));
    }
    match &personal {
        None => body.push_str(&row.component),
        Some(personal) => {
            let dates = OnceCell::new();
            let takes_place = |date: &str| {
                let known = dates.get_or_init(|| dates_of(&format!("{body}{}{TAIL}", row.component), zone));
                known.iter().any(|known| known == date)
            };
            let merged = personal::merged(&row.component, personal, takes_place);
            body.push_str(&merged);
        }
    }
    body.push_str(TAIL);
    let exact = if repeats(&row.component) { None } else { Interval::new(row.first_start, row.last_end) };
    Member {
        change: row.change,
        end: row.last_end,
        name,
        etag: booking_tag(c, row.change).into(),
        component: "VEVENT".into(),
        size: Some(body.len()),
        body: Some(body),
        exact,
        deleted: false,
        created_at: None,
        modified_at: Some(row.modified_at),
    }
}

/// The RECURRENCE-IDs of a rendered series.
fn dates_of(rendered: &str, zone: Option<&str>) -> Vec<String> {
    // A booking has no more than 400 dates.
    const MOST: usize = 1_000;
    let zone = zone.and_then(|name| Zone::parse(name).ok()).unwrap_or_else(Zone::utc);
    let Ok(object) = Object::parse(rendered.as_bytes(), &Limits::stored()) else { return Vec::new() };
    let form = object.components().find_map(|component| component.property("DTSTART"));
    let (Some(form), Some(all)) = (form, Interval::new(Instant::from_unix(0), Instant::MAX)) else { return Vec::new() };
    let found = object.instances(all, &zone, MOST).unwrap_or_default();
    let lasting = found.iter().filter(|instance| !instance.component.says("STATUS", "CANCELLED"));
    lasting.map(|instance| personal::date_of(instance.recurrence_at, form.value.trim(), &zone)).collect()
}

/// Whether a rendered booking is more than one instance.
fn repeats(component: &str) -> bool {
    ["\nRRULE", "\nRDATE", "\nRECURRENCE-ID"].iter().any(|name| component.contains(name))
}

/// The tag of a booking as one reader sees it: it has a new one with every change of that. Others do not read what its
/// owner added (RFC 9110 §8.8.1).
fn booking_tag(c: &Collection, change: i64) -> String {
    let reader = if c.rights == Rights::Owner { "" } else { "-o" };
    format!("{:x}-{change:x}{reader}", c.epoch)
}
