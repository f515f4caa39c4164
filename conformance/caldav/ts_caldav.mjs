// ts-caldav: discovery, events and tasks in time-off and in a calendar made beforehand, sync by ctag.
import { check, refused, require, task } from "./clients.mjs";

const { CalDAVClient } = require("ts-caldav");
const auth = { type: "basic", username: task.username, password: task.password };
const client = await CalDAVClient.create({ baseUrl: task.base, auth });
check("finds the home", new URL(client.getCalendarHome(), task.base).href === task.home, client.getCalendarHome());
check("a wrong password is refused", await refused(() => CalDAVClient.create({ baseUrl: task.base, auth: { ...auth, password: "wrong" } })));

const calendars = await client.getCalendars();
const named = (name) => calendars.find((one) => one.url.endsWith(`/${name}/`));
check("finds the calendars", named("bookings") && named("time-off"), calendars);
check("knows their components", named("time-off").supportedComponents.includes("VEVENT"), named("time-off"));

const url = named("time-off").url;
const ctag = await client.getCtag(url);
const start = new Date(`${task.start}`);
const end = new Date(start.getTime() + 3600_000);
const range = { start: new Date(task.start), end: new Date(task.end) };
const created = await client.createEvent(url, { start, end, summary: "Made here", location: "Halle 3", alarms: [{ action: "DISPLAY", trigger: "-PT30M", description: "Soon" }] });
check("creates", created.uid && created.newCtag !== ctag, created);
check("does not create twice", await refused(() => client.createEvent(url, { uid: created.uid, start, end, summary: "Twice" })));
let events = await client.getEvents(url, range);
check("reads", events.length === 1 && events[0].summary === "Made here" && events[0].start.getTime() === start.getTime(), events);
check("with its alarm", events[0].alarms?.length === 1, events[0]);

let changes = await client.syncChanges(url, ctag, []);
check("sync: what is new", changes.changed && changes.newEvents.length === 1, changes);
const byHref = await client.getEventsByHref(url, changes.newEvents);
check("multiget", byHref.length === 1 && byHref[0].uid === created.uid, byHref);
const known = { href: changes.newEvents[0], etag: events[0].etag };
changes = await client.syncChanges(url, changes.newCtag, [known]);
check("sync: nothing", !changes.changed, changes);

const etag = await client.getETag(known.href);
check("its tag", etag === events[0].etag, etag);
const later = { ...events[0], summary: "Changed here", start: new Date(start.getTime() + 86400_000), end: new Date(end.getTime() + 86400_000) };
const updated = await client.updateEvent(url, later);
check("changes", updated.newCtag !== changes.newCtag, updated);
check("does not change what somebody else changed", await refused(() => client.updateEvent(url, { ...later, summary: "Lost" })));
changes = await client.syncChanges(url, changes.newCtag, [known]);
check("sync: what changed", changes.updatedEvents.length === 1, changes);
events = await client.getEvents(url, { all: true });
check("reads the change", events.length === 1 && events[0].summary === "Changed here", events);

await client.createEvent(url, { uid: "weekly", start, end, summary: "Weekly", recurrenceRule: { freq: "WEEKLY", count: 4, byday: ["MO", "TH"] } });
await client.createEvent(url, { uid: "day", start, end: start, wholeDay: true, summary: "Day" });
events = await client.getEvents(url, { all: true });
check("series and whole days", events.length === 3 && events.find((one) => one.uid === "day").wholeDay, events);

await client.deleteEvent(url, created.uid, updated.etag || undefined);
changes = await client.syncChanges(url, changes.newCtag, [known]);
check("sync: what is gone", changes.deletedEvents.length === 1, changes);
check("deletes nothing twice", await refused(() => client.deleteEvent(url, created.uid)));
for (const uid of ["weekly", "day"]) await client.deleteEvent(url, uid);
check("all are gone", (await client.getEvents(url, { all: true })).length === 0);

check("no tasks among events", await refused(() => client.createTodo(named("bookings").url, { summary: "No" })));
const booked = await client.getEvents(named("bookings").url, { all: true });
check("reads the booking", booked.length === 1 && booked[0].uid === task.booking, booked);
