//! Properties (RFC 4918 §4): which there are, which are asked for, what they say, and what clients set.

mod access;
mod collection;
mod live;
mod principal;
mod resource;
mod stored;
mod value;

pub(super) use live::{Live, live};
pub(super) use resource::{Href, Relations, Resource};
pub(super) use stored::Stored;
pub(super) use value::Describe;

use super::calendar_data;
use super::condition::{Condition, Failure};
use super::xml::{Element, Name};
use crate::calendar::home::Collection;
use crate::calendar::members::Detail;
use crate::ical::object::select::Selection;

/// A property that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Asked {
    /// One that Fasti works out.
    Live(Name, Live),
    /// `CALDAV:calendar-data` (RFC 4791 §9.6); `None`: the object as it is.
    CalendarData(Name, Option<Box<Selection>>),
    /// One that nobody or only clients know.
    Other(Name),
}

/// Which properties an answer is to have (RFC 4918 §14.20).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Wanted {
    /// `DAV:allprop`, and what `DAV:include` names.
    All(Vec<Asked>),
    /// `DAV:propname`
    Names,
    /// `DAV:prop`
    These(Vec<Asked>),
}

impl Wanted {
    /// What the body of a PROPFIND asks for; without one, everything.
    pub fn of_propfind(body: Option<&Element>) -> Result<Self, Failure> {
        let Some(root) = body else { return Ok(Self::All(Vec::new())) };
        if !root.name.is_dav("propfind") {
            return Err(Failure::BadRequest("the body of a PROPFIND is a DAV:propfind".to_owned()));
        }
        let wanted = Self::of(root)?;
        wanted.ok_or_else(|| Failure::BadRequest("DAV:propfind has neither prop, propname nor allprop".to_owned()))
    }

    /// What the elements in `parent`, a report or a propfind, ask for.
    pub fn of(parent: &Element) -> Result<Option<Self>, Failure> {
        let mut wanted = None;
        let mut included = Vec::new();
        for child in parent.children() {
            let next = if child.name.is_dav("prop") {
                Self::These(asked(child)?)
            } else if child.name.is_dav("propname") {
                Self::Names
            } else if child.name.is_dav("allprop") {
                Self::All(Vec::new())
            } else {
                if child.name.is_dav("include") {
                    included = asked(child)?;
                }
                continue;
            };
            if wanted.replace(next).is_some() {
                return Err(Failure::BadRequest("prop, propname and allprop exclude each other".to_owned()));
            }
        }
        if let Some(Self::All(include)) = &mut wanted {
            *include = included;
        }
        Ok(wanted)
    }

    fn named(&self) -> &[Asked] {
        match self {
            Self::All(named) | Self::These(named) => named,
            Self::Names => &[],
        }
    }

    /// What of the objects of a collection is needed. How long the text of a booking is is known when it is made.
    pub fn detail(&self, collection: &Collection) -> Detail {
        let sizes = if collection.is_bookings() { Detail::Texts } else { Detail::Properties };
        let of = |asked: &Asked| match asked {
            Asked::CalendarData(..) => Detail::Texts,
            Asked::Live(_, Live::ContentLength) => sizes,
            Asked::Live(_, Live::CreationDate | Live::LastModified) => Detail::Properties,
            Asked::Live(..) | Asked::Other(_) => Detail::Tags,
        };
        let least = if matches!(self, Self::These(_)) { Detail::Tags } else { sizes };
        self.named().iter().map(of).fold(least, Detail::max)
    }

    /// Whether nothing but tags is asked for: what clients ask most of long lists.
    pub fn is_tag(&self) -> bool {
        matches!(self.named(), [Asked::Live(_, Live::ETag)]) && matches!(self, Self::These(_))
    }

    /// Whether tags and whole texts are asked for: what clients ask most of some objects.
    pub fn is_tag_and_text(&self) -> bool {
        let named = self.named();
        matches!(named, [Asked::Live(_, Live::ETag), Asked::CalendarData(_, None)]) && matches!(self, Self::These(_))
    }

    /// Whether parts of texts are to be picked, or dates worked out.
    pub fn selects(&self) -> bool {
        self.named().iter().any(|asked| matches!(asked, Asked::CalendarData(_, Some(_))))
    }

    /// Whether what clients set on objects is needed.
    pub fn needs_stored(&self) -> bool {
        let settable = |asked: &Asked| match asked {
            Asked::Live(_, live) => live.is_settable(),
            Asked::CalendarData(..) => false,
            Asked::Other(_) => true,
        };
        !matches!(self, Self::These(named) if !named.iter().any(settable))
    }

    /// Whether what is said of a home needs its collections.
    pub fn needs_collections(&self) -> bool {
        let needs = |live: &Live| matches!(live, Live::SyncToken | Live::QuotaUsed | Live::QuotaAvailable);
        self.named().iter().any(|asked| matches!(asked, Asked::Live(_, live) if needs(live)))
    }

    /// Whether what is asked for may change by itself, as working hours do that are listed from today on.
    pub fn needs_now(&self) -> bool {
        let lasts = |asked: &Asked| match asked {
            Asked::Live(_, live) => !matches!(live, Live::CalendarAvailability | Live::OldCalendarAvailability),
            Asked::CalendarData(..) | Asked::Other(_) => true,
        };
        !matches!(self, Self::These(named) if named.iter().all(lasts))
    }

    /// Whether it is needed who may act for whom.
    pub fn needs_relations(&self) -> bool {
        self.named().iter().any(|asked| matches!(asked, Asked::Live(_, live) if live.is_about_relations()))
    }
}

fn asked(prop: &Element) -> Result<Vec<Asked>, Failure> {
    const MAX: usize = 500;
    let mut asked = Vec::new();
    for element in prop.children() {
        if asked.len() == MAX {
            return Err(Failure::condition(Condition::MatchesWithinLimits, format!("more than {MAX} properties")));
        }
        let name = element.name.clone();
        asked.push(if name.is_caldav("calendar-data") {
            Asked::CalendarData(name, calendar_data::selection(element)?.map(Box::new))
        } else {
            match live(&name) {
                Some(live) => Asked::Live(name, live),
                None => Asked::Other(name),
            }
        });
    }
    Ok(asked)
}
