//! What of a collection may have an instance in a window, by classes of how long it lasts.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Integer, Nullable, Text};

use super::{PAGE, Placed, Read, ReadRow, Tagged};
use crate::store::statement::statement;
use crate::store::{Conn, Error, Id, Short, TenantId, on};
use crate::time::{Instant, Interval};

/// The longest time that bounds the instances of an object of each span, in seconds. As in migration `spans`.
const SPANS: [i64; 4] = [86_400, 32 * 86_400, 400 * 86_400, i64::MAX];

/// Where a reading of what may have an instance in a window goes on: after an object of a span, or where that begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct After {
    span: i32,
    last: Option<(Instant, Short)>,
}

/// What of one span is read: what overlaps a window ends no later than so long after it, and cost is bounded by that.
struct OfSpan {
    span: i32,
    /// Not before it, and not after that.
    ends: (Instant, Instant),
    after: (Instant, String),
    /// So many at most.
    most: usize,
}

/// Reads a page of so many objects at most, span by span: `read` returns how many there are of one, and the last when there
/// may be more.
fn by_span(
    window: Interval,
    (after, most): (&After, usize),
    mut read: impl FnMut(OfSpan) -> Result<(usize, Option<(Instant, Short)>), Error>,
) -> Result<Option<After>, Error> {
    let (mut left, mut last) = (most, after.last.clone());
    for (span, longest) in (0..).zip(SPANS).skip_while(|(span, _)| *span < after.span) {
        if left == 0 {
            return Ok(Some(After { span, last: None }));
        }
        let (end, name) = last.take().unwrap_or((window.start, Short::from("")));
        let latest = Instant::from_unix(window.end.unix().saturating_add(longest));
        let of_span = OfSpan { span, ends: (end, latest), after: (end, name.to_string()), most: left };
        let (rows, last) = read(of_span)?;
        if last.is_some() {
            return Ok(Some(After { span, last }));
        }
        left = left.saturating_sub(rows);
    }
    Ok(None)
}

statement! {
    ReadWithin(tenant: TenantId as BigInt, collection: Id as Binary, span: i32 as Integer, from: Instant as BigInt,
               latest: Instant as BigInt, until: Instant as BigInt, same_end: Instant as BigInt, after: String as Text)
        -> ReadRow,
    "SELECT name, etag, component, body, first_start, last_end, exact, created_at, modified_at FROM calendar_objects
     WHERE tenant_id = ? AND collection_id = ? AND span = ? AND last_end >= ? AND last_end <= ? AND first_start < ?
       AND (last_end > ? OR name > ?) AND NOT deleted ORDER BY last_end, name LIMIT 1000"
}

/// A page of the objects that may have an instance in a window, and where the next begins if there may be one.
///
/// # Errors
/// [`Error::Db`].
pub fn read_within(
    conn: &mut Conn,
    tenant: TenantId,
    collection: Id,
    window: Interval,
    after: &After,
) -> Result<(Vec<Read>, Option<After>), Error> {
    let mut all: Vec<Read> = Vec::new();
    let next =
        by_span(window, (after, PAGE), |OfSpan { span, ends: (from, latest), after: (same_end, after), .. }| {
            let until = window.end;
            let query = ReadWithin { tenant, collection, span, from, latest, until, same_end, after };
            let found: Vec<Read> = on!(conn, |c| query.load(c))?;
            let rows = found.len();
            let last = found.last().filter(|_| rows == PAGE).map(|row| (row.last_end, row.name.clone()));
            all.extend(found);
            Ok((rows, last))
        })?;
    Ok((all, next))
}

statement! {
    // As few columns as for tags.
    VisitWithin(tenant: TenantId as BigInt, collection: Id as Binary, span: i32 as Integer, from: Instant as BigInt,
                latest: Instant as BigInt, until: Instant as BigInt, same_end: Instant as BigInt, after: String as Text)
        -> (Text, Text, Nullable<BigInt>, BigInt),
    "SELECT concat_ws(' ', component, etag, name), body, CASE WHEN exact THEN first_start END, last_end
     FROM calendar_objects
     WHERE tenant_id = ? AND collection_id = ? AND span = ? AND last_end >= ? AND last_end <= ? AND first_start < ?
       AND (last_end > ? OR name > ?) AND NOT deleted ORDER BY last_end, name LIMIT 1000"
}

/// [`read_within`], handed to `visit` one after the other, so many at most. PostgreSQL sends whole pages, which are used.
///
/// # Errors
/// [`Error::Db`].
pub fn visit_within(
    conn: &mut Conn,
    tenant: TenantId,
    collection: Id,
    window: Interval,
    (after, most): (&After, usize),
    mut visit: impl FnMut(Placed<'_>),
) -> Result<Option<After>, Error> {
    let most = if conn.is_postgres() { PAGE } else { most.min(PAGE) };
    by_span(window, (after, most), |OfSpan { span, ends: (from, latest), after: (same_end, after), most }| {
        let until = window.end;
        let query = VisitWithin { tenant, collection, span, from, latest, until, same_end, after };
        let (mut rows, mut last) = (0, None);
        on!(conn, |c| {
            for row in query.load_iter::<(String, String, Option<Instant>, Instant), _>(c)? {
                let (object, body, start, last_end) = row?;
                let object = Tagged::read(&object);
                let exact = start.and_then(|start| Interval::new(start, last_end));
                visit(Placed { object, body: &body, exact });
                rows += 1;
                if rows == most {
                    last = Some((last_end, object.name.into()));
                    break;
                }
            }
        });
        Ok((rows, last))
    })
}

statement! {
    BusyWithin(tenant: TenantId as BigInt, collection: Id as Binary, span: i32 as Integer, from: Instant as BigInt,
               latest: Instant as BigInt, until: Instant as BigInt) -> (Text, Text),
    "SELECT name, body FROM calendar_objects
     WHERE tenant_id = ? AND collection_id = ? AND span = ? AND last_end > ? AND last_end <= ? AND first_start < ?
       AND busy AND NOT deleted"
}

/// Names and texts of what takes time in a collection and may have an instance in a window, by name.
///
/// # Errors
/// [`Error::Db`].
pub fn busy_within(
    conn: &mut Conn,
    tenant: TenantId,
    collection: Id,
    window: Interval,
) -> Result<Vec<(String, String)>, Error> {
    let mut all: Vec<(String, String)> = Vec::new();
    by_span(window, (&After::default(), PAGE), |OfSpan { span, ends: (from, latest), .. }| {
        let query = BusyWithin { tenant, collection, span, from, latest, until: window.end };
        let found: Vec<(String, String)> = on!(conn, |c| query.load(c))?;
        all.extend(found);
        // All of them, however many.
        Ok((0, None))
    })?;
    all.sort_unstable();
    Ok(all)
}
