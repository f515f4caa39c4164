//! A recurrence rule expanded as RFC 5545 §3.3.10 describes it, with no thought of speed: every day, or every unit, from
//! DTSTART's period on is looked at and kept or not.
//!
//! It shares nothing with `fasti::recurrence` but the calendar of jiff. Contested points are decided as `docs/rulings.md`
//! says.

use fasti::time::{Civil, Date};
use jiff::ToSpan as _;

use crate::spec::{DAILY, MONTHLY, Spec, WEEKLY, YEARLY};

/// The instances up to `horizon`, in civil time.
pub fn expand(spec: &Spec, start: Civil, horizon: Civil) -> Vec<Civil> {
    let horizon = spec.until.map_or(horizon, |until| until.min(horizon));
    let mut found = if spec.freq < DAILY { by_unit(spec, start, horizon) } else { by_day(spec, start, horizon) };
    found.retain(|civil| *civil >= start && *civil <= horizon);
    if let Some(count) = spec.count {
        found.truncate(count);
    }
    found
}

fn weekday(date: Date) -> usize {
    date.weekday().to_monday_zero_offset() as usize
}

fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).unwrap().get_days().into()
}

fn week_start(date: Date, wkst: usize) -> Date {
    date.checked_sub((((weekday(date) + 7 - wkst) % 7) as i64).days()).unwrap()
}

/// The first days of the weeks of a year: those with four days or more in it.
fn weeks_of(year: i16, wkst: usize) -> Vec<Date> {
    let mut week = week_start(Date::new(year, 1, 1).unwrap(), wkst);
    let mut weeks = Vec::new();
    while week.year() <= year {
        let inside = (0..7).filter(|n| week.checked_add(n.days()).unwrap().year() == year).count();
        if inside >= 4 {
            weeks.push(week);
        }
        week = week.checked_add(7.days()).unwrap();
    }
    weeks
}

/// The year that a day's week belongs to, the number of the week from 1, and from the end from -1.
fn week_number(date: Date, wkst: usize) -> (i16, i32, i32) {
    let week = week_start(date, wkst);
    for year in [date.year(), date.year() - 1, date.year() + 1] {
        let weeks = weeks_of(year, wkst);
        if let Some(index) = weeks.iter().position(|start| *start == week) {
            return (year, index as i32 + 1, index as i32 - weeks.len() as i32);
        }
    }
    unreachable!("every week has a year");
}

/// The number of the period that a day is in.
fn period(spec: &Spec, date: Date) -> i64 {
    match spec.freq {
        DAILY => days_between(Date::new(1970, 1, 1).unwrap(), date),
        // 1969-12-29 was a Monday.
        WEEKLY => {
            let first = Date::new(1969, 12, 29).unwrap().checked_add((spec.wkst as i64).days()).unwrap();
            days_between(first, week_start(date, spec.wkst)).div_euclid(7)
        }
        MONTHLY => i64::from(date.year()) * 12 + i64::from(date.month()),
        _ if !spec.by_week_no.is_empty() => week_number(date, spec.wkst).0.into(),
        _ => date.year().into(),
    }
}

fn in_list(list: &[i32], from_start: i32, from_end: i32) -> bool {
    list.is_empty() || list.contains(&from_start) || list.contains(&from_end)
}

/// Whether the parts that the rule has let a day through.
fn day_passes(spec: &Spec, date: Date) -> bool {
    let (day, days) = (i32::from(date.day()), i32::from(date.days_in_month()));
    let (year_day, year_days) = (i32::from(date.day_of_year()), i32::from(date.days_in_year()));
    let month_first = spec.by_month.is_empty() || spec.by_month.contains(&i32::from(date.month()));
    if !month_first
        || !in_list(&spec.by_month_day, day, day - days - 1)
        || !in_list(&spec.by_year_day, year_day, year_day - year_days - 1)
    {
        return false;
    }
    if !spec.by_week_no.is_empty() {
        let (_, number, from_end) = week_number(date, spec.wkst);
        if !in_list(&spec.by_week_no, number, from_end) {
            return false;
        }
    }
    let in_year = spec.freq == YEARLY && spec.by_month.is_empty();
    let (at, of) = if in_year { (year_day, year_days) } else { (day, days) };
    let matches = |(ordinal, weekday_wanted): &(i32, usize)| {
        *weekday_wanted == weekday(date)
            && (*ordinal == 0 || *ordinal == (at - 1) / 7 + 1 || *ordinal == -((of - at) / 7 + 1))
    };
    spec.by_day.is_empty() || spec.by_day.iter().any(matches)
}

/// The same rule with what it takes from DTSTART.
fn completed(spec: &Spec, start: Civil) -> Spec {
    let mut spec = spec.clone();
    let weeks = !spec.by_week_no.is_empty();
    let no_day = spec.by_day.is_empty() && spec.by_month_day.is_empty() && spec.by_year_day.is_empty();
    let start_day = i32::from(start.day());
    match spec.freq {
        WEEKLY if spec.by_day.is_empty() => spec.by_day = vec![(0, weekday(start.date()))],
        YEARLY if weeks && no_day => spec.by_day = vec![(0, weekday(start.date()))],
        MONTHLY | YEARLY if no_day => {
            spec.by_month_day = vec![start_day];
            if spec.freq == YEARLY && spec.by_month.is_empty() {
                spec.by_month = vec![start.month().into()];
            }
        }
        // "if … BYMONTH rule part were missing, the appropriate … month would have been retrieved from DTSTART".
        // BYDAY still counts in the year, so the day is looked at with the months that BYMONTH would have excluded.
        _ => {}
    }
    for (list, value) in [
        (&mut spec.by_hour, start.hour()),
        (&mut spec.by_minute, start.minute()),
        (&mut spec.by_second, start.second()),
    ] {
        if list.is_empty() {
            *list = vec![value.into()];
        }
    }
    spec
}

fn by_day(spec: &Spec, start: Civil, horizon: Civil) -> Vec<Civil> {
    let only_month = (spec.freq == YEARLY
        && spec.by_month.is_empty()
        && !spec.by_month_day.is_empty()
        && spec.by_year_day.is_empty()
        && spec.by_week_no.is_empty())
    .then_some(start.month());
    let spec = completed(spec, start);
    let first = period(&spec, start.date());
    let mut date = start.date();
    while date.year() > 1 && period(&spec, date.yesterday().unwrap()) == first {
        date = date.yesterday().unwrap();
    }
    let mut found = Vec::new();
    let mut set: Vec<Civil> = Vec::new();
    let mut current = first;
    // A period that the horizon cuts is finished, for BYSETPOS.
    loop {
        let number = period(&spec, date);
        if number != current {
            found.append(&mut positions(&spec, std::mem::take(&mut set)));
            current = number;
            if date > horizon.date() {
                return found;
            }
        }
        let hit = (number - first) % spec.interval == 0 && only_month.is_none_or(|month| month == date.month());
        if hit && day_passes(&spec, date) {
            for hour in &spec.by_hour {
                for minute in &spec.by_minute {
                    set.extend(spec.by_second.iter().map(|s| date.at(*hour as i8, *minute as i8, *s as i8, 0)));
                }
            }
        }
        date = date.tomorrow().unwrap();
    }
}

/// BYSETPOS on the set of one period.
fn positions(spec: &Spec, set: Vec<Civil>) -> Vec<Civil> {
    if spec.by_set_pos.is_empty() {
        return set;
    }
    let len = set.len() as i32;
    let kept = |index: i32| spec.by_set_pos.iter().any(|p| *p == index + 1 || *p == index - len);
    (0..len).filter(|index| kept(*index)).map(|index| set[index as usize]).collect()
}

fn by_unit(spec: &Spec, start: Civil, horizon: Civil) -> Vec<Civil> {
    let unit = [1, 60, 3600][spec.freq];
    let zero = Date::new(1970, 1, 1).unwrap().at(0, 0, 0, 0);
    let seconds = |civil: Civil| civil.duration_since(zero).as_secs();
    let mut at = seconds(start) / unit * unit;
    if seconds(start) < 0 {
        at = seconds(start).div_euclid(unit) * unit;
    }
    let own = |list: &[i32], value: i8| if list.is_empty() { vec![i32::from(value)] } else { list.to_vec() };
    let minutes = own(&spec.by_minute, start.minute());
    let second = own(&spec.by_second, start.second());
    let mut found = Vec::new();
    while at <= seconds(horizon) {
        let civil = zero.checked_add(at.seconds()).unwrap();
        let passes = in_list(&spec.by_hour, civil.hour().into(), 99)
            && (spec.freq == 2 || in_list(&spec.by_minute, civil.minute().into(), 99))
            && (spec.freq != 0 || in_list(&spec.by_second, civil.second().into(), 99))
            && day_passes(spec, civil.date());
        if passes {
            let set = match spec.freq {
                2 => minutes
                    .iter()
                    .flat_map(|m| second.iter().map(move |s| civil.date().at(civil.hour(), *m as i8, *s as i8, 0)))
                    .collect(),
                1 => second.iter().map(|s| civil.date().at(civil.hour(), civil.minute(), *s as i8, 0)).collect(),
                _ => vec![civil],
            };
            found.append(&mut positions(spec, set));
        }
        at += unit * spec.interval;
    }
    found
}
