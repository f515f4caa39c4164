// Reads an iCalendar file with ical.js (Thunderbird's parser): one JSON line per VEVENT or busy period.
//
//     read_icaljs.mjs FILE
//
// Local times become instants by the VTIMEZONE in the file.
import { readFileSync } from "node:fs";
import { ICAL, calendars, text } from "./icaljs.mjs";

function eventRecord(component) {
  const event = new ICAL.Event(component);
  const hasEnd = component.hasProperty("dtend") || component.hasProperty("duration");
  return {
    kind: "event",
    uid: event.uid,
    recurrence_id: text(event.recurrenceId),
    start_utc: text(event.startDate),
    end_utc: hasEnd ? text(event.endDate) : null,
    status: component.getFirstPropertyValue("status"),
    summary: component.getFirstPropertyValue("summary"),
    sequence: component.getFirstPropertyValue("sequence"),
    all_day: event.startDate.isDate,
    last_modified: text(component.getFirstPropertyValue("last-modified")),
  };
}

function busyRecords(component) {
  return component.getAllProperties("freebusy").flatMap((line) =>
    line.getValues().map((period) => ({
      kind: "busy",
      uid: component.getFirstPropertyValue("uid"),
      recurrence_id: null,
      start_utc: text(period.start),
      end_utc: text(period.getEnd()),
      status: line.getFirstParameter("fbtype") ?? "BUSY",
      summary: null,
      sequence: null,
      all_day: false,
      last_modified: null,
    })),
  );
}

for (const calendar of calendars(readFileSync(process.argv[2], "utf8"))) {
  const events = calendar.getAllSubcomponents("vevent").map(eventRecord);
  const busy = calendar.getAllSubcomponents("vfreebusy").flatMap(busyRecords);
  for (const record of [...events, ...busy]) console.log(JSON.stringify(record));
}
