//! Whether what subscribers fetch is what the database says.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Shop;
use super::agreement::Ledger;
use crate::support::{Api, Event, events, hex};

/// A subscription.
pub(super) struct Path {
    path: String,
    shows: Shows,
}

enum Shows {
    Everything,
    /// What this member of the staff serves, or served until somebody else took over.
    Staff(String),
    /// A writer made it and did not say.
    Something,
}

impl Path {
    pub(super) fn of(path: String) -> Self {
        Self { path, shows: Shows::Something }
    }
}

/// The whole team's calendar, and that of each member of the staff.
pub(super) async fn subscribe(api: &Api, shop: &Shop) -> Vec<Path> {
    let options = json!({ "future_days": 3650 });
    let team: Value = json!({ "kind": "team", "options": options });
    let mut all = vec![Path { path: api.subscribe(&team).await, shows: Shows::Everything }];
    for id in &shop.staff {
        let path = api.subscribe(&json!({ "kind": "staff", "subject": id, "options": options })).await;
        all.push(Path { path, shows: Shows::Staff(hex(id)) });
    }
    all
}

/// Every subscription is there and shows exactly what the bookings are now.
pub(super) async fn show_what_is_there(api: &Api, subscriptions: &[Path], ledger: &Ledger) {
    let by_uid: BTreeMap<&str, _> = ledger.bookings.values().map(|row| (row.uid.as_str(), row)).collect();
    for Path { path, shows } in subscriptions {
        let answer = api.fetch(path).await;
        assert_eq!(answer.status, 200, "an acknowledged feed is gone");
        let shown: BTreeMap<String, Event> = events(&answer.body).into_iter().map(|e| (e.uid.clone(), e)).collect();
        let current = |uid: &str| {
            let (row, event) = (by_uid[uid], shown.get(uid));
            let event = event.unwrap_or_else(|| panic!("a feed does not show {row:?}"));
            assert_eq!((event.sequence, event.status.to_lowercase()), (row.sequence, row.status.clone()), "{row:?}");
        };
        match shows {
            Shows::Everything => {
                by_uid.keys().for_each(|uid| current(uid));
                assert_eq!(shown.len(), by_uid.len(), "events of bookings that are not there");
            }
            Shows::Staff(id) => {
                let theirs = |uid: &str| by_uid[uid].staff.as_ref() == Some(id);
                by_uid.keys().filter(|uid| theirs(uid)).for_each(|uid| current(uid));
                for event in shown.values().filter(|event| !theirs(&event.uid)) {
                    assert_eq!(event.status, "CANCELLED", "somebody else's booking is still in a feed: {event:?}");
                }
            }
            Shows::Something => {}
        }
    }
}
