//! Rooms, vehicles, equipment and products (B3).

use super::people::open_collection;
use super::project;
use super::{Conflict, Context, Error, Faults, Saved, feeds, input, services};
use crate::store::bookings::Upcoming;
use crate::store::resources::{self, Resource};
use crate::store::{CollectionKind, Conn, Id, ResourceKind, allocations, blocks, holds, hours};

/// How many of one resource there may be.
const QUANTITY: std::ops::RangeInclusive<i32> = 1..=1000;

/// A resource as somebody describes it.
#[derive(Debug, Clone)]
pub struct NewResource {
    /// Name, up to 200 characters.
    pub name: String,
    /// What it is.
    pub kind: ResourceKind,
    /// How many there are, 1 to 1000; none: one.
    pub quantity: Option<i64>,
    /// IANA zone.
    pub timezone: Option<String>,
    /// The reference another system knows it by, unique in the business.
    pub external_ref: Option<String>,
}

/// What to change of a resource. Outer `None`: leave it; inner `None`: remove it.
#[derive(Debug, Clone, Default)]
pub struct ResourcePatch {
    /// The version the caller read (`If-Match`); none: whatever it is.
    pub expected_version: Option<i64>,
    /// Another name.
    pub name: Option<String>,
    /// Another kind.
    pub kind: Option<ResourceKind>,
    /// Another quantity.
    pub quantity: Option<i64>,
    /// Another zone.
    pub timezone: Option<Option<String>>,
    /// Another reference.
    pub external_ref: Option<Option<String>>,
}

/// Finds a resource that is not deleted.
///
/// # Errors
/// [`Error::NotFound`].
pub fn find(conn: &mut Conn, ctx: &Context, id: Id) -> Result<Resource, Error> {
    resources::find(conn, ctx.tenant, id)?
        .filter(|resource| resource.deleted_at.is_none())
        .ok_or(Error::NotFound("resource"))
}

/// Adds a resource and the collection its bookings are projected into.
///
/// # Errors
/// [`Error::Invalid`], or [`Conflict::AlreadyExists`] when the reference is taken.
pub fn create(conn: &mut Conn, ctx: &Context, new: &NewResource) -> Result<Resource, Error> {
    let mut faults = Faults::default();
    let resource = Resource {
        tenant_id: ctx.tenant,
        resource_id: Id::new(),
        kind: new.kind,
        name: faults.take("/name", input::line(&new.name, 200)),
        quantity: faults.take("/quantity", input::number(new.quantity.unwrap_or(1), QUANTITY)),
        timezone: faults.take("/timezone", input::zone_name(new.timezone.as_deref())),
        external_ref: faults.take("/external_ref", input::reference(new.external_ref.as_deref())),
        version: 1,
        created_at: ctx.now,
        updated_at: ctx.now,
        deleted_at: None,
    };
    faults.check()?;
    refuse_twin(conn, &resource)?;
    resources::insert(conn, &resource)?;
    open_collection(conn, ctx, resource.resource_id, CollectionKind::Resource)?;
    Ok(resource)
}

/// Changes a resource. A patch that changes nothing leaves the version as it is.
///
/// # Errors
/// As for [`create`], [`Error::NotFound`], [`Error::Changed`], or [`Conflict::InUse`] when fewer would be left than
/// are booked.
pub fn update(conn: &mut Conn, ctx: &Context, id: Id, patch: &ResourcePatch) -> Result<Saved<Resource>, Error> {
    if patch.name.is_some() {
        project::prepare_refresh(conn, ctx)?;
    }
    let old = find(conn, ctx, id)?;
    if patch.expected_version.is_some_and(|expected| expected != old.version) {
        return Err(Error::Changed);
    }
    let mut new = patched(&old, patch)?;
    if new == old {
        return Ok(Saved::alone(old));
    }
    if new.quantity < old.quantity {
        resources::claim(conn, ctx.tenant, id)?;
        refuse_booked_units(conn, ctx, &new)?;
    }
    new.version += 1;
    new.updated_at = ctx.now;
    refuse_twin(conn, &new)?;
    if !resources::replace(conn, &new, old.version)? {
        return Err(Error::lost());
    }
    let mut touched = Vec::new();
    if old.name != new.name {
        touched = feeds::rename_all_of(conn, ctx, id, &new.name)?;
        touched.extend(project::refresh(conn, ctx, Upcoming::OfResource(id))?);
    }
    Ok(Saved { row: new, touched })
}

fn patched(old: &Resource, patch: &ResourcePatch) -> Result<Resource, Error> {
    let mut faults = Faults::default();
    let mut new = old.clone();
    if let Some(name) = &patch.name {
        new.name = faults.take("/name", input::line(name, 200));
    }
    if let Some(kind) = patch.kind {
        new.kind = kind;
    }
    if let Some(quantity) = patch.quantity {
        new.quantity = faults.take("/quantity", input::number(quantity, QUANTITY));
    }
    if let Some(timezone) = &patch.timezone {
        new.timezone = faults.take("/timezone", input::zone_name(timezone.as_deref()));
    }
    if let Some(reference) = &patch.external_ref {
        new.external_ref = faults.take("/external_ref", input::reference(reference.as_deref()));
    }
    faults.check()?;
    Ok(new)
}

fn refuse_booked_units(conn: &mut Conn, ctx: &Context, new: &Resource) -> Result<(), Error> {
    holds::delete_expired(conn, ctx.tenant, ctx.now)?;
    match allocations::highest_unit_after(conn, ctx.tenant, new.resource_id, ctx.now)? {
        Some(unit) if unit >= new.quantity => {
            let detail = format!(
                "unit {} is booked ahead; cancel or move its bookings before you take it away, or keep a quantity of {}",
                unit + 1,
                unit + 1
            );
            Err(Error::conflict(Conflict::InUse, detail))
        }
        _ => Ok(()),
    }
}

fn refuse_twin(conn: &mut Conn, resource: &Resource) -> Result<(), Error> {
    let Some(reference) = &resource.external_ref else { return Ok(()) };
    match resources::find_by_external_ref(conn, resource.tenant_id, reference)? {
        Some(twin) if twin.resource_id != resource.resource_id => {
            let detail = format!("external_ref \"{reference}\" belongs to {}", twin.resource_id);
            Err(Error::conflict(Conflict::AlreadyExists, detail))
        }
        _ => Ok(()),
    }
}

/// Deletes a resource: it cannot be booked any more, its feeds end, its working hours and blocks are forgotten, and past
/// bookings still name it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Changed`], or [`Conflict::InUse`] while bookings are ahead or a service has
/// nobody or nothing else.
pub fn delete(conn: &mut Conn, ctx: &Context, id: Id, expected_version: Option<i64>) -> Result<Vec<Id>, Error> {
    resources::claim(conn, ctx.tenant, id)?;
    let old = find(conn, ctx, id)?;
    if expected_version.is_some_and(|expected| expected != old.version) {
        return Err(Error::Changed);
    }
    holds::delete_expired(conn, ctx.tenant, ctx.now)?;
    if allocations::any_after(conn, ctx.tenant, id, ctx.now)? {
        let detail = "there are bookings or holds ahead; cancel or move them first";
        return Err(Error::conflict(Conflict::InUse, detail));
    }
    let expected = old.version;
    let gone =
        Resource { external_ref: None, version: expected + 1, updated_at: ctx.now, deleted_at: Some(ctx.now), ..old };
    if !resources::replace(conn, &gone, expected)? {
        return Err(Error::lost());
    }
    services::withdraw(conn, ctx, id)?;
    hours::delete(conn, ctx.tenant, id)?;
    blocks::forget_owner(conn, ctx.tenant, id, ctx.now)?;
    feeds::end_all_of(conn, ctx, id)
}
