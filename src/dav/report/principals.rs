//! Reports about principals (RFC 3744 §9.2 to §9.5). Nobody is found outside of one's own business.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;

use super::Call;
use crate::calendar::home;
use crate::dav::condition::{Condition, Failure};
use crate::dav::multistatus;
use crate::dav::path::Target;
use crate::dav::property::{Live, Wanted, live};
use crate::dav::propfind::Ask;
use crate::dav::request::Depth;
use crate::dav::xml::{Element, Name, Xml};
use crate::store::people::{self, Person};
use crate::store::{Conn, Role};

/// People that are looked through.
const LOOKED_THROUGH: i64 = 2_000;
/// People that an answer names.
const MOST: usize = 100;

/// RFC 3744 §9.2, §9.3, §9.5: Depth is 0. Of §9.4 that cannot be asked, as Thunderbird searches with Depth 1.
fn about_itself(call: &Call<'_>) -> Result<(), Failure> {
    match call.depth {
        None | Some(Depth::Zero) => Ok(()),
        Some(_) => Err(Failure::BadRequest("send this report with Depth 0".to_owned())),
    }
}

/// Fails as a PROPFIND would where nothing is.
fn is_there(conn: &mut Conn, ask: &Ask, target: &Target) -> Result<(), Failure> {
    let ask = Ask { wanted: Arc::new(Wanted::These(Vec::new())), ..ask.clone() };
    ask.describe(conn, &mut Xml::fragment(), target)
}

/// `DAV:acl-principal-prop-set`: who is named in a resource's ACL, which is its owner and who asks.
pub(super) async fn of_acl(call: Call<'_>) -> Result<Response<Body>, Failure> {
    about_itself(&call)?;
    let (ask, target) = (call.ask()?, call.target.clone());
    let Some(owner) = call.target.username().map(str::to_owned) else {
        return Err(Failure::condition(Condition::SupportedReport, "this is nobody's"));
    };
    let found = call.state.store().read(move |conn| {
        is_there(conn, &ask, &target)?;
        let mut xml = Xml::document("D:multistatus");
        let owner = home::find(conn, &ask.viewer, &owner)?.owner;
        ask.principal(conn, &mut xml, &owner)?;
        if owner.person_id != ask.viewer.person
            && let Some(me) = people::find(conn, ask.viewer.tenant, ask.viewer.person)?
        {
            ask.principal(conn, &mut xml, &me)?;
        }
        Ok::<_, Failure>(xml)
    });
    Ok(multistatus::whole(found.await?))
}

/// `DAV:principal-match`: which of the principals below, or owners of resources below, are who asks.
pub(super) async fn matching(call: Call<'_>) -> Result<Response<Body>, Failure> {
    about_itself(&call)?;
    let is_self = call.root.child(&Name::dav("self")).is_some();
    let property = call.root.child(&Name::dav("principal-property"));
    if is_self == property.is_some() {
        return Err(Failure::BadRequest("a principal-match has either self or principal-property".to_owned()));
    }
    // Of the properties that name principals, these are about who asks.
    let names_me = |property: &Element| matches!(live(&property.name), Some(Live::Owner | Live::CurrentUserPrincipal));
    let by_property = property.is_some_and(|property| property.children().any(names_me));
    let ask = call.ask()?;
    let target = call.target.clone();
    let found = call.state.store().read(move |conn| {
        is_there(conn, &ask, &target)?;
        let mut xml = Xml::document("D:multistatus");
        match &target {
            Target::Root | Target::Principals if is_self => {
                if let Some(me) = people::find(conn, ask.viewer.tenant, ask.viewer.person)? {
                    ask.principal(conn, &mut xml, &me)?;
                }
            }
            Target::Root | Target::Calendars if by_property => {
                let home = home::find(conn, &ask.viewer, &ask.username)?;
                ask.collections(conn, &mut xml, &home)?;
            }
            Target::Home(username) if by_property && *username == *ask.username => {
                let home = home::find(conn, &ask.viewer, username)?;
                ask.collections(conn, &mut xml, &home)?;
            }
            _ => {}
        }
        Ok::<_, Failure>(xml)
    });
    Ok(multistatus::whole(found.await?))
}

/// What people are searched by.
const SEARCHABLE: [(Live, &str); 3] = [
    (Live::DisplayName, "Name"),
    (Live::CalendarUserAddressSet, "Calendar address"),
    (Live::EmailAddressSet, "E-mail address"),
];

/// `DAV:principal-search-property-set`
pub(super) fn searchable(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    about_itself(call)?;
    let mut xml = Xml::document("D:principal-search-property-set");
    for (live, description) in SEARCHABLE {
        xml.element("D:principal-search-property", |xml| {
            xml.element("D:prop", |xml| xml.empty_name(&live.name()));
            xml.raw("<D:description xml:lang=\"en\">");
            xml.escaped(description);
            xml.raw("</D:description>");
        });
    }
    xml.close("D:principal-search-property-set");
    Ok(multistatus::xml_response(axum::http::StatusCode::OK, Body::from(xml.into_string())))
}

/// One thing that is searched for.
#[derive(Clone)]
struct Search {
    /// Properties of which one has to match.
    properties: Vec<Live>,
    text: String,
    how: How,
}

/// Where the text has to be; Apple's extension of the report.
#[derive(Clone, Copy)]
enum How {
    Contains,
    StartsWith,
    Equals,
}

impl Search {
    fn of(element: &Element) -> Result<Self, Failure> {
        let wrong = || Failure::BadRequest("a property-search has a prop and a match".to_owned());
        let prop = element.child(&Name::dav("prop")).ok_or_else(wrong)?;
        let text = element.child(&Name::dav("match")).ok_or_else(wrong)?;
        let how = match text.attribute("match-type") {
            Some("starts-with") => How::StartsWith,
            Some("equals") => How::Equals,
            _ => How::Contains,
        };
        let properties = prop.children().filter_map(|child| live(&child.name)).collect();
        Ok(Self { properties, text: text.text().trim().to_lowercase(), how })
    }

    fn finds(&self, person: &Person) -> bool {
        self.properties.iter().any(|property| match property {
            Live::DisplayName => self.is_in(&person.name),
            Live::CalendarUserAddressSet => {
                person.email.as_ref().is_some_and(|email| self.is_in(&format!("mailto:{email}")))
            }
            Live::EmailAddressSet => person.email.as_ref().is_some_and(|email| self.is_in(email)),
            _ => false,
        })
    }

    fn is_in(&self, value: &str) -> bool {
        let value = value.to_lowercase();
        match self.how {
            How::Contains => value.contains(&self.text),
            How::StartsWith => value.starts_with(&self.text),
            How::Equals => value == self.text,
        }
    }
}

/// `DAV:principal-property-search`
pub(super) async fn search(call: Call<'_>) -> Result<Response<Body>, Failure> {
    let ask = call.ask()?;
    let searches = call.root.children().filter(|child| child.name.is_dav("property-search")).map(Search::of);
    let searches = searches.collect::<Result<Vec<_>, _>>()?;
    if searches.is_empty() {
        return Err(Failure::BadRequest("a principal-property-search has a property-search".to_owned()));
    }
    let any = call.root.attribute("test") == Some("anyof");
    let found = call.state.store().read(move |conn| {
        let mut xml = Xml::document("D:multistatus");
        let fits = |person: &Person| match any {
            true => searches.iter().any(|search| search.finds(person)),
            false => searches.iter().all(|search| search.finds(person)),
        };
        for person in visible(conn, &ask)?.iter().filter(|person| fits(person)).take(MOST) {
            ask.principal(conn, &mut xml, person)?;
        }
        Ok::<_, Failure>(xml)
    });
    Ok(multistatus::whole(found.await?))
}

/// Customers are found by managers only.
fn visible(conn: &mut Conn, ask: &Ask) -> Result<Vec<Person>, Failure> {
    let roles: &[Role] = match ask.viewer.role {
        Role::Manager => &[Role::Manager, Role::Staff, Role::Customer],
        Role::Staff | Role::Customer => &[Role::Manager, Role::Staff],
    };
    Ok(people::list(conn, ask.viewer.tenant, roles, None, LOOKED_THROUGH)?)
}
