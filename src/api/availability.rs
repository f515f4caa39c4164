//! `/availability`: when something can be booked, and why not.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::caller::Caller;
use super::request::{Input, Params, PathId};
use super::view::{Id, ids};
use super::{Api, problem::Problem};
use crate::availability::explain_gap;
use crate::booking::model::Scope;
use crate::booking::offer::instead::{self, Instead};
use crate::booking::offer::{self, Wish};
use crate::booking::{Context, Error, input};
use crate::store::{self, Conn};
use crate::time::{Interval, Texts, TimeInput, Zone, parse_date};

/// Combinations of services and people that one bulk question may have.
const BULK: usize = 2_000;

/// A time that can be booked.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub(super) struct Slot {
    /// RFC 3339 with the offset of the asked zone.
    #[schema(format = DateTime)]
    start: String,
    #[schema(format = DateTime)]
    end: String,
    /// Staff members who could serve.
    staff: Vec<Id>,
    /// How many bookings it can take.
    remaining: u32,
}

impl Slot {
    /// Slots as somebody in a zone is shown them.
    fn all(slots: &[offer::Slot], zone: &Zone) -> Vec<Self> {
        let mut texts = Texts::new(zone);
        let slot = |offer::Slot { at, staff, remaining }: &offer::Slot| {
            let (start, end) = (texts.rfc3339(at.start), texts.rfc3339(at.end));
            Self { start, end, staff: ids(staff), remaining: *remaining }
        };
        slots.iter().map(slot).collect()
    }
}

/// Slots of a service.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Slots {
    /// IANA zone of the times.
    timezone: String,
    /// By start.
    slots: Vec<Slot>,
}

/// A day and what is left of it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Day {
    #[schema(format = Date)]
    date: String,
    /// Whether anything is left.
    available: bool,
    /// How many bookings it can take; of a rental, how many units are free all day.
    remaining: u32,
    /// How many slots begin on it; of a rental, for how many days in a row one unit can be had from it on.
    slots: u32,
}

/// Days.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Days {
    /// IANA zone of the days.
    timezone: String,
    days: Vec<Day>,
}

/// Slots of one staff member, or of what serves instead.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct BulkItem {
    service: Id,
    /// A staff member, or a resource where the service needs no staff; null: of a service that needs neither.
    who: Option<Id>,
    slots: Vec<Slot>,
}

/// The answer to a bulk question.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Bulk {
    /// IANA zone of the times.
    timezone: String,
    items: Vec<BulkItem>,
}

/// Whether a time can be booked, and if not, why.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Explanation {
    available: bool,
    /// Everything that is in the way.
    reasons: Vec<Reason>,
}

/// Something that is in the way.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Reason {
    /// `gap`, `past`, `notice`, `horizon`, `outside_hours`, `break`, `time_off`, `holiday`, `maintenance`, `block`,
    /// `booking`, `hold`, `external`, `full`, `quantity`, `shared`, `nobody` or `step`.
    kind: &'static str,
    /// The booking, hold or block, or who it is about.
    r#ref: Option<Id>,
    /// For people.
    summary: String,
    #[schema(format = DateTime)]
    start: Option<String>,
    #[schema(format = DateTime)]
    end: Option<String>,
}

/// What is asked about slots.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SlotParams {
    /// The service.
    #[param(value_type = Id)]
    service: String,
    /// Only this staff member; none: whoever can.
    #[param(value_type = Option<Id>)]
    staff: Option<String>,
    /// Only with this resource.
    #[param(value_type = Option<Id>)]
    resource: Option<String>,
    /// The first start: RFC 3339, a local time, or a date.
    from: String,
    /// Where starts end: RFC 3339, a local time, or the last date. At most 366 days.
    to: String,
    /// IANA zone of the one who asks; none: the business's.
    timezone: Option<String>,
    /// Only so many slots, the first ones, 1 to 10000.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 10000)]
    limit: Option<String>,
}

/// What is asked about days.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DayParams {
    /// The service; this or a resource is needed.
    #[param(value_type = Option<Id>)]
    service: Option<String>,
    /// Only this staff member.
    #[param(value_type = Option<Id>)]
    staff: Option<String>,
    /// The resource, alone or as what the service needs.
    #[param(value_type = Option<Id>)]
    resource: Option<String>,
    /// The first day.
    #[param(value_type = Option<String>, format = Date)]
    from: String,
    /// The last day, at most 366 after the first.
    #[param(value_type = Option<String>, format = Date)]
    to: String,
    /// IANA zone of the one who asks; none: the business's. Rentals are counted in the business's days.
    timezone: Option<String>,
}

/// What is asked about one start.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExplainParams {
    /// The service.
    #[param(value_type = Id)]
    service: String,
    /// Only this staff member.
    #[param(value_type = Option<Id>)]
    staff: Option<String>,
    /// Only with this resource.
    #[param(value_type = Option<Id>)]
    resource: Option<String>,
    /// The start: RFC 3339 or a local time.
    start: String,
    /// IANA zone of the one who asks; none: the business's.
    timezone: Option<String>,
}

/// Many questions at once.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BulkQuestion {
    /// 1 to 100.
    services: Vec<Id>,
    /// Only these staff members.
    staff: Option<Vec<Id>>,
    /// The first start: RFC 3339, a local time, or a date.
    from: String,
    /// Where starts end: RFC 3339, a local time, or the last date. At most 366 days.
    to: String,
    /// IANA zone of the one who asks; none: the business's.
    timezone: Option<String>,
}

/// A window whose times wait for a zone.
#[derive(Debug, Clone)]
struct Window {
    from: TimeInput,
    to: TimeInput,
    zone: Option<Zone>,
}

impl Window {
    fn new(from: &str, to: &str, timezone: Option<&str>) -> Result<Self, Problem> {
        let time = |name, text| TimeInput::parse(text).map_err(|e| Problem::bad_parameter(name, e.to_string()));
        Ok(Self { from: time("from", from)?, to: time("to", to)?, zone: zone(timezone)? })
    }

    fn zone(&self, ctx: &Context) -> Zone {
        self.zone.clone().unwrap_or_else(|| ctx.zone.clone())
    }

    /// A date at the end belongs to the window.
    fn interval(&self, zone: &Zone) -> Result<Interval, Error> {
        Interval::new(self.from.instant(zone), self.to.end(zone))
            .ok_or_else(|| Error::invalid("/to", "must be after from"))
    }
}

fn zone(timezone: Option<&str>) -> Result<Option<Zone>, Problem> {
    timezone.map(input::zone).transpose().map_err(|detail| Problem::bad_parameter("timezone", detail))
}

fn id(name: &str, text: &str) -> Result<store::Id, Problem> {
    text.parse().map_err(|e: store::NotAnId| Problem::bad_parameter(name, e.to_string()))
}

fn wish(service: &str, staff: Option<&str>, resource: Option<&str>) -> Result<Wish, Problem> {
    let resource = resource.map(|text| id("resource", text)).transpose()?;
    Ok(Wish {
        service: id("service", service)?,
        staff: staff.map(|text| id("staff", text)).transpose()?,
        resources: resource.map(|one| vec![one]),
    })
}

/// When a service can begin.
#[utoipa::path(get, path = "/v1/availability", tag = "availability", operation_id = "getAvailability",
    params(SlotParams), responses((status = 200, body = Slots)))]
pub(super) async fn slots(
    State(api): State<Api>,
    caller: Caller,
    Params(params): Params<SlotParams>,
) -> Result<Response, Problem> {
    let wish = wish(&params.service, params.staff.as_deref(), params.resource.as_deref())?;
    let window = Window::new(&params.from, &params.to, params.timezone.as_deref())?;
    let limit = params.limit.as_deref().map(limit).transpose()?;
    api.snapshot(caller, move |conn, ctx| {
        let zone = window.zone(ctx);
        let within = window.interval(&zone)?;
        let mut slots = match limit {
            Some(1) => offer::first(conn, ctx, &wish, within)?.into_iter().collect(),
            _ => offer::slots(conn, ctx, &wish, within)?,
        };
        slots.truncate(limit.unwrap_or(usize::MAX));
        let slots = Slot::all(&slots, &zone);
        Answer::many(&Slots { timezone: zone.name().to_owned(), slots })
    })
    .await
}

fn limit(text: &str) -> Result<usize, Problem> {
    let limit = Some(text).filter(|text| text.bytes().all(|b| b.is_ascii_digit())).and_then(|text| text.parse().ok());
    limit
        .filter(|limit| (1..=10_000).contains(limit))
        .ok_or_else(|| Problem::bad_parameter("limit", "must be a number from 1 to 10000"))
}

/// What is left of days.
#[utoipa::path(get, path = "/v1/availability/days", tag = "availability", operation_id = "getAvailableDays",
    params(DayParams), responses((status = 200, body = Days)))]
pub(super) async fn days(
    State(api): State<Api>,
    caller: Caller,
    Params(params): Params<DayParams>,
) -> Result<Response, Problem> {
    let date = |name, text| parse_date(text).map_err(|e| Problem::bad_parameter(name, e.to_string()));
    let days = (date("from", &params.from)?, date("to", &params.to)?);
    let asked = zone(params.timezone.as_deref())?;
    let (staff, resource) = (params.staff.as_deref(), params.resource.as_deref());
    let wish = params.service.as_deref().map(|service| wish(service, staff, resource)).transpose()?;
    let resource = resource.map(|text| id("resource", text)).transpose()?;
    if wish.is_none() && resource.is_none() {
        return Err(Problem::bad_parameter("service", "is needed, or a resource"));
    }
    api.snapshot(caller, move |conn, ctx| {
        let zone = asked.clone().unwrap_or_else(|| ctx.zone.clone());
        let found = match (&wish, resource) {
            (Some(wish), _) => offer::days(conn, ctx, wish, days, &zone)?,
            (None, Some(resource)) => offer::resource_days(conn, ctx, resource, days)?,
            (None, None) => Vec::new(),
        };
        let day = |day: offer::Day| {
            let offer::Day { date, remaining, slots } = day;
            Day { date: date.to_string(), available: remaining > 0, remaining, slots }
        };
        Answer::many(&Days { timezone: zone.name().to_owned(), days: found.into_iter().map(day).collect() })
    })
    .await
}

/// When each of many people can serve each of many services.
#[utoipa::path(post, path = "/v1/availability/bulk", tag = "availability", operation_id = "getBulkAvailability",
    request_body = BulkQuestion, responses((status = 200, body = Bulk)))]
pub(super) async fn bulk(
    State(api): State<Api>,
    caller: Caller,
    Input { body, .. }: Input<BulkQuestion>,
) -> Result<Response, Problem> {
    let window = Window::new(&body.from, &body.to, body.timezone.as_deref())?;
    let wanted = body.services.len().saturating_mul(body.staff.as_ref().map_or(1, Vec::len));
    if wanted == 0 || body.services.len() > 100 || wanted > BULK {
        return Err(Error::invalid("/services", format!("names 1 to 100, and with staff {BULK} combinations")).into());
    }
    api.snapshot(caller, move |conn, ctx| {
        let zone = window.zone(ctx);
        let within = window.interval(&zone)?;
        let mut items = Vec::new();
        for Id(service) in &body.services {
            let anyone = Wish { service: *service, staff: None, resources: None };
            for (who, slots) in offer::each(conn, ctx, &anyone, within)? {
                if body.staff.as_ref().is_some_and(|staff| !staff.contains(&Id(who))) {
                    continue;
                }
                let slots = Slot::all(&slots, &zone);
                items.push(BulkItem { service: Id(*service), who: Some(Id(who)), slots });
            }
        }
        Answer::many(&Bulk { timezone: zone.name().to_owned(), items })
    })
    .await
}

/// Why a service can, or cannot, begin at a time.
#[utoipa::path(get, path = "/v1/availability/explain", tag = "availability", operation_id = "explainAvailability",
    params(ExplainParams), responses((status = 200, body = Explanation)))]
pub(super) async fn explain(
    State(api): State<Api>,
    caller: Caller,
    Params(params): Params<ExplainParams>,
) -> Result<Response, Problem> {
    let wish = wish(&params.service, params.staff.as_deref(), params.resource.as_deref())?;
    let start = TimeInput::parse(&params.start).map_err(|e| Problem::bad_parameter("start", e.to_string()))?;
    let asked = zone(params.timezone.as_deref())?;
    api.snapshot(caller, move |conn, ctx| {
        let zone = asked.clone().unwrap_or_else(|| ctx.zone.clone());
        let civil = match start {
            TimeInput::Fixed(_) => None,
            TimeInput::Local(civil) => Some(civil),
            TimeInput::Day(date) => Some(date.at(0, 0, 0, 0)),
        };
        if let Some(explained) = civil.and_then(|civil| explain_gap(civil, &zone)) {
            let gap = |reason: &crate::availability::Reason| Reason {
                kind: reason.kind.word(),
                r#ref: None,
                summary: reason.kind.summary().to_owned(),
                start: None,
                end: None,
            };
            let reasons = explained.reasons.iter().map(gap).collect();
            return Answer::many(&Explanation { available: false, reasons });
        }
        let reasons = offer::explain(conn, ctx, &wish, start.instant(&zone))?;
        let reason = |reason: &offer::Reason| Reason {
            kind: reason.kind.word(),
            r#ref: reason.reference.map(Id),
            summary: reason.summary.clone(),
            start: reason.at.map(|at| at.start.to_rfc3339(&zone)),
            end: reason.at.map(|at| at.end.to_rfc3339(&zone)),
        };
        let reasons: Vec<Reason> = reasons.iter().map(reason).collect();
        Answer::many(&Explanation { available: reasons.is_empty(), reasons })
    })
    .await
}

/// How many alternatives are offered.
pub(super) const ALTERNATIVES: usize = 5;

/// Adds to a refusal for want of time the nearest times that are free. If these cannot be found, the refusal is sent
/// without.
pub(super) async fn with_alternatives(
    api: &Api,
    caller: Caller,
    problem: Problem,
    find: impl Fn(&mut Conn, &Context) -> Result<Instead, Error> + Send + 'static,
) -> Problem {
    if !problem.is_slot_unavailable() {
        return problem;
    }
    match api.look(caller, find).await {
        Ok((zone, slots)) => problem.offering(Slot::all(&slots, &zone)),
        Err(error) => {
            tracing::debug!(%error, "no alternatives could be found");
            problem
        }
    }
}

/// Times to which a booking could be moved.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Alternatives {
    /// IANA zone of the times.
    timezone: String,
    /// Best first: same staff, same day, same hour.
    alternatives: Vec<Slot>,
}

/// What is to be moved.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AlternativesParams {
    /// One occurrence of a series: the local start its rule gives it, or the same as an instant. None: all of it.
    occurrence: Option<String>,
}

/// The nearest times to which a booking, or one occurrence of a series, could be moved.
#[utoipa::path(get, path = "/v1/bookings/{id}/alternatives", tag = "bookings", operation_id = "getBookingAlternatives",
    params(("id" = Id, Path), AlternativesParams), responses((status = 200, body = Alternatives)))]
pub(super) async fn alternatives(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    Params(AlternativesParams { occurrence }): Params<AlternativesParams>,
) -> Result<Response, Problem> {
    let scope = occurrence.map_or(Scope::All, |name| Scope::This(Some(name)));
    api.snapshot(caller, move |conn, ctx| {
        let (zone, slots) = instead::of_move(conn, ctx, id, (&scope, None), ALTERNATIVES)?;
        let alternatives = Slot::all(&slots, &zone);
        Answer::many(&Alternatives { timezone: zone.name().to_owned(), alternatives })
    })
    .await
}
