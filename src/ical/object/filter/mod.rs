//! CALDAV:filter: which objects a calendar-query wants (RFC 4791 §9.7).

mod collation;
mod matching;

pub use matching::matches;

use super::{Kind, TimeRange};

/// CALDAV:comp-filter (RFC 4791 §9.7.1). That of a CALDAV:filter is for VCALENDAR.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CompFilter {
    /// The type of component, in any case.
    pub name: String,
    /// What it has to be like.
    pub test: CompTest,
}

/// What a [`CompFilter`] asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CompTest {
    /// CALDAV:is-not-defined: there is no such component (§9.7.4).
    IsNotDefined,
    /// There is one for which all of these hold.
    Defined {
        /// CALDAV:time-range: an instance overlaps it (§9.9).
        time_range: Option<TimeRange>,
        /// CALDAV:prop-filter
        props: Vec<PropFilter>,
        /// CALDAV:comp-filter
        comps: Vec<CompFilter>,
    },
}

/// CALDAV:prop-filter (RFC 4791 §9.7.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PropFilter {
    /// The property, in any case.
    pub name: String,
    /// What it has to be like.
    pub test: PropTest,
}

/// What a [`PropFilter`] asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PropTest {
    /// CALDAV:is-not-defined
    IsNotDefined,
    /// There is one for which all of these hold.
    Defined {
        /// What its value has to be; `None` for any.
        value: Option<ValueTest>,
        /// CALDAV:param-filter
        params: Vec<ParamFilter>,
    },
}

/// What a [`PropFilter`] asks of a value. RFC 4791 §9.7.2 allows one or the other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ValueTest {
    /// CALDAV:time-range, for COMPLETED, CREATED, DTEND, DTSTAMP, DTSTART, DUE and LAST-MODIFIED (§9.9).
    TimeRange(TimeRange),
    /// CALDAV:text-match
    Text(TextMatch),
}

/// CALDAV:param-filter (RFC 4791 §9.7.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ParamFilter {
    /// The parameter, in any case.
    pub name: String,
    /// What it has to be like.
    pub test: ParamTest,
}

/// What a [`ParamFilter`] asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ParamTest {
    /// CALDAV:is-not-defined
    IsNotDefined,
    /// It is there, with a value that matches.
    Defined(Option<TextMatch>),
}

/// CALDAV:text-match: a substring (RFC 4791 §9.7.5).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TextMatch {
    /// How texts are compared.
    pub collation: Collation,
    /// What is looked for.
    pub text: String,
    /// negate-condition: whether it must not be there.
    pub negate: bool,
}

/// How texts are compared (RFC 4790).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Collation {
    /// `i;octet`: octet by octet (RFC 4790 §9.3).
    Octet,
    /// `i;ascii-casemap`: the letters A to Z in any case (RFC 4790 §9.2). What a query means that does not say.
    #[default]
    AsciiCasemap,
    /// `i;unicode-casemap`: all letters in any case, whichever way they are encoded (RFC 5051).
    UnicodeCasemap,
}

impl Collation {
    /// All of them: CALDAV:supported-collation-set (RFC 4791 §7.5.1).
    pub const ALL: [Self; 3] = [Self::AsciiCasemap, Self::Octet, Self::UnicodeCasemap];

    /// Its name in the registry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Octet => "i;octet",
            Self::AsciiCasemap => "i;ascii-casemap",
            Self::UnicodeCasemap => "i;unicode-casemap",
        }
    }

    /// The collation of that name; `default` is the server's choice, i;ascii-casemap (RFC 4790 §3.1, RFC 4791 §7.5).
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let default = (name == "default").then_some(Self::AsciiCasemap);
        default.or_else(|| Self::ALL.into_iter().find(|collation| collation.as_str() == name))
    }
}

/// What an index can answer of a filter: only objects for which this holds can match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The type of the objects, if the filter asks for one that must be there.
    pub kind: Option<Kind>,
    /// What their components have to overlap: to be compared with [`Index`](super::Index).
    pub time_range: Option<TimeRange>,
    /// Whether the filter says no more than these two. Then an [exact](super::Index::exact) entry is an answer.
    pub complete: bool,
}

impl CompFilter {
    /// A filter that is met by any component of a type.
    #[must_use]
    pub fn any(name: &str) -> Self {
        let test = CompTest::Defined { time_range: None, props: Vec::new(), comps: Vec::new() };
        Self { name: name.to_owned(), test }
    }

    /// What an index can answer of this filter, which is one for VCALENDAR.
    #[must_use]
    pub fn scope(&self) -> Scope {
        let mut scope = Scope { kind: None, time_range: None, complete: false };
        let CompTest::Defined { time_range: None, props, comps } = &self.test else { return scope };
        if !self.name.eq_ignore_ascii_case("VCALENDAR") {
            return scope;
        }
        if comps.is_empty() {
            scope.complete = props.is_empty();
            return scope;
        }
        let kinds = comps.iter().filter_map(|comp| match &comp.test {
            CompTest::Defined { time_range, props, comps } => {
                let bare = props.is_empty() && comps.is_empty();
                Kind::parse(&comp.name).map(|kind| (kind, *time_range, bare))
            }
            CompTest::IsNotDefined => None,
        });
        let mut kinds = kinds.collect::<Vec<_>>().into_iter();
        let Some((kind, time_range, bare)) = kinds.next() else { return scope };
        scope.kind = Some(kind);
        scope.time_range = time_range;
        scope.complete = bare && props.is_empty() && comps.len() == 1;
        scope
    }
}
