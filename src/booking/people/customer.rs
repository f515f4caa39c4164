use super::open_collection;
use crate::booking::model::CustomerInput;
use crate::booking::{Context, Error, Faults, input};
use crate::store::people::{self, Person, identity_key};
use crate::store::{CollectionKind, Conn, Id, Role};

/// The customer a booking is for: the one it names by id, or the one of that name and address, who is added when
/// there is none. Without an address no two customers are the same, so one is added each time.
///
/// A telephone number that comes with a known customer is kept when none was known, and otherwise left alone: a
/// booking is no way to change somebody's contact data.
///
/// # Errors
/// [`Error::Invalid`] at `/customer/name`, `/customer/email`, `/customer/phone`, or at `/customer_id` for one that is
/// deleted, no customer, or none of this business.
pub fn find_or_add_customer(conn: &mut Conn, ctx: &Context, customer: &CustomerInput) -> Result<Option<Person>, Error> {
    match customer {
        CustomerInput::Nobody => Ok(None),
        CustomerInput::Known(id) => known(conn, ctx, *id).map(Some),
        CustomerInput::Named { name, email, phone } => {
            let contact = Contact::check(name, email.as_deref(), phone.as_deref())?;
            let key = identity_key(&contact.name, contact.email.as_deref());
            let found = match &key {
                Some(key) => people::find_by_identity(conn, ctx.tenant, key)?,
                None => None,
            };
            match found {
                Some(person) => with_phone(conn, ctx, person, contact.phone).map(Some),
                None => add(conn, ctx, contact, key).map(Some),
            }
        }
    }
}

fn known(conn: &mut Conn, ctx: &Context, id: Id) -> Result<Person, Error> {
    people::hold(conn, ctx.tenant, id)?
        .filter(|person| person.role == Role::Customer && person.deleted_at.is_none())
        .ok_or_else(|| Error::invalid("/customer_id", format!("names no customer of this business: {id}")))
}

/// Name and ways to reach somebody, checked.
struct Contact {
    name: String,
    email: Option<String>,
    phone: Option<String>,
}

impl Contact {
    fn check(name: &str, email: Option<&str>, phone: Option<&str>) -> Result<Self, Error> {
        let mut faults = Faults::default();
        let contact = Self {
            name: faults.take("/customer/name", input::line(name, 200)),
            email: faults.take("/customer/email", email.map(input::email).transpose()),
            phone: faults.take("/customer/phone", phone.map(input::phone).transpose()),
        };
        faults.check()?;
        Ok(contact)
    }
}

fn add(conn: &mut Conn, ctx: &Context, contact: Contact, identity_key: Option<String>) -> Result<Person, Error> {
    let person = Person {
        tenant_id: ctx.tenant,
        person_id: Id::new(),
        role: Role::Customer,
        name: contact.name,
        email: contact.email,
        phone: contact.phone,
        username: None,
        password_hash: None,
        timezone: None,
        locale: None,
        external_ref: None,
        identity_key,
        version: 1,
        created_at: ctx.now,
        updated_at: ctx.now,
        deleted_at: None,
    };
    people::insert(conn, &person)?;
    open_collection(conn, ctx, person.person_id, CollectionKind::Person)?;
    Ok(person)
}

fn with_phone(conn: &mut Conn, ctx: &Context, person: Person, phone: Option<String>) -> Result<Person, Error> {
    if phone.is_none() || person.phone.is_some() {
        return Ok(person);
    }
    let reachable = Person { phone, version: person.version + 1, updated_at: ctx.now, ..person.clone() };
    // Whoever changed the customer in this moment knows better; the booking does not fail for it.
    let saved = people::replace(conn, &reachable, person.version)?;
    Ok(if saved { reachable } else { person })
}
