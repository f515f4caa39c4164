use crate::booking::{Conflict, Context, Error, Faults};
use crate::store::services::{self, Provider};
use crate::store::{Conn, Id, ProviderKind, Role, people, resources as things};

use super::Offered;

/// Who or what one service may name at most.
const PROVIDERS: usize = 500;

/// Staff members and resources apart.
pub(super) fn split<'a>(providers: impl IntoIterator<Item = &'a Provider>) -> (Vec<Id>, Vec<Id>) {
    let (mut staff, mut resources) = (Vec::new(), Vec::new());
    for provider in providers {
        match provider.provider_kind {
            ProviderKind::Staff => staff.push(provider.provider_id),
            ProviderKind::Resource => resources.push(provider.provider_id),
        }
    }
    (staff, resources)
}

/// The staff members named, each once, in the order of their ids.
pub(super) fn staff(conn: &mut Conn, ctx: &Context, ids: &[Id], faults: &mut Faults) -> Result<Vec<Id>, Error> {
    let known: Vec<Id> = people::find_all(conn, ctx.tenant, bounded("/staff", ids, faults))?
        .iter()
        .filter(|person| person.role != Role::Customer && person.deleted_at.is_none())
        .map(|person| person.person_id)
        .collect();
    Ok(each_once(ids, &known, "/staff", "staff member", faults))
}

/// The resources named, each once, in the order of their ids.
pub(super) fn resources(conn: &mut Conn, ctx: &Context, ids: &[Id], faults: &mut Faults) -> Result<Vec<Id>, Error> {
    let known: Vec<Id> = things::find_all(conn, ctx.tenant, bounded("/resources", ids, faults))?
        .iter()
        .filter(|resource| resource.deleted_at.is_none())
        .map(|resource| resource.resource_id)
        .collect();
    Ok(each_once(ids, &known, "/resources", "resource", faults))
}

fn bounded<'a>(pointer: &str, ids: &'a [Id], faults: &mut Faults) -> &'a [Id] {
    if ids.len() > PROVIDERS {
        faults.add(pointer, format!("has {} entries; at most {PROVIDERS} are allowed", ids.len()));
    }
    &ids[..ids.len().min(PROVIDERS)]
}

fn each_once(ids: &[Id], known: &[Id], pointer: &str, noun: &str, faults: &mut Faults) -> Vec<Id> {
    for (i, id) in ids.iter().enumerate().take(PROVIDERS) {
        if !known.contains(id) {
            faults.add(format!("{pointer}/{i}"), format!("names no {noun} of this business: {id}"));
        }
    }
    let mut once = ids.to_vec();
    once.sort_unstable();
    once.dedup();
    once
}

/// Takes a person or resource that is deleted out of every service. Not out of one that would have none left: an
/// empty list means that anybody can serve, or that nothing is needed.
///
/// # Errors
/// [`Conflict::InUse`] naming the service.
pub(in crate::booking) fn withdraw(conn: &mut Conn, ctx: &Context, provider: Id) -> Result<(), Error> {
    for service in services::of_provider(conn, ctx.tenant, provider)? {
        let all = services::providers(conn, ctx.tenant, service.service_id)?;
        let kind = all.iter().find(|p| p.provider_id == provider).map(|p| p.provider_kind);
        if all.iter().filter(|p| Some(p.provider_kind) == kind).count() == 1 {
            let detail = format!(
                "nobody and nothing else can serve \"{}\" ({}); change or delete that service first",
                service.name, service.service_id
            );
            return Err(Error::conflict(Conflict::InUse, detail));
        }
    }
    Ok(services::remove_provider(conn, ctx.tenant, provider)?)
}

/// Writes who and what can serve a service.
pub(super) fn save(conn: &mut Conn, offered: &Offered) -> Result<(), Error> {
    let (tenant_id, service_id) = (offered.service.tenant_id, offered.service.service_id);
    let row = |id: &Id, provider_kind| Provider { tenant_id, service_id, provider_id: *id, provider_kind };
    let staff = offered.staff.iter().map(|id| row(id, ProviderKind::Staff));
    let resources = offered.resources.iter().map(|id| row(id, ProviderKind::Resource));
    let rows: Vec<Provider> = staff.chain(resources).collect();
    Ok(services::set_providers(conn, tenant_id, service_id, &rows)?)
}
