//! Paths under `/dav/` and what they name.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::xml::Xml;

/// Where everything begins.
pub(super) const ROOT: &str = "/dav/";

/// What a path names, whether it is there or not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Target {
    /// `/dav/`
    Root,
    /// `/dav/principals/`
    Principals,
    /// `/dav/principals/{username}/`
    Principal(String),
    /// `/dav/principals/{username}/calendar-proxy-read/` or `…-write/`
    Proxy { username: String, write: bool },
    /// `/dav/calendars/`
    Calendars,
    /// `/dav/calendars/{username}/`
    Home(String),
    /// `/dav/calendars/{username}/inbox/`
    Inbox(String),
    /// `/dav/calendars/{username}/outbox/`
    Outbox(String),
    /// `/dav/calendars/{username}/{collection}/`
    Collection { username: String, collection: String },
    /// `/dav/calendars/{username}/{collection}/{name}`
    Object(Place),
}

/// Where an object is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub username: String,
    pub collection: String,
    pub name: String,
}

impl Place {
    /// Its path, encoded.
    pub fn href(&self) -> String {
        let mut href = collection_href(&self.username, &self.collection);
        push_encoded(&mut href, &self.name);
        href
    }
}

pub(super) const PROXY_READ: &str = "calendar-proxy-read";
pub(super) const PROXY_WRITE: &str = "calendar-proxy-write";
const INBOX: &str = "inbox";
const OUTBOX: &str = "outbox";

/// Octets of a segment.
const MAX_SEGMENT: usize = 255;

impl Target {
    /// What the path of a URL names; `None` for what nothing can be at.
    pub fn parse(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("/dav")?;
        let rest = rest.strip_prefix('/').or(if rest.is_empty() { Some("") } else { None })?;
        let slash = rest.ends_with('/');
        let segments = rest.strip_suffix('/').unwrap_or(rest);
        if segments.is_empty() {
            return Some(Self::Root);
        }
        let (mut found, mut count) = ([const { Cow::Borrowed("") }; 4], 0);
        for encoded in segments.split('/') {
            *found.get_mut(count)? = segment(encoded)?;
            count += 1;
        }
        let texts = found.each_ref().map(|text| &**text);
        Some(match &texts[..count] {
            ["principals"] => Self::Principals,
            ["principals", username] => Self::Principal((*username).to_owned()),
            ["principals", username, PROXY_READ] => Self::Proxy { username: (*username).to_owned(), write: false },
            ["principals", username, PROXY_WRITE] => Self::Proxy { username: (*username).to_owned(), write: true },
            ["calendars"] => Self::Calendars,
            ["calendars", username] => Self::Home((*username).to_owned()),
            ["calendars", username, INBOX] => Self::Inbox((*username).to_owned()),
            ["calendars", username, OUTBOX] => Self::Outbox((*username).to_owned()),
            ["calendars", username, collection] => {
                Self::Collection { username: (*username).to_owned(), collection: (*collection).to_owned() }
            }
            ["calendars", username, collection, name] if !slash && !matches!(*collection, INBOX | OUTBOX) => {
                let [username, collection, name] = [username, collection, name].map(|text| (*text).to_owned());
                Self::Object(Place { username, collection, name })
            }
            _ => return None,
        })
    }

    /// What an `href` of a request, or a Destination, names: a path, or a URL whose path it is. Which server a URL names
    /// does not count: behind proxies, scheme and port are not what the client sees.
    pub fn of_href(href: &str) -> Option<Self> {
        let href = href.trim();
        let path = match href.split_once("://") {
            Some((_, rest)) => &rest[rest.find('/')?..],
            None => href,
        };
        Self::parse(path.split(['?', '#']).next().unwrap_or_default())
    }

    /// Its path, encoded, with a slash at the end of what is a collection.
    pub fn href(&self) -> String {
        match self {
            Self::Root => ROOT.to_owned(),
            Self::Principals => format!("{ROOT}principals/"),
            Self::Principal(username) => principal(username),
            Self::Proxy { username, write } => {
                format!("{}{}/", principal(username), if *write { PROXY_WRITE } else { PROXY_READ })
            }
            Self::Calendars => format!("{ROOT}calendars/"),
            Self::Home(username) => home(username),
            Self::Inbox(username) => format!("{}{INBOX}/", home(username)),
            Self::Outbox(username) => format!("{}{OUTBOX}/", home(username)),
            Self::Collection { username, collection } => collection_href(username, collection),
            Self::Object(place) => place.href(),
        }
    }

    /// Whose calendars or principal it belongs to.
    pub fn username(&self) -> Option<&str> {
        match self {
            Self::Root | Self::Principals | Self::Calendars => None,
            Self::Principal(username) | Self::Home(username) | Self::Inbox(username) | Self::Outbox(username) => {
                Some(username)
            }
            Self::Proxy { username, .. } | Self::Collection { username, .. } => Some(username),
            Self::Object(place) => Some(&place.username),
        }
    }
}

/// The path of a principal.
pub(super) fn principal(username: &str) -> String {
    let mut href = format!("{ROOT}principals/");
    push_encoded(&mut href, username);
    href.push('/');
    href
}

/// The path of a calendar home.
pub(super) fn home(username: &str) -> String {
    let mut href = format!("{ROOT}calendars/");
    push_encoded(&mut href, username);
    href.push('/');
    href
}

/// The path of a collection.
pub(super) fn collection_href(username: &str, collection: &str) -> String {
    let mut href = home(username);
    push_encoded(&mut href, collection);
    href.push('/');
    href
}

/// Writes the path of a member of the collection at `collection`, for which XML needs no references.
pub(super) fn push_member(xml: &mut Xml, collection: &str, name: &str) {
    xml.raw(collection);
    if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')) {
        return xml.raw(name);
    }
    utf8_percent_encode(name, SEGMENT).for_each(|part| xml.raw(part));
}

/// All that is not `unreserved`, a sub-delimiter, `:` or `@` (RFC 3986 §3.3), and `&` and `'`, which XML and shells read.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'\'')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Adds a segment to a path.
pub(super) fn push_encoded(href: &mut String, segment: &str) {
    href.extend(utf8_percent_encode(segment, SEGMENT));
}

/// A decoded segment that can name something.
pub(super) fn segment(encoded: &str) -> Option<Cow<'_, str>> {
    let decoded = match memchr::memchr(b'%', encoded.as_bytes()) {
        None => Cow::Borrowed(encoded),
        Some(_) => percent_decode_str(encoded).decode_utf8().ok()?,
    };
    let bad = decoded.is_empty()
        || decoded.len() > MAX_SEGMENT
        || matches!(&*decoded, "." | "..")
        || decoded.contains(|c: char| c == '/' || c == '\\' || c.is_control());
    (!bad).then_some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_there_and_back() {
        for (path, target) in [
            ("/dav/", Target::Root),
            ("/dav/principals/anna/", Target::Principal("anna".into())),
            ("/dav/calendars/anna/", Target::Home("anna".into())),
            (
                "/dav/calendars/anna/my%20calendar/",
                Target::Collection { username: "anna".into(), collection: "my calendar".into() },
            ),
            (
                "/dav/calendars/anna/work/a%26b%20%C3%A9@x.ics",
                Target::Object(Place {
                    username: "anna".into(),
                    collection: "work".into(),
                    name: "a&b é@x.ics".into(),
                }),
            ),
            ("/dav/principals/anna/calendar-proxy-write/", Target::Proxy { username: "anna".into(), write: true }),
        ] {
            assert_eq!(Target::parse(path).as_ref(), Some(&target), "{path}");
            assert_eq!(target.href(), path);
            assert_eq!(Target::of_href(&format!("https://other:81{path}")), Some(target));
        }
        assert_eq!(Target::parse("/dav"), Some(Target::Root));
        assert_eq!(Target::parse("/dav/calendars/anna"), Some(Target::Home("anna".into())));
    }

    #[test]
    fn what_names_nothing() {
        for path in [
            "/",
            "/davx/",
            "/dav/other/",
            "/dav/calendars/anna/../ben/",
            "/dav/calendars/anna/%2e%2e/",
            "/dav//calendars/",
            "/dav/calendars/anna/a%2Fb/",
            "/dav/calendars/anna/a%00/",
            "/dav/calendars/anna/w/x/y",
            "/dav/calendars/anna/%ff/",
            "/dav/calendars/anna/w/x.ics/",
            "/dav/calendars/anna/inbox/x.ics",
        ] {
            assert_eq!(Target::parse(path), None, "{path}");
        }
    }
}
