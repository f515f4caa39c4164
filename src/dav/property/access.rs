//! Who may do what (RFC 3744 §5).

use super::Resource;
use super::resource::username;
use crate::calendar::home::{Contents, Rights};
use crate::dav::path::Target;
use crate::dav::xml::Xml;

/// Who may do what (RFC 3744 §5.5): read-only truth.
pub(super) fn acl(xml: &mut Xml, resource: Resource<'_>) {
    let mut ace = |principal: &str, privilege: &str| {
        xml.raw(&format!(
            "<D:ace><D:principal>{principal}</D:principal><D:grant><D:privilege><{privilege}/></D:privilege></D:grant><D:protected/></D:ace>"
        ));
    };
    if resource.owner().is_some() {
        let bookings =
            matches!(resource, Resource::Collection(_, c) | Resource::Object(_, c, _) if c.contents == Contents::Team);
        ace("<D:property><D:owner/></D:property>", if bookings { "D:read" } else { "D:all" });
    } else {
        ace("<D:authenticated/>", "D:read");
    }
    // Managers and whom the owner lets in are in these groups (calendar-proxy).
    let Some(owner) = resource.owner().and_then(username).filter(|_| !matches!(resource, Resource::Folder)) else {
        return;
    };
    for (write, privilege) in [(false, "D:read"), (true, "D:write")] {
        let mut group = Xml::fragment();
        group.href(&Target::Proxy { username: owner.to_owned(), write }.href());
        ace(&group.into_string(), privilege);
    }
}

/// DAV:current-user-privilege-set (RFC 3744 §5.4).
pub(super) fn privileges(xml: &mut Xml, resource: Resource<'_>) {
    const READ: &[&str] = &["D:read", "D:read-acl", "D:read-current-user-privilege-set", "C:read-free-busy"];
    const WRITE_CONTENT: &[&str] = &["D:write-content", "D:write-properties", "D:bind", "D:unbind"];
    let mut privileges = READ.to_vec();
    match (resource, resource.rights()) {
        // What one sets on another's calendar is kept for oneself.
        (_, Rights::Read) => privileges.push("D:write-properties"),
        // The business makes bookings; they are moved and cancelled.
        (Resource::Collection(_, c) | Resource::Object(_, c, _), _) if c.is_bookings() => {
            privileges.extend(["D:write-content", "D:write-properties", "D:unbind"]);
        }
        (_, Rights::Write | Rights::Owner) => {
            privileges.push("D:write");
            privileges.extend(WRITE_CONTENT);
        }
    }
    for privilege in privileges {
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
