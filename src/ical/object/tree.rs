//! Components and properties as they are written (RFC 5545 §3.4 to §3.6), and back to text.

use super::alarm::Alarm;
use crate::ical::read::property::Property as Raw;
use crate::ical::text::{ContentLines, push_param, unescape_param, unescape_text};

/// A component, with everything in it in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Component {
    /// Its type, in upper case.
    pub name: String,
    /// Its own properties.
    pub properties: Vec<Property>,
    /// The components in it. They are nested no deeper than the [guard](crate::ical::guard) allows.
    pub components: Vec<Component>,
}

/// A property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Its name as written; names are compared without case.
    pub name: String,
    /// Its parameters: names as written, values without quotes and decoded (RFC 6868).
    pub parameters: Vec<(String, Vec<String>)>,
    /// Its value as written, escapes and all.
    pub value: String,
}

impl Component {
    /// The first property of that name.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.is(name))
    }

    /// The text of a property, escapes undone (RFC 5545 §3.3.11).
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.property(name).map(|property| unescape_text(&property.value))
    }

    /// Whether a property has this word for a value, case ignored.
    #[must_use]
    pub fn says(&self, name: &str, word: &str) -> bool {
        self.property(name).is_some_and(|property| property.value.trim().eq_ignore_ascii_case(word))
    }

    /// How many seconds after the start a VALARM goes off, a day of 24 hours; `None` where its TRIGGER is no distance
    /// from the start (RFC 5545 §3.8.6.3).
    #[must_use]
    pub fn alarm_after_start(&self) -> Option<i64> {
        Alarm::read(self).ok().flatten().and_then(Alarm::after_start)
    }

    /// The same component without its properties and components.
    pub(super) fn bare(&self) -> Self {
        Self { name: self.name.clone(), properties: Vec::new(), components: Vec::new() }
    }

    /// Its text: CRLF after each line, folded at 75 octets between characters (RFC 5545 §3.1).
    #[must_use]
    pub fn to_ical(&self) -> String {
        let mut lines = ContentLines::with_capacity(1024);
        self.write(&mut lines);
        lines.into_string()
    }

    /// The text of what is in it.
    #[must_use]
    pub fn inner_ical(&self) -> String {
        let mut lines = ContentLines::default();
        self.write_inner(&mut lines);
        lines.into_string()
    }

    fn write(&self, lines: &mut ContentLines) {
        lines.plain("BEGIN", &self.name);
        self.write_inner(lines);
        lines.plain("END", &self.name);
    }

    fn write_inner(&self, lines: &mut ContentLines) {
        for property in &self.properties {
            property.write(lines);
        }
        for component in &self.components {
            component.write(lines);
        }
    }
}

impl Property {
    /// A property without parameters.
    pub(super) fn new(name: &str, value: String) -> Self {
        Self { name: name.to_owned(), parameters: Vec::new(), value }
    }

    /// The same with one parameter.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), vec![value.to_owned()]));
        self
    }

    /// As it was read.
    pub(super) fn of(raw: &Raw<'_>) -> Self {
        let parameters = raw.parameters.iter().map(|(name, value)| ((*name).to_owned(), values(value)));
        Self { name: raw.name.to_owned(), parameters: parameters.collect(), value: raw.raw.to_owned() }
    }

    /// Whether it is the one of that name.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The values of the first parameter of that name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&[String]> {
        let found = self.parameters.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, values)| values.as_slice())
    }

    /// Whether the parameter has this value, case ignored.
    #[must_use]
    pub fn parameter_is(&self, name: &str, value: &str) -> bool {
        let values = self.parameter(name).unwrap_or_default();
        values.iter().any(|found| found.trim().eq_ignore_ascii_case(value))
    }

    fn write(&self, lines: &mut ContentLines) {
        lines.property(&self.name, |out| {
            for (name, values) in &self.parameters {
                out.push(';');
                out.push_str(name);
                for (index, value) in values.iter().enumerate() {
                    out.push(if index == 0 { '=' } else { ',' });
                    push_param(out, value);
                }
            }
            out.push(':');
            out.push_str(&self.value);
        });
    }
}

/// The values of a parameter: split at the commas outside of quotes.
fn values(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut start, mut quoted) = (0, false);
    let mut add = |value: &str| {
        let value = value.trim();
        let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
        found.push(unescape_param(bare).into_owned());
    };
    for (at, byte) in text.bytes().enumerate() {
        quoted ^= byte == b'"';
        if byte == b',' && !quoted {
            add(&text[start..at]);
            start = at + 1;
        }
    }
    add(&text[start..]);
    found
}
