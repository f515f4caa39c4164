//! `CALDAV:filter` (RFC 4791 §9.7): from the elements of a report to what [`crate::ical::object::filter`] decides.

use super::condition::{Condition, Failure};
use super::limits;
use super::xml::Element;
use crate::ical::object::TimeRange;
use crate::ical::object::filter::{
    Collation, CompFilter, CompTest, ParamFilter, ParamTest, PropFilter, PropTest, TextMatch, ValueTest,
};
use crate::time::{Civil, Instant, Interval, Zone};

fn invalid(detail: impl Into<String>) -> Failure {
    Failure::condition(Condition::ValidFilter, detail)
}

/// What a `CALDAV:filter` element asks.
///
/// # Errors
/// `CALDAV:valid-filter`, `CALDAV:supported-filter` or `CALDAV:supported-collation`.
pub(super) fn filter(element: &Element) -> Result<CompFilter, Failure> {
    let mut comps = element.children().filter(|child| child.name.is_caldav("comp-filter"));
    let (Some(calendar), None) = (comps.next(), comps.next()) else {
        return Err(invalid("a filter has one comp-filter, for VCALENDAR"));
    };
    if !calendar.attribute("name").is_some_and(|name| name.eq_ignore_ascii_case("VCALENDAR")) {
        return Err(invalid("the outermost comp-filter is for VCALENDAR"));
    }
    comp_filter(calendar)
}

/// §9.7.1. The XML is at most as deep as is read at all.
fn comp_filter(element: &Element) -> Result<CompFilter, Failure> {
    let name = name(element)?;
    if is_not_defined(element)? {
        return Ok(CompFilter { name, test: CompTest::IsNotDefined });
    }
    let (mut time_range, mut props, mut comps) = (None, Vec::new(), Vec::new());
    for child in element.children() {
        match &*child.name.local {
            "time-range" if time_range.is_none() => time_range = Some(self::time_range(child)?),
            "prop-filter" => props.push(prop_filter(child)?),
            "comp-filter" => comps.push(comp_filter(child)?),
            other => return Err(unknown(other, "comp-filter")),
        }
    }
    Ok(CompFilter { name, test: CompTest::Defined { time_range, props, comps } })
}

/// §9.7.2
fn prop_filter(element: &Element) -> Result<PropFilter, Failure> {
    let name = name(element)?;
    if is_not_defined(element)? {
        return Ok(PropFilter { name, test: PropTest::IsNotDefined });
    }
    let (mut value, mut params) = (None, Vec::new());
    for child in element.children() {
        match &*child.name.local {
            "time-range" if value.is_none() => value = Some(ValueTest::TimeRange(self::time_range(child)?)),
            "text-match" if value.is_none() => value = Some(ValueTest::Text(text_match(child)?)),
            "param-filter" => params.push(param_filter(child)?),
            other => return Err(unknown(other, "prop-filter")),
        }
    }
    Ok(PropFilter { name, test: PropTest::Defined { value, params } })
}

/// §9.7.3
fn param_filter(element: &Element) -> Result<ParamFilter, Failure> {
    let name = name(element)?;
    if is_not_defined(element)? {
        return Ok(ParamFilter { name, test: ParamTest::IsNotDefined });
    }
    let mut text = None;
    for child in element.children() {
        match &*child.name.local {
            "text-match" if text.is_none() => text = Some(text_match(child)?),
            other => return Err(unknown(other, "param-filter")),
        }
    }
    Ok(ParamFilter { name, test: ParamTest::Defined(text) })
}

/// §9.7.5
fn text_match(element: &Element) -> Result<TextMatch, Failure> {
    let collation = match element.attribute("collation") {
        None => Collation::default(),
        Some(name) => Collation::parse(name).ok_or_else(|| {
            let known = Collation::ALL.map(Collation::as_str).join(", ");
            Failure::condition(Condition::SupportedCollation, format!("texts are compared by {known}"))
        })?,
    };
    let negate = match element.attribute("negate-condition") {
        None | Some("no") => false,
        Some("yes") => true,
        Some(_) => return Err(invalid("negate-condition is yes or no")),
    };
    Ok(TextMatch { collation, text: element.text(), negate })
}

fn name(element: &Element) -> Result<String, Failure> {
    let name = element.attribute("name").filter(|name| !name.is_empty());
    name.map(str::to_owned).ok_or_else(|| invalid(format!("{} has no name", element.name.local)))
}

/// §9.7.4: it stands alone.
fn is_not_defined(element: &Element) -> Result<bool, Failure> {
    let mut children = element.children();
    if !children.any(|child| child.name.is_caldav("is-not-defined")) {
        return Ok(false);
    }
    if element.children().count() > 1 {
        return Err(invalid("is-not-defined stands alone"));
    }
    Ok(true)
}

fn unknown(what: &str, place: &str) -> Failure {
    let what: String = what.chars().take(50).collect();
    Failure::condition(Condition::SupportedFilter, format!("{place} cannot have {what} here"))
}

/// CALDAV:time-range (RFC 4791 §9.9): an open end is open, both are not.
pub(super) fn time_range(element: &Element) -> Result<TimeRange, Failure> {
    let at = |name: &str| match element.attribute(name) {
        None => Ok(None),
        Some(text) => {
            utc(text).map(Some).ok_or_else(|| invalid(format!("{name} is not a time in UTC like 20260301T080000Z")))
        }
    };
    let range = TimeRange { start: at("start")?, end: at("end")? };
    within_limits(range)?;
    match range {
        TimeRange { start: None, end: None } => Err(invalid("a time range has a start, an end, or both")),
        TimeRange { start: Some(start), end: Some(end) } if end <= start => {
            Err(invalid("the end of a time range is after its start"))
        }
        range => Ok(range),
    }
}

/// RFC 4791 §7.8: CALDAV:min-date-time and CALDAV:max-date-time, of a range in which no object can be. One that only ends
/// there is how some clients write an open end.
fn within_limits(range: TimeRange) -> Result<(), Failure> {
    let limits = limits();
    if range.start.is_some_and(|start| start > limits.latest) {
        return Err(Failure::condition(Condition::MaxDateTime, "the time range begins after the latest time"));
    }
    if range.end.is_some_and(|end| end < limits.earliest) {
        return Err(Failure::condition(Condition::MinDateTime, "the time range ends before the earliest time"));
    }
    Ok(())
}

/// A stretch of time that has both ends (RFC 4791 §9.6.5 to §9.6.7).
pub(super) fn interval(element: &Element) -> Result<Interval, Failure> {
    let range = time_range(element)?;
    let both = range.start.zip(range.end).and_then(|(start, end)| Interval::new(start, end));
    both.ok_or_else(|| invalid(format!("{} has a start and an end", element.name.local)))
}

/// `YYYYMMDDTHHMMSSZ`, ASCII digits only.
fn utc(text: &str) -> Option<Instant> {
    let bytes = text.as_bytes();
    if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
        return None;
    }
    let number = |range: std::ops::Range<usize>| {
        let digits = &bytes[range];
        digits.iter().try_fold(0i16, |n, b| b.is_ascii_digit().then(|| n * 10 + i16::from(b - b'0')))
    };
    let small = |range| number(range).and_then(|n| i8::try_from(n).ok());
    let second = small(13..15)?.min(59);
    let civil = Civil::new(number(0..4)?, small(4..6)?, small(6..8)?, small(9..11)?, small(11..13)?, second, 0).ok()?;
    Some(Zone::utc().instant(civil))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dav::xml;

    fn parse(inside: &str) -> Result<CompFilter, Failure> {
        let text = format!(r#"<C:filter xmlns:C="urn:ietf:params:xml:ns:caldav">{inside}</C:filter>"#);
        filter(&xml::read(text.as_bytes()).unwrap())
    }

    #[test]
    fn a_filter_says_what_the_rfc_has() {
        let found = parse(
            r#"<C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="20060104T000000Z"/>
               <C:prop-filter name="ATTENDEE"><C:text-match collation="i;octet" negate-condition="yes">mailto:a</C:text-match>
               <C:param-filter name="PARTSTAT"><C:is-not-defined/></C:param-filter></C:prop-filter></C:comp-filter></C:comp-filter>"#,
        )
        .unwrap();
        let CompTest::Defined { comps, .. } = &found.test else { panic!() };
        let CompTest::Defined { time_range, props, .. } = &comps[0].test else { panic!() };
        assert_eq!(time_range.unwrap().start.unwrap().to_string(), "2006-01-04T00:00:00Z");
        let PropTest::Defined { value: Some(ValueTest::Text(text)), params } = &props[0].test else { panic!() };
        assert!(text.negate && text.collation == Collation::Octet && text.text == "mailto:a");
        assert_eq!(params[0].test, ParamTest::IsNotDefined);
    }

    #[test]
    fn what_is_no_filter() {
        for inside in [
            "",
            r#"<C:comp-filter name="VEVENT"/>"#,
            r#"<C:comp-filter name="VCALENDAR"/><C:comp-filter name="VCALENDAR"/>"#,
            r#"<C:comp-filter name="VCALENDAR"><C:time-range/></C:comp-filter>"#,
            r#"<C:comp-filter name="VCALENDAR"><C:time-range start="20260101T000000Z" end="20250101T000000Z"/></C:comp-filter>"#,
            r#"<C:comp-filter name="VCALENDAR"><C:time-range start="20260101"/></C:comp-filter>"#,
            r#"<C:comp-filter name="VCALENDAR"><C:is-not-defined/><C:comp-filter name="VEVENT"/></C:comp-filter>"#,
            r#"<C:comp-filter/>"#,
            r#"<C:comp-filter name="VCALENDAR"><C:odd/></C:comp-filter>"#,
            r#"<C:comp-filter name="VCALENDAR"><C:prop-filter name="X"><C:text-match collation="i;other">a</C:text-match></C:prop-filter></C:comp-filter>"#,
        ] {
            assert!(parse(inside).is_err(), "{inside}");
        }
    }
}
