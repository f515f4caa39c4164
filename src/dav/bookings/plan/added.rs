//! What a client adds to a booking for itself.

use std::collections::BTreeMap;

use super::{MANAGED, PROTECTED, dates, master, values};
use crate::ical::object::{Component, Object, Property};
use crate::ical::personal::{AFTER, BEFORE, MORE_ALARMS, Moved, NO_ALARMS, NOTED, parts, push_date};
use crate::ical::text::{escape_text, unescape_text};
use crate::time::Zone;

/// An object that a client sent, and what it is to be compared with.
#[derive(Debug, Clone, Copy)]
pub(in crate::dav::bookings) struct Added<'a> {
    /// What the business wrote.
    pub rendered: &'a Object,
    /// That with what the client added before.
    pub served: &'a Object,
    /// What it sent.
    pub sent: &'a Object,
    /// How it moved the series, if it did.
    pub moved: &'a Moved,
    /// The booking's.
    pub zone: &'a Zone,
}

impl Added<'_> {
    /// The content lines that the client added: properties that are neither when, nor the business's, where they differ
    /// from what the business wrote, and its alarms. What it added to single dates of a series follows, where that is not
    /// the same, under the names these have now. Who moves a series and says nothing of a date leaves on it what is
    /// `known`.
    pub fn personal(&self, known: &str) -> String {
        let old = master(self.rendered);
        // Without a master there is nothing that all dates have.
        let all = old.zip(master(self.sent)).map(|(old, new)| added(old, new)).unwrap_or_default();
        let mut text = all.clone();
        let form = self.rendered.components().find_map(|component| component.property("DTSTART"));
        let Some(form) = form.map(|start| start.value.trim()) else { return text };
        let written = dates(self.rendered, form, self.zone);
        let sent = self.sent_dates(form);
        for (now, (before, component)) in &sent {
            let Some(old) = written.get(before).copied().or(old) else { continue };
            let own = added(old, component);
            if own != all {
                push_date(&mut text, now, &own);
            }
        }
        if !self.moved.is.is_empty() {
            for (date, lines) in parts(known).1.into_iter().filter(|(date, _)| !sent.contains_key(*date)) {
                push_date(&mut text, date, lines);
            }
        }
        text
    }

    /// The dates that have components of their own in what was sent: by the name each has now, the one it had before.
    fn sent_dates(&self, form: &str) -> BTreeMap<String, (String, &Component)> {
        let found = dates(self.sent, form, self.zone);
        // Some clients move the master and leave the names of single dates as they were.
        let served = dates(self.served, form, self.zone);
        let as_before = found.keys().all(|name| served.contains_key(name));
        let named = |(name, component): (String, _)| match self.moved.before(&name) {
            Some(before) if !(as_before && self.moved.was.contains(&name)) => {
                let before = before.to_owned();
                (name, (before, component))
            }
            _ => (self.moved.now(&name).unwrap_or(&name).to_owned(), (name, component)),
        };
        found.into_iter().map(named).collect()
    }
}

/// The content lines that `new` has more than, or otherwise than `old`.
fn added(old: &Component, new: &Component) -> String {
    let mut own = Component { name: String::new(), properties: Vec::new(), components: Vec::new() };
    let is_personal = |property: &&Property| {
        !PROTECTED.iter().chain(&MANAGED).any(|name| property.is(name)) && !property.name.starts_with("X-FASTI-")
    };
    for property in new.properties.iter().filter(is_personal) {
        if values(old, &property.name) == values(new, &property.name) {
            continue;
        }
        match property.is("DESCRIPTION").then(|| around(old, property)).flatten() {
            Some(words) => own.properties.extend(words),
            None => own.properties.push(property.clone()),
        }
    }
    let (written, sent) = (alarms(old), alarms(new));
    let (mut besides, mut noted) = (sent.clone(), String::new());
    let has_all = written.iter().all(|alarm| {
        let same = besides.iter().position(|other| what_rings(other) == what_rings(alarm));
        same.map(|at| push_notes(&mut noted, alarm, besides.remove(at))).is_some()
    });
    own.components = if has_all { besides } else { sent };
    let mut text = own.inner_ical();
    match own.components.is_empty() {
        false if has_all => text.push_str(MORE_ALARMS),
        true if !has_all => text.push_str(NO_ALARMS),
        _ => {}
    }
    if has_all {
        text.push_str(&noted);
    }
    text
}

/// What stands around the business's words in a DESCRIPTION; `None` where these are not in it.
fn around(old: &Component, sent: &Property) -> Option<Vec<Property>> {
    let written = old.property("DESCRIPTION").map_or(String::new(), |property| unescape_text(property.value.trim()));
    let text = unescape_text(&sent.value);
    let (before, after) = match written.is_empty() {
        true => (String::new(), format!("\n{text}")),
        false => text.split_once(&written).map(|(before, after)| (before.to_owned(), after.to_owned()))?,
    };
    let words = [(BEFORE, before), (AFTER, after)].into_iter().filter(|(_, text)| !text.trim().is_empty());
    let property = |(name, text): (&str, String)| Property {
        name: name.to_owned(),
        parameters: Vec::new(),
        value: escape_text(&text),
    };
    Some(words.map(property).collect())
}

fn alarms(component: &Component) -> Vec<Component> {
    let alarms = component.components.iter().filter(|inner| inner.name == "VALARM");
    let is_own = |property: &&Property| !property.name.starts_with("X-FASTI-");
    let own = |alarm: &Component| alarm.properties.iter().filter(is_own).cloned().collect();
    alarms.map(|alarm| Component { properties: own(alarm), ..alarm.clone() }).collect()
}

/// Whether clients note this in an alarm: which one it is to them, and that it has been seen (RFC 9074 §4 and §6).
fn is_note(property: &Property) -> bool {
    property.is("UID") || property.is("ACKNOWLEDGED") || property.name.to_ascii_uppercase().starts_with("X-")
}

/// An alarm without what clients note in it, and without its words, which some write anew, as they do the TRIGGER:
/// an hour is also 60 minutes.
fn what_rings(alarm: &Component) -> (Option<i64>, Component) {
    let after_start = alarm.alarm_after_start();
    let told = |property: &&Property| {
        is_note(property) || property.is("DESCRIPTION") || after_start.is_some() && property.is("TRIGGER")
    };
    let properties = alarm.properties.iter().filter(|property| !told(property)).cloned().collect();
    (after_start, Component { name: alarm.name.clone(), properties, components: Vec::new() })
}

/// Adds what the client noted in an alarm that the business `wrote`.
fn push_notes(noted: &mut String, wrote: &Component, mut sent: Component) {
    let Some(trigger) = wrote.property("TRIGGER") else { return };
    sent.properties.retain(is_note);
    sent.components.clear();
    if !sent.properties.is_empty() {
        for part in [NOTED, trigger.value.trim(), "\r\n", &sent.inner_ical()] {
            noted.push_str(part);
        }
    }
}
