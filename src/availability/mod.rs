//! When can this be booked? Pure arithmetic on intervals: no database, no clock, no environment (A1–A9).
//!
//! | file | what it is for |
//! | --- | --- |
//! | `spans`, `levels` | the algebra: sets of instants, and counts over time |
//! | `offsets`, `grid` | wall clocks as integers; at which times of the clock slots begin |
//! | `expand`, `minutes` | recurrence rules and series laid out over a window |
//! | `hours`, `busy` | when somebody works, and what takes time away |
//! | `question` | a service's terms, who and what it needs, the business around them |
//! | `engine`, `matching`, `sort` | from calendars to possible starts; [`distinct`]: who serves which need |
//! | `slots` | [`slots()`], [`bulk`], [`first`], [`choose`] |
//! | `days` | [`days()`] and [`stay()`]: what is left of whole days and nights; [`slot_days`] |
//! | `explain` | [`explain()`]: why not? |
//! | `alternatives`, `fair` | what to offer instead; who takes it when anyone could |
//! | `external` | which events of other calendars take time |

mod alternatives;
mod busy;
mod days;
mod engine;
mod expand;
mod explain;
mod external;
mod fair;
mod grid;
mod hours;
mod levels;
mod matching;
mod minutes;
mod offsets;
mod question;
mod reference;
mod slots;
mod sort;
mod spans;

pub use alternatives::{Alternative, alternatives};
pub use busy::{BlockKind, Busy, BusyKind};
pub use days::{DaysQuestion, SlotDay, Stay, StayDay, days, slot_days, stay};
pub use expand::{Expansion, HoursRule, HoursSpec, Recurring};
pub use explain::{Explanation, Reason, Why, explain, explain_gap};
pub use external::{Filter, Pattern, Traits};
pub use fair::{Fairness, Load, in_turn};
pub use grid::{Grid, GridError};
pub use hours::{Break, Hours, Shift};
pub use levels::{Level, Levels};
pub use matching::distinct;
pub use offsets::Offsets;
pub use question::{Business, Calendar, Need, Question, Session, Terms};
pub use reference::Ref;
pub use slots::{Bulk, Offers, Slot, bulk, choose, first, slots};
pub use spans::Spans;

#[cfg(test)]
mod tests;
