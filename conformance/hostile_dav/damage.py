"""One damaged object among many: the others are listed, synced and queried."""

from __future__ import annotations

import base64
import re
import sqlite3
from collections.abc import Callable

from hostile_dav.objects import EXPAND, FREE_BUSY, JUNE, SYNC
from hostile_dav.target import event
from kit.house import Business, House
from kit.tally import Tally
from kit.web import Answer, ask

MANY = 12
DAMAGES = {
    "cut": "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEV",
    "noise": "\x01\x02 no calendar at all ]]> & <",
    "empty": "",
    "two roots": event("a@x").decode() + event("b@x").decode(),
    "endless": event("bad@x", "RRULE:FREQ=SECONDLY\r\n", "20200101T000000Z").decode(),
    "no date": event("bad@x", "", "tomorrow").decode(),
}
DEEP = {"Depth": "1"}
LIST = """<D:propfind xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/><D:getcontentlength/></D:prop></D:propfind>"""
QUERY = EXPAND.replace('<C:calendar-data>\n<C:expand start="{0}" end="{1}"/></C:calendar-data>', "<C:calendar-data/>")


def run(fasti: str, tally: Tally) -> None:
    with House(fasti) as house:
        business = Business(house, "salon")
        house.start()
        business.furnish()
        pair = f"{business.known['anna']}:{business.passwords['anna']}"
        login = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        home = f"/dav/calendars/{business.known['anna']}/"

        def dav(method: str, path: str, body: bytes | None = None) -> Answer:
            return ask(method, house.base + path, login | DEEP, body)

        for calendar in ("time-off/", "many/"):
            if calendar == "many/":
                dav("MKCALENDAR", home + calendar)
            for number in range(MANY):
                text = event(f"{calendar[:-1]}-{number}@x", "SUMMARY:whole\r\n", f"202606{number + 1:02}T100000Z")
                tally.check(
                    f"damage: {calendar}{number} is made",
                    dav("PUT", f"{home}{calendar}{number}.ics", text).status == 201,
                )
        for name, body in DAMAGES.items():
            house.stop()
            with sqlite3.connect(house.database) as database:
                changed = database.execute(
                    "UPDATE calendar_objects SET body = ? WHERE name = '5.ics'", (body,)
                ).rowcount
            database.close()
            tally.check(f"damage, {name}: two rows are damaged", changed == 2, changed)
            house.start()
            for calendar in ("many/", "time-off/"):
                after(tally, f"damage, {name}, {calendar}", home + calendar, dav)
            known = business.known
            path = f"/api/v1/availability?service={known['service']}&staff={known['anna_id']}&from={known['monday_iso']}&to={known['sunday_iso']}"
            answer = ask("GET", house.base + path, {"Authorization": f"Bearer {business.api.token}"})
            tally.check(
                f"damage, {name}: availability is answered",
                answer.status < 500,
                f"{answer.status} {answer.body[:300]!r}",
            )
        mended = dav("PUT", f"{home}many/5.ics", event("many-5@x", "SUMMARY:whole\r\n", "20260606T100000Z"))
        tally.check("damage: it can be put anew", mended.status in (201, 204), f"{mended.status} {mended.body[:300]!r}")
        tally.check("damage: or deleted", dav("DELETE", f"{home}time-off/5.ics").status == 204)
        tally.check("damage: no panic", b"panicked" not in house.log.read_bytes())


def too_dense(name: str, answer: Answer) -> bool:
    """A rule with an instance a second may be too much to list: said with its element, nobody is told less than there is."""
    return "endless" in name and answer.status == 403 and b"number-of-matches-within-limits" in answer.body


def after(tally: Tally, name: str, calendar: str, dav: Callable[..., Answer]) -> None:
    for what, method, body in (
        ("list", "PROPFIND", LIST),
        ("sync", "REPORT", SYNC),
        ("query", "REPORT", QUERY.format(*JUNE)),
        ("expand", "REPORT", EXPAND.format(*JUNE)),
    ):
        answer = dav(method, calendar, body.encode())
        if what == "expand" and too_dense(name, answer):
            continue
        if not tally.check(f"{name} {what}: is 207", answer.status == 207, f"{answer.status} {answer.body[:300]!r}"):
            continue
        told = set(re.findall(rb"/(\d+)\.ics</D:href>", answer.body))
        others = {str(number).encode() for number in range(MANY)} - {b"5"}
        tally.check(f"{name} {what}: tells the others", others <= told, sorted(told))
        if what != "list":
            whole = answer.body.count(b"SUMMARY:whole")
            tally.check(f"{name} {what}: tells them whole", whole >= MANY - 1, whole)
    answer = dav("REPORT", calendar, FREE_BUSY.format(*JUNE).encode())
    if not too_dense(name, answer):
        tally.check(f"{name} free/busy: is answered", answer.status == 200, f"{answer.status} {answer.body[:300]!r}")
        busy = answer.body.count(b"FREEBUSY")
        tally.check(
            f"{name} free/busy: knows the others", busy > 2 and b"20260602T100000Z" in answer.body, answer.body[:600]
        )
    answer = dav("GET", f"{calendar}5.ics")
    tally.check(f"{name} GET: no server error", answer.status < 500, answer.status)
    answer = dav("GET", f"{calendar}6.ics")
    tally.check(f"{name} GET of another: is 200", answer.status == 200, answer.status)
