//! One VEVENT from its lines (RFC 5545 §3.6.1).

use std::borrow::Cow;

use super::property::Property;
use super::resolver::Resolver;
use super::structure::Block;
use super::times::{Times, after, checked_end, items, year_of};
use super::{Attendee, Party, ReadError, ReadEvent, Reason, Status, When};
use crate::ical::event::PartStat;
use crate::ical::guard::Line;
use crate::ical::reason::excerpt;
use crate::ical::text::{split_text_list, unescape_text};
use crate::ical::value::{digits, duration};
use crate::time::Zone;

/// Reads a VEVENT.
///
/// # Errors
/// The first thing that is wrong with it.
pub(super) fn read(block: &Block<'_>, resolver: &mut Resolver<'_>) -> Result<ReadEvent, ReadError> {
    let mut draft = Draft::default();
    for line in &block.lines {
        draft.take(Property::parse(line)?)?;
    }
    draft.finish(block.begin, resolver)
}

/// The properties of a VEVENT by what they are for.
#[derive(Default)]
struct Draft<'a> {
    uid: Option<Property<'a>>,
    sequence: Option<Property<'a>>,
    recurrence_id: Option<Property<'a>>,
    start: Option<Property<'a>>,
    end: Option<Property<'a>>,
    duration: Option<Property<'a>>,
    rrule: Option<Property<'a>>,
    rdates: Vec<Property<'a>>,
    exdates: Vec<Property<'a>>,
    status: Option<Property<'a>>,
    summary: Option<Property<'a>>,
    description: Option<Property<'a>>,
    location: Option<Property<'a>>,
    organizer: Option<Property<'a>>,
    attendees: Vec<Property<'a>>,
    categories: Vec<Property<'a>>,
    transp: Option<Property<'a>>,
    last_modified: Option<Property<'a>>,
}

impl<'a> Draft<'a> {
    /// Where a second one would change when or what the event is, it is an error; of texts, the first counts.
    fn take(&mut self, property: Property<'a>) -> Result<(), ReadError> {
        match property.name.to_ascii_uppercase().as_str() {
            // Exporters leave these empty for "none".
            "RRULE" | "SEQUENCE" | "LAST-MODIFIED" | "RECURRENCE-ID" if property.value.is_empty() => {}
            "UID" => once(&mut self.uid, "UID", property)?,
            "SEQUENCE" => once(&mut self.sequence, "SEQUENCE", property)?,
            "RECURRENCE-ID" => once(&mut self.recurrence_id, "RECURRENCE-ID", property)?,
            "DTSTART" => once(&mut self.start, "DTSTART", property)?,
            "DTEND" => once(&mut self.end, "DTEND", property)?,
            "DURATION" => once(&mut self.duration, "DURATION", property)?,
            "RRULE" => once(&mut self.rrule, "RRULE", property)?,
            "EXRULE" => return Err(property.error(Reason::ExRule)),
            "RDATE" => self.rdates.push(property),
            "EXDATE" => self.exdates.push(property),
            "ATTENDEE" => self.attendees.push(property),
            "CATEGORIES" => self.categories.push(property),
            "STATUS" => first(&mut self.status, property),
            "SUMMARY" => first(&mut self.summary, property),
            "DESCRIPTION" => first(&mut self.description, property),
            "LOCATION" => first(&mut self.location, property),
            "ORGANIZER" => first(&mut self.organizer, property),
            "TRANSP" => first(&mut self.transp, property),
            "LAST-MODIFIED" => first(&mut self.last_modified, property),
            _ => {}
        }
        Ok(())
    }

    fn finish(&self, begin: &Line<'_>, resolver: &mut Resolver<'_>) -> Result<ReadEvent, ReadError> {
        let start_property = self.start.as_ref().ok_or_else(|| begin.error(0, Reason::NoStart))?;
        let recurs = self.rrule.is_some() || !self.rdates.is_empty();
        let mut times = Times { resolver, series_year: recurs.then(|| year_of(start_property)).flatten() };
        let start = times.one(start_property)?;
        let end = self.end(&start, &mut times)?;
        let rdates = self.rdates(&start, &end, &mut times)?;
        let mut exdates = Vec::new();
        for property in &self.exdates {
            exdates.extend(times.list(property)?);
        }
        let text = |property: &Option<Property<'_>>| property.as_ref().map(|property| unescape_text(property.value));
        Ok(ReadEvent {
            line: begin.number,
            uid: text(&self.uid).filter(|uid| !uid.is_empty()),
            sequence: self.sequence.as_ref().map_or(Ok(0), sequence)?,
            recurrence_id: self
                .recurrence_id
                .as_ref()
                .map(|property| recurrence_id(property, &mut times))
                .transpose()?,
            last_modified: self.last_modified.as_ref().map(|property| times.last_modified(property)).transpose()?,
            start,
            end,
            status: self.status.as_ref().and_then(|property| status(property.value)),
            summary: text(&self.summary),
            description: text(&self.description),
            location: text(&self.location),
            organizer: self.organizer.as_ref().map(party),
            attendees: self.attendees.iter().map(attendee).collect(),
            categories: self.categories().collect(),
            rrule: self.rrule.as_ref().map(rrule).transpose()?,
            rdates,
            exdates,
            transparent: self
                .transp
                .as_ref()
                .is_some_and(|property| property.value.eq_ignore_ascii_case("TRANSPARENT")),
        })
    }

    fn categories(&self) -> impl Iterator<Item = String> + '_ {
        self.categories
            .iter()
            .flat_map(|property| split_text_list(property.value))
            .filter(|category| !category.is_empty())
    }

    fn end(&self, start: &When, times: &mut Times<'_, '_>) -> Result<When, ReadError> {
        let by_end = self.end.as_ref().map(|property| {
            let end = times.one_beside(property, self.start.as_ref())?;
            let end = checked_end(start, end, &times.resolver.floating);
            end.map_err(|reason| property.error_at(property.value, reason))
        });
        let by_duration = self.duration.as_ref().map(|property| {
            let end = duration(property.value).and_then(|duration| after(start, duration, property.value));
            end.map_err(|reason| property.error_at(property.value, reason))
        });
        let floating = &times.resolver.floating;
        match (by_end.transpose()?, by_duration.transpose()?, &self.duration) {
            // Not allowed (RFC 5545 §3.6.1), but harmless where they agree.
            (Some(end), Some(other), Some(property)) if end.instant(floating) != other.instant(floating) => {
                Err(property.error(Reason::EndAndDuration))
            }
            (Some(end), ..) | (None, Some(end), _) => Ok(end),
            (None, None, _) => Ok(match start {
                When::Date(date) => When::Date(date.saturating_add(jiff::ToSpan::days(1))),
                time => time.clone(),
            }),
        }
    }

    /// Periods (RFC 5545 §3.3.9) are read where they are as long as the event, as then they say no more than their start.
    fn rdates(&self, start: &When, end: &When, times: &mut Times<'_, '_>) -> Result<Vec<When>, ReadError> {
        let mut rdates = Vec::new();
        for property in &self.rdates {
            let tzid = property.parameter("TZID");
            let tzid = tzid.as_deref();
            for part in items(property.value) {
                let Some((from, until)) = part.split_once('/') else {
                    rdates.push(times.when(property, part, tzid)?);
                    continue;
                };
                let from = times.when(property, from, tzid)?;
                let until = if until.starts_with(['P', 'p', '+', '-']) {
                    let end = duration(until).and_then(|duration| after(&from, duration, part));
                    end.map_err(|reason| property.error_at(part, reason))?
                } else {
                    times.when(property, until, tzid)?
                };
                let length = |start: &When, end: &When, zone: &Zone| end.instant(zone) - start.instant(zone);
                let zone = &times.resolver.floating;
                if length(&from, &until, zone) != length(start, end, zone) {
                    return Err(property.error_at(part, Reason::PeriodOfOtherLength));
                }
                rdates.push(from);
            }
        }
        Ok(rdates)
    }
}

fn once<'a>(slot: &mut Option<Property<'a>>, name: &'static str, property: Property<'a>) -> Result<(), ReadError> {
    match slot {
        Some(_) => Err(property.error(Reason::Twice { name })),
        None => {
            *slot = Some(property);
            Ok(())
        }
    }
}

fn first<'a>(slot: &mut Option<Property<'a>>, property: Property<'a>) {
    slot.get_or_insert(property);
}

fn recurrence_id(property: &Property<'_>, times: &mut Times<'_, '_>) -> Result<When, ReadError> {
    if property.parameter_is("RANGE", "THISANDFUTURE") {
        return Err(property.error(Reason::ThisAndFuture));
    }
    times.one(property)
}

fn sequence(property: &Property<'_>) -> Result<u32, ReadError> {
    let number = digits(property.value.as_bytes()).filter(|number| *number <= i64::from(i32::MAX));
    number
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(|| property.error_at(property.value, Reason::NotASequence { text: excerpt(property.value) }))
}

/// The rule as it is. What it means is decided where it is expanded; here only that it is one line of plain characters.
fn rrule(property: &Property<'_>) -> Result<String, ReadError> {
    let value = property.value;
    let plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"=;,+-:/_. ".contains(&byte));
    if plain && value.to_ascii_uppercase().contains("FREQ=") {
        Ok(value.to_owned())
    } else {
        Err(property.error_at(value, Reason::NotARule { text: excerpt(value) }))
    }
}

fn status(value: &str) -> Option<Status> {
    [Status::Tentative, Status::Confirmed, Status::Cancelled]
        .into_iter()
        .find(|s| value.eq_ignore_ascii_case(s.as_str()))
}

fn attendee(property: &Property<'_>) -> Attendee<'static> {
    use PartStat::{Accepted, Declined, Delegated, NeedsAction, Tentative};
    let answer = property.parameter("PARTSTAT").unwrap_or_default();
    let known = [NeedsAction, Accepted, Declined, Tentative, Delegated];
    let partstat = known.into_iter().find(|known| answer.eq_ignore_ascii_case(known.as_str())).unwrap_or_default();
    Attendee { who: party(property), partstat }
}

/// CN, and the address from `mailto:`, or from EMAIL (RFC 7986 §6.2) where the value is another URI.
fn party(property: &Property<'_>) -> Party<'static> {
    let value = property.value;
    let mailto = value.split_at_checked(7).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("mailto:"));
    let email = match mailto {
        Some((_, address)) => email(address),
        None => property.parameter("EMAIL").and_then(|address| email(&address)),
    };
    let name = property.parameter("CN").unwrap_or_default().trim().to_owned();
    Party { name: name.into(), email: email.map(Cow::Owned) }
}

/// The one address of a `mailto:` URI (RFC 6068), decoded. What has the shape of no address, or could carry more than one
/// into a mail, is none.
pub(in crate::ical) fn email(address: &str) -> Option<String> {
    let address = address.split('?').next()?;
    let decoded = percent_decode(address)?;
    let unsafe_char = |c: char| c.is_control() || c.is_whitespace() || "<>,;:\"()[]\\".contains(c);
    let (local, domain) = decoded.split_once('@')?;
    let sound = !local.is_empty() && !domain.is_empty() && !domain.contains('@') && !decoded.contains(unsafe_char);
    (sound && decoded.len() <= 254).then_some(decoded)
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'%', [high, low, after @ ..]) => {
                let hex = |byte: u8| char::from(byte).to_digit(16);
                bytes.push(u8::try_from(hex(*high)? * 16 + hex(*low)?).ok()?);
                after
            }
            _ => {
                bytes.push(*first);
                tail
            }
        };
    }
    String::from_utf8(bytes).ok()
}
