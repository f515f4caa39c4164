//! Working hours of staff, resources and the business (A1).

use serde::{Deserialize, Serialize};

use crate::availability::{Break, HoursRule, HoursSpec, Shift};
use crate::recurrence::Rule;
use crate::store::hours::{self, WorkingHours};
use crate::store::{self, Conn, Id, people, resources, tenants};
use crate::time::{Date, Time, Zone, parse_date, parse_time};

use super::people::Group;
use super::{Context, Error, Faults, input};

/// Rules that one owner may have at most.
const RULES: usize = 100;
/// Dates, or breaks, that one rule may have at most.
const DATES: usize = 1000;

/// On which days, and at which times of the clock, somebody works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkingHoursRule {
    /// RRULE value (RFC 5545 §3.3.10) of the days, e.g. `FREQ=WEEKLY;BYDAY=MO,TU`.
    #[schema(max_length = 1000)]
    pub rrule: String,
    /// `HH:MM`, on the clock.
    pub start: String,
    /// `HH:MM`; not after the start: on the next day. `24:00` is midnight.
    pub end: String,
    /// IANA zone of the clock; none: the owner's, else the business's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// First day it holds, from which intervals such as "every other week" count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    pub valid_from: Option<String>,
    /// Last day it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    pub valid_until: Option<String>,
    /// Days on which it does not hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exdates: Vec<String>,
    /// Further days on which it does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rdates: Vec<String>,
    /// When nobody works in between.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breaks: Vec<WorkingHoursBreak>,
}

/// A break within working hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkingHoursBreak {
    /// `HH:MM`.
    pub start: String,
    /// `HH:MM`.
    pub end: String,
}

/// Whose hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The business's own.
    Business,
    /// A staff member's.
    Staff(Id),
    /// A resource's.
    Resource(Id),
}

impl Owner {
    /// The id its row has.
    #[must_use]
    pub const fn id(self) -> Id {
        match self {
            Self::Business => Id::TEAM,
            Self::Staff(id) | Self::Resource(id) => id,
        }
    }

    /// The zone its hours are in unless they say otherwise.
    fn zone(self, conn: &mut Conn, ctx: &Context) -> Result<Zone, Error> {
        let own = match self {
            Self::Business => None,
            Self::Staff(id) => super::people::find(conn, ctx, Group::Staff, id)?.timezone,
            Self::Resource(id) => super::resources::find(conn, ctx, id)?.timezone,
        };
        Ok(own.and_then(|name| Zone::parse(&name).ok()).unwrap_or_else(|| ctx.zone.clone()))
    }
}

/// Hours as they are kept; none have version 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The rules.
    pub rules: Vec<WorkingHoursRule>,
    /// Grows with every change.
    pub version: i64,
}

/// The hours of an owner.
///
/// # Errors
/// [`Error::NotFound`] when there is no such owner.
pub fn find(conn: &mut Conn, ctx: &Context, owner: Owner) -> Result<Kept, Error> {
    owner.zone(conn, ctx)?;
    Ok(match hours::find(conn, ctx.tenant, owner.id())? {
        Some(row) => Kept { rules: rules_of(&row)?, version: row.version },
        None => Kept { rules: Vec::new(), version: 0 },
    })
}

/// Replaces the hours of an owner. Without any rule they have none of their own: staff and resources then have the
/// business's, and the business is always open.
///
/// # Errors
/// [`Error::Invalid`] with pointers such as `/0/rrule`, [`Error::NotFound`], or [`Error::Changed`].
pub fn replace(
    conn: &mut Conn,
    ctx: &Context,
    owner: Owner,
    rules: &[WorkingHoursRule],
    expected_version: Option<i64>,
) -> Result<Kept, Error> {
    match owner {
        Owner::Business => tenants::claim(conn, ctx.tenant)?,
        Owner::Staff(id) => people::claim(conn, ctx.tenant, id)?,
        Owner::Resource(id) => resources::claim(conn, ctx.tenant, id)?,
    }
    let zone = owner.zone(conn, ctx)?;
    let old = find(conn, ctx, owner)?;
    if expected_version.is_some_and(|expected| expected != old.version) {
        return Err(Error::Changed);
    }
    compile(rules, &zone)?;
    // The zone is written down, so that these hours stay where they are when their owner moves.
    let fixed = |rule: &WorkingHoursRule| {
        let timezone = Some(rule.timezone.clone().unwrap_or_else(|| zone.name().to_owned()));
        WorkingHoursRule { timezone, ..rule.clone() }
    };
    let rules: Vec<WorkingHoursRule> = rules.iter().map(fixed).collect();
    if rules == old.rules {
        return Ok(old);
    }
    let column = serde_json::to_string(&rules)
        .map_err(|e| store::Error::Db(diesel::result::Error::SerializationError(Box::new(e))))?;
    let (tenant_id, owner_id, version) = (ctx.tenant, owner.id(), old.version + 1);
    hours::put(conn, &WorkingHours { tenant_id, owner_id, rules: column, version, updated_at: ctx.now })?;
    Ok(Kept { rules, version })
}

/// Rules as the availability engine takes them.
///
/// # Errors
/// [`Error::Invalid`] with every fault, pointers such as `/0/rrule`.
pub fn compile(rules: &[WorkingHoursRule], zone: &Zone) -> Result<Vec<HoursRule>, Error> {
    let mut faults = Faults::default();
    if rules.len() > RULES {
        faults.add("", format!("has {} rules; at most {RULES} are allowed", rules.len()));
        return faults.check().map(|()| Vec::new());
    }
    let compiled = rules.iter().enumerate().filter_map(|(i, rule)| compiled(rule, zone, &format!("/{i}"), &mut faults));
    let compiled = compiled.collect();
    faults.check()?;
    Ok(compiled)
}

/// The rules in a row.
///
/// # Errors
/// [`Error::Store`] when the column holds something else.
pub fn rules_of(row: &WorkingHours) -> Result<Vec<WorkingHoursRule>, Error> {
    serde_json::from_str(&row.rules)
        .map_err(|e| store::Error::Db(diesel::result::Error::DeserializationError(Box::new(e))).into())
}

fn compiled(rule: &WorkingHoursRule, zone: &Zone, at: &str, faults: &mut Faults) -> Option<HoursRule> {
    let before = faults.len();
    let days = Rule::parse(rule.rrule.trim().trim_start_matches("RRULE:"));
    let days = faults.take(&format!("{at}/rrule"), days.map(Some));
    let own = faults.take(&format!("{at}/timezone"), rule.timezone.as_deref().map(input::zone).transpose());
    let date = |text: &Option<String>, field: &str, faults: &mut Faults| -> Option<Date> {
        faults.take(&format!("{at}/{field}"), text.as_deref().map(parse_date).transpose())
    };
    let valid_from = date(&rule.valid_from, "valid_from", faults);
    let valid_until = date(&rule.valid_until, "valid_until", faults);
    if valid_from.zip(valid_until).is_some_and(|(from, until)| until < from) {
        faults.add(format!("{at}/valid_until"), "is before valid_from");
    }
    let exdates = dates(&rule.exdates, &format!("{at}/exdates"), faults);
    let rdates = dates(&rule.rdates, &format!("{at}/rdates"), faults);
    let start = faults.take(&format!("{at}/start"), time(&rule.start));
    let end = faults.take(&format!("{at}/end"), time(&rule.end));
    let breaks = rule.breaks.iter().take(DATES).enumerate();
    let breaks = breaks
        .map(|(i, pause)| Break {
            start: faults.take(&format!("{at}/breaks/{i}/start"), time(&pause.start)),
            end: faults.take(&format!("{at}/breaks/{i}/end"), time(&pause.end)),
        })
        .collect();
    if faults.len() > before {
        return None;
    }
    let spec = HoursSpec {
        rule: days?,
        valid_from,
        valid_until,
        exdates,
        rdates,
        shift: Shift { start, end, breaks },
        zone: own.unwrap_or_else(|| zone.clone()),
    };
    faults.take(&format!("{at}/rrule"), HoursRule::new(spec).map(Some))
}

fn dates(texts: &[String], at: &str, faults: &mut Faults) -> Vec<Date> {
    if texts.len() > DATES {
        faults.add(at, format!("has {} entries; at most {DATES} are allowed", texts.len()));
        return Vec::new();
    }
    let date = |(i, text): (usize, &String)| faults.take(&format!("{at}/{i}"), parse_date(text).map(Some));
    texts.iter().enumerate().filter_map(date).collect()
}

/// A time of the clock; `24:00` is the midnight at the day's end.
fn time(text: &str) -> Result<Time, String> {
    if text == "24:00" {
        return Ok(Time::midnight());
    }
    parse_time(text).map_err(|error| error.to_string())
}
