//! Which parts may be together (RFC 5545 §3.3.10, the table and the text around it).

use super::parse::ParseError;
use super::rule::{Frequency, Rule};

const SECTION: &str = "RFC 5545 §3.3.10";

/// Refuses what RFC 5545 forbids.
pub(super) fn check(rule: &Rule) -> Result<(), ParseError> {
    use Frequency::{Daily, Monthly, Weekly, Yearly};
    let frequency = rule.frequency;
    let forbidden = |part, with: String| Err(ParseError::Forbidden { part, with, section: SECTION });
    let with_frequency = |part| forbidden(part, format!("with FREQ={frequency}"));
    let has_ordinal = rule.by_day.iter().any(|day| day.ordinal.is_some());
    if rule.count.is_some() && rule.until.is_some() {
        return forbidden("COUNT", "together with UNTIL".to_owned());
    }
    if !rule.by_week_no.is_empty() && frequency != Yearly {
        return with_frequency("BYWEEKNO");
    }
    if !rule.by_year_day.is_empty() && matches!(frequency, Daily | Weekly | Monthly) {
        return with_frequency("BYYEARDAY");
    }
    if !rule.by_month_day.is_empty() && frequency == Weekly {
        return with_frequency("BYMONTHDAY");
    }
    if has_ordinal && !matches!(frequency, Monthly | Yearly) {
        return with_frequency("BYDAY with an ordinal");
    }
    if has_ordinal && !rule.by_week_no.is_empty() {
        return forbidden("BYDAY with an ordinal", "together with BYWEEKNO".to_owned());
    }
    if !rule.by_set_pos.is_empty() && !rule.has_by_part() {
        return forbidden("BYSETPOS", "without another BYxxx part".to_owned());
    }
    Ok(())
}

impl Rule {
    /// Whether there is a BYxxx part other than BYSETPOS.
    pub(super) fn has_by_part(&self) -> bool {
        !(self.by_second.is_empty()
            && self.by_minute.is_empty()
            && self.by_hour.is_empty()
            && self.by_day.is_empty()
            && self.by_month_day.is_empty()
            && self.by_year_day.is_empty()
            && self.by_week_no.is_empty()
            && self.by_month.is_empty())
    }
}
