//! One content line taken apart (RFC 5545 §3.1).

use std::borrow::Cow;

use crate::ical::guard::Line;
use crate::ical::reason::{ReadError, Reason};
use crate::ical::text::unescape_param;

/// `name *(";" param) ":" value`
#[derive(Debug, Clone)]
pub(in crate::ical) struct Property<'a> {
    pub(in crate::ical) line: &'a Line<'a>,
    /// As written; names are compared without case.
    pub(in crate::ical) name: &'a str,
    /// As written, quotes and all.
    pub(in crate::ical) parameters: Vec<(&'a str, &'a str)>,
    /// As written, escapes and all, the white space around it left out.
    pub(in crate::ical) value: &'a str,
    /// The same with its white space.
    pub(in crate::ical) raw: &'a str,
}

impl<'a> Property<'a> {
    /// # Errors
    /// [`Reason::NotAProperty`] where the name or the colon is missing.
    pub(in crate::ical) fn parse(line: &'a Line<'a>) -> Result<Self, ReadError> {
        let text: &'a str = &line.text;
        let wrong = |at| line.error(at, Reason::NotAProperty);
        // vCard's group prefix and the underscores of some exporters do no harm.
        let name_end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).unwrap_or(text.len());
        if name_end == 0 {
            return Err(wrong(0));
        }
        // A quote that nothing closes would hide the colon: then quotes are taken for text.
        let colon = find_colon(text, name_end, true).or_else(|| find_colon(text, name_end, false));
        let (head, value) = text.split_at(colon.ok_or_else(|| wrong(name_end))?);
        let value = &value[1..];
        let mut property =
            Self { line, name: &text[..name_end], parameters: Vec::new(), value: value.trim(), raw: value };
        let mut rest = &head[name_end..];
        while let Some(after) = rest.strip_prefix(';') {
            let end = find_unquoted(after, b';').unwrap_or(after.len());
            let (parameter, next) = after.split_at(end);
            property.parameters.push(parameter.split_once('=').unwrap_or((parameter, "")));
            rest = next;
        }
        // What stands between the name and the first semicolon or colon.
        if rest.is_empty() { Ok(property) } else { Err(wrong(name_end)) }
    }

    /// The parameter's value, unquoted and decoded (RFC 6868). Of a list, the whole.
    pub(in crate::ical) fn parameter(&self, name: &str) -> Option<Cow<'a, str>> {
        let (_, value) = self.parameters.iter().find(|(found, _)| found.eq_ignore_ascii_case(name))?;
        let value = value.trim();
        let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
        Some(unescape_param(bare))
    }

    /// Whether the parameter has this value, compared without case.
    pub(in crate::ical) fn parameter_is(&self, name: &str, value: &str) -> bool {
        self.parameter(name).is_some_and(|found| found.eq_ignore_ascii_case(value))
    }

    /// The last colon, not the first, ends the parameters: for time zones named `(UTC+01:00) Amsterdam`, which some
    /// exporters leave unquoted. Only for properties whose value holds no colon.
    pub(in crate::ical) fn split_at_last_colon(mut self) -> Self {
        let text: &'a str = &self.line.text;
        let Some((_, last)) = self.value.rsplit_once(':') else { return self };
        if let Some((_, parameter)) = self.parameters.last_mut() {
            *parameter = &text[offset_in(text, parameter)..offset_in(text, last) - 1];
            self.value = last;
        }
        self
    }

    /// An error at the name.
    pub(in crate::ical) fn error(&self, reason: Reason) -> ReadError {
        self.line.error(0, reason)
    }

    /// An error at the value, or at `part`, which must be a slice of it.
    pub(in crate::ical) fn error_at(&self, part: &str, reason: Reason) -> ReadError {
        self.line.error(offset_in(&self.line.text, part), reason)
    }
}

/// Where `part`, a slice of `text`, begins in it.
fn offset_in(text: &str, part: &str) -> usize {
    let offset = (part.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
    offset.min(text.len())
}

fn find_colon(text: &str, from: usize, quotes_count: bool) -> Option<usize> {
    let found = if quotes_count { find_unquoted(&text[from..], b':') } else { text[from..].find(':') };
    found.map(|at| at + from)
}

fn find_unquoted(text: &str, wanted: u8) -> Option<usize> {
    let mut quoted = false;
    text.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == wanted && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ical::guard::{Limits, unfold};

    fn with<T>(text: &str, check: impl FnOnce(Result<Property<'_>, ReadError>) -> T) -> T {
        let lines = unfold(text.as_bytes(), &Limits::bytes(10_000)).unwrap();
        check(Property::parse(&lines[0]))
    }

    #[test]
    fn names_parameters_values() {
        // Line, parameter asked for, its value, the property's value.
        for (text, parameter, found, value) in [
            ("summary:a:b;c", "X", None, "a:b;c"),
            ("ATTENDEE;CN=\"Doe, J; x: y\";X=1:mailto:a@b", "cn", Some("Doe, J; x: y"), "mailto:a@b"),
            ("A;CN=a^nb^'c^^d:v", "CN", Some("a\nb\"c^d"), "v"),
            ("A;M=\"x:y\",\"z\";N=2:v", "N", Some("2"), "v"),
            ("A;CN=\"abc:mailto:x@y", "CN", Some("\"abc"), "mailto:x@y"),
            ("A;FLAG;X=:  v  ", "X", Some(""), "v"),
            ("ITEM1.A;x=1:v", "X", Some("1"), "v"),
            ("A;TZID=fold\r\n ed:v", "TZID", Some("folded"), "v"),
        ] {
            with(text, |property| {
                let property = property.unwrap();
                assert_eq!((property.parameter(parameter).as_deref(), property.value), (found, value), "{text}");
            });
        }
    }

    #[test]
    fn a_zone_name_with_a_colon() {
        with("DTEND;VALUE=DATE-TIME;TZID=(GMT+10:00) Canberra:20250101T100000", |property| {
            let property = property.unwrap().split_at_last_colon();
            assert_eq!(property.parameter("TZID").unwrap(), "(GMT+10:00) Canberra");
            assert_eq!(property.value, "20250101T100000");
        });
        with("DTEND:20250101T100000", |property| {
            assert_eq!(property.unwrap().split_at_last_colon().value, "20250101T100000");
        });
        with("DTEND;TZID=Asia/Tokyo:20250101T100000", |property| {
            assert_eq!(property.unwrap().split_at_last_colon().parameter("TZID").unwrap(), "Asia/Tokyo");
        });
    }

    #[test]
    fn lines_that_are_no_properties() {
        for (text, column) in [("GARBAGE LINE", 8), ("GARBAGE", 8), (":x", 1), ("A B:c", 2), ("A;B=\"c", 2), ("é:x", 1)]
        {
            with(text, |property| {
                let error = property.unwrap_err();
                assert_eq!((error.column, error.reason), (column, Reason::NotAProperty), "{text}");
            });
        }
    }
}
