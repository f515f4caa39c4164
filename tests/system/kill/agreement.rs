//! Whether the rows of a booking agree with each other and with what was acknowledged; read past Fasti.

use std::collections::{BTreeMap, BTreeSet};

use super::writer::{Known, Writer};
use crate::support::{Answer, Database, Kind, Row, hex};

/// A booking's row.
#[derive(Debug)]
pub(super) struct Booked {
    pub(super) uid: String,
    version: i64,
    pub(super) sequence: i64,
    pub(super) status: String,
    pub(super) staff: Option<String>,
    /// Everything that its time is taken of.
    uses: BTreeSet<String>,
    customer: Option<String>,
    start: i64,
    end: i64,
}

/// A booking's object in one collection.
#[derive(Debug)]
struct Shown {
    cancelled: bool,
    change: i64,
    component: String,
}

/// All that the database says about bookings. Ids are as databases print them: `\x…`.
pub(super) struct Ledger {
    pub(super) bookings: BTreeMap<String, Booked>,
    /// Booking → the versions of its history.
    history: BTreeMap<String, Vec<i64>>,
    /// Booking → (resource, start, end).
    allocations: BTreeMap<String, BTreeSet<(String, i64, i64)>>,
    /// (collection, booking) → object.
    objects: BTreeMap<(String, String), Shown>,
    /// Collection → its change number.
    collections: BTreeMap<String, i64>,
    people: BTreeSet<String>,
    keys: i64,
}

/// The collection of the whole business.
const TEAM: &str = "\\x00000000000000000000000000000000";

fn text(row: &Row, column: usize) -> String {
    row[column].clone().unwrap_or_else(|| panic!("column {column} of {row:?} is null"))
}

fn int(row: &Row, column: usize) -> i64 {
    text(row, column).parse().unwrap()
}

impl Ledger {
    pub(super) async fn read(database: &Database) -> Self {
        if database.kind == Kind::Sqlite {
            let verdict = database.rows("PRAGMA integrity_check").await;
            assert_eq!(verdict, vec![vec![Some("ok".to_owned())]]);
        }
        let sql = "SELECT booking_id, uid, version, sequence, status, staff_id, resource_ids, customer_id, start_at, end_at \
                   FROM bookings";
        let bookings = database.rows(sql).await.iter().map(|row| (text(row, 0), booked(row))).collect();
        let sql = "SELECT booking_id, version FROM booking_history ORDER BY booking_id, version";
        let mut history: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for row in database.rows(sql).await {
            history.entry(text(&row, 0)).or_default().push(int(&row, 1));
        }
        let sql = "SELECT booking_id, resource_id, start_at, end_at FROM allocations";
        let mut allocations: BTreeMap<String, BTreeSet<_>> = BTreeMap::new();
        for row in database.rows(sql).await {
            let new = allocations.entry(text(&row, 0)).or_default().insert((text(&row, 1), int(&row, 2), int(&row, 3)));
            assert!(new, "two allocations of one thing for one booking: {row:?}");
        }
        let sql =
            "SELECT collection_id, object_id, CASE WHEN cancelled THEN 1 ELSE 0 END, change, component FROM objects";
        let shown = |row: &Row| Shown { cancelled: int(row, 2) == 1, change: int(row, 3), component: text(row, 4) };
        let objects = database.rows(sql).await.iter().map(|row| ((text(row, 0), text(row, 1)), shown(row))).collect();
        let collections = database.rows("SELECT collection_id, change FROM collections").await;
        let people = database.rows("SELECT person_id FROM people").await;
        Self {
            bookings,
            history,
            allocations,
            objects,
            collections: collections.iter().map(|row| (text(row, 0), int(row, 1))).collect(),
            people: people.iter().map(|row| text(row, 0)).collect(),
            keys: database.number("SELECT count(*) FROM idempotency_keys").await,
        }
    }

    /// Nothing that was acknowledged is gone, or older than it was acknowledged.
    pub(super) fn has_what_was_acknowledged(&self, known: &[Known]) {
        for known in known {
            let row = self.bookings.get(&hex(&known.id)).unwrap_or_else(|| panic!("acknowledged and gone: {known:?}"));
            assert!(row.version >= known.version, "acknowledged as {known:?}, but it is {row:?}");
            if row.version == known.version {
                assert_eq!(known.body["status"], row.status, "{known:?} and {row:?}");
                assert_eq!(known.body["sequence"], row.sequence, "{known:?} and {row:?}");
            }
        }
    }

    /// Every booking is as its writer knows it, and there is none that nobody knows.
    pub(super) fn is_exactly(&self, writers: &[Writer]) {
        let known: Vec<&Known> = writers.iter().flat_map(|writer| &writer.bookings).collect();
        assert_eq!(self.bookings.len(), known.len(), "bookings in the database and in the journals");
        for known in known {
            let row = &self.bookings[&hex(&known.id)];
            assert_eq!(row.version, known.version, "{known:?} and {row:?}");
            for staff in &known.staff {
                let object = self.objects.get(&(hex(staff), hex(&known.id)));
                assert!(object.is_some(), "{staff} served {known:?} once, and their calendar does not know it");
            }
        }
        let acknowledged: usize = writers.iter().map(|writer| writer.tally.acknowledged).sum();
        assert!(self.keys > 0 && self.keys <= i64::try_from(acknowledged).unwrap(), "{} keys are kept", self.keys);
    }

    /// Booking, history, allocations, objects and collections tell one story.
    pub(super) fn agrees_with_itself(&self) {
        for (id, row) in &self.bookings {
            let all: Vec<i64> = (1..=row.version).collect();
            assert_eq!(self.history.get(id), Some(&all), "the history of {id}, {row:?}");
            let taken = self.allocations.get(id).cloned().unwrap_or_default();
            let wanted: BTreeSet<_> = row.uses.iter().map(|used| (used.clone(), row.start, row.end)).collect();
            let wanted = if row.status == "cancelled" { BTreeSet::new() } else { wanted };
            assert_eq!(taken, wanted, "what {id} takes, {row:?}");
            assert!(row.customer.iter().all(|customer| self.people.contains(customer)), "nobody is {:?}", row.customer);
            for collection in row.uses.iter().chain(&row.customer).map(String::as_str).chain([TEAM]) {
                self.is_shown(collection, id, row);
            }
        }
        assert_eq!(self.history.len(), self.bookings.len(), "history of bookings that are not there");
        assert!(self.allocations.keys().all(|id| self.bookings.contains_key(id)), "time taken by nobody");
        let mut numbers = BTreeSet::new();
        for ((collection, id), object) in &self.objects {
            let row = self.bookings.get(id).unwrap_or_else(|| panic!("an object of no booking: {id}"));
            let concerned =
                row.uses.contains(collection) || row.customer.as_ref() == Some(collection) || collection == TEAM;
            assert!(concerned || object.cancelled, "{collection} still shows {id}: {object:?}");
            let counter = self.collections.get(collection).unwrap_or_else(|| panic!("no collection {collection}"));
            assert!(object.change <= *counter, "{collection} is at {counter} and has {object:?}");
            assert!(
                numbers.insert((collection, object.change)),
                "change {} of {collection} is two objects'",
                object.change
            );
        }
        assert!(self.people.iter().all(|id| self.collections.contains_key(id)), "a person without a calendar");
    }

    fn is_shown(&self, collection: &str, id: &str, row: &Booked) {
        let object = self.objects.get(&(collection.to_owned(), id.to_owned()));
        let object = object.unwrap_or_else(|| panic!("{collection} does not show {id}, {row:?}"));
        let lines = [format!("UID:{}\r\n", row.uid), format!("SEQUENCE:{}\r\n", row.sequence)];
        assert!(lines.iter().all(|line| object.component.contains(line.as_str())), "{object:?} of {row:?}");
        assert_eq!(object.cancelled, row.status == "cancelled", "{object:?} of {row:?}");
        let status = format!("STATUS:{}\r\n", row.status.to_uppercase());
        assert!(object.component.contains(&status), "{object:?} of {row:?}");
    }
}

fn booked(row: &Row) -> Booked {
    let staff = row[5].clone();
    let resources = text(row, 6);
    // The ids of resources, 16 bytes each, one after the other.
    let digits = resources.trim_start_matches("\\x").as_bytes();
    let used = digits.chunks(32).map(|id| format!("\\x{}", std::str::from_utf8(id).unwrap()));
    Booked {
        uid: text(row, 1),
        version: int(row, 2),
        sequence: int(row, 3),
        status: text(row, 4),
        uses: used.chain(staff.clone()).collect(),
        staff,
        customer: row[7].clone(),
        start: int(row, 8),
        end: int(row, 9),
    }
}

/// What was acknowledged last is what the API answers now, to the letter.
pub(super) async fn answers_are_what_is_there(writers: &mut [Writer]) {
    for writer in writers {
        let api = writer.api.clone();
        for known in writer.bookings.iter_mut().filter(|known| known.fresh) {
            let answer: Answer = api.get(&format!("bookings/{}", known.id)).await;
            assert_eq!((answer.status, answer.version()), (200, known.version), "{known:?}");
            assert_eq!(answer.json(), known.body);
            let changes = api.get(&format!("bookings/{}/history", known.id)).await.json();
            let versions: Vec<i64> =
                changes["items"].as_array().unwrap().iter().map(|change| change["version"].as_i64().unwrap()).collect();
            assert_eq!(versions, (1..=known.version).collect::<Vec<_>>(), "{known:?}");
            known.fresh = false;
        }
    }
}
