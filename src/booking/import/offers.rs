//! Resources, people and services: found by reference, else by name, and added or changed.

use crate::booking::people::{self as use_people, Group, PersonPatch};
use crate::booking::resources::{self as use_resources, NewResource, ResourcePatch};
use crate::booking::services::{self as use_services, NewService, ServicePatch};
use crate::booking::{Context, Error};
use crate::store::people::{self, Person, identity_key};
use crate::store::{Conn, Id, ResourceKind, Role};

use super::directory::Directory;
use super::row::{PersonRecord, ResourceRecord, ServiceRecord};
use super::unit::Verdict;

/// What changed, by the versions before and after.
const fn verdict(before: i64, after: i64) -> Verdict {
    if before == after { Verdict::Unchanged } else { Verdict::Changed }
}

/// A row with a reference is the one of that reference, or one of its name that has no reference yet.
fn same<'a, T>(
    all: &'a [T],
    reference: Option<&str>,
    of: impl Fn(&'a T) -> Option<&'a str>,
    is_namesake: impl Fn(&T) -> bool,
) -> Option<&'a T> {
    let known = reference.and_then(|reference| all.iter().find(|one| of(one) == Some(reference)));
    known.or_else(|| all.iter().find(|one| is_namesake(one) && (reference.is_none() || of(one).is_none())))
}

pub(super) fn resource(
    conn: &mut Conn,
    ctx: &Context,
    directory: &mut Directory,
    row: &ResourceRecord,
) -> Result<Verdict, Error> {
    let reference = row.external_ref.as_deref().map(str::trim);
    let found = same(
        directory.resources(conn, ctx)?,
        reference,
        |r| r.external_ref.as_deref(),
        |r| r.name.trim() == row.name.trim(),
    );
    let Some((id, version)) = found.map(|r| (r.resource_id, r.version)) else {
        let new = NewResource {
            name: row.name.clone(),
            kind: row.kind.ok_or_else(|| missing_kind(ResourceKind::ALL.iter().map(|kind| kind.word())))?,
            quantity: row.quantity,
            timezone: row.timezone.clone().flatten(),
            external_ref: row.external_ref.clone(),
        };
        use_resources::create(conn, ctx, &new)?;
        directory.forget();
        return Ok(Verdict::Created);
    };
    let patch = ResourcePatch {
        name: Some(row.name.clone()),
        kind: row.kind,
        quantity: row.quantity,
        timezone: row.timezone.clone(),
        external_ref: row.external_ref.clone().map(Some),
        ..ResourcePatch::default()
    };
    let saved = use_resources::update(conn, ctx, id, &patch)?;
    if saved.row.version != version {
        directory.forget();
    }
    Ok(verdict(version, saved.row.version))
}

fn missing_kind<'a>(words: impl Iterator<Item = &'a str>) -> Error {
    Error::invalid("/kind", format!("is missing; it is one of {}", words.collect::<Vec<_>>().join(", ")))
}

pub(super) fn person(
    conn: &mut Conn,
    ctx: &Context,
    directory: &mut Directory,
    row: &PersonRecord,
) -> Result<Verdict, Error> {
    let group = if row.role == Role::Customer { Group::Customers } else { Group::Staff };
    let reference = row.external_ref.as_deref().map(str::trim);
    let Some(found) = known_person(conn, ctx, directory, row, group, reference)? else {
        use_people::create(conn, ctx, &row.to_new())?;
        if group == Group::Staff {
            directory.forget();
        }
        return Ok(Verdict::Created);
    };
    if !group.roles().contains(&found.role) {
        let detail = format!("is {} here; delete that entry first or use another external_ref", found.role);
        return Err(Error::invalid("/role", detail));
    }
    let patch = PersonPatch {
        role: (group == Group::Staff).then_some(row.role),
        name: Some(row.name.clone()),
        email: row.email.clone(),
        phone: row.phone.clone(),
        username: row.username.clone(),
        timezone: row.timezone.clone(),
        locale: row.locale.clone(),
        external_ref: row.external_ref.clone().map(Some),
        ..PersonPatch::default()
    };
    let saved = use_people::update(conn, ctx, group, found.person_id, &patch)?;
    if group == Group::Staff && saved.row.version != found.version {
        directory.forget();
    }
    Ok(verdict(found.version, saved.row.version))
}

/// The person a row is about: by reference, else by e-mail address and name, where that person has no other reference.
fn known_person(
    conn: &mut Conn,
    ctx: &Context,
    directory: &mut Directory,
    row: &PersonRecord,
    group: Group,
    reference: Option<&str>,
) -> Result<Option<Person>, Error> {
    if let Some(reference) = reference
        && let Some(person) = people::find_by_external_ref(conn, ctx.tenant, reference)?
    {
        return Ok(Some(person));
    }
    let Some(email) = row.email.as_ref().and_then(Option::as_deref) else { return Ok(None) };
    let key = identity_key(row.name.trim(), Some(email.trim()));
    let found = match (group, key) {
        (Group::Customers, Some(key)) => people::find_by_identity(conn, ctx.tenant, &key)?,
        (Group::Staff, key) => {
            let is_meant = |p: &&Person| identity_key(&p.name, p.email.as_deref()) == key;
            directory.staff(conn, ctx)?.iter().find(is_meant).cloned()
        }
        (Group::Customers, None) => None,
    };
    Ok(found.filter(|person| reference.is_none() || person.external_ref.is_none()))
}

pub(super) fn service(
    conn: &mut Conn,
    ctx: &Context,
    directory: &mut Directory,
    row: &ServiceRecord,
) -> Result<Verdict, Error> {
    let reference = row.external_ref.as_deref().map(str::trim);
    let found = same(
        directory.services(conn, ctx)?,
        reference,
        |s| s.external_ref.as_deref(),
        |s| s.name.trim() == row.name.trim(),
    );
    let found = found.map(|s| (s.service_id, s.version));
    let staff = row.staff.as_ref().map(|texts| directory.all_staff(conn, ctx, texts)).transpose()?;
    let resources = row.resources.as_ref().map(|texts| directory.all_resources(conn, ctx, texts)).transpose()?;
    let Some((id, version)) = found else {
        use_services::create(conn, ctx, &new_service(row, staff, resources)?)?;
        directory.forget();
        return Ok(Verdict::Created);
    };
    let patch = ServicePatch {
        expected_version: None,
        name: Some(row.name.clone()),
        kind: row.kind,
        duration_minutes: row.duration_minutes,
        buffer_before_minutes: row.buffer_before_minutes,
        buffer_after_minutes: row.buffer_after_minutes,
        slot_step_minutes: row.slot_step_minutes,
        min_notice_minutes: row.min_notice_minutes,
        max_advance_days: row.max_advance_days,
        capacity: row.capacity,
        color: row.color.clone(),
        reminders_minutes: row.reminders_minutes.clone(),
        cancellation_window_minutes: row.cancellation_window_minutes,
        external_ref: row.external_ref.clone().map(Some),
        staff,
        resources,
    };
    let saved = use_services::update(conn, ctx, id, &patch)?.row.service;
    if saved.version != version {
        directory.forget();
    }
    Ok(verdict(version, saved.version))
}

fn new_service(row: &ServiceRecord, staff: Option<Vec<Id>>, resources: Option<Vec<Id>>) -> Result<NewService, Error> {
    Ok(NewService {
        name: row.name.clone(),
        kind: row.kind,
        duration_minutes: row.duration_minutes.ok_or_else(|| Error::invalid("/duration_minutes", "is missing"))?,
        buffer_before_minutes: row.buffer_before_minutes,
        buffer_after_minutes: row.buffer_after_minutes,
        slot_step_minutes: row.slot_step_minutes.flatten(),
        min_notice_minutes: row.min_notice_minutes.flatten(),
        max_advance_days: row.max_advance_days.flatten(),
        capacity: row.capacity,
        color: row.color.clone().flatten(),
        reminders_minutes: row.reminders_minutes.clone(),
        cancellation_window_minutes: row.cancellation_window_minutes.flatten(),
        external_ref: row.external_ref.clone(),
        staff: staff.unwrap_or_default(),
        resources: resources.unwrap_or_default(),
    })
}
