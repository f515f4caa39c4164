// Expands an iCalendar file with ical.js: one JSON line per occurrence in a window.
//
//     expand_icaljs.mjs FILE FROM TO        FROM and TO: dates, TO excluded
//
// Zones are the VTIMEZONEs in the file.
import { readFileSync } from "node:fs";
import { ICAL, calendars, text } from "./icaljs.mjs";

const [path, from, to] = process.argv.slice(2);

/** Where a time lies against the window, DATEs and floating times read as UTC. */
const millis = (time) =>
  Date.parse(time.isDate ? `${time.toString()}T00:00:00Z` : text(time).replace(/Z?$/, "Z"));

function print(event, start, end) {
  const [first, last] = [Date.parse(`${from}T00:00:00Z`), Date.parse(`${to}T00:00:00Z`)];
  const [starts, ends] = [millis(start), millis(end)];
  const overlaps = starts < last && (ends > first || (starts === ends && starts >= first));
  if (!overlaps) return;
  console.log(JSON.stringify({
    uid: event.uid,
    start_utc: text(start),
    end_utc: text(end),
    status: event.component.getFirstPropertyValue("status"),
    summary: event.component.getFirstPropertyValue("summary"),
  }));
}

function expand(event) {
  const occurrences = event.iterator();
  for (let next = occurrences.next(); next; next = occurrences.next()) {
    const { item, startDate, endDate } = event.getOccurrenceDetails(next);
    // An override may move an occurrence across the window's end, so go on for a while beyond it.
    if (millis(next) > Date.parse(to) + 400 * 86_400_000) return;
    print(item, startDate, endDate);
  }
}

for (const calendar of calendars(readFileSync(path, "utf8"))) {
  const components = calendar.getAllSubcomponents("vevent");
  const overrides = components.filter((c) => c.hasProperty("recurrence-id"));
  const masters = components.filter((c) => !c.hasProperty("recurrence-id"));
  const uid = (component) => component.getFirstPropertyValue("uid");
  for (const master of masters) {
    const exceptions = overrides.filter((override) => uid(override) === uid(master));
    const event = new ICAL.Event(master, { exceptions, strictExceptions: true });
    if (event.isRecurring()) expand(event);
    else print(event, event.startDate, event.endDate);
  }
  const known = new Set(masters.map(uid));
  for (const orphan of overrides.filter((override) => !known.has(uid(override)))) {
    const event = new ICAL.Event(orphan);
    print(event, event.startDate, event.endDate);
  }
}
