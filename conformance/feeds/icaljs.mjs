// What the two programs on ical.js share: loading it from the cache, parsing, instants.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const cache = fileURLToPath(new URL("../.cache/node/", import.meta.url));
const module = await import(createRequire(cache).resolve("ical.js"));

export const ICAL = module.default;
ICAL.design.strict = true;

/** The VCALENDARs of a body, their VTIMEZONEs registered in place of any of the same name. */
export function calendars(body) {
  const parsed = ICAL.parse(body);
  const roots = Array.isArray(parsed[0]) ? parsed : [parsed];
  return roots.map((root) => {
    const calendar = new ICAL.Component(root);
    for (const zone of calendar.getAllSubcomponents("vtimezone")) ICAL.TimezoneService.register(zone);
    return calendar;
  });
}

/** A DATE as it is, a floating time without Z, anything else in UTC. */
export function text(time) {
  if (time === null || time === undefined) return null;
  if (time.isDate || time.zone === ICAL.Timezone.localTimezone) return time.toString();
  return time.convertToZone(ICAL.Timezone.utcTimezone).toString();
}
