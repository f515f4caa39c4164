//! Working hours to a VAVAILABILITY (RFC 7953 §3.1).

use crate::availability::Shift;
use crate::booking::hours::WorkingHoursRule;
use crate::ical::calendar::{CalendarHead, TAIL, render_head};
use crate::ical::timezone;
use crate::recurrence::{Frequency, Rule};
use crate::store::Id;
use crate::time::{Civil, Date, Instant, Time, Zone, parse_date, parse_time};

use super::days::{Days, Unsayable, without_times};

const DAY_SECONDS: i64 = 86_400;
/// How far ahead days are listed that no rule can say, in years.
const LISTED_YEARS: i16 = 10;
/// How many of them at most.
const LISTED: usize = 1000;

/// Whose hours, and when.
pub(super) struct Head<'h> {
    pub owner: Id,
    /// Of rules that name none.
    pub zone: &'h Zone,
    pub updated: Instant,
    pub now: Instant,
}

/// The text; or none when the hours cannot be said as one.
pub(super) fn render(rules: &[WorkingHoursRule], head: &Head<'_>) -> Result<String, Unsayable> {
    let rows = rules.iter().map(|rule| Row::of(rule, head)).collect::<Result<Vec<_>, _>>()?;
    let mut text = render_head(&CalendarHead::default());
    let mut zones: Vec<&Zone> = rows.iter().map(|row| &row.zone).collect();
    zones.sort_by(|one, other| one.name().cmp(other.name()));
    zones.dedup();
    for zone in zones.iter().filter(|zone| zone.name() != "UTC") {
        text.push_str(&timezone::kept(zone, head.updated, head.updated + 31_557_600));
    }
    let (owner, stamp) = (head.owner, head.updated.to_ical());
    text.push_str(&format!("BEGIN:VAVAILABILITY\r\nUID:{owner}\r\nDTSTAMP:{stamp}\r\n"));
    for (number, row) in rows.iter().enumerate() {
        for (part, (start, end)) in row.shift.stretches().into_iter().enumerate() {
            let Some(series) = row.series(start >= DAY_SECONDS, head)? else { continue };
            text.push_str(&format!("BEGIN:AVAILABLE\r\nUID:{owner}-{number}-{part}\r\nDTSTAMP:{stamp}\r\n"));
            series.push(&mut text, (start % DAY_SECONDS, end - start), &row.zone);
            text.push_str("END:AVAILABLE\r\n");
        }
    }
    text.push_str("END:VAVAILABILITY\r\n");
    text.push_str(TAIL);
    Ok(text)
}

/// A rule of working hours, read.
struct Row {
    days: Days,
    /// The first day to show.
    from: Date,
    exdates: Vec<Date>,
    rdates: Vec<Date>,
    shift: Shift,
    zone: Zone,
}

impl Row {
    fn of(rule: &WorkingHoursRule, head: &Head<'_>) -> Result<Self, Unsayable> {
        let day = |text: &String| parse_date(text).map_err(|_| Unsayable);
        let time = |text: &str| match text {
            "24:00" => Ok(Time::midnight()),
            text => parse_time(text).map_err(|_| Unsayable),
        };
        let valid_from = rule.valid_from.as_ref().map(day).transpose()?;
        let valid_until = rule.valid_until.as_ref().map(day).transpose()?;
        let rrule = Rule::parse(rule.rrule.trim().trim_start_matches("RRULE:")).map_err(|_| Unsayable)?;
        let rrule = without_times(&rrule).unwrap_or(rrule);
        let zone = rule.timezone.as_deref().map(Zone::parse).transpose().map_err(|_| Unsayable)?;
        let breaks = rule
            .breaks
            .iter()
            .map(|pause| Ok(crate::availability::Break { start: time(&pause.start)?, end: time(&pause.end)? }));
        let breaks = breaks.collect::<Result<_, Unsayable>>()?;
        let mut rdates = rule.rdates.iter().map(day).collect::<Result<Vec<_>, _>>()?;
        rdates.retain(|day| valid_from.is_none_or(|from| from <= *day) && valid_until.is_none_or(|last| *day <= last));
        rdates.sort_unstable();
        Ok(Self {
            days: Days::new(valid_from.unwrap_or(Date::constant(1970, 1, 5)), rrule, valid_until)?,
            // Nobody asks for hours of the last century, and not every program knows its clocks.
            from: valid_from.unwrap_or(Date::constant(2001, 1, 1)),
            exdates: rule.exdates.iter().map(day).collect::<Result<_, _>>()?,
            rdates,
            shift: Shift { start: time(&rule.start)?, end: time(&rule.end)?, breaks },
            zone: zone.unwrap_or_else(|| head.zone.clone()),
        })
    }

    /// The days of an AVAILABLE of these hours; none when there is not one.
    fn series(&self, on_next_day: bool, head: &Head<'_>) -> Result<Option<Series>, Unsayable> {
        let mut exdates = self.exdates.clone();
        let days = match self.days.starting(self.from) {
            // A DTSTART that is no instance is shown as one by many programs.
            Err(Unsayable) => {
                let days = self.days.uncounted()?;
                if !days.contains(days.anchor)? && !self.rdates.contains(&days.anchor) {
                    exdates.push(days.anchor);
                }
                Some(days)
            }
            Ok(days) => days,
        };
        let days = match days {
            Some(days) if days.rule.frequency() < Frequency::Daily => Err(Unsayable),
            Some(days) if on_next_day => days.a_day_later().map(Some),
            days => Ok(days),
        };
        let mut series = Series { days: None, exdates, rdates: self.rdates.clone() };
        series.rdates.retain(|day| !series.exdates.contains(day));
        match days {
            // A single day that is excluded is none.
            Ok(Some(days)) if days.rule.count() == Some(1) && series.exdates.contains(&days.anchor) => {}
            Ok(days) => series.days = days,
            Err(Unsayable) => series.rdates.extend(self.listed(head.now)?),
        }
        if on_next_day {
            for day in series.exdates.iter_mut().chain(&mut series.rdates) {
                *day = day.tomorrow().map_err(|_| Unsayable)?;
            }
        }
        Ok(Some(series).filter(|series| series.days.is_some() || !series.rdates.is_empty()))
    }

    /// The days themselves, from the year before `now` on: those after midnight of a rule such as "the first Monday".
    fn listed(&self, now: Instant) -> Result<Vec<Date>, Unsayable> {
        let year = self.zone.civil_at(now).year() - 1;
        let from = Date::new(year, 1, 1).map_err(|_| Unsayable)?.max(self.from);
        let mut found = self.days.from(from, LISTED)?;
        found.retain(|day| day.year() <= year + 1 + LISTED_YEARS);
        Ok(found)
    }
}

/// On which days something takes place.
struct Series {
    days: Option<Days>,
    exdates: Vec<Date>,
    rdates: Vec<Date>,
}

impl Series {
    fn push(&self, text: &mut String, (start, length): (i64, i64), zone: &Zone) {
        let mut rdates = self.rdates.clone();
        rdates.sort_unstable();
        rdates.dedup();
        let first = self.days.as_ref().map_or_else(|| rdates.remove(0), |days| days.anchor);
        let seconds = |seconds: i64| jiff::SignedDuration::from_secs(seconds);
        let at = |day: Date| day.at(0, 0, 0, 0).saturating_add(seconds(start));
        let clock = |civil: Civil| civil.strftime("%Y%m%dT%H%M%S").to_string();
        let mut push = |name: &str, civil: Civil| match zone.name() {
            "UTC" => text.push_str(&format!("{name}:{}Z\r\n", clock(civil))),
            tzid => text.push_str(&format!("{name};TZID={tzid}:{}\r\n", clock(civil))),
        };
        push("DTSTART", at(first));
        push("DTEND", at(first).saturating_add(seconds(length)));
        self.exdates.iter().for_each(|day| push("EXDATE", at(*day)));
        rdates.iter().for_each(|day| push("RDATE", at(*day)));
        let Some(Days { rule, last, .. }) = &self.days else { return };
        if rule.count() == Some(1) {
            return;
        }
        let until = last.map(|last| format!(";UNTIL={}", zone.instant(at(last)).to_ical())).unwrap_or_default();
        text.push_str(&format!("RRULE:{rule}{until}\r\n"));
    }
}
