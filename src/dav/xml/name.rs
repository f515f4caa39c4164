use std::sync::Arc;

use compact_str::CompactString;

/// A namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::dav) enum Ns {
    /// `DAV:` (RFC 4918 §14)
    Dav,
    /// `urn:ietf:params:xml:ns:caldav` (RFC 4791 §4)
    CalDav,
    /// `http://calendarserver.org/ns/`: what Apple added
    CalendarServer,
    /// `http://apple.com/ns/ical/`
    Apple,
    /// No namespace.
    None,
    /// Any other.
    Other(Arc<str>),
}

impl Ns {
    /// The namespace of this URI.
    pub fn of(uri: &str) -> Self {
        match uri {
            "DAV:" => Self::Dav,
            "urn:ietf:params:xml:ns:caldav" => Self::CalDav,
            "http://calendarserver.org/ns/" => Self::CalendarServer,
            "http://apple.com/ns/ical/" => Self::Apple,
            "" => Self::None,
            other => Self::Other(other.into()),
        }
    }

    /// Its URI.
    pub fn uri(&self) -> &str {
        match self {
            Self::Dav => "DAV:",
            Self::CalDav => "urn:ietf:params:xml:ns:caldav",
            Self::CalendarServer => "http://calendarserver.org/ns/",
            Self::Apple => "http://apple.com/ns/ical/",
            Self::None => "",
            Self::Other(uri) => uri,
        }
    }

    /// The prefix that the root of every answer declares for it.
    pub const fn prefix(&self) -> Option<&'static str> {
        match self {
            Self::Dav => Some("D"),
            Self::CalDav => Some("C"),
            Self::CalendarServer => Some("S"),
            Self::Apple => Some("A"),
            Self::None | Self::Other(_) => None,
        }
    }
}

/// The name of an element (Namespaces in XML §2.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::dav) struct Name {
    pub ns: Ns,
    pub local: CompactString,
}

impl Name {
    pub fn new(ns: Ns, local: &str) -> Self {
        Self { ns, local: local.into() }
    }

    pub fn dav(local: &str) -> Self {
        Self::new(Ns::Dav, local)
    }

    pub fn caldav(local: &str) -> Self {
        Self::new(Ns::CalDav, local)
    }

    /// Whether it is this name of `DAV:`.
    pub fn is_dav(&self, local: &str) -> bool {
        self.ns == Ns::Dav && &*self.local == local
    }

    /// Whether it is this name of CalDAV.
    pub fn is_caldav(&self, local: &str) -> bool {
        self.ns == Ns::CalDav && &*self.local == local
    }
}
