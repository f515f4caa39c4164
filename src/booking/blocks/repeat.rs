//! From the rule and dates somebody asks for to the occurrences of a block. Pure.

use crate::recurrence::{Definition, End, Exhausted, Moment, Rdate, Rule, Series};
use crate::store::blocks::{Block, ENDLESS};
use crate::store::{self, Local};
use crate::time::{Civil, Instant, Interval, TimeInput, Zone, parse_civil};

use crate::booking::span::{Span, point};
use crate::booking::{Error, Faults};

/// Exceptions, or additional dates, that one block may have.
const DATES: usize = 1000;
/// Characters a rule may have.
const RULE: usize = 1000;
/// Occurrences within 366 days: each question about free time has to look at them all.
const A_YEAR: usize = 10_000;
const YEAR_SECONDS: i64 = 366 * 86_400;
/// How far the density of a rule is looked at. Days of the week and leap years come round in 28 years.
const LOOKED_AT_SECONDS: i64 = 30 * YEAR_SECONDS;

/// Where a block comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::booking) enum Source {
    /// Somebody asks for it: what makes no sense is refused.
    Asked,
    /// A calendar that somebody else wrote, or what was kept from before: exceptions that name no occurrence are dropped.
    Known,
}

/// The dates of a block as they come in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Repeat<'a> {
    pub rrule: Option<&'a str>,
    /// Further starts.
    pub rdates: &'a [String],
    /// Starts that do not take place.
    pub exdates: &'a [String],
    /// Where the rule comes from.
    pub rule_from: Source,
    /// Where the exceptions come from.
    pub exdates_from: Source,
}

/// What a block's columns say about its occurrences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Occurrences {
    pub rrule: Option<String>,
    pub rdates: Vec<Civil>,
    pub exdates: Vec<Civil>,
    /// No occurrence ends later.
    pub last_end: Instant,
    /// Exceptions that name no occurrence.
    pub dropped: usize,
}

/// Works out the occurrences of a block whose first is `span`.
///
/// # Errors
/// [`Error::Invalid`] with pointers such as `/rrule` and `/exdates/0`.
pub(super) fn occurrences(repeat: Repeat<'_>, span: &Span) -> Result<Occurrences, Error> {
    let mut faults = Faults::default();
    let rule = faults.take("/rrule", repeat.rrule.map(|text| rule(text, repeat.rule_from)).transpose());
    let rdates = further(repeat.rdates, span, &mut faults);
    if repeat.exdates.len() > DATES {
        faults.add("/exdates", format!("has {} entries; at most {DATES} are allowed", repeat.exdates.len()));
    }
    let recurs = repeat.rrule.is_some() || !repeat.rdates.is_empty();
    if recurs {
        check_first(span, &mut faults);
    } else if repeat.exdates_from == Source::Asked && !repeat.exdates.is_empty() {
        faults.add("/exdates", "need an rrule or rdates; without them there is one occurrence");
    }
    faults.check()?;
    if !recurs {
        let dropped = repeat.exdates.len();
        return Ok(Occurrences { rrule: None, rdates, exdates: Vec::new(), last_end: span.at.end, dropped });
    }
    let all = series_of(Parts::of(span), rule.clone(), &rdates, &[]).map_err(|e| refuse(&rule, e.to_string()))?;
    check_rule(&all, rule.as_ref(), span)?;
    let (exdates, dropped) = exceptions(repeat, &all, span)?;
    let series = series_of(Parts::of(span), rule.clone(), &rdates, &exdates);
    let series = series.map_err(|e| refuse(&rule, e.to_string()))?;
    let first = next(&series, span.at.start, &span.zone).map_err(|e| refuse(&rule, e.to_string()))?;
    if first.is_none() {
        return Err(Error::invalid("/exdates", "leave no occurrence"));
    }
    let last_end = series.end(&span.zone).map_or(ENDLESS, |end| end.max(span.at.end));
    Ok(Occurrences { rrule: rule.map(|rule| rule.to_string()), rdates, exdates, last_end, dropped })
}

/// A fault of the rule, or where there is none of the dates.
fn refuse(rule: &Option<Rule>, detail: String) -> Error {
    Error::invalid(if rule.is_some() { "/rrule" } else { "/rdates" }, detail)
}

fn rule(text: &str, source: Source) -> Result<Rule, String> {
    let text = text.trim();
    if text.chars().count() > RULE {
        return Err(format!("is longer than {RULE} characters"));
    }
    let prefix = text.get(..6).filter(|prefix| prefix.eq_ignore_ascii_case("RRULE:"));
    let text = prefix.map_or(text, |prefix| &text[prefix.len()..]);
    let rule = match source {
        Source::Asked => Rule::parse(text),
        Source::Known => Rule::parse_lenient(text),
    };
    rule.map_err(|error| error.to_string())
}

/// Further starts, in order.
fn further(texts: &[String], span: &Span, faults: &mut Faults) -> Vec<Civil> {
    if texts.len() > DATES {
        faults.add("/rdates", format!("has {} entries; at most {DATES} are allowed", texts.len()));
        return Vec::new();
    }
    let start = |(i, text): (usize, &String)| {
        let at = format!("/rdates/{i}");
        let found = point(text, &at, &span.zone, &mut Vec::new()).and_then(|point| match point {
            point if point.whole_day != span.all_day => Err(other_form(span)),
            point if point.fold => Err(later_of_two()),
            point if point.civil < span.start_local => Err("is before the start, which is the first".to_owned()),
            point => Ok(Some(point.civil)),
        });
        faults.take(&at, found)
    };
    let mut starts: Vec<Civil> = texts.iter().enumerate().filter_map(start).collect();
    starts.sort_unstable();
    starts.dedup();
    starts
}

fn other_form(span: &Span) -> String {
    let form = if span.all_day { "a date" } else { "a time" };
    format!("must be {form}, as the start is")
}

fn later_of_two() -> String {
    "is the later of two times that clocks show twice; what recurs is kept by what clocks show, and that means the \
     earlier"
        .to_owned()
}

/// What an occurrence that is repeated must be like.
fn check_first(span: &Span, faults: &mut Faults) {
    for (pointer, fold) in [("/start", span.fold), ("/end", span.end_fold)] {
        if fold {
            faults.add(pointer, later_of_two());
        }
    }
    if span.at.end - span.at.start > YEAR_SECONDS {
        faults.add("/end", "is more than 366 days after the start; what recurs must be shorter");
    }
}

fn check_rule(series: &Series, rule: Option<&Rule>, span: &Span) -> Result<(), Error> {
    let Some(rule) = rule else { return Ok(()) };
    let refused = |detail: String| Error::invalid("/rrule", detail);
    let alone = series_of(Parts::of(span), Some(rule.clone()), &[], &[]).map_err(|e| refused(e.to_string()))?;
    if !alone.contains(span.start_local).map_err(|e| refused(e.to_string()))? {
        // As for bookings: RFC 5545 §3.8.5.3 leaves it undefined and clients differ.
        return Err(refused("does not include the start; begin on a day and at a time that the rule names".to_owned()));
    }
    let window = Interval { start: span.at.start, end: span.at.start + LOOKED_AT_SECONDS };
    let mut starts = Vec::new();
    for instance in series.instances(window, &span.zone) {
        starts.push(instance.map_err(|e| refused(e.to_string()))?.at.start);
        let earlier = starts.len().checked_sub(A_YEAR + 1).and_then(|index| starts.get(index).copied());
        if earlier.zip(starts.last().copied()).is_some_and(|(first, last)| last - first < YEAR_SECONDS) {
            return Err(refused(format!("has more than {A_YEAR} occurrences within a year; simplify it")));
        }
    }
    Ok(())
}

/// The starts that do not take place, in order, and how many were named that are no occurrence.
fn exceptions(repeat: Repeat<'_>, series: &Series, span: &Span) -> Result<(Vec<Civil>, usize), Error> {
    let mut faults = Faults::default();
    let (mut starts, mut dropped) = (Vec::new(), 0);
    for (i, text) in repeat.exdates.iter().enumerate() {
        let input = TimeInput::parse(text).map_err(|error| error.to_string());
        match input.and_then(|input| named(series, span, input)) {
            Ok(found) if !found.is_empty() => starts.extend(found),
            _ if repeat.exdates_from == Source::Known => dropped += 1,
            Ok(_) => faults.add(format!("/exdates/{i}"), "is no occurrence"),
            Err(detail) => faults.add(format!("/exdates/{i}"), detail),
        }
    }
    faults.check()?;
    starts.sort_unstable();
    starts.dedup();
    Ok((starts, dropped))
}

/// The occurrences that a date or time names: a day stands for all that start on it.
fn named(series: &Series, span: &Span, input: TimeInput) -> Result<Vec<Civil>, String> {
    let zone = &span.zone;
    let within = |from: Instant, until: Instant| -> Result<Vec<Civil>, Exhausted> {
        let mut starts = Vec::new();
        for instance in series.instances(Interval { start: from, end: until }, zone) {
            let instance = instance?;
            if instance.at.start >= from {
                starts.push(instance.recurrence_id());
            }
        }
        Ok(starts)
    };
    let one = |civil: Civil| series.contains(civil).map(|is| Vec::from_iter(is.then_some(civil)));
    let found = match input {
        TimeInput::Day(day) if span.all_day => one(day.at(0, 0, 0, 0)),
        TimeInput::Day(day) => {
            let (from, next) = (day.at(0, 0, 0, 0), day.tomorrow().unwrap_or(day).at(0, 0, 0, 0));
            within(zone.instant(from), zone.instant(next))
        }
        TimeInput::Local(_) | TimeInput::Fixed(_) if span.all_day => return Err(other_form(span)),
        TimeInput::Local(civil) => one(civil),
        TimeInput::Fixed(at) => within(at, at + 1),
    };
    found.map_err(|error| error.to_string())
}

/// The first occurrence that is not over at `from`.
fn next(series: &Series, from: Instant, zone: &Zone) -> Result<Option<Interval>, Exhausted> {
    let window = Interval { start: from, end: Instant::MAX + 1 };
    Ok(series.instances(window, zone).next().transpose()?.map(|instance| instance.at))
}

/// The first occurrence.
struct Parts<'a> {
    zone: &'a Zone,
    all_day: bool,
    start: Civil,
    end: Civil,
}

impl<'a> Parts<'a> {
    fn of(span: &'a Span) -> Self {
        Self { zone: &span.zone, all_day: span.all_day, start: span.start_local, end: span.end_local }
    }
}

fn series_of(
    first: Parts<'_>,
    rule: Option<Rule>,
    rdates: &[Civil],
    exdates: &[Civil],
) -> Result<Series, crate::recurrence::SeriesError> {
    let moment = |civil: Civil| match first.all_day {
        true => Moment::Date(civil.date()),
        false => Moment::Zoned(civil, first.zone.clone()),
    };
    let mut definition = Definition::new(moment(first.start));
    definition.end = End::At(moment(first.end));
    definition.rules.extend(rule);
    definition.rdates = rdates.iter().map(|civil| Rdate::from(moment(*civil))).collect();
    definition.exdates = exdates.iter().map(|civil| moment(*civil)).collect();
    Series::new(definition)
}

/// A stored block as a series, and the zone its days are in.
///
/// # Errors
/// [`Error::Store`] for what cannot be one: it was checked when it was written.
pub(in crate::booking) fn stored(block: &Block) -> Result<(Series, Zone), Error> {
    let zone = Zone::parse(&block.timezone).map_err(unreadable)?;
    let first = Parts { zone: &zone, all_day: block.all_day, start: block.start_local.0, end: block.end_local.0 };
    let rule = block.rrule.as_deref().map(Rule::parse_lenient).transpose().map_err(unreadable)?;
    let (rdates, exdates) = (starts(block.rdates.as_deref())?, starts(block.exdates.as_deref())?);
    let series = series_of(first, rule, &rdates, &exdates).map_err(unreadable)?;
    Ok((series, zone))
}

/// The local starts in a column.
///
/// # Errors
/// [`Error::Store`] when it holds something else.
pub fn starts(column: Option<&str>) -> Result<Vec<Civil>, Error> {
    let texts = column.into_iter().flat_map(|column| column.split(',')).filter(|text| !text.is_empty());
    texts.map(|text| Ok(parse_civil(text).map_err(unreadable)?)).collect()
}

/// Local starts as a column holds them.
pub(super) fn column(starts: &[Civil]) -> Option<String> {
    let texts: Vec<String> = starts.iter().map(|civil| Local(*civil).to_string()).collect();
    (!texts.is_empty()).then(|| texts.join(","))
}

pub(super) fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> store::Error {
    store::Error::Db(diesel::result::Error::DeserializationError(Box::new(error)))
}
