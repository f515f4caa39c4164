//! CALDAV:calendar-data: which part of an object a report asks for (RFC 4791 §9.6).

mod expand;
mod limit;
mod partial;

use super::Object;
use crate::time::{Interval, Zone};

/// What a report wants of each object. The default is all of it, for which the stored text is the better answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Selection {
    /// CALDAV:comp of VCALENDAR; `None` for everything.
    pub comp: Option<Comp>,
    /// CALDAV:expand or CALDAV:limit-recurrence-set.
    pub recurrence: Option<RecurrenceSet>,
    /// CALDAV:limit-freebusy-set (§9.6.7).
    pub limit_freebusy_set: Option<Interval>,
}

/// What becomes of recurring components. RFC 4791 §9.6 allows one or the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecurrenceSet {
    /// CALDAV:expand: every instance as a component of its own, in UTC (§9.6.5).
    Expand(Interval),
    /// CALDAV:limit-recurrence-set: the master, and the overrides that matter within this time (§9.6.6).
    Limit(Interval),
}

/// CALDAV:comp (RFC 4791 §9.6.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Comp {
    /// The type of component, in any case.
    pub name: String,
    /// Its properties; `None` is CALDAV:allprop.
    pub props: Option<Vec<Prop>>,
    /// The components in it; `None` is CALDAV:allcomp.
    pub comps: Option<Vec<Comp>>,
}

impl Comp {
    /// As the element says: `props` and `comps` are what stands in it. An element with nothing in it asks for the whole
    /// component, as the VTIMEZONE of the example in RFC 4791 §7.8.1 does.
    #[must_use]
    pub fn new(name: &str, props: Option<Vec<Prop>>, comps: Option<Vec<Self>>) -> Self {
        let empty = props.as_ref().is_some_and(Vec::is_empty) && comps.as_ref().is_some_and(Vec::is_empty);
        let (props, comps) = if empty { (None, None) } else { (props, comps) };
        Self { name: name.to_owned(), props, comps }
    }
}

/// CALDAV:prop of a [`Comp`] (RFC 4791 §9.6.4).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Prop {
    /// The property, in any case.
    pub name: String,
    /// Whether its value is left out.
    pub no_value: bool,
}

/// What all objects of one answer may grow to together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Instances that are expanded.
    pub instances: usize,
    /// Octets of text.
    pub bytes: usize,
}

impl Default for Budget {
    /// 10,000 instances and 16 MiB.
    fn default() -> Self {
        Self { instances: 10_000, bytes: 16 * 1024 * 1024 }
    }
}

/// The answer would be larger than the [`Budget`], or take too much work: DAV:number-of-matches-within-limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer would be too large; ask for a shorter time")]
pub struct TooMany;

/// The text of what `selection` asks for. Floating times and dates are those of `floating`. What it takes is taken from
/// `budget`.
///
/// # Errors
/// [`TooMany`] when the budget does not suffice.
pub fn select(object: &Object, selection: &Selection, floating: &Zone, budget: &mut Budget) -> Result<String, TooMany> {
    partial::select(object, selection, floating, budget)
}
