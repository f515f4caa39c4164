//! Blocks from a calendar.

use crate::booking::blocks::{self, Adopted, NewBlock};
use crate::booking::{Context, Error, Fault};
use crate::store::Conn;

use super::csv::Broken;
use super::plan::Form;
use super::report::Counts;
use super::row::{BlockRecord, Row};
use super::unit::{self, Outcome, Verdict};
use super::{BlocksOf, Events, ics, identity, reason};

/// Makes the block of its UID what the row says; one that is cancelled is taken back.
pub(super) fn block(conn: &mut Conn, ctx: &Context, row: &BlockRecord) -> Result<Outcome, Error> {
    let Some(uid) = &row.uid else { return Err(Error::invalid("/uid", "is missing")) };
    if row.cancelled {
        let verdict = match blocks::withdraw(conn, ctx, uid)? {
            true => Verdict::Changed,
            false => Verdict::Unchanged,
        };
        return Ok((verdict, Vec::new()));
    }
    let new = NewBlock {
        kind: row.kind,
        staff: row.staff.clone(),
        resources: row.resources.clone(),
        start: row.start.clone(),
        end: row.end.clone(),
        timezone: Some(row.timezone.clone()),
        rrule: row.rrule.clone(),
        exdates: row.exdates.clone(),
        rdates: row.rdates.clone(),
        summary: row.summary.clone(),
        external_ref: Some(uid.clone()),
    };
    let (adopted, notices) = blocks::adopt(conn, ctx, &new)?;
    let verdict = match adopted {
        Adopted::Created => Verdict::Created,
        Adopted::Changed => Verdict::Changed,
        Adopted::Unchanged => Verdict::Unchanged,
    };
    Ok((verdict, notices))
}

/// What became of the events of one calendar.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CalendarReport {
    /// How many came out how.
    pub counts: Counts,
    /// Those that cannot be taken, and why.
    pub rejected: Vec<Said>,
    /// What else is to be known.
    pub notices: Vec<Said>,
}

/// Something to say about a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// From 1.
    pub line: u64,
    /// What there is to say.
    pub reason: String,
}

/// Makes blocks of the events of a calendar, within the caller's unit of work. They are known again by their UID, so
/// the same calendar again changes nothing; events that are cancelled are taken back.
///
/// # Errors
/// [`Error::Invalid`] when whose they are is wrong (`/staff/0`, `/timezone`) or the calendar as a whole cannot be read
/// (`/ics`). What is wrong with single events is in the report.
pub fn calendar_of_blocks(
    conn: &mut Conn,
    ctx: &Context,
    bytes: &[u8],
    of: &BlocksOf,
) -> Result<CalendarReport, Error> {
    blocks::check(conn, ctx, (&of.staff, &of.resources), of.timezone.as_deref())?;
    let mut rows = ics::rows(bytes, ctx, &Events::Blocks(of.clone())).map_err(|Broken { at, reason }| {
        let place = at.map_or_else(String::new, |(line, column)| format!("line {line}, column {column}: "));
        Error::invalid("/ics", format!("cannot be read: {place}{reason}"))
    })?;
    let mut seen = identity::Seen::default();
    rows.iter_mut().for_each(|row| seen.admit(row));
    let outcomes = unit::take(conn, ctx, None, rows.iter())?;
    let mut report = CalendarReport::default();
    for (row, (verdict, notices)) in rows.iter().zip(outcomes) {
        report.add(row, verdict, &notices);
    }
    Ok(report)
}

impl CalendarReport {
    fn add(&mut self, row: &Row, verdict: Verdict, notices: &[Fault]) {
        let line = row.place.line;
        let reasons = |faults: &[Fault]| {
            let reasons: Vec<String> = faults.iter().map(|fault| reason(&Form::Ics, row, fault)).collect();
            Said { line, reason: reasons.join("; ") }
        };
        match verdict {
            Verdict::Created => self.counts.created += 1,
            Verdict::Changed => self.counts.changed += 1,
            Verdict::Unchanged => self.counts.unchanged += 1,
            Verdict::Rejected(faults) => {
                self.counts.rejected += 1;
                self.rejected.push(reasons(&faults));
            }
            Verdict::Skipped(why) => {
                self.counts.skipped += 1;
                self.notices.push(Said { line, reason: why });
            }
            Verdict::Noted(reason) => self.notices.push(Said { line, reason }),
        }
        self.notices.extend(notices.iter().map(|notice| reasons(std::slice::from_ref(notice))));
    }
}
