//! Recurrence: what a DTSTART with its RRULE, RDATE, EXDATE and RECURRENCE-IDs means (RFC 5545 §3.3.10 and §3.8.5).
//!
//! A [`Rule`] is read from text; a [`Definition`] holds what a component says; [`Series::new`] checks it and makes it
//! ready; [`Series::instances`] answers which instances a window has. Expansion is on civil time, as integers; only what
//! comes out is put on the time line. Every call has a limit on its work and says so when it is reached ([`Exhausted`]).
//!
//! | file | what it does |
//! | --- | --- |
//! | `rule`, `parse`, `check` | RECUR text to [`Rule`] and back |
//! | `day` | civil time as integers |
//! | `plan` | a rule made ready: days × times, BYSETPOS, grids |
//! | `set` | the recurrence set: rules and dates together, without exceptions |
//! | `moment`, `series`, `build` | what a series is made of |
//! | `offsets`, `lane`, `instances` | civil times put on the time line |
//! | `sweep` | which time many series take of one window |
//! | `rrule` | to and from the crate of that name |
//!
//! Where RFC 5545 leaves a choice, `docs/rulings.md` says what is done and why.

mod build;
mod check;
mod day;
#[doc = include_str!("examples.md")]
pub mod examples {}
mod instances;
mod lane;
mod moment;
mod offsets;
mod parse;
mod plan;
mod rrule;
mod rule;
mod series;
mod set;
mod sweep;
mod work;

pub use instances::{Instance, Instances};
pub use moment::{Length, Moment};
pub use parse::ParseError;
pub use rrule::ConvertError;
pub use rule::{Frequency, Rule, Skip, Until, Weekday, WeekdayNum};
pub use series::{Change, Definition, End, Override, Range, Rdate, Series, SeriesError};
pub use sweep::{Run, Sweep};
pub use work::Exhausted;
