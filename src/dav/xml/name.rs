use std::sync::Arc;

use compact_str::CompactString;

/// The namespace of `xml:lang`.
pub(super) const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// The namespace of namespace declarations.
pub(super) const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

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

    /// The prefix that the root of every answer declares for it, or that needs no declaration.
    pub fn prefix(&self) -> Option<&'static str> {
        match self {
            Self::Dav => Some("D"),
            Self::CalDav => Some("C"),
            Self::CalendarServer => Some("S"),
            Self::Apple => Some("A"),
            // It cannot be declared as the default namespace (Namespaces in XML §3).
            Self::Other(uri) if &**uri == XML => Some("xml"),
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

/// Whether something is an NCName: a name without colon (Namespaces in XML §3, XML 1.0 §2.3).
pub(in crate::dav) fn is_ncname(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(begins_name) && chars.all(continues_name)
}

/// XML 1.0 `NameStartChar`, the colon not.
const fn begins_name(c: char) -> bool {
    match c {
        'a'..='z' | 'A'..='Z' | '_' => true,
        '\0'..='\u{bf}' => false,
        _ => matches!(c,
            '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}'
            | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}'
            | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}'),
    }
}

/// XML 1.0 `NameChar`, the colon not.
const fn continues_name(c: char) -> bool {
    begins_name(c) || matches!(c, '0'..='9' | '-' | '.' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}
