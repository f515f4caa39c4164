//! Who may do what (RFC 3744 §5).

use super::Resource;
use super::resource::username;
use crate::calendar::home::{Contents, Rights};
use crate::dav::path::Target;
use crate::dav::xml::Xml;

const READ: [&str; 4] = ["D:read", "D:read-acl", "D:read-current-user-privilege-set", "C:read-free-busy"];

/// What somebody with these rights may do to a resource beside reading it.
const fn granted(resource: &Resource<'_>, rights: Rights) -> &'static [&'static str] {
    const ALL: &[&str] = &["D:write", "D:write-content", "D:write-properties", "D:bind", "D:unbind"];
    const PROPERTIES: &[&str] = &["D:write-properties"];
    match (resource, rights) {
        (Resource::Home(..), Rights::Owner) => ALL,
        (Resource::Principal(..) | Resource::Proxy { .. } | Resource::Inbox(..), Rights::Owner) => PROPERTIES,
        // Only owners make and delete calendars.
        (Resource::Folder | Resource::Principal(..) | Resource::Proxy { .. }, _) => &[],
        (Resource::Home(..) | Resource::Inbox(..), _) => &[],
        // What one sets on another's calendar is kept for oneself.
        (Resource::Collection(..) | Resource::Object(..), Rights::Read) => PROPERTIES,
        // The business makes bookings; they are moved and cancelled.
        (Resource::Collection(_, c) | Resource::Object(_, c, _), _) if c.is_bookings() => {
            &["D:write-content", "D:write-properties", "D:unbind"]
        }
        (Resource::Collection(..) | Resource::Object(..), Rights::Write | Rights::Owner) => ALL,
    }
}

/// Who may do what (RFC 3744 §5.5): read-only truth.
pub(super) fn acl(xml: &mut Xml, resource: Resource<'_>) {
    let mut ace = |principal: &str, privileges: &[&str]| {
        let privileges: String =
            privileges.iter().map(|name| format!("<D:privilege><{name}/></D:privilege>")).collect();
        xml.raw(&format!(
            "<D:ace><D:principal>{principal}</D:principal><D:grant>{privileges}</D:grant><D:protected/></D:ace>"
        ));
    };
    let Some(owner) = resource.owner() else {
        ace("<D:authenticated/>", &["D:read"]);
        return;
    };
    // The business's own calendar is changed where its bookings are.
    let of_team =
        matches!(resource, Resource::Collection(_, c) | Resource::Object(_, c, _) if c.contents == Contents::Team);
    let most = |rights| if of_team { Rights::Read } else { rights };
    let with_read = |rights| [&["D:read"], granted(&resource, most(rights))].concat();
    ace("<D:property><D:owner/></D:property>", &with_read(Rights::Owner));
    // Managers and whom the owner lets in are in these groups (calendar-proxy).
    let Some(owner) = username(owner) else { return };
    for (write, rights) in [(false, Rights::Read), (true, Rights::Write)] {
        let mut group = Xml::fragment();
        group.href(&Target::Proxy { username: owner.to_owned(), write }.href());
        ace(&group.into_string(), &with_read(rights));
    }
}

/// DAV:current-user-privilege-set (RFC 3744 §5.4) of the person with this login name.
pub(super) fn privileges(xml: &mut Xml, resource: Resource<'_>, reader: &str) {
    let rights = match resource {
        Resource::Principal(person, _) | Resource::Proxy { owner: person, .. } if username(person) == Some(reader) => {
            Rights::Owner
        }
        _ => resource.rights(),
    };
    for privilege in READ.iter().chain(granted(&resource, rights)) {
        xml.element("D:privilege", |xml| xml.empty(privilege));
    }
}

/// DAV:supported-privilege-set (RFC 3744 §5.3).
pub(super) const SUPPORTED_PRIVILEGES: &str = "<D:supported-privilege><D:privilege><D:all/></D:privilege>\
     <D:description xml:lang=\"en\">Everything</D:description>\
     <D:supported-privilege><D:privilege><D:read/></D:privilege><D:description xml:lang=\"en\">Read</D:description>\
     <D:supported-privilege><D:privilege><C:read-free-busy/></D:privilege><D:description xml:lang=\"en\">See busy times</D:description></D:supported-privilege>\
     <D:supported-privilege><D:privilege><D:read-acl/></D:privilege><D:description xml:lang=\"en\">Read access rules</D:description></D:supported-privilege>\
     <D:supported-privilege><D:privilege><D:read-current-user-privilege-set/></D:privilege><D:description xml:lang=\"en\">Read one's own privileges</D:description></D:supported-privilege>\
     </D:supported-privilege>\
     <D:supported-privilege><D:privilege><D:write/></D:privilege><D:description xml:lang=\"en\">Change</D:description>\
     <D:supported-privilege><D:privilege><D:write-content/></D:privilege><D:description xml:lang=\"en\">Change objects</D:description></D:supported-privilege>\
     <D:supported-privilege><D:privilege><D:write-properties/></D:privilege><D:description xml:lang=\"en\">Change properties</D:description></D:supported-privilege>\
     <D:supported-privilege><D:privilege><D:bind/></D:privilege><D:description xml:lang=\"en\">Add objects</D:description></D:supported-privilege>\
     <D:supported-privilege><D:privilege><D:unbind/></D:privilege><D:description xml:lang=\"en\">Delete objects</D:description></D:supported-privilege>\
     </D:supported-privilege></D:supported-privilege>";
