//! REPORT (RFC 3253 §3.6): one file for each.

mod expand_property;
mod free_busy;
mod multiget;
mod principals;
mod query;
pub(super) mod sync;

use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;

use super::condition::{Condition, Failure};
use super::path::{Place, Target};
use super::property::{Resource, Wanted};
use super::propfind::Ask;
use super::request::{Depth, Prefer};
use super::xml::{Element, Name, Ns, Xml};
use super::{DavState, Session};
use crate::ical::zones;
use crate::time::Zone;

/// The reports there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    /// RFC 4791 §7.8
    CalendarQuery,
    /// RFC 4791 §7.9
    CalendarMultiget,
    /// RFC 4791 §7.10
    FreeBusyQuery,
    /// RFC 6578 §3.2
    SyncCollection,
    /// RFC 3253 §3.8
    ExpandProperty,
    /// RFC 3744 §9.2
    AclPrincipalPropSet,
    /// RFC 3744 §9.3
    PrincipalMatch,
    /// RFC 3744 §9.4
    PrincipalPropertySearch,
    /// RFC 3744 §9.5
    PrincipalSearchPropertySet,
}

impl Report {
    const ALL: [Self; 9] = [
        Self::CalendarQuery,
        Self::CalendarMultiget,
        Self::FreeBusyQuery,
        Self::SyncCollection,
        Self::ExpandProperty,
        Self::AclPrincipalPropSet,
        Self::PrincipalMatch,
        Self::PrincipalPropertySearch,
        Self::PrincipalSearchPropertySet,
    ];

    fn name(self) -> Name {
        let (ns, local) = match self {
            Self::CalendarQuery => (Ns::CalDav, "calendar-query"),
            Self::CalendarMultiget => (Ns::CalDav, "calendar-multiget"),
            Self::FreeBusyQuery => (Ns::CalDav, "free-busy-query"),
            Self::SyncCollection => (Ns::Dav, "sync-collection"),
            Self::ExpandProperty => (Ns::Dav, "expand-property"),
            Self::AclPrincipalPropSet => (Ns::Dav, "acl-principal-prop-set"),
            Self::PrincipalMatch => (Ns::Dav, "principal-match"),
            Self::PrincipalPropertySearch => (Ns::Dav, "principal-property-search"),
            Self::PrincipalSearchPropertySet => (Ns::Dav, "principal-search-property-set"),
        };
        Name::new(ns, local)
    }

    /// Whether a resource has it.
    const fn is_on(self, resource: &Resource<'_>) -> bool {
        match self {
            Self::CalendarQuery | Self::CalendarMultiget => {
                matches!(resource, Resource::Collection(..) | Resource::Object(..))
            }
            Self::FreeBusyQuery => matches!(resource, Resource::Collection(..)),
            // macOS syncs the home, and uses the report nowhere when it is not listed there.
            Self::SyncCollection => matches!(resource, Resource::Collection(..) | Resource::Home(..)),
            Self::ExpandProperty => true,
            Self::AclPrincipalPropSet => !matches!(resource, Resource::Folder),
            Self::PrincipalMatch | Self::PrincipalPropertySearch | Self::PrincipalSearchPropertySet => {
                !matches!(resource, Resource::Object(..))
            }
        }
    }

    /// What is inside `DAV:supported-report-set`.
    pub fn supported_set(xml: &mut Xml, resource: Resource<'_>) {
        for report in Self::ALL.into_iter().filter(|report| report.is_on(&resource)) {
            xml.raw("<D:supported-report><D:report>");
            xml.empty_name(&report.name());
            xml.raw("</D:report></D:supported-report>");
        }
    }
}

/// A report as it was asked for.
struct Call<'a> {
    state: &'a DavState,
    session: &'a Session,
    target: Target,
    depth: Option<Depth>,
    prefer: Prefer,
    root: Arc<Element>,
}

/// Answers a REPORT.
pub(super) async fn report(
    state: &DavState,
    session: &Session,
    target: Target,
    depth: Option<Depth>,
    (root, prefer): (Option<Arc<Element>>, Prefer),
) -> Result<Response<Body>, Failure> {
    let root = root.ok_or_else(|| Failure::BadRequest("a REPORT says in its body which one it is".to_owned()))?;
    let Some(report) = Report::ALL.into_iter().find(|report| report.name() == root.name) else {
        return Err(Failure::condition(Condition::SupportedReport, "there is no such report"));
    };
    let call = Call { state, session, target, depth, prefer, root };
    match report {
        Report::CalendarQuery => query::answer(call).await,
        Report::CalendarMultiget => multiget::answer(call).await,
        Report::FreeBusyQuery => free_busy::answer(call).await,
        Report::SyncCollection => sync::answer(call).await,
        Report::ExpandProperty => expand_property::answer(call).await,
        Report::AclPrincipalPropSet => principals::of_acl(call).await,
        Report::PrincipalMatch => principals::matching(call).await,
        Report::PrincipalPropertySearch => principals::search(call).await,
        Report::PrincipalSearchPropertySet => principals::searchable(&call),
    }
}

impl Call<'_> {
    /// The collection that the report is about.
    fn collection(&self) -> Result<(String, String), Failure> {
        match self.of_objects()? {
            (username, collection, None) => Ok((username, collection)),
            _ => Err(Failure::condition(Condition::SupportedReport, "this report is answered by calendars")),
        }
    }

    /// The collection whose objects the report is about, and the name of the one object, if it is about no other.
    fn of_objects(&self) -> Result<(String, String, Option<String>), Failure> {
        match self.target.clone() {
            Target::Collection { username, collection } => Ok((username, collection, None)),
            Target::Object(Place { username, collection, name }) => Ok((username, collection, Some(name))),
            _ => Err(Failure::condition(Condition::SupportedReport, "this report is answered by calendars")),
        }
    }

    /// The properties it asks for; none when it names none.
    fn wanted(&self) -> Result<Wanted, Failure> {
        Ok(Wanted::of(&self.root)?.unwrap_or(Wanted::These(Vec::new())))
    }

    /// Who asks, and for which properties.
    fn ask(&self) -> Result<Ask, Failure> {
        Ok(Ask::new(self.session, self.wanted()?, self.prefer, false))
    }

    /// The zone of `CALDAV:timezone` (RFC 4791 §9.8) or `CALDAV:timezone-id` (RFC 7809 §5.1).
    fn timezone(&self) -> Result<Option<Zone>, Failure> {
        let invalid = |condition| move || Failure::condition(condition, "the time zone is not one that is known");
        if let Some(id) = self.root.child(&Name::caldav("timezone-id")) {
            return zones::zone_by_name(&id.text()).map(Some).ok_or_else(invalid(Condition::ValidTimezone));
        }
        match self.root.child(&Name::caldav("timezone")) {
            Some(element) => {
                let zone = zones::of_calendar(&element.text());
                zone.map(Some).ok_or_else(invalid(Condition::ValidTimezoneData))
            }
            None => Ok(None),
        }
    }
}
