//! CalDAV: WebDAV (RFC 4918) with calendars (RFC 4791), sync (RFC 6578), access control as read-only truth (RFC 3744) and
//! what clients expect beside them.
//!
//! A request is parsed once (`path`, `request`, `xml`), answered by a method's file, and whatever goes wrong becomes a
//! status and an element in one table (`condition`).
//!
//! | file | what it does |
//! | --- | --- |
//! | `path` | addresses and what they name |
//! | `propfind`, `proppatch`, `property/` | properties: asked for, set, and what they say |
//! | `listing`, `multistatus` | lists of objects, written a page at a time |
//! | `kept` | answers, and times of objects, remembered between requests |
//! | `cache` | what is remembered, under budgets |
//! | `again` | whole answers to requests that come again while nothing was committed |
//! | `object` | GET, PUT, DELETE, COPY, MOVE |
//! | `bookings` | what clients change in `bookings`, through the business's rules |
//! | `collection` | MKCALENDAR, MKCOL, DELETE |
//! | `report/` | REPORT, one file each |
//! | `filter`, `calendar_data` | from XML to the questions of [`crate::ical::object`] |
//! | `availability` | working hours as `calendar-availability` |

mod again;
mod availability;
mod bookings;
mod cache;
mod calendar_data;
mod collection;
mod condition;
mod filter;
mod kept;
mod listing;
mod login;
mod multistatus;
mod object;
mod path;
mod property;
mod propfind;
mod proppatch;
mod report;
mod request;
mod sync_token;
mod xml;

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use axum::routing::any;
use futures_util::future::BoxFuture;
use hyper::body::Body as _;

use crate::auth::{Login, Logins};
use crate::booking::Links;
use crate::calendar::write::Transfer;
use crate::calendar::{self, Viewer, home};
use crate::ical::object::Limits;
use crate::net::{ClientAddr, Origin};
use crate::store::{Conn, Id, Mark, Store, TenantId, people};
use crate::time::Instant;
use again::{Again, Asked, Lasting};
use cache::Budgeted;
use collection::Maker;
use condition::Failure;
pub use kept::KeepOptions;
use kept::Kept;
use path::{Place, Target};
use property::Wanted;
use propfind::Ask;

const DAV: HeaderName = HeaderName::from_static("dav");
/// What is announced (RFC 4918 §18, RFC 3744 §7.2, RFC 5689 §3.1, RFC 4791 §5.1). Not locks: there are none.
const COMPLIANCE: HeaderValue = HeaderValue::from_static(
    "1, 3, access-control, extended-mkcol, calendar-access, calendar-proxy, calendar-availability",
);

/// Told of the collections of a business that changed.
pub type OnChange = Arc<dyn Fn(TenantId, &[Id]) + Send + Sync>;

/// What CalDAV works with; cheap to clone.
#[derive(Clone)]
pub struct DavState(Arc<Inner>);

struct Inner {
    store: Store,
    links: Links,
    logins: Arc<Logins>,
    clock: fn() -> Instant,
    on_change: OnChange,
    /// Whether passwords can be asked for: over https, or on this machine alone.
    protected: bool,
    /// People whose home is known to have what every home has.
    furnished: Budgeted<(TenantId, Id), ()>,
    kept: Kept,
    again: Again,
}

impl DavState {
    /// CalDAV over a database, reached at the links' address, for those whom `logins` lets in.
    #[must_use]
    pub fn new(
        store: Store,
        links: Links,
        logins: Arc<Logins>,
        clock: fn() -> Instant,
        on_change: OnChange,
        keep: KeepOptions,
    ) -> Self {
        let protected = Origin::parse(&links.public_url).is_some_and(|origin| origin.is_protected());
        let furnished = Budgeted::new(100_000, 1);
        let (kept, again) = (Kept::new(keep), Again::new(keep));
        Self(Arc::new(Inner { store, links, logins, clock, on_change, protected, furnished, kept, again }))
    }

    fn store(&self) -> &Store {
        &self.0.store
    }

    /// Begins an answer about a collection. What was set on its members may be more than a look-up.
    async fn begin<T: Send + 'static>(
        &self,
        ask: Ask,
        work: impl Fn(&mut Conn, &Ask) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (mark, more) = (ask.mark, ask.wanted.needs_stored());
        let work = move |conn: &mut Conn| work(conn, &ask);
        match more {
            true => self.store().read(work).await,
            false => self.store().look_up_at(mark, work).await,
        }
    }

    fn links(&self) -> &Links {
        &self.0.links
    }

    fn kept(&self) -> &Kept {
        &self.0.kept
    }

    fn changed(&self, tenant: TenantId, collections: &[Id]) {
        (self.0.on_change)(tenant, collections);
    }
}

/// Who asks, and when.
#[derive(Clone)]
struct Session {
    login: Arc<Login>,
    viewer: Viewer,
    /// For a question, the state of the database before it is looked into.
    mark: Option<Mark>,
}

/// The limits of what is put.
fn limits() -> &'static Limits {
    static LIMITS: LazyLock<Limits> = LazyLock::new(Limits::default);
    &LIMITS
}

/// What all addresses below `/dav/` begin with.
pub const PREFIX: &str = path::ROOT;

/// Answers at all addresses below [`PREFIX`].
pub fn handler(state: DavState) -> Arc<dyn Fn(Request) -> BoxFuture<'static, Response<Body>> + Send + Sync> {
    Arc::new(move |request| Box::pin(handle(State(state.clone()), request)))
}

/// Octets that are taken from whoever was not asked for a password yet: many send the body of their first request before
/// they are.
const UNREAD: usize = 1024 * 1024;

/// `/dav/…`, `/.well-known/caldav`, and the host itself.
pub fn routes(state: DavState) -> Router {
    Router::new()
        .route("/.well-known/caldav", any(well_known))
        .route("/", any(host))
        .route("/dav", any(handle))
        .route("/dav/", any(handle))
        .route("/dav/{*path}", any(handle))
        .with_state(state)
}

/// RFC 6764 §5, for any method.
async fn well_known(request: Request) -> Response<Body> {
    request::drain(request.into_body(), UNREAD).await;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(path::ROOT));
    response
}

/// The host itself: the last place where Apple and others look for a principal.
async fn host(state: State<DavState>, request: Request) -> Response<Body> {
    if matches!(request.method().as_str(), "PROPFIND" | "OPTIONS") {
        return handle(state, request).await;
    }
    let mut response = Response::new(Body::from("There is nothing here.\n"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

async fn handle(State(state): State<DavState>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let mut body = Some(body);
    let answer = answer(&state, &parts, &mut body).await;
    let mut response = answer.unwrap_or_else(|failure| failure.response(parts.uri.path()));
    if let Some(unread) = body {
        request::drain(unread, UNREAD).await;
    }
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        // RFC 9110 §15.5.6
        let allowed = allowed(Target::parse(parts.uri.path()).as_ref());
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    }
    if parts.method == Method::HEAD {
        // That of GET, where it is known (RFC 9110 §8.6).
        let unsent = std::mem::take(response.body_mut());
        if let Some(length) = unsent.size_hint().exact() {
            response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
        }
    }
    let headers = response.headers_mut();
    // Clients look for it on answers to PROPFIND, too.
    headers.insert(DAV, COMPLIANCE);
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    response
}

async fn answer(state: &DavState, parts: &Parts, body: &mut Option<Body>) -> Result<Response<Body>, Failure> {
    let method = parts.method.as_str();
    let target = Target::parse(match parts.uri.path() {
        "/" => path::ROOT,
        path => path,
    });
    if method == "OPTIONS" {
        return Ok(options(target.as_ref()));
    }
    let from = parts.extensions.get::<ClientAddr>().copied();
    let from = from.unwrap_or(ClientAddr(std::net::Ipv4Addr::UNSPECIFIED.into()));
    let session = login::session(state, &parts.headers, from).await?;
    let target = match (target, method) {
        (Some(target), _) => target,
        // Where a calendar would lie, the slash at the end does not matter.
        (None, "MKCOL" | "MKCALENDAR") => {
            Target::parse(parts.uri.path().trim_end_matches('/')).ok_or(calendar::Error::NoParent)?
        }
        (None, "PUT") => return Err(calendar::Error::NoParent.into()),
        (None, _) => return Err(calendar::Error::NotFound.into()),
    };
    let body = body.take().unwrap_or_default();
    dispatch(state, &session, target, parts, body).await
}

async fn dispatch(
    state: &DavState,
    session: &Session,
    target: Target,
    parts: &Parts,
    body: Body,
) -> Result<Response<Body>, Failure> {
    let (method, headers) = (parts.method.as_str(), &parts.headers);
    // Boxed but for GET, so that what is moved about for each request is no larger than that needs.
    match (method, target) {
        ("PROPFIND" | "REPORT", target) => Box::pin(question(state, session, target, parts, body)).await,
        ("PROPPATCH", target) => {
            let root = request::xml(headers, body).await?;
            Box::pin(proppatch::proppatch(state, session, target, root, (headers, request::prefer(headers)))).await
        }
        ("GET" | "HEAD", Target::Object(place)) => object::get(state, session, place, headers).await,
        ("GET" | "HEAD", target) => browse(state, session, &target).await,
        ("PUT", Target::Object(place)) => {
            let prefer = request::prefer(headers);
            Box::pin(object::put(state, session, place, headers, body, prefer)).await
        }
        ("DELETE", Target::Object(place)) => Box::pin(object::delete(state, session, place, headers)).await,
        ("COPY", Target::Object(place)) => Box::pin(transfer(state, session, place, headers, Transfer::Copy)).await,
        ("MOVE", Target::Object(place)) => Box::pin(transfer(state, session, place, headers, Transfer::Move)).await,
        ("DELETE", Target::Collection { username, collection }) => {
            let depth = request::depth(headers)?;
            let expected = request::of_collection(headers, (&username, &collection))?;
            Box::pin(collection::delete(state, session, (username, collection), (depth, expected))).await
        }
        ("MKCALENDAR" | "MKCOL", target) => {
            let maker = if method == "MKCOL" { Maker::MkCol } else { Maker::MkCalendar };
            let root = request::xml(headers, body).await?;
            match target {
                Target::Collection { username, collection } => {
                    Box::pin(collection::make(state, session, (username, collection), maker, root)).await
                }
                Target::Object(Place { username, collection, .. }) => {
                    Err(Box::pin(collection::inside(state, session, (username, collection))).await?)
                }
                _ => Err(Failure::condition(
                    condition::Condition::MustBeNull,
                    "there is something at this address already",
                )),
            }
        }
        _ => Err(Failure::MethodNotAllowed),
    }
}

/// PROPFIND and REPORT.
async fn question(
    state: &DavState,
    session: &Session,
    target: Target,
    parts: &Parts,
    body: Body,
) -> Result<Response<Body>, Failure> {
    let headers = &parts.headers;
    let (depth, prefer) = (request::depth(headers)?, request::prefer(headers));
    let body = request::question(headers, body).await?;
    let (login, method, path) = (Arc::clone(&session.login), parts.method.clone(), parts.uri.path().into());
    let asked = Asked { login, method, path, depth, prefer, body };
    let mark = state.store().mark();
    let session = &Session { mark, ..session.clone() };
    if let Some(answer) = mark.and_then(|mark| state.0.again.answer(&asked, mark)) {
        return Ok(answer);
    }
    let sent = request::read(headers, &asked.body, state.kept())?;
    let mut answer = if asked.method.as_str() == "PROPFIND" {
        let wanted = Wanted::of_propfind(sent.as_deref())?;
        propfind::propfind(state, session, target, depth, (wanted, prefer)).await?
    } else {
        report::report(state, session, target, depth, (sent, prefer)).await?
    };
    if let (Some(lasting), Some(mark)) = (answer.extensions_mut().remove::<Lasting>(), mark) {
        state.0.again.keep(asked, mark, lasting);
    }
    Ok(answer)
}

/// COPY and MOVE, of which a failure can be about the destination.
async fn transfer(
    state: &DavState,
    session: &Session,
    from: Place,
    headers: &HeaderMap,
    kind: Transfer,
) -> Result<Response<Body>, Failure> {
    let done = object::transfer(state, session, from.clone(), headers, kind).await;
    done.map_err(|failure| match request::destination(headers) {
        Ok(Target::Object(to)) => failure.of_transfer((&from, &to), kind, &session.login.username),
        _ => failure,
    })
}

/// The methods that something has.
const fn allowed(target: Option<&Target>) -> &'static str {
    match target {
        Some(Target::Object(_)) => "OPTIONS, GET, HEAD, PUT, DELETE, COPY, MOVE, PROPFIND, PROPPATCH, REPORT",
        Some(Target::Collection { .. }) => "OPTIONS, GET, HEAD, DELETE, PROPFIND, PROPPATCH, REPORT, MKCALENDAR, MKCOL",
        _ => "OPTIONS, GET, HEAD, PROPFIND, PROPPATCH, REPORT",
    }
}

/// OPTIONS, for whoever asks. Thunderbird needs 200, not 204.
fn options(target: Option<&Target>) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed(target)));
    response
}

/// GET of what is no object: where people land who open the address in a browser.
async fn browse(state: &DavState, session: &Session, target: &Target) -> Result<Response<Body>, Failure> {
    let (viewer, place) = (session.viewer, target.clone());
    let there = state.store().read(move |conn| match &place {
        Target::Root | Target::Principals | Target::Calendars => Ok(()),
        Target::Collection { username, collection } => home::open(conn, &viewer, username, collection).map(|_| ()),
        Target::Principal(username) | Target::Proxy { username, .. } => {
            let person = people::find_by_username(conn, viewer.tenant, username)?;
            let person = person.filter(|person| person.deleted_at.is_none()).ok_or(calendar::Error::NotFound)?;
            if home::may_see(conn, &viewer, &person)? { Ok(()) } else { Err(calendar::Error::NotFound) }
        }
        Target::Home(username) | Target::Inbox(username) => home::find(conn, &viewer, username).map(|_| ()),
        Target::Outbox(_) | Target::Object(_) => Err(calendar::Error::NotFound),
    });
    there.await?;
    let text = "This is a CalDAV address. Give it to a calendar program, with your user name and an app password.\n";
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Ok(response)
}
