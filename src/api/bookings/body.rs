use serde::Deserialize;

use super::super::json::{given, given_object, object};
use super::super::problem::Problem;
use super::super::view::{Id, plain};
use crate::booking::Fault;
use crate::booking::model::{BookingPatch as Patch, CustomerInput, HeldBooking, NewBooking as New, Scope};

use crate::store::BookingStatus;

/// A customer by name; who has this name and address already is the same customer.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct BookingCustomer {
    #[schema(max_length = 200)]
    name: String,
    #[schema(format = "email")]
    email: Option<String>,
    #[schema(max_length = 32)]
    phone: Option<String>,
}

impl From<BookingCustomer> for CustomerInput {
    fn from(BookingCustomer { name, email, phone }: BookingCustomer) -> Self {
        Self::Named { name, email, phone }
    }
}

/// A booking to make.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct NewBooking {
    /// Needed, unless `hold` says it.
    service: Option<Id>,
    /// Who serves; none: the first free one of those who can.
    staff: Option<Id>,
    /// What is used; none: the first free one of those the service needs.
    resources: Option<Vec<Id>>,
    /// For whom; or `customer_id`, or neither.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Option<BookingCustomer>)]
    customer: Option<BookingCustomer>,
    /// For whom, when they are known.
    customer_id: Option<Id>,
    /// RFC 3339, local time `YYYY-MM-DDTHH:MM[:SS]`, or a date for whole days. Needed, unless `hold` says it.
    #[schema(example = "2026-09-01T10:00:00+02:00")]
    start: Option<String>,
    /// As `start`, exclusive; none: the service's duration after it.
    end: Option<String>,
    /// IANA zone of local times and of the booking; none: the business's.
    #[schema(example = "Europe/Berlin")]
    timezone: Option<String>,
    /// RFC 5545 RRULE for a series.
    #[schema(example = "FREQ=WEEKLY;INTERVAL=2;COUNT=10")]
    rrule: Option<String>,
    /// For staff.
    notes: Option<String>,
    /// Where, e.g. the address of a delivery.
    location: Option<String>,
    /// Position in a delivery route, from 1.
    #[schema(minimum = 1)]
    stop: Option<i64>,
    /// The reference another system knows it by; unique in the business.
    #[schema(max_length = 200)]
    external_ref: Option<String>,
    /// A hold, whose time this booking takes over: what is named beside it has to agree with it.
    hold: Option<Id>,
    /// `tentative` or `confirmed`; none: confirmed.
    status: Option<BookingStatus>,
}

/// A booking as it was asked for.
pub(super) enum Wanted {
    /// Of a time that has to be free.
    Free(New),
    /// Of a time that is held.
    Held(HeldBooking),
}

impl NewBooking {
    pub(super) fn decode(mut self) -> Result<Wanted, Problem> {
        let (hold, service, start) = (self.hold.map(|Id(id)| id), self.service.take(), self.start.take());
        let rest = self.rest()?;
        if let Some(hold) = hold {
            return Ok(Wanted::Held(HeldBooking { hold, service: service.map(|Id(id)| id), start, rest }));
        }
        if let (Some(Id(service)), Some(start)) = (service, &start) {
            return Ok(Wanted::Free(New { service, start: start.clone(), ..rest }));
        }
        let missing = [("/service", service.is_none()), ("/start", start.is_none())];
        let fault = |pointer: &str| Fault { pointer: pointer.to_owned(), detail: "is missing".to_owned() };
        Err(Problem::invalid(missing.iter().filter(|(_, missing)| *missing).map(|(at, _)| fault(at)).collect()))
    }

    /// All but service and start.
    fn rest(self) -> Result<New, Problem> {
        let customer = customer_input(self.customer, self.customer_id)?;
        Ok(New {
            staff: self.staff.map(|Id(id)| id),
            resources: self.resources.map(plain),
            customer,
            end: self.end,
            timezone: self.timezone,
            rrule: self.rrule,
            notes: self.notes,
            location: self.location,
            stop: self.stop,
            external_ref: self.external_ref,
            status: self.status,
            ..New::default()
        })
    }
}

/// For whom something new is: by name, by id, or for nobody.
pub(in super::super) fn customer_input(
    named: Option<BookingCustomer>,
    known: Option<Id>,
) -> Result<CustomerInput, Problem> {
    match (named, known) {
        (None, None) => Ok(CustomerInput::Nobody),
        (Some(named), None) => Ok(named.into()),
        (None, Some(Id(id))) => Ok(CustomerInput::Known(id)),
        (Some(_), Some(_)) => Err(two_customers()),
    }
}

fn two_customers() -> Problem {
    let detail = "must be left out beside customer".to_owned();
    Problem::invalid(vec![Fault { pointer: "/customer_id".to_owned(), detail }])
}

/// What to change of a booking; null removes.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct BookingPatch {
    #[serde(default, deserialize_with = "given")]
    staff: Option<Option<Id>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    resources: Option<Vec<Id>>,
    #[serde(default, deserialize_with = "given_object")]
    #[schema(value_type = Option<BookingCustomer>)]
    customer: Option<Option<BookingCustomer>>,
    #[serde(default, deserialize_with = "given")]
    customer_id: Option<Option<Id>>,
    /// Without `end` the duration stays.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    start: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    end: Option<String>,
    /// The local times stay unless they are given too.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    timezone: Option<String>,
    #[serde(default, deserialize_with = "given")]
    notes: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    location: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    stop: Option<Option<i64>>,
    #[serde(default, deserialize_with = "given")]
    external_ref: Option<Option<String>>,
    /// `tentative` or `confirmed`.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    status: Option<BookingStatus>,
}

impl BookingPatch {
    pub(super) fn decode(self) -> Result<Patch, Problem> {
        let customer = match (self.customer, self.customer_id) {
            (None, None) => None,
            (Some(None), None | Some(None)) | (None, Some(None)) => Some(CustomerInput::Nobody),
            (Some(Some(named)), None) => Some(named.into()),
            (None, Some(Some(Id(id)))) => Some(CustomerInput::Known(id)),
            (Some(_), Some(_)) => return Err(two_customers()),
        };
        Ok(Patch {
            expected_version: None,
            staff: self.staff.map(|staff| staff.map(|Id(id)| id)),
            resources: self.resources.map(plain),
            customer,
            start: self.start,
            end: self.end,
            timezone: self.timezone,
            notes: self.notes,
            location: self.location,
            stop: self.stop,
            external_ref: self.external_ref,
            status: self.status,
        })
    }
}

/// Which occurrences of a series are meant.
#[derive(Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
enum BookingScope {
    /// The one that `occurrence` names.
    This,
    /// That one and all after it.
    Following,
    /// Every one.
    All,
}

fn scope(scope: Option<BookingScope>, occurrence: Option<String>) -> Result<Scope, Problem> {
    let fault = |pointer: &str, detail: &str| {
        Problem::invalid(vec![Fault { pointer: pointer.to_owned(), detail: detail.to_owned() }])
    };
    match (scope, occurrence) {
        (Some(BookingScope::This), name) => Ok(Scope::This(name)),
        (Some(BookingScope::Following), name) => Ok(Scope::Following(name)),
        (_, None) => Ok(Scope::All),
        (None, Some(_)) => {
            Err(fault("/scope", "is missing: this for the occurrence alone, following for all from it on"))
        }
        (Some(BookingScope::All), Some(_)) => Err(fault("/occurrence", "must be left out with scope all")),
    }
}

/// How to cancel a booking.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Cancellation {
    /// Why, for the history.
    #[schema(max_length = 1000)]
    pub(super) reason: Option<String>,
    /// Of a series; none: all.
    scope: Option<BookingScope>,
    /// With `this` and `following` of a series: the `occurrence` of one, which is the local start its rule gives it (for
    /// whole days the date), or the same as an instant.
    #[schema(example = "2026-09-08T10:00:00")]
    occurrence: Option<String>,
}

impl Cancellation {
    pub(super) fn decode(self) -> Result<(Scope, Option<String>), Problem> {
        Ok((scope(self.scope, self.occurrence)?, self.reason))
    }
}

/// When a booking takes place instead.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Rescheduling {
    /// As for a new booking; without `end` the duration stays.
    start: String,
    end: Option<String>,
    timezone: Option<String>,
    /// Another staff member; none: the same.
    staff: Option<Id>,
    /// Other resources; none: the same.
    resources: Option<Vec<Id>>,
    /// Of a series; none: all.
    scope: Option<BookingScope>,
    /// With `this` and `following` of a series: the `occurrence` of one, which is the local start its rule gives it (for
    /// whole days the date), or the same as an instant.
    #[schema(example = "2026-09-08T10:00:00")]
    occurrence: Option<String>,
}

impl Rescheduling {
    pub(super) fn decode(self) -> Result<(Scope, Patch), Problem> {
        let patch = Patch {
            start: Some(self.start),
            end: self.end,
            timezone: self.timezone,
            staff: self.staff.map(|Id(id)| Some(id)),
            resources: self.resources.map(plain),
            ..Patch::default()
        };
        Ok((scope(self.scope, self.occurrence)?, patch))
    }
}
