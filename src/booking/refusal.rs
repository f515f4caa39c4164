//! Why a series cannot be had: for each occurrence that fails everything that is in its way, hours, blocks and bookings
//! together (B8).

use crate::availability::Why;
use crate::store::bookings::Booking;
use crate::store::people::Person;
use crate::store::resources::Resource;
use crate::store::services::Service;
use crate::store::{Conn, Id};

use super::allocate::{Needs, taken_by};
use super::offer::{Judge, Reason};
use super::series::Occurrence;
use super::{Context, Error, Failing};

/// Occurrences that the sentence names; the list has them all.
const NAMED: usize = 10;

/// Occurrences, and who and what could serve them.
#[derive(Debug)]
pub(super) struct Party {
    /// When.
    pub occurrences: Vec<Occurrence>,
    /// Staff of whom one serves.
    pub staff: Vec<Person>,
    /// Resources; of each list one is used.
    pub resources: Vec<Vec<Resource>>,
}

/// What was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking<'a> {
    pub ctx: &'a Context,
    pub service: &'a Service,
    /// The series, with its buffers.
    pub booking: &'a Booking,
    /// Whether hours, blocks and terms count, or only what is taken.
    pub by_hours: bool,
}

/// The refusal of a series in place of `short`, which tells of one kind of obstacle only. The time that the series has
/// itself is given back by now. Where any of several would do, whoever fails least often stands for all.
///
/// # Errors
/// [`Error::Store`].
pub(super) fn of_each(conn: &mut Conn, asking: Asking<'_>, parties: &[Party], short: Error) -> Result<Error, Error> {
    let (mut failing, mut names, mut all) = (Vec::new(), Vec::new(), 0);
    for party in parties {
        all += party.occurrences.len();
        let (name, reasons) = of_party(conn, asking, party)?;
        let failed = party.occurrences.iter().zip(reasons).filter(|(_, reasons)| !reasons.is_empty());
        let before = failing.len();
        failing.extend(failed.map(|(occurrence, reasons)| Failing {
            recurrence_id: occurrence.recurrence_id,
            span: occurrence.span.clone(),
            reasons,
        }));
        names.extend(name.filter(|_| failing.len() > before));
    }
    if failing.is_empty() {
        return Ok(short);
    }
    failing.sort_by_key(|one| (one.span.at.start, one.recurrence_id));
    Ok(Error::Occurrences { detail: sentence(&failing, &names, all), failing })
}

fn sentence(failing: &[Failing], names: &[String], all: usize) -> String {
    let one = |one: &Failing| {
        let why: Vec<&str> = one.reasons.iter().map(|reason| reason.kind.summary()).collect();
        format!("{} ({})", one.span.at.start.to_rfc3339(&one.span.zone), why.join(", "))
    };
    let mut times: Vec<String> = failing.iter().take(NAMED).map(one).collect();
    if failing.len() > NAMED {
        times.push(format!("{} more", failing.len() - NAMED));
    }
    let with = if names.is_empty() { String::new() } else { format!(" with {}", names.join(", ")) };
    let times = times.join(", ");
    format!("{} of {all} occurrences cannot be had{with}: {times}; choose other times", failing.len())
}

/// Who leads, by name, and what is in the way of each occurrence.
fn of_party(conn: &mut Conn, asking: Asking<'_>, party: &Party) -> Result<(Option<String>, Vec<Vec<Reason>>), Error> {
    let Asking { ctx, service, booking, by_hours } = asking;
    let judge = match by_hours {
        true => Some(Judge::read(conn, ctx, service, &party.occurrences, (&party.staff, &party.resources))?),
        false => None,
    };
    let needs = Needs {
        booking,
        capacity: service.capacity,
        occurrences: &party.occurrences,
        staff: Vec::new(),
        resources: Vec::new(),
        overflow: false,
        now: ctx.now,
    };
    let inquiry = Inquiry { needs: &needs, judge: judge.as_ref() };
    let people: Vec<Candidate<'_>> =
        party.staff.iter().map(|p| Candidate { id: p.person_id, quantity: 1, name: &p.name }).collect();
    let (lead, mut reasons) = inquiry.least(conn, None, &people)?;
    for any in &party.resources {
        let any: Vec<Candidate<'_>> =
            any.iter().map(|r| Candidate { id: r.resource_id, quantity: r.quantity, name: &r.name }).collect();
        let (_, more) = inquiry.least(conn, lead.map(|lead| lead.id), &any)?;
        for (reasons, more) in reasons.iter_mut().zip(more) {
            let new: Vec<Reason> = more.into_iter().filter(|reason| !reasons.contains(reason)).collect();
            reasons.extend(new);
        }
    }
    if people.is_empty() && party.resources.is_empty() {
        reasons = inquiry.unserved(conn)?;
    }
    Ok((lead.map(|lead| lead.name.to_owned()), reasons))
}

/// Somebody or something that could serve.
#[derive(Debug, Clone, Copy)]
struct Candidate<'a> {
    id: Id,
    quantity: i32,
    name: &'a str,
}

struct Inquiry<'a> {
    needs: &'a Needs<'a>,
    judge: Option<&'a Judge<'a>>,
}

impl Inquiry<'_> {
    /// Of several candidates the one that fails least often, and what is in its way.
    fn least<'c>(
        &self,
        conn: &mut Conn,
        lead: Option<Id>,
        candidates: &[Candidate<'c>],
    ) -> Result<(Option<Candidate<'c>>, Vec<Vec<Reason>>), Error> {
        let mut best: Option<(usize, Candidate<'c>, Vec<Vec<Reason>>)> = None;
        for candidate in candidates {
            let together: Vec<Id> = lead.into_iter().chain([candidate.id]).collect();
            let reasons = self.reasons(conn, lead, *candidate, &together)?;
            let failing = reasons.iter().filter(|reasons| !reasons.is_empty()).count();
            if best.as_ref().is_none_or(|(least, ..)| failing < *least) {
                best = Some((failing, *candidate, reasons));
            }
        }
        Ok(match best {
            Some((_, candidate, reasons)) => (Some(candidate), reasons),
            None => (None, vec![Vec::new(); self.needs.occurrences.len()]),
        })
    }

    fn reasons(
        &self,
        conn: &mut Conn,
        anchor: Option<Id>,
        candidate: Candidate<'_>,
        together: &[Id],
    ) -> Result<Vec<Vec<Reason>>, Error> {
        let nothing = || vec![Vec::new(); self.needs.occurrences.len()];
        let mut all = self.judge.map_or_else(|| Ok(nothing()), |judge| judge.reasons(together))?;
        for (occurrence, reasons) in self.needs.occurrences.iter().zip(&mut all) {
            let place = (candidate.id, candidate.quantity);
            reasons.extend(taken_by(conn, self.needs, anchor, place, occurrence)?);
        }
        Ok(all)
    }

    /// A class without staff or room has its seats on the service itself; anything else is bound by hours alone.
    fn unserved(&self, conn: &mut Conn) -> Result<Vec<Vec<Reason>>, Error> {
        let service = Candidate { id: self.needs.booking.service_id, quantity: i32::MAX, name: "" };
        if self.needs.capacity > 1 {
            return self.reasons(conn, None, service, &[]);
        }
        let nothing = || vec![Vec::new(); self.needs.occurrences.len()];
        self.judge.map_or_else(|| Ok(nothing()), |judge| judge.reasons(&[]))
    }
}

/// A refusal for an occurrence that would meet another of its own series.
pub(super) fn own_overlap(booking: &Booking, occurrence: &Occurrence) -> Error {
    let reason = Reason {
        reference: Some(booking.booking_id),
        summary: "another occurrence of the series".to_owned(),
        ..Reason::of(Why::Booking)
    };
    let Occurrence { recurrence_id, span } = occurrence.clone();
    let at = span.at.start.to_rfc3339(&span.zone);
    Error::Occurrences {
        detail: format!("another occurrence of the series is at {at}; choose another time"),
        failing: vec![Failing { recurrence_id, span, reasons: vec![reason] }],
    }
}
