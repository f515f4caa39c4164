use serde::Deserialize;

use super::super::problem::Problem;
use super::super::request::{id, time};
use crate::booking::input;
use crate::store::BookingStatus;
use crate::store::bookings::Filter;
use crate::time::{TimeInput, Zone};

/// Which bookings to list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in super::super) struct BookingParams {
    /// Those that end after this: RFC 3339, a local time or date in the business's zone.
    pub from: Option<String>,
    /// Those that start before this.
    pub to: Option<String>,
    /// Those of this staff member.
    #[param(value_type = Option<super::super::view::Id>)]
    pub staff: Option<String>,
    /// Those of this customer.
    #[param(value_type = Option<super::super::view::Id>)]
    pub customer: Option<String>,
    /// Those of this service.
    #[param(value_type = Option<super::super::view::Id>)]
    pub service: Option<String>,
    /// Those in this state.
    #[param(value_type = Option<BookingStatus>)]
    pub status: Option<String>,
    /// The one with this reference.
    pub external_ref: Option<String>,
    /// Entries of a page, 1 to 200.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<String>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// A filter whose times wait for the business's zone.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    from: Option<TimeInput>,
    to: Option<TimeInput>,
    others: Filter,
}

impl BookingParams {
    pub(super) fn decode(&self) -> Result<Wanted, Problem> {
        let status = self.status.as_deref().map(|word| {
            BookingStatus::from_word(word).ok_or_else(|| {
                let words: Vec<&str> = BookingStatus::ALL.iter().map(|status| status.word()).collect();
                Problem::bad_parameter("status", format!("must be one of {}", words.join(", ")))
            })
        });
        let reference = input::reference(self.external_ref.as_deref());
        Ok(Wanted {
            from: time("from", self.from.as_deref())?,
            to: time("to", self.to.as_deref())?,
            others: Filter {
                from: None,
                until: None,
                staff: id("staff", self.staff.as_deref())?,
                customer: id("customer", self.customer.as_deref())?,
                service: id("service", self.service.as_deref())?,
                status: status.transpose()?,
                external_ref: reference.map_err(|detail| Problem::bad_parameter("external_ref", detail))?,
            },
        })
    }
}

impl Wanted {
    pub(super) fn filter(&self, zone: &Zone) -> Filter {
        let at = |time: TimeInput| time.instant(zone);
        Filter { from: self.from.map(at), until: self.to.map(at), ..self.others.clone() }
    }
}
