//! From the times somebody asks for to the times of a booking. Pure.

use crate::store::Local;
use crate::store::bookings::Booking;
use crate::time::{Civil, Instant, Interval, Resolved, TimeInput, Zone};

use super::{Fault, Faults, input};

/// Bookings last at most 366 days.
const MAX_SECONDS: i64 = 366 * 86_400;
/// Blocked time lasts at most ten years.
const MAX_BLOCK_SECONDS: i64 = 10 * 366 * 86_400;
/// Bookings begin at most ten years ahead.
const MAX_AHEAD_SECONDS: i64 = 10 * 366 * 86_400;

/// When a booking takes place: local times in a zone, and the instants they give today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Whose clocks.
    pub zone: Zone,
    /// What they show at the start.
    pub start_local: Civil,
    /// What they show at the end.
    pub end_local: Civil,
    /// The later of two equal local starts is meant.
    pub fold: bool,
    /// The later of two equal local ends is meant.
    pub end_fold: bool,
    /// Whole days: both are midnights.
    pub all_day: bool,
    /// The instants.
    pub at: Interval,
}

/// The times as they came in.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// RFC 3339, local time, or date.
    pub start: &'a str,
    /// The same, exclusive.
    pub end: Option<&'a str>,
    /// IANA zone.
    pub timezone: Option<&'a str>,
    /// What to add to the start when no end is given.
    pub duration_minutes: i32,
}

/// Which times are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounds {
    /// What is not over yet and begins within ten years.
    Upcoming(Instant),
    /// Any time: an import brings what was.
    Any,
    /// Any time, also a long one: blocked time, e.g. a parental leave.
    Block,
}

/// One end of a span.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) civil: Civil,
    at: Instant,
    pub(super) fold: bool,
    pub(super) whole_day: bool,
}

/// Works out when a booking takes place. Local times that happen twice are taken as the earlier, with a notice.
///
/// # Errors
/// Every fault, with pointers `/start`, `/end` and `/timezone`.
pub fn resolve(asked: Asked<'_>, default: &Zone, bounds: Bounds) -> Result<(Span, Vec<Fault>), super::Error> {
    let mut faults = Faults::default();
    let mut notices = Vec::new();
    let zone = asked.timezone.map(input::zone).transpose();
    let zone = faults.take("/timezone", zone.map(|z| Some(z.unwrap_or_else(|| default.clone()))));
    let zone = zone.unwrap_or_else(Zone::utc);
    let start = faults.take("/start", point(asked.start, "/start", &zone, &mut notices).map(Some));
    let end = asked.end.map(|end| point(end, "/end", &zone, &mut notices)).transpose();
    let end = faults.take("/end", end);
    faults.check()?;
    let start = start.ok_or_else(|| super::Error::invalid("/start", "is missing"))?;
    let end = end.unwrap_or_else(|| after(start, asked.duration_minutes, &zone));
    let span = join(start, end, zone)?;
    within(&span, bounds)?;
    Ok((span, notices))
}

/// What a text means on the clocks of a zone.
///
/// # Errors
/// What is wrong, to follow the field's name.
pub(super) fn point(text: &str, pointer: &str, zone: &Zone, notices: &mut Vec<Fault>) -> Result<Point, String> {
    match TimeInput::parse(text).map_err(|e| e.to_string())? {
        TimeInput::Day(date) => {
            let civil = date.at(0, 0, 0, 0);
            Ok(Point { civil, at: zone.instant(civil), fold: false, whole_day: true })
        }
        TimeInput::Fixed(at) => Ok(fixed(at, zone)),
        TimeInput::Local(civil) => match zone.resolve(civil) {
            Resolved::Once(at) => Ok(Point { civil, at, fold: false, whole_day: false }),
            Resolved::Twice { earlier, later } => {
                notices.push(Fault {
                    pointer: pointer.to_owned(),
                    detail: format!(
                        "happens twice in {zone} because clocks are set back; the earlier was taken, {}. For the later \
                         send {}",
                        earlier.to_rfc3339(zone),
                        later.to_rfc3339(zone)
                    ),
                });
                Ok(Point { civil, at: earlier, fold: false, whole_day: false })
            }
            Resolved::Never { before, after, .. } => Err(format!(
                "does not exist in {zone}: clocks are set forward over it. The nearest times that exist are {} and {}",
                zone.instant(before).to_rfc3339(zone),
                zone.instant(after).to_rfc3339(zone),
            )),
        },
    }
}

/// The instant of a local time; `fold` says that the later of two is meant.
pub(super) fn instant_of(zone: &Zone, civil: Civil, fold: bool) -> Instant {
    match zone.resolve(civil) {
        Resolved::Twice { later, .. } if fold => later,
        _ => zone.instant(civil),
    }
}

/// The local time of an instant, and whether it is the later of two.
fn fixed(at: Instant, zone: &Zone) -> Point {
    let civil = zone.civil_at(at);
    let fold = matches!(zone.resolve(civil), Resolved::Twice { later, .. } if later == at);
    Point { civil, at, fold, whole_day: false }
}

fn after(start: Point, minutes: i32, zone: &Zone) -> Point {
    if !start.whole_day {
        return fixed(start.at + i64::from(minutes) * 60, zone);
    }
    let days = (minutes + 1439) / 1440;
    let civil = (0..days.max(1)).fold(start.civil, |day, _| day.tomorrow().unwrap_or(day));
    Point { civil, at: zone.instant(civil), fold: false, whole_day: true }
}

fn join(start: Point, end: Point, zone: Zone) -> Result<Span, super::Error> {
    if start.whole_day != end.whole_day {
        return Err(super::Error::invalid(
            "/end",
            "must be a date when the start is a date, and a time when it is a time",
        ));
    }
    let at = Interval::new(start.at, end.at).ok_or_else(|| {
        let exclusive = if start.whole_day { "; the end of whole days is the first day after them" } else { "" };
        super::Error::invalid("/end", format!("must be after the start{exclusive}"))
    })?;
    Ok(Span {
        zone,
        start_local: start.civil,
        end_local: end.civil,
        fold: start.fold,
        end_fold: end.fold,
        all_day: start.whole_day,
        at,
    })
}

fn within(span: &Span, bounds: Bounds) -> Result<(), super::Error> {
    let (most, in_words) = match bounds {
        Bounds::Block => (MAX_BLOCK_SECONDS, "ten years"),
        Bounds::Upcoming(_) | Bounds::Any => (MAX_SECONDS, "366 days"),
    };
    if span.at.end - span.at.start > most {
        return Err(super::Error::invalid("/end", format!("is more than {in_words} after the start")));
    }
    let Bounds::Upcoming(now) = bounds else { return Ok(()) };
    if span.at.end <= now {
        return Err(super::Error::invalid("/start", "is in the past; bookings that are over can only be imported"));
    }
    if span.at.start - now > MAX_AHEAD_SECONDS {
        return Err(super::Error::invalid("/start", "is more than ten years ahead"));
    }
    Ok(())
}

impl Span {
    /// The span a stored booking has by the zone rules of this version.
    ///
    /// # Errors
    /// When its zone is no longer known.
    pub fn of(booking: &Booking) -> Result<Self, crate::time::UnknownZone> {
        let zone = Zone::parse(&booking.timezone)?;
        let start = instant_of(&zone, booking.start_local.0, booking.fold == 1);
        let end = instant_of(&zone, booking.end_local.0, booking.end_fold == 1);
        // New rules may have put a gap between the two; then the length it had is what can be kept.
        let at = Interval::new(start, end)
            .unwrap_or(Interval { start, end: start + (booking.end_at - booking.start_at).max(60) });
        Ok(Self {
            start_local: booking.start_local.0,
            end_local: booking.end_local.0,
            fold: booking.fold == 1,
            end_fold: booking.end_fold == 1,
            all_day: booking.all_day,
            zone,
            at,
        })
    }

    /// Writes the span into a row.
    pub fn write_to(&self, booking: &mut Booking) {
        booking.start_local = Local(self.start_local);
        booking.end_local = Local(self.end_local);
        booking.fold = i16::from(self.fold);
        booking.end_fold = i16::from(self.end_fold);
        self.zone.name().clone_into(&mut booking.timezone);
        booking.all_day = self.all_day;
        booking.start_at = self.at.start;
        booking.end_at = self.at.end;
    }

    /// The same times of day on another day, e.g. an occurrence of a series: the later of two starts is never meant.
    #[must_use]
    pub fn moved_to(&self, start: Civil) -> Self {
        let at = self.zone.instant(start);
        let (end_local, end) = if self.all_day {
            let days = self.end_local.date().since(self.start_local.date()).map_or(1, |span| span.get_days());
            let day = (0..days.max(1)).fold(start, |day, _| day.tomorrow().unwrap_or(day));
            (day, self.zone.instant(day))
        } else {
            let end = at + (self.at.end - self.at.start);
            (self.zone.civil_at(end), end)
        };
        Self {
            zone: self.zone.clone(),
            start_local: start,
            end_local,
            fold: false,
            end_fold: false,
            all_day: self.all_day,
            at: Interval { start: at, end },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin(start: &str, end: Option<&str>) -> Result<(Span, Vec<Fault>), super::super::Error> {
        let asked = Asked { start, end, timezone: Some("Europe/Berlin"), duration_minutes: 30 };
        resolve(asked, &Zone::utc(), Bounds::Upcoming(Instant::from_unix(1_770_000_000)))
    }

    #[test]
    fn a_time_in_a_gap_is_refused_with_its_neighbours() {
        let error = berlin("2026-03-29T02:30", None).unwrap_err().to_string();
        assert!(error.contains("2026-03-29T01:30:00+01:00") && error.contains("2026-03-29T03:30:00+02:00"), "{error}");
    }

    #[test]
    fn a_time_in_an_overlap_is_the_earlier_and_says_so() {
        let (span, notices) = berlin("2026-10-25T02:30", None).unwrap();
        assert_eq!(span.at.start.to_string(), "2026-10-25T00:30:00Z");
        assert_eq!(notices.len(), 1);
        let (later, notices) = berlin("2026-10-25T02:30:00+01:00", None).unwrap();
        assert_eq!((later.start_local, later.fold, notices.len()), (span.start_local, true, 0));
        assert_eq!(later.at.start - span.at.start, 3600);
    }

    #[test]
    fn a_duration_is_elapsed_time() {
        let (span, _) = berlin("2026-03-29T01:45", None).unwrap();
        assert_eq!(span.at.end - span.at.start, 1800);
        assert_eq!(span.end_local.to_string(), "2026-03-29T03:15:00");
    }

    #[test]
    fn whole_days_end_at_the_midnight_after() {
        let (span, _) = berlin("2026-10-24", Some("2026-10-26")).unwrap();
        assert!(span.all_day);
        assert_eq!(span.at.end - span.at.start, 49 * 3600);
        assert!(berlin("2026-10-24", Some("2026-10-24")).is_err());
        assert!(berlin("2026-10-24", Some("2026-10-26T10:00")).is_err());
    }

    #[test]
    fn what_is_over_or_far_away_is_refused() {
        for start in ["2001-01-01T10:00:00Z", "9998-12-31T23:59:59Z", "2026-01-01T10:00"] {
            assert!(berlin(start, None).is_err(), "{start}");
        }
        assert!(berlin("2026-06-01T10:00", Some("2027-06-03T10:00")).is_err());
    }
}
