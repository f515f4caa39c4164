//! Entity tags that a change depends on (RFC 9110 §13.1), decided where the change is made.

use crate::time::Instant;

/// What an `If-Match` or `If-None-Match` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tags {
    /// `*`: any representation.
    Any,
    /// These, without quotes, as they were sent.
    Listed(Vec<String>),
}

/// What a change expects of the object it is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// It has one of these tags.
    pub if_match: Option<Tags>,
    /// It has none of these.
    pub if_none_match: Option<Tags>,
    /// It was not changed after this; counts where no tags are named (RFC 9110 §13.1.4).
    pub unmodified_since: Option<Instant>,
    /// One of these lists holds, all conditions of it (`If`, RFC 4918 §10.4); none: there is no such header.
    pub lists: Vec<Vec<State>>,
}

/// A condition of an `If` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// `Not`: it must not be so.
    pub negated: bool,
    /// What it is about.
    pub about: About,
    /// What that must be.
    pub is: StateOf,
}

/// What a condition of an `If` header is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The object itself.
    Object,
    /// The collection it lies in.
    Collection,
    /// Something else, of which nothing is known.
    Other,
}

/// What a condition of an `If` header demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateOf {
    /// This entity tag, without quotes.
    Tag(String),
    /// This state token. There are no locks; a collection's is its sync token (RFC 6578 §5).
    Token(String),
}

/// What proxies that compress append to the tags of others: Apache `-gzip`, Nextcloud's and others `-br`, `-zstd`.
const PROXY_SUFFIXES: [&str; 5] = ["-gzip", "-br", "-zstd", "-deflate", "-gz"];

impl Tags {
    /// Whether they include the tag of what is there.
    #[must_use]
    pub fn include(&self, current: Option<&str>) -> bool {
        match (self, current) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::Listed(tags), Some(current)) => tags.iter().any(|tag| {
                tag == current || PROXY_SUFFIXES.iter().any(|suffix| tag.strip_suffix(suffix) == Some(current))
            }),
        }
    }
}

impl Preconditions {
    /// Whether the state of the collection matters, so that it must not change meanwhile.
    #[must_use]
    pub fn name_a_collection(&self) -> bool {
        self.lists.iter().flatten().any(|state| state.about == About::Collection)
    }

    /// Whether they hold for what has the tag `current` and was changed at a time, or for what is not there, in a
    /// collection with this sync token.
    #[must_use]
    pub fn hold(&self, current: Option<(&str, Instant)>, sync_token: impl Fn() -> String) -> bool {
        let is_so = |state: &State| {
            let so = match (&state.is, state.about) {
                (StateOf::Tag(tag), About::Object) => {
                    Tags::Listed(vec![tag.clone()]).include(current.map(|(tag, _)| tag))
                }
                (StateOf::Token(token), About::Collection) => *token == sync_token(),
                _ => false,
            };
            so != state.negated
        };
        if !self.lists.is_empty() && !self.lists.iter().any(|list| list.iter().all(is_so)) {
            return false;
        }
        let unmodified = match (&self.if_match, self.unmodified_since, current) {
            (None, Some(since), Some((_, modified))) => modified <= since,
            (None, Some(_), None) => false,
            _ => true,
        };
        let current = current.map(|(tag, _)| tag);
        unmodified
            && self.if_match.as_ref().is_none_or(|tags| tags.include(current))
            && !self.if_none_match.as_ref().is_some_and(|tags| tags.include(current))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_decide() {
        let listed = |tags: &[&str]| Some(Tags::Listed(tags.iter().map(|t| (*t).to_owned()).collect()));
        let holds = |if_match, if_none_match, current: Option<&str>| {
            Preconditions { if_match, if_none_match, ..Preconditions::default() }
                .hold(current.map(|tag| (tag, Instant::default())), String::new)
        };
        assert!(holds(None, None, None) && holds(None, None, Some("a")));
        assert!(holds(listed(&["b", "a"]), None, Some("a")));
        assert!(holds(listed(&["a-gzip"]), None, Some("a")) && holds(listed(&["a-br"]), None, Some("a")));
        assert!(!holds(listed(&["a"]), None, Some("a-gzip")));
        assert!(!holds(listed(&["a"]), None, None) && !holds(listed(&[]), None, Some("a")));
        assert!(holds(Some(Tags::Any), None, Some("a")) && !holds(Some(Tags::Any), None, None));
        assert!(holds(None, Some(Tags::Any), None) && !holds(None, Some(Tags::Any), Some("a")));
        assert!(!holds(None, listed(&["a"]), Some("a")) && holds(None, listed(&["b"]), Some("a")));
    }

    #[test]
    fn dates_decide_where_no_tag_does() {
        let since = |if_match| Preconditions {
            if_match,
            unmodified_since: Some(Instant::from_unix(10)),
            ..Preconditions::default()
        };
        let at = |seconds| Some(("a", Instant::from_unix(seconds)));
        let hold = |expected: Preconditions, current| expected.hold(current, String::new);
        assert!(hold(since(None), at(10)) && !hold(since(None), at(11)) && !hold(since(None), None));
        assert!(hold(since(Some(Tags::Any)), at(11)));
    }

    #[test]
    fn one_list_holds_with_all_of_it() {
        let state = |negated, about, is| State { negated, about, is };
        let tag = |tag: &str| StateOf::Tag(tag.to_owned());
        let token = |token: &str| StateOf::Token(token.to_owned());
        let holds = |lists: Vec<Vec<State>>| {
            Preconditions { lists, ..Preconditions::default() }.hold(Some(("a", Instant::default())), || "t".to_owned())
        };
        let lock = || state(false, About::Object, token("urn:uuid:lock"));
        assert!(!holds(vec![vec![lock(), state(false, About::Object, tag("a"))]]), "nobody has that lock");
        assert!(holds(vec![vec![lock()], vec![state(false, About::Object, tag("a"))]]));
        assert!(holds(vec![vec![state(true, About::Object, token("DAV:no-lock"))]]));
        assert!(holds(vec![vec![state(false, About::Collection, token("t"))]]));
        assert!(!holds(vec![vec![state(false, About::Collection, token("u"))]]));
        assert!(!holds(vec![vec![state(false, About::Other, tag("a"))]]));
    }
}
