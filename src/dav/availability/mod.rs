//! `calendar-availability` (RFC 7953 §7.2.4): working hours as one VAVAILABILITY, read and written (D6).
//!
//! Each rule of the hours is an AVAILABLE, each break divides one. What is written replaces the hours, with the same
//! checks as the API's; what hours cannot say is refused.
//!
//! | file | what it does |
//! | --- | --- |
//! | `days` | the days of a rule, as the availability engine counts them |
//! | `moment` | dates and times, each on the clocks it is written in |
//! | `read` | a VAVAILABILITY to working hours |
//! | `render` | working hours to a VAVAILABILITY |

mod days;
mod moment;
mod read;
mod render;
#[cfg(test)]
mod tests;

use crate::booking::hours::{self, Owner};
use crate::booking::{self, Links, tenants};
use crate::calendar::Viewer;
use crate::calendar::home::Home;
use crate::store::{Conn, Role};
use crate::time::Zone;

use super::condition::Failure;

/// The working hours of a home's owner; empty when they have none of their own.
pub(super) fn read(conn: &mut Conn, viewer: &Viewer, home: &Home) -> Result<String, Failure> {
    let Some(row) = crate::store::hours::find(conn, viewer.tenant, home.owner.person_id)? else {
        return Ok(String::new());
    };
    let rules = hours::rules_of(&row)?;
    if rules.is_empty() {
        return Ok(String::new());
    }
    let zone = own_zone(home).unwrap_or_else(Zone::utc);
    let head = render::Head { owner: home.owner.person_id, zone: &zone, updated: row.updated_at, now: viewer.now };
    // Rather none than others: they would come back as what holds.
    Ok(render::render(&rules, &head).unwrap_or_default())
}

fn own_zone(home: &Home) -> Option<Zone> {
    home.owner.timezone.as_deref().and_then(|name| Zone::parse(name).ok())
}

/// Replaces the working hours of a home's owner; without a text they have none of their own. A VAVAILABILITY without
/// AVAILABLE is of somebody who is never available.
///
/// # Errors
/// [`Failure::Booking`] for hours that cannot be kept.
pub(super) fn write(
    conn: &mut Conn,
    viewer: &Viewer,
    home: &Home,
    text: Option<&str>,
    links: &Links,
) -> Result<(), Failure> {
    if home.owner.role == Role::Customer {
        return Err(booking::Error::invalid("", "customers have no working hours").into());
    }
    let actor = format!("caldav:{}", home.owner.username.as_deref().unwrap_or_default());
    let ctx = tenants::context(conn, viewer.tenant, &actor, viewer.now, links.clone())?;
    let rules = match text.map(str::trim).filter(|text| !text.is_empty()) {
        None => Vec::new(),
        Some(text) => {
            let zone = own_zone(home).unwrap_or_else(|| ctx.zone.clone());
            read::rules(text, &zone).map_err(|detail| booking::Error::invalid("", detail))?
        }
    };
    hours::replace(conn, &ctx, Owner::Staff(home.owner.person_id), &rules, None)?;
    Ok(())
}
