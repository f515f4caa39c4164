use super::{Group, find, refuse_twins};
use crate::booking::project;
use crate::booking::{Context, Error, Faults, Saved, feeds, input};
use crate::store::bookings::Upcoming;
use crate::store::people::{self, Person, identity_key};
use crate::store::{Conn, Id, Role};

/// What to change of a person. Outer `None`: leave it; inner `None`: remove it.
#[derive(Debug, Clone, Default)]
pub struct PersonPatch {
    /// The version the caller read (`If-Match`); none: whatever it is.
    pub expected_version: Option<i64>,
    /// `manager` or `staff`; customers stay customers.
    pub role: Option<Role>,
    /// Another name.
    pub name: Option<String>,
    /// Another address.
    pub email: Option<Option<String>>,
    /// Another number.
    pub phone: Option<Option<String>>,
    /// Another login name.
    pub username: Option<Option<String>>,
    /// Another password's hash.
    pub password_hash: Option<Option<String>>,
    /// Another zone.
    pub timezone: Option<Option<String>>,
    /// Another language.
    pub locale: Option<Option<String>>,
    /// Another reference.
    pub external_ref: Option<Option<String>>,
}

/// Changes a person. A patch that changes nothing leaves the version as it is.
///
/// # Errors
/// As for [`super::create`], and [`Error::NotFound`] or [`Error::Changed`].
pub fn update(
    conn: &mut Conn,
    ctx: &Context,
    group: Group,
    id: Id,
    patch: &PersonPatch,
) -> Result<Saved<Person>, Error> {
    if patch.name.is_some() || patch.email.is_some() || patch.phone.is_some() {
        project::prepare_refresh(conn, ctx)?;
    }
    let old = find(conn, ctx, group, id)?;
    if patch.expected_version.is_some_and(|expected| expected != old.version) {
        return Err(Error::Changed);
    }
    let mut new = patched(&old, group, patch)?;
    if new == old {
        return Ok(Saved::alone(old));
    }
    new.version += 1;
    new.updated_at = ctx.now;
    refuse_twins(conn, &new)?;
    if !people::replace(conn, &new, old.version)? {
        return Err(Error::lost());
    }
    let touched = tell(conn, ctx, group, &old, &new)?;
    Ok(Saved { row: new, touched })
}

fn patched(old: &Person, group: Group, patch: &PersonPatch) -> Result<Person, Error> {
    let mut faults = Faults::default();
    let mut new = old.clone();
    if let Some(role) = patch.role {
        if !group.roles().contains(&role) {
            faults.add("/role", format!("{role} is not a role for them"));
        }
        new.role = role;
    }
    if let Some(name) = &patch.name {
        new.name = faults.take("/name", input::line(name, 200));
    }
    if let Some(email) = &patch.email {
        new.email = faults.take("/email", email.as_deref().map(input::email).transpose());
    }
    if let Some(phone) = &patch.phone {
        new.phone = faults.take("/phone", phone.as_deref().map(input::phone).transpose());
    }
    if let Some(username) = &patch.username {
        new.username = faults.take("/username", username.as_deref().map(input::username).transpose());
    }
    if let Some(hash) = &patch.password_hash {
        new.password_hash.clone_from(hash);
    }
    if let Some(timezone) = &patch.timezone {
        new.timezone = faults.take("/timezone", input::zone_name(timezone.as_deref()));
    }
    if let Some(locale) = &patch.locale {
        new.locale = faults.take("/locale", locale.as_deref().map(input::locale).transpose());
    }
    if let Some(reference) = &patch.external_ref {
        new.external_ref = faults.take("/external_ref", input::reference(reference.as_deref()));
    }
    if new.password_hash.is_some() && new.username.is_none() {
        faults.add("/username", "is needed beside a password");
    }
    if new.role == Role::Customer {
        new.identity_key = identity_key(&new.name, new.email.as_deref());
    }
    faults.check()?;
    Ok(new)
}

/// Carries a new name or address to where it is shown: the names of feeds and the bookings ahead.
fn tell(conn: &mut Conn, ctx: &Context, group: Group, old: &Person, new: &Person) -> Result<Vec<Id>, Error> {
    let mut touched = Vec::new();
    if old.name != new.name {
        touched = feeds::rename_all_of(conn, ctx, new.person_id, &new.name)?;
    }
    if (&old.name, &old.email, &old.phone) != (&new.name, &new.email, &new.phone) {
        let id = new.person_id;
        let of = if group == Group::Staff { Upcoming::OfStaff(id) } else { Upcoming::OfCustomer(id) };
        touched.extend(project::refresh(conn, ctx, of)?);
    }
    Ok(touched)
}
