// dav 1.8: an account with its calendars and objects, changes of them, and both of its ways to synchronise.
import { check, require, task } from "./clients.mjs";

const dav = require("dav");
const xhr = new dav.transport.Basic(new dav.Credentials({ username: task.username, password: task.password }));
const wanted = { xhr, accountType: "caldav", loadCollections: true, loadObjects: true };
const byHost = await dav.createAccount({ ...wanted, server: task.base }).catch((error) => error);
check("finds the account by the host alone", byHost.homeUrl?.includes("/dav/calendars/"), String(byHost));
const account = await dav.createAccount({ ...wanted, server: task.root });
check("finds the principal", account.principalUrl?.includes("/dav/principals/"), account.principalUrl);
check("finds the home", account.homeUrl?.includes("/dav/calendars/"), account.homeUrl);
const named = (name) => account.calendars.find((one) => one.url.endsWith(`/${name}/`));
check("finds the calendars", named("bookings") && named("time-off"), account.calendars.map((one) => one.url));
check("reads the booking", named("bookings").objects.length === 1 && named("bookings").objects[0].calendarData.includes(task.booking), named("bookings").objects.length);

const own = named("time-off");
check("knows that it can be synchronised", own.reports?.includes("sync-collection"), own.reports);
await dav.createCalendarObject(own, { xhr, data: task.event, filename: "dav.ics" });
// By sync-collection dav takes changes only, as its source says; what is new or gone it sees by the tags alone.
await dav.syncCalendar(own, { xhr, syncMethod: "basic" });
check("basic: what is new", own.objects.length === 1 && own.objects[0].calendarData.includes("Made here"), own.objects.length);
const [object] = own.objects;
object.calendarData = task.moved;
await dav.updateCalendarObject(object, { xhr });
for (const syncMethod of ["webdav", "basic"]) {
  const synced = await dav.syncCalendar(own, { xhr, syncMethod });
  check(`${syncMethod}: what changed`, synced.objects.length === 1 && synced.objects[0].calendarData.includes("Changed here"), synced.objects[0]?.calendarData);
}
const refreshed = await dav.syncCaldavAccount(account, { xhr });
check("the whole account", refreshed.calendars.length === account.calendars.length, refreshed.calendars.length);
const deleted = await dav.deleteCalendarObject(own.objects[0], { xhr });
check("deletes", deleted !== null, "");
await dav.syncCalendar(own, { xhr, syncMethod: "basic" });
check("basic: what is gone", own.objects.length === 0, own.objects.length);
