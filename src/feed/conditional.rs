//! Conditional requests (RFC 9110 §13): pure.

use axum::http::header::{HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH};

use crate::time::{Instant, parse_http_date};

/// What an entity tag of the compressed form ends with: the bytes differ, so a strong tag must (RFC 9110 §8.8.3.3).
pub(super) const GZIP_SUFFIX: &str = "-gz";

/// What proxies that compress append to the tags of others: Apache `-gzip`, Nextcloud's and others `-br`, `-zstd`.
const PROXY_SUFFIXES: [&str; 5] = [GZIP_SUFFIX, "-gzip", "-br", "-zstd", "-deflate"];

/// Which of our representations the client has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// None that is still right: it gets the whole.
    Nothing,
    /// The uncompressed one, or one that something on the way compressed.
    Plain,
    /// The one that Fasti compressed.
    Gzip,
    /// The client does not say: `*`, or a date.
    Any,
}

/// Whether the request has a condition at all.
pub(super) fn is_conditional(headers: &HeaderMap) -> bool {
    headers.contains_key(IF_NONE_MATCH) || headers.contains_key(IF_MODIFIED_SINCE)
}

/// What the client holds of the representation with entity tag `tag` (without quotes), last modified at `modified`.
///
/// `If-None-Match` decides where it is there, `If-Modified-Since` otherwise (RFC 9110 §13.2.2).
pub(super) fn held(headers: &HeaderMap, tag: &str, modified: Option<Instant>) -> Held {
    let mut tags = headers.get_all(IF_NONE_MATCH).iter().peekable();
    if tags.peek().is_some() {
        let found = tags.filter_map(|value| value.to_str().ok()).map(|list| held_in(list, tag));
        return found.reduce(|one, other| if one == Held::Nothing { other } else { one }).unwrap_or(Held::Nothing);
    }
    let mut dates = headers.get_all(IF_MODIFIED_SINCE).iter();
    match (dates.next().and_then(|date| date.to_str().ok()).and_then(parse_http_date), dates.next(), modified) {
        (Some(since), None, Some(modified)) if modified <= since => Held::Any,
        _ => Held::Nothing,
    }
}

/// Looks for `tag` in a list of entity tags, weakly compared (RFC 9110 §13.1.2).
fn held_in(list: &str, tag: &str) -> Held {
    if list.trim() == "*" {
        return Held::Any;
    }
    let mut rest = list;
    let mut held = Held::Nothing;
    // Split at quotes, not at commas: an opaque tag may hold commas.
    while let Some((_, after)) = rest.split_once('"') {
        let Some((opaque, after)) = after.split_once('"') else { break };
        rest = after;
        if opaque == tag {
            return Held::Plain;
        }
        let Some(suffix) = opaque.strip_prefix(tag) else { continue };
        if suffix == GZIP_SUFFIX {
            held = Held::Gzip;
        } else if PROXY_SUFFIXES.contains(&suffix) {
            return Held::Plain;
        }
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn ask(headers: &[(HeaderName, &str)]) -> Held {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, HeaderValue::from_str(value).unwrap());
        }
        held(&map, "a1b2", Some(Instant::from_unix(784_111_777)))
    }

    #[test]
    fn entity_tags_in_every_form_that_comes_back() {
        for (sent, expected) in [
            ("\"a1b2\"", Held::Plain),
            ("W/\"a1b2\"", Held::Plain),
            ("\"x\", \"a1b2\"", Held::Plain),
            ("\"x,y\",W/\"a1b2-gz\"", Held::Gzip),
            ("\"a1b2-gz\", \"a1b2\"", Held::Plain),
            ("\"a1b2-gzip\"", Held::Plain),
            ("\"a1b2-br\"", Held::Plain),
            ("*", Held::Any),
            ("\"a1b2-other\"", Held::Nothing),
            ("\"a1b\"", Held::Nothing),
            ("a1b2", Held::Nothing),
            ("\"a1b2", Held::Nothing),
            ("", Held::Nothing),
        ] {
            assert_eq!(ask(&[(IF_NONE_MATCH, sent)]), expected, "{sent}");
        }
        assert_eq!(ask(&[(IF_NONE_MATCH, "\"x\""), (IF_NONE_MATCH, "\"a1b2\"")]), Held::Plain);
    }

    #[test]
    fn a_date_counts_only_without_entity_tags() {
        let at = "Sun, 06 Nov 1994 08:49:37 GMT";
        for (sent, expected) in [
            (at, Held::Any),
            ("Sun, 06 Nov 1994 08:49:38 GMT", Held::Any),
            ("Sun, 06 Nov 1994 08:49:36 GMT", Held::Nothing),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Held::Any),
            ("Sun Nov  6 08:49:37 1994", Held::Any),
            ("1994-11-06T08:49:37Z", Held::Nothing),
            ("Sun, 31 Feb 1994 08:49:37 GMT", Held::Nothing),
            ("", Held::Nothing),
        ] {
            assert_eq!(ask(&[(IF_MODIFIED_SINCE, sent)]), expected, "{sent}");
        }
        assert_eq!(ask(&[(IF_MODIFIED_SINCE, at), (IF_NONE_MATCH, "\"other\"")]), Held::Nothing);
        assert_eq!(ask(&[(IF_MODIFIED_SINCE, at), (IF_MODIFIED_SINCE, at)]), Held::Nothing);
    }
}
