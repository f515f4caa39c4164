// tsdav, as programs on it do: discovery by the well-known address, calendars, objects, sync, multiget, free/busy.
import { check, require, task } from "./clients.mjs";

const tsdav = require("tsdav");
const client = await tsdav.createDAVClient({
  serverUrl: task.base,
  credentials: { username: task.username, password: task.password },
  authMethod: "Basic",
  defaultAccountType: "caldav",
});

let calendars = await client.fetchCalendars();
const named = (name) => calendars.find((one) => one.url.endsWith(`/${name}/`));
check("finds the calendars", named("bookings") && named("time-off"), calendars.map((one) => one.url));
check("knows their components", named("time-off")?.components?.includes("VEVENT"), named("time-off"));
check("knows their reports", named("time-off")?.reports?.includes("syncCollection"), named("time-off")?.reports);

const url = `${task.home}tsdav/`;
const made = await client.makeCalendar({ url, props: { displayname: "From tsdav", "c:calendar-description": "Made there" } });
check("makes a calendar", made.every((one) => one.ok), made);
calendars = await client.fetchCalendars();
const own = named("tsdav");
check("with its name", own?.displayName === "From tsdav", own);
const ctag = own.ctag;

const created = await client.createCalendarObject({ calendar: own, filename: "one.ics", iCalString: task.event });
check("creates", created.status === 201, created.status);
const again = await client.createCalendarObject({ calendar: own, filename: "one.ics", iCalString: task.event });
check("does not create twice", again.status === 412, again.status);

const within = { calendar: own, timeRange: { start: task.start, end: task.end } };
let objects = await client.fetchCalendarObjects(within);
check("reads", objects.length === 1 && objects[0].data.includes("Made here") && objects[0].etag, objects);
const elsewhere = { calendar: own, timeRange: { start: "2030-01-01T00:00:00Z", end: "2030-02-01T00:00:00Z" } };
check("reads by time", (await client.fetchCalendarObjects(elsewhere)).length === 0);
const expanded = await client.fetchCalendarObjects({ ...within, expand: true });
check("reads expanded", expanded.length === 1 && expanded[0].data.includes(`DTSTART:${task.first}`), expanded);

const dirty = await client.isCollectionDirty({ collection: own });
check("sees that the calendar changed", dirty.isDirty && dirty.newCtag !== ctag, dirty);

let synced = await client.smartCollectionSync({ collection: { ...own, objects: [], objectMultiGet: client.calendarMultiGet }, method: "webdav", detailedResult: true });
check("sync-collection: what is new", synced.objects.created.length === 1, synced.objects);
const local = { ...own, syncToken: synced.syncToken, objects, objectMultiGet: client.calendarMultiGet };
synced = await client.smartCollectionSync({ collection: local, method: "webdav", detailedResult: true });
check("sync-collection: nothing", [synced.objects.created, synced.objects.updated, synced.objects.deleted].every((list) => list.length === 0), synced.objects);

const updated = await client.updateCalendarObject({ calendarObject: { ...objects[0], data: task.moved } });
check("changes", updated.status === 204, updated.status);
const lost = await client.updateCalendarObject({ calendarObject: { ...objects[0], data: task.event } });
check("does not change what somebody else changed", lost.status === 412, lost.status);
synced = await client.smartCollectionSync({ collection: local, method: "webdav", detailedResult: true });
check("sync-collection: what changed", synced.objects.updated.length === 1, synced.objects);
const basic = await client.smartCollectionSync({ collection: { ...local, fetchObjects: () => client.fetchCalendarObjects({ calendar: own }) }, method: "basic", detailedResult: true });
check("by ctag: what changed", basic.objects.updated.length === 1, basic.objects);

objects = await client.fetchCalendarObjects(within);
const got = await client.calendarMultiGet({
  url,
  props: { "d:getetag": {}, "c:calendar-data": {} },
  objectUrls: [new URL(objects[0].url).pathname],
  depth: "1",
});
check("multiget", got.length === 1 && JSON.stringify(got[0].props).includes("Changed here"), got);

const busy = await client.freeBusyQuery({ url, timeRange: { start: task.start, end: task.end } }).catch((error) => error);
check("free/busy", JSON.stringify(busy?.raw ?? busy).includes(task.second) || String(busy).includes(task.second), busy?.raw ?? String(busy));

const deleted = await client.deleteCalendarObject({ calendarObject: objects[0] });
check("deletes", deleted.status === 204, deleted.status);
synced = await client.smartCollectionSync({ collection: { ...local, syncToken: synced.syncToken, objects }, method: "webdav", detailedResult: true });
check("sync-collection: what is gone", synced.objects.deleted.length === 1, synced.objects);
check("and it is gone", (await client.fetchCalendarObjects(within)).length === 0);

const booked = await client.fetchCalendarObjects({ calendar: named("bookings") });
check("reads the booking", booked.length === 1 && booked[0].data.includes(task.booking), booked);
const made2 = await client.createCalendarObject({ calendar: named("bookings"), filename: "mine.ics", iCalString: task.event });
check("makes no booking", made2.status === 403, made2.status);

const gone = await client.deleteObject({ url });
check("deletes the calendar", gone.status === 204, gone.status);
calendars = await client.fetchCalendars();
check("and it is gone from the home", !named("tsdav"), calendars.map((one) => one.url));
