//! `CALDAV:calendar-data` (RFC 4791 §9.6): what part of an object is asked for, and that part.

use super::condition::{Condition, Failure};
use super::filter::interval;
use super::property::Resource;
use super::xml::{Element, Xml};
use crate::ical::object::select::{self, Comp, Prop, RecurrenceSet, Selection, select};
use crate::ical::object::{Limits, Object};
use crate::time::Zone;

/// What the objects of one answer may grow to, and how they are read.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    /// Whose clocks floating times are on.
    pub floating: Zone,
    pub left: select::Budget,
    /// Whether it did not suffice.
    pub exceeded: bool,
}

impl Budget {
    pub fn new(floating: Zone) -> Self {
        Self { floating, left: select::Budget::default(), exceeded: false }
    }
}

/// What an element asks for; `None`: the whole object as it is.
///
/// # Errors
/// `CALDAV:supported-calendar-data` for other formats, or a request that cannot be understood.
pub(super) fn selection(element: &Element) -> Result<Option<Selection>, Failure> {
    let content_type = element.attribute("content-type").unwrap_or("text/calendar");
    let version = element.attribute("version").unwrap_or("2.0");
    if !content_type.eq_ignore_ascii_case("text/calendar") || version != "2.0" {
        let detail = "calendar data is given as text/calendar, version 2.0";
        return Err(Failure::condition(Condition::SupportedCalendarData, detail));
    }
    let mut selection = Selection::default();
    let mut is_whole = true;
    for child in element.children() {
        is_whole = false;
        let twice = || Failure::BadRequest(format!("calendar-data has {} where another excludes it", child.name.local));
        match &*child.name.local {
            "comp" => selection.comp = Some(comp(child)?),
            "expand" if selection.recurrence.is_none() => {
                selection.recurrence = Some(RecurrenceSet::Expand(interval(child)?));
            }
            "limit-recurrence-set" if selection.recurrence.is_none() => {
                selection.recurrence = Some(RecurrenceSet::Limit(interval(child)?));
            }
            "limit-freebusy-set" => selection.limit_freebusy_set = Some(interval(child)?),
            "expand" | "limit-recurrence-set" => return Err(twice()),
            _ => is_whole = true,
        }
    }
    Ok((!is_whole).then_some(selection))
}

/// CALDAV:comp (RFC 4791 §9.6.1). The XML is at most as deep as is read at all.
fn comp(element: &Element) -> Result<Comp, Failure> {
    let named = |element: &Element| {
        let name = element.attribute("name").map(str::to_owned);
        name.ok_or_else(|| Failure::BadRequest(format!("{} has no name", element.name.local)))
    };
    let (mut props, mut comps) = (Some(Vec::new()), Some(Vec::new()));
    for child in element.children() {
        match &*child.name.local {
            "allprop" => props = None,
            "allcomp" => comps = None,
            "prop" => {
                let no_value = child.attribute("novalue") == Some("yes");
                let prop = Prop { name: named(child)?, no_value };
                props.iter_mut().for_each(|props| props.push(prop.clone()));
            }
            "comp" => {
                let inner = comp(child)?;
                comps.iter_mut().for_each(|comps| comps.push(inner.clone()));
            }
            _ => {}
        }
    }
    Ok(Comp::new(&named(element)?, props, comps))
}

/// Writes the property. False: the resource has no such property.
pub(super) fn write(xml: &mut Xml, resource: Resource<'_>, selection: Option<&Selection>, budget: &mut Budget) -> bool {
    let Resource::Object(_, collection, member) = resource else { return false };
    let Some(body) = &member.body else { return false };
    let selected = match selection {
        None => None,
        Some(selection) => match Object::parse(body.as_bytes(), &Limits::stored()) {
            Ok(object) => match select(&object, selection, &budget.floating, &mut budget.left) {
                Ok(text) => Some(text),
                Err(select::TooMany) => {
                    budget.exceeded = true;
                    return false;
                }
            },
            // What cannot be taken apart is given whole: the client may know better.
            Err(violation) => {
                let id = collection.id;
                tracing::error!(collection = %id, name = &*member.name, %violation, "a stored object cannot be read");
                None
            }
        },
    };
    xml.text("C:calendar-data", selected.as_deref().unwrap_or(body));
    true
}
