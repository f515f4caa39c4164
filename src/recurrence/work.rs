//! The limit on work.

/// How much work one call may do before it gives up. A unit is about one candidate looked at: a month of days, a
/// period, an instance, an exception. It stays far below 10 ms on slow machines.
const BUDGET: u32 = 150_000;

/// The work that one rule or series may cause in one call was done before the answer was complete.
///
/// It bounds what a hostile rule costs (`FREQ=SECONDLY` over a century), whatever it says and however few instances it
/// has. An answer is never cut short in silence: what was given before this error is right, but not all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the recurrence has too many instances or takes too many steps to find them; ask for a shorter time or simplify the rule"
)]
pub struct Exhausted;

/// What is left of the budget.
#[derive(Debug, Clone)]
pub(super) struct Work(u32);

impl Work {
    pub(super) const fn new() -> Self {
        Self(BUDGET)
    }

    /// Accounts for `units` of work.
    #[inline]
    pub(super) fn spend(&mut self, units: u32) -> Result<(), Exhausted> {
        match self.0.checked_sub(units) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => {
                self.0 = 0;
                Err(Exhausted)
            }
        }
    }
}
