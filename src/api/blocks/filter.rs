use serde::Deserialize;

use super::super::problem::Problem;
use super::super::request::{id, time};
use crate::booking::input;
use crate::store::BlockKind;
use crate::store::blocks::Filter;
use crate::time::{TimeInput, Zone};

/// Which blocks to list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in super::super) struct BlockParams {
    /// Those whose last occurrence ends after this: RFC 3339, a local time or date in the business's zone.
    pub from: Option<String>,
    /// Those whose first occurrence starts before this.
    pub to: Option<String>,
    /// Those of this staff member; the whole business's are not among them.
    #[param(value_type = Option<super::super::view::Id>)]
    pub staff: Option<String>,
    /// Those of this resource; the whole business's are not among them.
    #[param(value_type = Option<super::super::view::Id>)]
    pub resource: Option<String>,
    /// Those of this kind.
    #[param(value_type = Option<BlockKind>)]
    pub kind: Option<String>,
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

impl BlockParams {
    pub(super) fn decode(&self) -> Result<Wanted, Problem> {
        let kind = self.kind.as_deref().map(|word| {
            BlockKind::from_word(word).ok_or_else(|| {
                let words: Vec<&str> = BlockKind::ALL.iter().map(|kind| kind.word()).collect();
                Problem::bad_parameter("kind", format!("must be one of {}", words.join(", ")))
            })
        });
        let owner = match (id("staff", self.staff.as_deref())?, id("resource", self.resource.as_deref())?) {
            (Some(_), Some(_)) => return Err(Problem::bad_parameter("resource", "must be left out beside staff")),
            (staff, resource) => staff.or(resource),
        };
        let external_ref = self.external_ref.as_deref().map(|text| input::line(text, 1000)).transpose();
        Ok(Wanted {
            from: time("from", self.from.as_deref())?,
            to: time("to", self.to.as_deref())?,
            others: Filter {
                from: None,
                until: None,
                owner,
                kind: kind.transpose()?,
                external_ref: external_ref.map_err(|detail| Problem::bad_parameter("external_ref", detail))?,
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
