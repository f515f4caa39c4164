//! Managers, staff and customers (B2).

mod app_password;
mod change;
mod customer;

pub use app_password::{add_app_password, app_passwords, revoke_app_password};
pub use change::{PersonPatch, update};
pub use customer::find_or_add_customer;

use super::{Conflict, Context, Error, Faults, feeds, input, services};
use crate::store::bookings::{self, Upcoming};
use crate::store::collections::{self, Collection};
use crate::store::people::{self, Person, identity_key};
use crate::store::{CollectionKind, Conn, Id, Role, allocations, blocks, holds, homes, hours};

/// The two kinds of people that are asked for apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Managers and staff.
    Staff,
    /// Customers.
    Customers,
}

impl Group {
    /// The roles of its people.
    #[must_use]
    pub const fn roles(self) -> &'static [Role] {
        match self {
            Self::Staff => &[Role::Manager, Role::Staff],
            Self::Customers => &[Role::Customer],
        }
    }

    const fn noun(self) -> &'static str {
        match self {
            Self::Staff => "staff member",
            Self::Customers => "customer",
        }
    }
}

/// A person as somebody describes them.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// What they may do.
    pub role: Role,
    /// Name, up to 200 characters.
    pub name: String,
    /// One e-mail address.
    pub email: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Login name, unique in the business.
    pub username: Option<String>,
    /// PHC string, made by [`crate::auth::hash_password`] before the unit of work: hashing takes long.
    pub password_hash: Option<String>,
    /// IANA zone.
    pub timezone: Option<String>,
    /// Language tag.
    pub locale: Option<String>,
    /// The reference another system knows them by, unique in the business.
    pub external_ref: Option<String>,
}

/// Finds a person who is not deleted.
///
/// # Errors
/// [`Error::NotFound`], also for somebody of the other group.
pub fn find(conn: &mut Conn, ctx: &Context, group: Group, id: Id) -> Result<Person, Error> {
    people::find(conn, ctx.tenant, id)?
        .filter(|person| group.roles().contains(&person.role) && person.deleted_at.is_none())
        .ok_or(Error::NotFound(group.noun()))
}

/// Adds a person and the collection their bookings are projected into.
///
/// # Errors
/// [`Error::Invalid`]; [`Conflict::AlreadyExists`] for a login name or reference that is taken, and for a customer of
/// the same name and address.
pub fn create(conn: &mut Conn, ctx: &Context, new: &NewPerson) -> Result<Person, Error> {
    let person = checked(ctx, new)?;
    refuse_twins(conn, &person)?;
    people::insert(conn, &person)?;
    open_collection(conn, ctx, person.person_id, CollectionKind::Person)?;
    Ok(person)
}

fn checked(ctx: &Context, new: &NewPerson) -> Result<Person, Error> {
    let mut faults = Faults::default();
    let name = faults.take("/name", input::line(&new.name, 200));
    let email = faults.take("/email", new.email.as_deref().map(input::email).transpose());
    let identity_key = (new.role == Role::Customer).then(|| identity_key(&name, email.as_deref())).flatten();
    let person = Person {
        tenant_id: ctx.tenant,
        person_id: Id::new(),
        role: new.role,
        name,
        email,
        phone: faults.take("/phone", new.phone.as_deref().map(input::phone).transpose()),
        username: faults.take("/username", new.username.as_deref().map(input::username).transpose()),
        password_hash: new.password_hash.clone(),
        timezone: faults.take("/timezone", input::zone_name(new.timezone.as_deref())),
        locale: faults.take("/locale", new.locale.as_deref().map(input::locale).transpose()),
        external_ref: faults.take("/external_ref", input::reference(new.external_ref.as_deref())),
        identity_key,
        version: 1,
        created_at: ctx.now,
        updated_at: ctx.now,
        deleted_at: None,
    };
    if person.password_hash.is_some() && new.username.is_none() {
        faults.add("/username", "is needed beside a password");
    }
    faults.check()?;
    Ok(person)
}

/// Refuses what another person of the business has already; the database's unique keys stand behind this.
fn refuse_twins(conn: &mut Conn, person: &Person) -> Result<(), Error> {
    let tenant = person.tenant_id;
    let other = |found: Option<Person>| found.filter(|other| other.person_id != person.person_id);
    let taken = |detail: String| Err(Error::conflict(Conflict::AlreadyExists, detail));
    if let Some(username) = &person.username
        && other(people::find_by_username(conn, tenant, username)?).is_some()
    {
        return taken(format!("the user name \"{username}\" is taken"));
    }
    if let Some(reference) = &person.external_ref
        && let Some(twin) = other(people::find_by_external_ref(conn, tenant, reference)?)
    {
        return taken(format!("external_ref \"{reference}\" belongs to {}", twin.person_id));
    }
    if let Some(key) = &person.identity_key
        && let Some(twin) = other(people::find_by_identity(conn, tenant, key)?)
    {
        return taken(format!("there is a customer of this name and e-mail address already: {}", twin.person_id));
    }
    Ok(())
}

/// Deletes a person: nobody finds or logs in as them any more, their feeds end, their calendars and app passwords,
/// working hours and blocks are forgotten, and past bookings still name them.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Changed`], or [`Conflict::InUse`] while bookings are ahead or a service has
/// nobody or nothing else.
pub fn delete(
    conn: &mut Conn,
    ctx: &Context,
    group: Group,
    id: Id,
    expected_version: Option<i64>,
) -> Result<Vec<Id>, Error> {
    people::claim(conn, ctx.tenant, id)?;
    let person = find(conn, ctx, group, id)?;
    if expected_version.is_some_and(|expected| expected != person.version) {
        return Err(Error::Changed);
    }
    holds::delete_expired(conn, ctx.tenant, ctx.now)?;
    let ahead = match group {
        Group::Staff => allocations::any_after(conn, ctx.tenant, id, ctx.now)?,
        Group::Customers => bookings::any_upcoming(conn, ctx.tenant, Upcoming::OfCustomer(id), ctx.now)?,
    };
    if ahead {
        let detail = "there are bookings or holds ahead; cancel or reassign them first";
        return Err(Error::conflict(Conflict::InUse, detail));
    }
    let expected = person.version;
    let gone = Person {
        username: None,
        password_hash: None,
        identity_key: None,
        external_ref: None,
        version: expected + 1,
        updated_at: ctx.now,
        deleted_at: Some(ctx.now),
        ..person
    };
    if !people::replace(conn, &gone, expected)? {
        return Err(Error::lost());
    }
    services::withdraw(conn, ctx, id)?;
    hours::delete(conn, ctx.tenant, id)?;
    blocks::forget_owner(conn, ctx.tenant, id, ctx.now)?;
    homes::forget(conn, ctx.tenant, id)?;
    feeds::end_all_of(conn, ctx, id)
}

/// Gives a person, a resource or the business the collection its bookings are projected into.
///
/// # Errors
/// [`Error::Store`].
pub(super) fn open_collection(conn: &mut Conn, ctx: &Context, id: Id, kind: CollectionKind) -> Result<(), Error> {
    // The epoch differs from that of an earlier collection of the same id, e.g. of a business deleted and made anew.
    let (epoch, changed_at) = (ctx.now.unix(), ctx.now);
    let row = Collection { tenant_id: ctx.tenant, collection_id: id, kind, epoch, change: 0, changed_at, octets: 0 };
    Ok(collections::insert(conn, &row)?)
}
