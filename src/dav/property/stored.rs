use std::collections::HashMap;

use crate::calendar::Viewer;
use crate::calendar::home::Collection;
use crate::dav::xml::{Name, Ns};
use crate::store::{Conn, Error, Id, dav_properties};

/// What clients set on some resources, as one viewer sees it: what they set themselves, before what the owner set.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::dav) struct Stored(HashMap<(Id, String), Vec<(Name, String)>>);

impl Stored {
    /// What was set on resources themselves. Each comes with its owner.
    pub fn read(conn: &mut Conn, viewer: &Viewer, resources: &[(Id, Id)]) -> Result<Self, Error> {
        let ids: Vec<Id> = resources.iter().map(|(id, _)| *id).collect();
        let mut people: Vec<Id> = resources.iter().map(|(_, owner)| *owner).chain([viewer.person]).collect();
        people.sort_unstable();
        people.dedup();
        let rows = dav_properties::of(conn, viewer.tenant, &ids, &people)?;
        let owner_of = |id: Id| resources.iter().find(|(resource, _)| *resource == id).map(|(_, owner)| *owner);
        let rows = rows
            .into_iter()
            .filter(|row| row.person_id == viewer.person || owner_of(row.resource_id) == Some(row.person_id));
        Ok(Self::of(viewer, rows.collect()))
    }

    /// What was set on the members of a collection: by its owner too, but for what somebody adds to bookings for themselves.
    pub fn of_members(conn: &mut Conn, viewer: &Viewer, collection: &Collection) -> Result<Self, Error> {
        let other = if collection.is_bookings() { viewer.person } else { collection.owner };
        let people = [viewer.person, other];
        Ok(Self::of(viewer, dav_properties::of_members(conn, viewer.tenant, collection.id, &people)?))
    }

    fn of(viewer: &Viewer, mut rows: Vec<dav_properties::Property>) -> Self {
        rows.sort_by_key(|row| row.person_id != viewer.person);
        let mut stored: HashMap<(Id, String), Vec<(Name, String)>> = HashMap::new();
        for row in rows {
            let list = stored.entry((row.resource_id, row.member)).or_default();
            let name = Name::new(Ns::of(&row.namespace), &row.name);
            if list.iter().all(|(known, _)| *known != name) {
                list.push((name, row.value));
            }
        }
        Self(stored)
    }

    /// What was set on a resource, or on a member of it.
    pub fn on(&self, resource: Id, member: &str) -> &[(Name, String)] {
        // An owned key to look up by is only made where there is anything.
        if self.0.is_empty() {
            return &[];
        }
        self.0.get(&(resource, member.to_owned())).map_or(&[], Vec::as_slice)
    }
}
