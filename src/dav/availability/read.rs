//! A VAVAILABILITY to working hours (RFC 7953 §3.1).

use std::collections::{BTreeMap, BTreeSet};

use crate::booking::hours::WorkingHoursRule;
use crate::ical::object::{Component, Kind, Limits, Object, Property};
use crate::recurrence::{Rule, Until};
use crate::time::{Civil, Date, Time, Zone};

use super::days::{Days, Unsayable, without_times};
use super::moment::{Moment, duration, later, moments};

/// The rules that a VAVAILABILITY says; floating times are those of `floating`. Before its start and after its end there
/// are no hours.
pub(super) fn rules(text: &str, floating: &Zone) -> Result<Vec<WorkingHoursRule>, String> {
    let limits = Limits { kinds: &[Kind::Availability], ..Limits::default() };
    let object = Object::parse(text.as_bytes(), &limits).map_err(|violation| violation.detail)?;
    let mut components = object.components();
    let (Some(all), None) = (components.next(), components.next()) else {
        return Err("working hours are one VAVAILABILITY; several with priorities are not understood".to_owned());
    };
    let from = all.property("DTSTART").map(Moment::of).transpose()?;
    let until = match (all.property("DTEND"), duration(all)?, &from) {
        (Some(end), ..) => Some(Moment::of(end)?),
        (None, Some(length), Some(from)) => Some(from.later(length, floating)?),
        (None, Some(_), None) => return Err("a VAVAILABILITY with a DURATION has a DTSTART".to_owned()),
        (None, None, _) => None,
    };
    let mut found = Vec::new();
    for component in all.components.iter().filter(|component| component.name == "AVAILABLE") {
        found.extend(Available::read(component, (from.as_ref(), until.as_ref()), floating)?.rules(component)?);
    }
    // Without any rule they would have the business's hours, which is not what it says.
    if found.is_empty() {
        found.push(never());
    }
    Ok(found)
}

/// Hours of somebody who is never available.
pub(super) fn never() -> WorkingHoursRule {
    let day = || Some("1970-01-05".to_owned());
    WorkingHoursRule {
        rrule: "FREQ=DAILY;COUNT=1".to_owned(),
        start: "00:00".to_owned(),
        end: "24:00".to_owned(),
        timezone: None,
        valid_from: day(),
        valid_until: day(),
        exdates: day().into_iter().collect(),
        rdates: Vec::new(),
        breaks: Vec::new(),
    }
}

/// An AVAILABLE on the clocks of its DTSTART.
struct Available {
    clocks: Zone,
    /// Whether the clocks are those of its owner, wherever that is.
    floats: bool,
    begins: Civil,
    /// How long it lasts on the clock, in seconds: up to a day.
    length: i64,
    /// What the VAVAILABILITY leaves of it.
    from: Option<Civil>,
    until: Option<Civil>,
    /// EXDATE: whole days, and starts.
    exdays: BTreeSet<Date>,
    excluded: BTreeSet<Civil>,
}

impl Available {
    fn read(
        component: &Component,
        (from, until): (Option<&Moment>, Option<&Moment>),
        floating: &Zone,
    ) -> Result<Self, String> {
        let has = |name: &str| component.property(name).is_some();
        if has("RECURRENCE-ID") {
            return Err(
                "single days of working hours are changed as exceptions (EXDATE, RDATE), not as overrides".to_owned()
            );
        }
        let rules = component.properties.iter().filter(|property| property.is("RRULE")).count();
        if rules > 1 || has("EXRULE") {
            return Err("an AVAILABLE has one RRULE and no EXRULE: write an AVAILABLE for each rule".to_owned());
        }
        let start = Moment::of(component.property("DTSTART").ok_or("an AVAILABLE has a DTSTART")?)?;
        let clocks = start.zone.clone().unwrap_or_else(|| floating.clone());
        let ends = end_of(component, &start, &clocks)?;
        let length = ends.duration_since(start.civil).as_secs();
        if !(1..=86_400).contains(&length) {
            return Err("an AVAILABLE lasts no longer than a day".to_owned());
        }
        let (mut exdays, mut excluded) = (BTreeSet::new(), BTreeSet::new());
        for exdate in moments(component, "EXDATE")? {
            let civil = exdate.on(&clocks);
            // A start that clocks jump over is written in UTC as what they show instead.
            let skipped = civil.date().to_datetime(start.civil.time());
            let is_skipped =
                exdate.zone.as_ref().is_some_and(|own| own.instant(exdate.civil) == clocks.instant(skipped));
            match exdate.is_date {
                true => exdays.insert(civil.date()),
                false => excluded.insert(if is_skipped { skipped } else { civil }),
            };
        }
        let (from, until) = (from.map(|from| from.on(&clocks)), until.map(|until| until.on(&clocks)));
        let floats = start.zone.is_none();
        Ok(Self { clocks, floats, begins: start.civil, length, from, until, exdays, excluded })
    }

    fn rules(&self, component: &Component) -> Result<Vec<WorkingHoursRule>, String> {
        let rdates: Vec<Civil> = moments(component, "RDATE")?.iter().map(|rdate| rdate.on(&self.clocks)).collect();
        let (mut repeated, mut singles) = match component.property("RRULE") {
            None => (None, BTreeSet::from([self.begins])),
            Some(property) => self.repeated(property)?,
        };
        for rdate in rdates {
            let day = rdate.date().to_string();
            match &mut repeated {
                Some(rule) if rdate.time() == self.begins.time() && holds(rule, &day) => rule.rdates.push(day),
                _ => drop(singles.insert(rdate)),
            }
        }
        let mut found: Vec<WorkingHoursRule> = repeated.into_iter().collect();
        found.extend(self.singles(&singles)?);
        Ok(found)
    }

    /// A row for what repeats whole, and the starts of what the VAVAILABILITY cuts.
    fn repeated(&self, property: &Property) -> Result<(Option<WorkingHoursRule>, BTreeSet<Civil>), String> {
        let unsayable = |Unsayable| "the RRULE of an AVAILABLE cannot be worked out".to_owned();
        let (rule, last) = self.days(&property.value)?;
        let days = Days::new(self.begins.date(), rule, last).map_err(unsayable)?;
        let (first, whole) = (self.first_whole()?, self.last_whole()?);
        let mut cut = BTreeSet::new();
        let before = first.yesterday().into_iter().filter(|_| first > days.anchor);
        for day in before.chain(whole.and_then(|day| day.tomorrow().ok())) {
            if days.contains(day).map_err(unsayable)? {
                cut.insert(day.to_datetime(self.begins.time()));
            }
        }
        let moved = if first == days.anchor { Ok(Some(days)) } else { days.starting(first) };
        let moved = moved.map_err(|Unsayable| {
            "the RRULE of an AVAILABLE cannot be counted from the start of the VAVAILABILITY: begin both on one day"
                .to_owned()
        })?;
        let Some(days) = moved else { return Ok((None, cut)) };
        let valid_until = days.last.into_iter().chain(whole).min();
        if valid_until.is_some_and(|last| last < days.anchor) {
            return Ok((None, cut));
        }
        let excluded = self.excluded.iter().filter(|at| at.time() == self.begins.time()).map(|at| at.date());
        let exdates: BTreeSet<Date> = excluded.chain(self.exdays.iter().copied()).collect();
        let ends = later(self.begins, self.length)?;
        let mut row = self.row(days.rule.to_string(), (self.begins.time(), ends.time()), days.anchor);
        row.valid_until = valid_until.map(|day| day.to_string());
        row.exdates = exdates.iter().map(Date::to_string).filter(|day| holds(&row, day)).collect();
        Ok((Some(row), cut))
    }

    /// The days of an RRULE, and the last that its UNTIL leaves.
    fn days(&self, text: &str) -> Result<(Rule, Option<Date>), String> {
        let rule = Rule::parse(text.trim()).map_err(|error| format!("the RRULE of an AVAILABLE {error}"))?;
        let time = self.begins.time();
        let own = [("BYHOUR", time.hour()), ("BYMINUTE", time.minute()), ("BYSECOND", time.second())];
        let of_start = |part: &str| own.iter().any(|(name, value)| part == format!("{name}={value}"));
        let written = rule.to_string();
        let others = written.split(';').any(|part| {
            own.iter().any(|(name, _)| part.split_once('=').is_some_and(|(found, _)| found == *name)) && !of_start(part)
        });
        let days = without_times(&rule).filter(|_| !others).ok_or(
            "the RRULE of an AVAILABLE repeats in days, weeks, months or years, not within a day: write an AVAILABLE \
             for each time of the day",
        )?;
        let last = rule.until().map(|until| self.last_until(until)).transpose()?;
        Ok((if last.is_some() { days.with_count(None) } else { days }, last))
    }

    /// The last day whose start is not after UNTIL.
    fn last_until(&self, until: Until) -> Result<Date, String> {
        let start = |day: Date| day.to_datetime(self.begins.time());
        let (day, is_in) = match until {
            Until::Date(day) => (day, true),
            Until::Local(civil) => (civil.date(), start(civil.date()) <= civil),
            Until::Utc(civil) => {
                let at = Zone::utc().instant(civil);
                let day = self.clocks.civil_at(at).date();
                (day, self.clocks.instant(start(day)) <= at)
            }
        };
        if is_in { Ok(day) } else { day.yesterday().map_err(|error| error.to_string()) }
    }

    /// The first day from DTSTART on that begins within the VAVAILABILITY.
    fn first_whole(&self) -> Result<Date, String> {
        let Some(from) = self.from.filter(|from| *from > self.begins) else { return Ok(self.begins.date()) };
        if from.time() <= self.begins.time() {
            return Ok(from.date());
        }
        from.date().tomorrow().map_err(|error| error.to_string())
    }

    /// The last day that ends within the VAVAILABILITY.
    fn last_whole(&self) -> Result<Option<Date>, String> {
        let Some(until) = self.until else { return Ok(None) };
        let starts = later(until, -self.length)?;
        if self.begins.time() <= starts.time() {
            return Ok(Some(starts.date()));
        }
        starts.date().yesterday().map(Some).map_err(|error| error.to_string())
    }

    /// Rows for single starts, one for those at the same times of the day.
    fn singles(&self, starts: &BTreeSet<Civil>) -> Result<Vec<WorkingHoursRule>, String> {
        let mut by_time: BTreeMap<(Time, Time), BTreeSet<Date>> = BTreeMap::new();
        for start in starts {
            if self.excluded.contains(start) || self.exdays.contains(&start.date()) {
                continue;
            }
            let end = later(*start, self.length)?;
            let (start, end) =
                (self.from.map_or(*start, |from| from.max(*start)), self.until.map_or(end, |until| until.min(end)));
            if start < end {
                by_time.entry((start.time(), end.time())).or_default().insert(start.date());
            }
        }
        let rows = by_time.into_iter().filter_map(|(times, days)| {
            let mut row = self.row("FREQ=DAILY;COUNT=1".to_owned(), times, *days.first()?);
            row.valid_until = days.last().map(Date::to_string);
            row.rdates = days.iter().skip(1).map(Date::to_string).collect();
            Some(row)
        });
        Ok(rows.collect())
    }

    fn row(&self, rrule: String, (start, end): (Time, Time), first: Date) -> WorkingHoursRule {
        WorkingHoursRule {
            rrule,
            start: clock(start),
            end: if end == Time::midnight() { "24:00".to_owned() } else { clock(end) },
            timezone: (!self.floats).then(|| self.clocks.name().to_owned()),
            valid_from: Some(first.to_string()),
            valid_until: None,
            exdates: Vec::new(),
            rdates: Vec::new(),
            breaks: Vec::new(),
        }
    }
}

/// Whether a day is within the validity of a row.
fn holds(row: &WorkingHoursRule, day: &str) -> bool {
    row.valid_from.as_deref().is_none_or(|from| from <= day)
        && row.valid_until.as_deref().is_none_or(|last| day <= last)
}

fn clock(time: Time) -> String {
    let format = if time.second() == 0 { "%H:%M" } else { "%H:%M:%S" };
    time.strftime(format).to_string()
}

/// The end of the first instance. Hours that repeat last as long on the clock every day; what does not repeat, as long on
/// the time line as its DURATION says.
fn end_of(component: &Component, start: &Moment, clocks: &Zone) -> Result<Civil, String> {
    if let Some(end) = component.property("DTEND") {
        return Ok(Moment::of(end)?.on(clocks));
    }
    if let Some((days, seconds)) = duration(component)? {
        return match component.property("RRULE") {
            Some(_) => later(start.civil, days * 86_400 + seconds),
            None => Ok(start.later((days, seconds), clocks)?.civil),
        };
    }
    if start.is_date {
        return later(start.civil, 86_400);
    }
    Err("an AVAILABLE has a DTEND or a DURATION".to_owned())
}
