//! Properties that clients set on collections, objects and principals, each person's own.

use diesel::prelude::*;

use super::schema::dav_properties;
use super::{Conn, Error, Id, TenantId, on};

/// A property as a client set it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = dav_properties)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct Property {
    pub tenant_id: TenantId,
    /// A collection's id, or one derived from a person's.
    pub resource_id: Id,
    /// The name of an object of the collection, or empty.
    pub member: String,
    /// Who set it and sees it.
    pub person_id: Id,
    pub namespace: String,
    pub name: String,
    /// Its element, as XML.
    pub value: String,
}

/// What `people` set on these resources themselves.
///
/// # Errors
/// [`Error::Db`].
pub fn of(conn: &mut Conn, tenant: TenantId, resources: &[Id], people: &[Id]) -> Result<Vec<Property>, Error> {
    let rows = dav_properties::table
        .filter(dav_properties::tenant_id.eq(tenant))
        .filter(dav_properties::resource_id.eq_any(resources))
        .filter(dav_properties::member.eq(""))
        .filter(dav_properties::person_id.eq_any(people));
    Ok(on!(conn, |c| rows.select(Property::as_select()).load(c))?)
}

/// What `people` set on the members of a collection.
///
/// # Errors
/// [`Error::Db`].
pub fn of_members(conn: &mut Conn, tenant: TenantId, resource: Id, people: &[Id]) -> Result<Vec<Property>, Error> {
    let rows = dav_properties::table
        .filter(dav_properties::tenant_id.eq(tenant))
        .filter(dav_properties::resource_id.eq(resource))
        .filter(dav_properties::member.ne(""))
        .filter(dav_properties::person_id.eq_any(people));
    Ok(on!(conn, |c| rows.select(Property::as_select()).load(c))?)
}

/// Sets a property.
///
/// # Errors
/// [`Error::Db`].
pub fn set(conn: &mut Conn, property: &Property) -> Result<(), Error> {
    remove(conn, property)?;
    on!(conn, |c| diesel::insert_into(dav_properties::table).values(property).execute(c))?;
    Ok(())
}

/// Removes a property, if it is there.
///
/// # Errors
/// [`Error::Db`].
pub fn remove(conn: &mut Conn, p: &Property) -> Result<(), Error> {
    let key = (p.tenant_id, p.resource_id, &p.member, p.person_id, &p.namespace, &p.name);
    on!(conn, |c| diesel::delete(dav_properties::table.find(key)).execute(c))?;
    Ok(())
}

/// Removes everything that was set on a collection and its members; with a `member`, on that one only.
///
/// # Errors
/// [`Error::Db`].
pub fn forget(conn: &mut Conn, tenant: TenantId, resource: Id, member: Option<&str>) -> Result<(), Error> {
    let rows = dav_properties::table
        .filter(dav_properties::tenant_id.eq(tenant))
        .filter(dav_properties::resource_id.eq(resource));
    match member {
        None => on!(conn, |c| diesel::delete(rows).execute(c))?,
        Some(member) => on!(conn, |c| diesel::delete(rows.filter(dav_properties::member.eq(member))).execute(c))?,
    };
    Ok(())
}

/// Removes everything that a person set.
///
/// # Errors
/// [`Error::Db`].
pub fn forget_of(conn: &mut Conn, tenant: TenantId, person: Id) -> Result<(), Error> {
    let rows =
        dav_properties::table.filter(dav_properties::tenant_id.eq(tenant)).filter(dav_properties::person_id.eq(person));
    on!(conn, |c| diesel::delete(rows).execute(c))?;
    Ok(())
}

/// Gives a member's properties to another, which loses its own (RFC 4918 §9.8.2, §9.9.1).
///
/// # Errors
/// [`Error::Db`].
pub fn copy(conn: &mut Conn, tenant: TenantId, from: (Id, &str), to: (Id, &str)) -> Result<(), Error> {
    forget(conn, tenant, to.0, Some(to.1))?;
    let rows = dav_properties::table
        .filter(dav_properties::tenant_id.eq(tenant))
        .filter(dav_properties::resource_id.eq(from.0))
        .filter(dav_properties::member.eq(from.1));
    let copied: Vec<Property> = on!(conn, |c| rows.select(Property::as_select()).load(c))?;
    for property in copied {
        let row = Property { resource_id: to.0, member: to.1.to_owned(), ..property };
        on!(conn, |c| diesel::insert_into(dav_properties::table).values(&row).execute(c))?;
    }
    Ok(())
}
