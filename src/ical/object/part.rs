//! One component of an object: its dates and rules, checked (RFC 5545 §3.6, §3.8; RFC 7953 §3.1).

use super::structure::Node;
use super::{Condition, Kind, Limits, Violation, alarm, period};
use crate::ical::read::property::Property as Raw;
use crate::ical::read::times::{Times, items, year_of};
use crate::ical::reason::{ReadError, Reason, excerpt};
use crate::ical::text::unescape_text;
use crate::ical::value::duration;
use crate::recurrence::{Definition, End, Length, Moment, Range, Rdate, Rule};
use crate::time::{Instant, Zone};

/// The longest UID, in octets. The key of an index must hold it; PostgreSQL's are of 2,704 octets at most.
const MAX_UID: usize = 1000;

/// A component other than VTIMEZONE.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// Its place among the components of the VCALENDAR, or of the VAVAILABILITY.
    pub component: usize,
    /// DTSTART.
    pub start: Option<Moment>,
    /// DTEND, DUE or DURATION. Those without a DTSTART are in `until`.
    pub end: End,
    /// DUE of a VTODO without DTSTART, or DTEND of such a VFREEBUSY or VAVAILABILITY.
    pub until: Option<Moment>,
    /// RECURRENCE-ID.
    pub recurrence: Option<(Moment, Range)>,
    /// Which of the object's sets it belongs to.
    pub set: usize,
}

/// A [`Part`] with what else is needed to put parts together.
#[derive(Debug)]
pub(super) struct Read {
    pub part: Part,
    pub uid: String,
    /// What repeats, without overrides; `None` without DTSTART.
    pub definition: Option<Definition>,
    /// The line of its BEGIN.
    pub line: usize,
}

/// The properties of a component by what they are for.
#[derive(Default)]
struct Draft<'n, 'a> {
    uid: Option<&'n Raw<'a>>,
    start: Option<&'n Raw<'a>>,
    /// DTEND, of a VTODO its DUE.
    end: Option<&'n Raw<'a>>,
    duration: Option<&'n Raw<'a>>,
    recurrence_id: Option<&'n Raw<'a>>,
    rules: Vec<&'n Raw<'a>>,
    exrules: Vec<&'n Raw<'a>>,
    rdates: Vec<&'n Raw<'a>>,
    exdates: Vec<&'n Raw<'a>>,
    periods: Vec<&'n Raw<'a>>,
}

impl<'n, 'a> Draft<'n, 'a> {
    /// Where a second one would change when or what something is, it is an error.
    fn of(node: &'n Node<'a>, kind: Kind) -> Result<Self, Violation> {
        let mut draft = Self::default();
        let ends = if kind == Kind::Todo { "DUE" } else { "DTEND" };
        for property in &node.properties {
            let is = |name: &str| property.name.eq_ignore_ascii_case(name);
            if is("UID") {
                once(&mut draft.uid, "UID", property)?;
            } else if is("DTSTART") {
                once(&mut draft.start, "DTSTART", property)?;
            } else if is(ends) && kind != Kind::Journal {
                once(&mut draft.end, if kind == Kind::Todo { "DUE" } else { "DTEND" }, property)?;
            } else if is("DURATION") && !matches!(kind, Kind::Journal | Kind::FreeBusy) {
                once(&mut draft.duration, "DURATION", property)?;
            } else if property.value.is_empty() {
                // Some clients leave these empty for "none".
            } else if is("RECURRENCE-ID") {
                once(&mut draft.recurrence_id, "RECURRENCE-ID", property)?;
            } else if is("RRULE") {
                draft.rules.push(property);
            } else if is("EXRULE") {
                draft.exrules.push(property);
            } else if is("RDATE") {
                draft.rdates.push(property);
            } else if is("EXDATE") {
                draft.exdates.push(property);
            } else if is("FREEBUSY") {
                draft.periods.push(property);
            }
        }
        Ok(draft)
    }
}

fn once<'n, 'a>(slot: &mut Option<&'n Raw<'a>>, name: &'static str, property: &'n Raw<'a>) -> Result<(), Violation> {
    match slot.replace(property) {
        Some(_) => Err(property.error(Reason::Twice { name }).into()),
        None => Ok(()),
    }
}

/// Reads components.
pub(super) struct Reader<'r, 'a> {
    pub times: Times<'r, 'a>,
    pub limits: &'r Limits,
}

impl<'a> Reader<'_, 'a> {
    /// Reads the component `node`, the `component`-th of those around it. `uid` says whether it needs one.
    pub fn read(&mut self, node: &Node<'a>, component: usize, kind: Kind) -> Result<Read, Violation> {
        let draft = Draft::of(node, kind)?;
        let uid = self.uid(node, &draft)?;
        let repeats = draft.recurrence_id.is_none() && !(draft.rules.is_empty() && draft.rdates.is_empty());
        self.times.series_year = if repeats { draft.start.and_then(year_of) } else { None };
        let start = draft.start.map(|property| self.moment(property, None)).transpose()?;
        if start.is_none() && (kind == Kind::Event || repeats) {
            return Err(node.begin.error(0, Reason::NoStart).into());
        }
        let recurrence = draft.recurrence_id.map(|property| self.recurrence_id(property)).transpose()?;
        let (mut end, mut until) = (End::Default, None);
        match &start {
            Some(start) => end = self.end(&draft, start)?,
            None => until = draft.end.map(|property| self.moment(property, None)).transpose()?,
        }
        for property in &draft.periods {
            let read = period::periods(property.value).collect::<Result<Vec<_>, _>>();
            read.map_err(|reason| property.error_at(property.value, reason))?;
        }
        let definition = match &start {
            Some(start) if kind != Kind::FreeBusy => {
                Some(self.definition(&draft, start, &end, recurrence.is_none())?)
            }
            _ => None,
        };
        let part = Part { component, start, end, until, recurrence, set: 0 };
        Ok(Read { part, uid, definition, line: node.begin.number })
    }

    /// AVAILABLE has a UID of its own (RFC 7953 §3.1), and is told from others by it only where it has one.
    fn uid(&self, node: &Node<'a>, draft: &Draft<'_, 'a>) -> Result<String, Violation> {
        let uid = draft.uid.map(|property| unescape_text(property.value)).unwrap_or_default();
        let refuse = |condition, what: &str| {
            let line = draft.uid.map_or(node.begin.number, |property| property.line.number);
            Err(Violation { condition, detail: format!("line {line}: {what}") })
        };
        if uid.trim().is_empty() && node.name != "AVAILABLE" {
            return refuse(Condition::ValidCalendarObjectResource, "UID is missing (RFC 4791 §4.1)");
        }
        if uid.len() > MAX_UID {
            return refuse(Condition::ValidCalendarData, "UID is longer than 1000 octets");
        }
        Ok(uid)
    }

    fn moment(&mut self, property: &Raw<'a>, beside: Option<&Raw<'a>>) -> Result<Moment, Violation> {
        let moment = self.times.moment_beside(property, beside)?;
        self.in_range(property, &moment)?;
        Ok(moment)
    }

    fn moments(&mut self, properties: &[&Raw<'a>]) -> Result<Vec<Moment>, Violation> {
        let mut all = Vec::new();
        for property in properties {
            for moment in self.times.moments(property)? {
                self.in_range(property, &moment)?;
                all.push(moment);
            }
        }
        Ok(all)
    }

    /// RFC 4791 §5.2.6 and §5.2.7.
    fn in_range(&self, property: &Raw<'a>, moment: &Moment) -> Result<(), Violation> {
        let at = instant(moment, &Zone::utc());
        let condition = if at < self.limits.earliest {
            Condition::MinDateTime
        } else if at > self.limits.latest {
            Condition::MaxDateTime
        } else {
            return Ok(());
        };
        let (number, value) = (property.line.number, excerpt(property.value));
        let detail = format!("line {number}: \"{value}\" is not within the dates that are accepted");
        Err(Violation { condition, detail })
    }

    fn recurrence_id(&mut self, property: &Raw<'a>) -> Result<(Moment, Range), Violation> {
        let future = property.parameter_is("RANGE", "THISANDFUTURE");
        Ok((self.moment(property, None)?, if future { Range::ThisAndFuture } else { Range::This }))
    }

    fn end(&mut self, draft: &Draft<'_, 'a>, start: &Moment) -> Result<End, Violation> {
        match (draft.end, draft.duration) {
            (Some(property), Some(_)) => Err(property.error(Reason::EndAndDuration).into()),
            (None, None) => Ok(End::Default),
            (Some(property), None) => {
                let end = self.moment(property, draft.start)?;
                let due = property.name.eq_ignore_ascii_case("DUE");
                checked_end(start, end, due).map_err(|reason| property.error_at(property.value, reason).into())
            }
            (None, Some(property)) => {
                lasting(start, property.value).map_err(|reason| property.error_at(property.value, reason).into())
            }
        }
    }

    /// `whole` is false for an override, whose rules say nothing.
    fn definition(
        &mut self,
        draft: &Draft<'_, 'a>,
        start: &Moment,
        end: &End,
        whole: bool,
    ) -> Result<Definition, Violation> {
        let mut definition = Definition::new(start.clone());
        definition.end = end.clone();
        if !whole {
            return Ok(definition);
        }
        definition.rules = rules(&draft.rules)?;
        definition.exrules = rules(&draft.exrules)?;
        definition.exdates = self.moments(&draft.exdates)?;
        for property in &draft.rdates {
            let tzid = property.parameter("TZID");
            for item in items(property.value) {
                definition.rdates.push(self.rdate(property, item, tzid.as_deref())?);
            }
        }
        Ok(definition)
    }

    /// A date, a time or a PERIOD (RFC 5545 §3.8.5.2).
    fn rdate(&mut self, property: &Raw<'a>, item: &str, tzid: Option<&str>) -> Result<Rdate, Violation> {
        let (start, end) = item.split_once('/').map_or((item, None), |(start, end)| (start, Some(end)));
        let start = self.times.moment(property, start, tzid)?;
        self.in_range(property, &start)?;
        let end = match end {
            None => Ok(End::Default),
            Some(length) if length.starts_with(['P', 'p', '+', '-']) => lasting(&start, length),
            Some(end) => checked_end(&start, self.times.moment(property, end, tzid)?, false),
        };
        Ok(Rdate { start, end: end.map_err(|reason| property.error_at(item, reason))? })
    }
}

fn rules(properties: &[&Raw<'_>]) -> Result<Vec<Rule>, Violation> {
    let read = |property: &&Raw<'_>| {
        Rule::parse_lenient(property.value).map_err(|error| {
            let (name, line) = (property.name.to_ascii_uppercase(), property.line.number);
            Violation { condition: Condition::ValidCalendarData, detail: format!("line {line}: {name} {error}") }
        })
    };
    properties.iter().map(read).collect()
}

/// DTEND or DUE beside DTSTART. The DTEND of a day may be the same day, which clients mean as one whole day; what begins
/// and is `due` on one day is due then.
fn checked_end(start: &Moment, end: Moment, due: bool) -> Result<End, Reason> {
    let utc = Zone::utc();
    let ordered = |first: Instant, last: Instant| if first > last { Err(Reason::EndBeforeStart) } else { Ok(()) };
    match (start, &end) {
        (Moment::Date(first), Moment::Date(last)) if first == last && !due => Ok(End::Default),
        (Moment::Date(first), Moment::Date(last)) if first > last => Err(Reason::EndBeforeStart),
        (Moment::Date(_), Moment::Date(_)) => Ok(End::At(end)),
        (Moment::Date(_), _) | (_, Moment::Date(_)) => Err(Reason::MixedKinds),
        // By the clocks: around a change of offset, the instants of 02:30 and 03:00 can be in the other order.
        (Moment::Zoned(first, zone), Moment::Zoned(last, other)) if zone == other => {
            let (from, to) = (utc.instant(*first), utc.instant(*last));
            ordered(from, to)?;
            let shown = || Length::exact(to - from).map_or(End::Default, End::Lasting);
            Ok(if zone.instant(*first) > zone.instant(*last) { shown() } else { End::At(end) })
        }
        // A floating time has no other order than that of the numbers.
        _ if matches!(start, Moment::Floating(_)) || matches!(end, Moment::Floating(_)) => {
            ordered(face(start), face(&end))?;
            Ok(End::At(end))
        }
        _ => {
            ordered(instant(start, &utc), instant(&end, &utc))?;
            Ok(End::At(end))
        }
    }
}

/// What a clock shows, as if it were in UTC.
fn face(moment: &Moment) -> Instant {
    match moment {
        Moment::Zoned(civil, _) | Moment::Floating(civil) => Zone::utc().instant(*civil),
        Moment::Date(_) | Moment::Utc(_) => instant(moment, &Zone::utc()),
    }
}

/// DURATION (RFC 5545 §3.8.2.5). A day lasts days: 24 hours are meant as one, and none at all as the default.
fn lasting(start: &Moment, text: &str) -> Result<End, Reason> {
    const DAY: i64 = 86_400;
    let length = duration(text)?;
    let (mut days, mut seconds) = (length.days, length.seconds);
    if matches!(start, Moment::Date(_)) {
        if seconds % DAY != 0 {
            return Err(Reason::MixedKinds);
        }
        (days, seconds) = ((days + seconds / DAY).max(1), 0);
    }
    let length = Length::nominal(days, seconds).ok_or_else(|| Reason::NotADuration { text: excerpt(text) })?;
    Ok(End::Lasting(length))
}

/// The instant of a date or time; floating ones and dates are those of `zone`.
pub(super) fn instant(moment: &Moment, zone: &Zone) -> Instant {
    match moment {
        Moment::Date(date) => zone.instant(date.at(0, 0, 0, 0)),
        Moment::Floating(civil) => zone.instant(*civil),
        Moment::Zoned(civil, zone) => zone.instant(*civil),
        Moment::Utc(instant) => *instant,
    }
}

/// Refuses the alarms of an event or to-do that cannot be read, or repeat without end in sight.
pub(super) fn check_alarms(component: &super::Component, line: usize) -> Result<(), Violation> {
    for alarm in component.components.iter().filter(|inner| inner.name == "VALARM") {
        alarm::Alarm::read(alarm).map_err(|what| Violation {
            condition: Condition::ValidCalendarData,
            detail: format!("line {line}: an alarm of the component is not valid: {what}"),
        })?;
    }
    Ok(())
}

impl From<ReadError> for Violation {
    fn from(error: ReadError) -> Self {
        let condition = match &error.reason {
            Reason::TooManyBytes { .. } => Condition::MaxResourceSize,
            Reason::OutOfRange { text } if text.starts_with("0000") => Condition::MinDateTime,
            Reason::OutOfRange { .. } => Condition::MaxDateTime,
            _ => Condition::ValidCalendarData,
        };
        Self { condition, detail: error.to_string() }
    }
}
