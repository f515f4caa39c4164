//! What a request brings beside its path: depth, preconditions, preferences, a body.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, header};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::condition::{Condition, Failure};
use super::kept::Kept;
use super::path::{Place, Target};
use super::xml::{self, Element, ReadError};
use crate::calendar::precondition::{About, Preconditions, State, StateOf, Tags};
use crate::time::{Instant, parse_http_date};

const DEPTH: HeaderName = HeaderName::from_static("depth");
const DESTINATION: HeaderName = HeaderName::from_static("destination");
const OVERWRITE: HeaderName = HeaderName::from_static("overwrite");
const IF: HeaderName = HeaderName::from_static("if");
const IF_SCHEDULE_TAG_MATCH: HeaderName = HeaderName::from_static("if-schedule-tag-match");
const PREFER: HeaderName = HeaderName::from_static("prefer");
const BRIEF: HeaderName = HeaderName::from_static("brief");

/// The longest XML that is read: a multiget of 10,000 addresses has 1 MB.
const MAX_XML: usize = 4 * 1024 * 1024;

/// How far a request reaches (RFC 4918 §10.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Depth {
    Zero,
    One,
    Infinity,
}

/// The Depth header, if it is there.
pub(super) fn depth(headers: &HeaderMap) -> Result<Option<Depth>, Failure> {
    let mut values = headers.get_all(DEPTH).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let depth = match value.as_bytes().trim_ascii() {
        b"0" => Depth::Zero,
        b"1" => Depth::One,
        word if word.eq_ignore_ascii_case(b"infinity") => Depth::Infinity,
        _ => return Err(Failure::BadRequest("Depth must be 0, 1 or infinity".to_owned())),
    };
    if values.next().is_some() {
        return Err(Failure::BadRequest("there is more than one Depth header".to_owned()));
    }
    Ok(Some(depth))
}

/// What a request on an object expects of it: `If-Match`, `If-None-Match`, dates (RFC 9110 §13.1) and `If` (RFC 4918
/// §10.4).
pub(super) fn preconditions(headers: &HeaderMap, place: &Place) -> Result<Preconditions, Failure> {
    expected(headers, About::Object, |named| match named {
        Target::Object(named) if named == *place => About::Object,
        Target::Collection { username, collection } if username == place.username && collection == place.collection => {
            About::Collection
        }
        _ => About::Other,
    })
}

/// [`preconditions`] of a request on a collection, whose sync token is its state (RFC 6578 §5).
pub(super) fn of_collection(headers: &HeaderMap, (of, name): (&str, &str)) -> Result<Preconditions, Failure> {
    expected(headers, About::Collection, |named| match named {
        Target::Collection { username, collection } if username == of && collection == name => About::Collection,
        _ => About::Other,
    })
}

/// [`preconditions`] of a request on anything.
pub(super) fn preconditions_of(headers: &HeaderMap, target: &Target) -> Result<Preconditions, Failure> {
    match target {
        Target::Object(place) => preconditions(headers, place),
        Target::Collection { username, collection } => of_collection(headers, (username, collection)),
        _ => expected(headers, About::Object, |named| if named == *target { About::Object } else { About::Other }),
    }
}

/// What `headers` expect; where an `If` names no resource it is about `itself`.
fn expected(headers: &HeaderMap, itself: About, about: impl Fn(Target) -> About) -> Result<Preconditions, Failure> {
    // Nothing here has a Schedule-Tag (RFC 6638 §8.3), so one that is named never matches. Apple sends an empty one.
    let schedule = headers.get(IF_SCHEDULE_TAG_MATCH).is_some_and(|tag| !tag.as_bytes().trim_ascii().is_empty());
    Ok(Preconditions {
        if_match: if schedule { Some(Tags::Listed(Vec::new())) } else { tags(headers, &header::IF_MATCH)? },
        if_none_match: tags(headers, &header::IF_NONE_MATCH)?,
        unmodified_since: date(headers, &header::IF_UNMODIFIED_SINCE),
        lists: if_header(headers, itself, about)?,
    })
}

/// A date of HTTP; one that is none is as if it were not there (RFC 9110 §13.1.3).
pub(super) fn date(headers: &HeaderMap, name: &HeaderName) -> Option<Instant> {
    parse_http_date(headers.get(name)?.to_str().ok()?.trim())
}

fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Tags>, Failure> {
    let mut listed = Vec::new();
    let mut present = false;
    for value in headers.get_all(name) {
        let text = value.to_str().map_err(|_| Failure::BadRequest(format!("{name} must be ASCII")))?;
        present = true;
        if text.trim() == "*" {
            return Ok(Some(Tags::Any));
        }
        // Split at quotes, not at commas: an opaque tag may hold commas.
        let mut rest = text;
        while let Some((_, after)) = rest.split_once('"') {
            let Some((tag, after)) = after.split_once('"') else { break };
            listed.push(tag.to_owned());
            rest = after;
        }
        // Some clients forget the quotes.
        if !text.contains('"') && !text.trim().is_empty() {
            listed.push(text.trim().to_owned());
        }
    }
    Ok(present.then_some(Tags::Listed(listed)))
}

/// Octets of an `If` header: there are no locks that a longer one could be about.
const MAX_IF: usize = 4096;

/// The lists of an `If` header: `</a> (Not <token> ["tag"]) (…)`.
fn if_header(
    headers: &HeaderMap,
    itself: About,
    about_of: impl Fn(Target) -> About,
) -> Result<Vec<Vec<State>>, Failure> {
    let Some(value) = headers.get(IF) else { return Ok(Vec::new()) };
    let wrong = || Failure::BadRequest("the If header is not one of RFC 4918 §10.4".to_owned());
    let mut rest = value.to_str().map_err(|_| wrong())?.trim();
    if rest.len() > MAX_IF {
        return Err(Failure::BadRequest("the If header is too long".to_owned()));
    }
    let (mut lists, mut about) = (Vec::new(), itself);
    while !rest.is_empty() {
        if let Some(tagged) = rest.strip_prefix('<') {
            let (resource, after) = tagged.split_once('>').ok_or_else(wrong)?;
            about = Target::of_href(resource).map_or(About::Other, &about_of);
            rest = after.trim_start();
        }
        let (list, after) = rest.strip_prefix('(').and_then(|list| list.split_once(')')).ok_or_else(wrong)?;
        lists.push(conditions(list, about).ok_or_else(wrong)?);
        rest = after.trim_start();
    }
    if lists.is_empty() { Err(wrong()) } else { Ok(lists) }
}

/// The conditions between the parentheses of a list.
fn conditions(list: &str, about: About) -> Option<Vec<State>> {
    let (mut rest, mut found) = (list.trim(), Vec::new());
    while !rest.is_empty() {
        let negated = rest.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("Not"));
        rest = if negated { rest[3..].trim_start() } else { rest };
        let (is, after) = if let Some(token) = rest.strip_prefix('<') {
            let (token, after) = token.split_once('>')?;
            (StateOf::Token(token.to_owned()), after)
        } else {
            let (tag, after) = rest.strip_prefix('[')?.split_once(']')?;
            (StateOf::Tag(tag.trim_start_matches("W/").trim_matches('"').to_owned()), after)
        };
        found.push(State { negated, about, is });
        rest = after.trim_start();
    }
    (!found.is_empty()).then_some(found)
}

/// What an answer may leave out (RFC 8144 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Prefer {
    /// `return=minimal`, or `Brief: t` as older Apple clients say.
    pub minimal: bool,
    /// `return=representation`
    pub representation: bool,
}

/// The preferences of a request.
pub(super) fn prefer(headers: &HeaderMap) -> Prefer {
    let mut prefer = Prefer::default();
    for value in headers.get_all(PREFER) {
        for word in value.to_str().unwrap_or_default().split([',', ';']) {
            match word.trim().to_ascii_lowercase().as_str() {
                "return=minimal" | "return-minimal" => prefer.minimal = true,
                "return=representation" => prefer.representation = true,
                _ => {}
            }
        }
    }
    prefer.minimal |= headers.get(BRIEF).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"t"));
    prefer
}

/// Where a COPY or MOVE goes (RFC 4918 §10.3).
pub(super) fn destination(headers: &HeaderMap) -> Result<Target, Failure> {
    let missing = || Failure::BadRequest("Destination is missing".to_owned());
    let value = headers.get(DESTINATION).ok_or_else(missing)?;
    let text = std::str::from_utf8(value.as_bytes());
    let text = text.ok().filter(|text| text.trim().starts_with('/') || text.contains("://"));
    let text = text.ok_or_else(|| Failure::BadRequest("Destination must be a URL or an absolute path".to_owned()))?;
    // What lies below a collection that is not there (RFC 4918 §9.8.5), or is no place of this server.
    Target::of_href(text).ok_or(match text.contains("/dav/") {
        true => Failure::Conflict("the destination is no place for an object"),
        false => Failure::BadGateway("the destination is no place on this server"),
    })
}

/// Whether what is at the destination may be overwritten (RFC 4918 §10.6).
pub(super) fn overwrite(headers: &HeaderMap) -> Result<bool, Failure> {
    match headers.get(OVERWRITE).map(|value| value.as_bytes().trim_ascii()) {
        None | Some(b"T" | b"t") => Ok(true),
        Some(b"F" | b"f") => Ok(false),
        Some(_) => Err(Failure::BadRequest("Overwrite must be T or F".to_owned())),
    }
}

/// Takes what a client is still sending, `most` octets of it, so that the answer reaches it and the connection can be used
/// again (RFC 9112 §9.3, §9.6): one that is closed before is reset, and the answer lost.
pub(super) async fn drain(mut body: Body, most: usize) {
    let mut taken = 0;
    // What goes wrong here has been answered already.
    while let Some(Ok(frame)) = body.frame().await {
        taken += frame.data_ref().map_or(0, Bytes::len);
        if taken > most {
            break;
        }
    }
}

/// Octets beyond the limit that are taken from those whose password was right.
const TOO_MUCH: usize = 16 * 1024 * 1024;

/// Reads a body of at most `limit` octets.
pub(super) async fn body(headers: &HeaderMap, mut body: Body, limit: usize) -> Result<Bytes, Failure> {
    let encoding = headers.get(header::CONTENT_ENCODING).map(|value| value.as_bytes().trim_ascii());
    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity")) {
        return Err(Failure::UnsupportedMediaType("send the body without Content-Encoding"));
    }
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        // Who waits for 100 Continue has not sent it yet.
        if announced.is_some_and(|length| length <= TOO_MUCH) && !headers.contains_key(header::EXPECT) {
            drain(body, TOO_MUCH).await;
        }
        return Err(Failure::TooLarge);
    }
    match Limited::new(&mut body, limit).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            drain(body, TOO_MUCH).await;
            Err(Failure::TooLarge)
        }
        Err(_) => Err(Failure::BadRequest("the body did not arrive whole".to_owned())),
    }
}

/// Reads an XML body; `None` for an empty one.
pub(super) async fn xml(headers: &HeaderMap, sent: Body) -> Result<Option<Element>, Failure> {
    read_as_sent(headers, &body(headers, sent, MAX_XML).await?)
}

/// The body of a question.
pub(super) async fn question(headers: &HeaderMap, sent: Body) -> Result<Bytes, Failure> {
    body(headers, sent, MAX_XML).await
}

/// The XML in the body of a question; `None` for an empty one.
pub(super) fn read(headers: &HeaderMap, body: &[u8], kept: &Kept) -> Result<Option<Arc<Element>>, Failure> {
    kept.read(body, |bytes| read_as_sent(headers, bytes))
}

fn read_as_sent(headers: &HeaderMap, bytes: &[u8]) -> Result<Option<Element>, Failure> {
    match parsed(bytes) {
        // RFC 4918 §9.3: a body of another kind is said to be so.
        Err(Failure::BadRequest(_)) if !may_be_xml(headers) => {
            Err(Failure::UnsupportedMediaType("the body of this request is XML"))
        }
        read => read,
    }
}

/// Whether a body that is no XML was meant to be: some clients say nothing, or not what it is.
fn may_be_xml(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return true };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.ends_with("xml")
        || matches!(essence.as_str(), "" | "text/plain" | "application/octet-stream")
        || essence == "application/x-www-form-urlencoded"
}

/// The XML of a body; `None` for an empty one.
pub(super) fn parsed(bytes: &[u8]) -> Result<Option<Element>, Failure> {
    if bytes.trim_ascii().is_empty() {
        return Ok(None);
    }
    xml::read(bytes).map(Some).map_err(|error| match error {
        ReadError::DocumentType => Failure::condition(Condition::NoExternalEntities, error.to_string()),
        ReadError::NotUtf8 => Failure::UnsupportedMediaType("the body must be UTF-8"),
        other => Failure::BadRequest(other.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn depths() {
        assert_eq!(depth(&headers(&[])).unwrap(), None);
        assert_eq!(depth(&headers(&[("depth", "Infinity")])).unwrap(), Some(Depth::Infinity));
        for bad in ["2", "-1", "99999999999999999999", "", "0,1", "1, noroot"] {
            assert!(depth(&headers(&[("depth", bad)])).is_err(), "{bad}");
        }
    }

    #[test]
    fn entity_tags() {
        let Some(Target::Object(object)) = Target::parse("/dav/calendars/anna/work/x.ics") else { unreachable!() };
        let of = |pairs| preconditions(&headers(pairs), &object).unwrap();
        let listed = |tags: &[&str]| Some(Tags::Listed(tags.iter().map(|t| (*t).to_owned()).collect()));
        assert_eq!(of(&[("if-match", "\"a\", W/\"b,c\"")]).if_match, listed(&["a", "b,c"]));
        assert_eq!(of(&[("if-none-match", "*")]).if_none_match, Some(Tags::Any));
        let lists = of(&[("if", "(<urn:uuid:1> [\"a\"]) (Not <DAV:no-lock>)")]).lists;
        assert_eq!((lists.len(), lists[0].len(), lists[1][0].negated), (2, 2, true));
        let tagged = of(&[("if", "</dav/calendars/anna/work/> (<urn:fasti:sync:1>) <https://x/dav/> ([\"b\"])")]).lists;
        assert_eq!((tagged[0][0].about, tagged[1][0].about), (About::Collection, About::Other));
        for bad in ["", "()", "(<a)", "a", "(Not)", "(<a>) b"] {
            assert!(preconditions(&headers(&[("if", bad)]), &object).is_err(), "{bad}");
        }
        assert_eq!(of(&[("if-match", "bare")]).if_match, listed(&["bare"]));
    }

    #[tokio::test]
    async fn what_is_too_long_is_taken_before_it_is_refused() {
        const CHUNK: usize = 256 * 1024;
        let sent = async |chunks: usize, length: Option<usize>, expects: bool| {
            let taken = Arc::new(std::sync::atomic::AtomicUsize::new(0));
            let count = Arc::clone(&taken);
            let stream = futures_util::stream::iter(0..chunks).map(move |_| {
                count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; CHUNK]))
            });
            let length = length.map(|length| length.to_string());
            let mut headers: Vec<(&'static str, &str)> =
                length.iter().map(|length| ("content-length", &**length)).collect();
            headers.extend(expects.then_some(("expect", "100-continue")));
            let refused = body(&self::headers(&headers), Body::from_stream(stream), CHUNK).await;
            assert!(matches!(refused, Err(Failure::TooLarge)));
            taken.load(std::sync::atomic::Ordering::Relaxed)
        };
        assert_eq!(sent(20, None, false).await, 20);
        assert_eq!(sent(20, Some(20 * CHUNK), false).await, 20);
        assert_eq!(sent(20, Some(20 * CHUNK), true).await, 0, "who asks first has sent nothing");
        assert_eq!(sent(1000, Some(1000 * CHUNK), false).await, 0);
        assert!(sent(1000, None, false).await <= 2 + TOO_MUCH / CHUNK + 1);
    }

    #[test]
    fn preferences() {
        assert!(
            prefer(&headers(&[("prefer", "return=minimal")])).minimal && prefer(&headers(&[("brief", "t")])).minimal
        );
        assert!(prefer(&headers(&[("prefer", "wait=10, return=representation")])).representation);
    }
}
