#!/usr/bin/env python3
"""Evolution data server's CalDAV backend, GNOME's own: finds the calendars, and keeps events, tasks and notes the same.

evolution.py --spawn target/debug/fasti
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from kit.gnome import Session
from kit.place import House, Person, add_arguments, at, event, house, stamp
from kit.server import WORK
from kit.tally import Tally

SETTLE_SECONDS = 15


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    arguments = parser.parse_args()
    tally = Tally("evolution", Path(__file__).with_name("evolution.toml"))
    with house(arguments.spawn, "evolution") as running:
        person = running.person("ida")
        session = Session(WORK / "evolution", Path(__file__).with_name("evolution_client.py"))
        try:
            story = Story(tally, running, person, session)
            for part in (story.discovery, story.events, story.tasks, story.notes, story.bookings):
                try:
                    part()
                except RuntimeError as error:
                    tally.check(f"{part.__name__} runs to its end", False, error)
                else:
                    tally.check(f"{part.__name__} runs to its end", True)
        finally:
            session.close()
    return tally.close()


class Story:
    def __init__(self, tally: Tally, running: House, person: Person, session: Session) -> None:
        self.tally, self.house, self.person, self.session = tally, running, person, session
        self.login = {"user": person.username, "password": person.password}

    def open(self, name: str, kind: str = "events") -> str:
        url = f"{self.person.home}{name}/"
        self.person.ask("MKCALENDAR", url)
        self.session.ask(do="open", name=name, url=url, kind=kind, **self.login)
        return url

    def settle(self, name: str, done: Callable[[list[str]], bool], calendar: str) -> None:
        """A refresh is only asked for; the backend works in its own thread."""
        until = time.monotonic() + SETTLE_SECONDS
        held: list[str] = []
        while time.monotonic() < until:
            # It forgets one that comes while it still connects.
            self.session.ask(do="refresh", name=calendar)
            held = [one["ics"] for one in self.session.ask(do="hold", name=calendar)]
            if done(held):
                break
            time.sleep(0.5)
        self.tally.check(name, done(held), held)

    def here(self, url: str) -> str:
        """Everything that Fasti has in a calendar, as text."""
        query = (
            '<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><C:calendar-data/></D:prop>'
            '<C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>'
        )
        return self.person.ask("REPORT", url, query, Depth="1", Content_Type="application/xml").body.decode()

    def online(self, url: str, calendar: str, component: str) -> None:
        """Until the backend has a connection it keeps changes for later."""
        self.person.put(f"{url}first.ics", event("first", at(3, 9), "First", component=component))
        self.settle(
            f"{calendar}: what is made in Fasti comes", lambda held: len(held) == 1 and "First" in held[0], calendar
        )

    def discovery(self) -> None:
        for name, url in (("root", self.person.root), ("host", self.person.base + "/")):
            found = self.session.ask(do="discover", url=url, **self.login)
            hrefs = " ".join(one["url"] for one in found)
            ok = "/bookings/" in hrefs and "/time-off/" in hrefs
            self.tally.check(f"finds the calendars from the {name}", ok, found)

    def events(self) -> None:
        url = self.open("own")
        self.person.put(f"{url}one.ics", event("one", at(3, 9), "Made in Fasti"))
        self.settle("what is made in Fasti comes", lambda held: len(held) == 1 and "Made in Fasti" in held[0], "own")
        uid = self.session.ask(do="create", name="own", ics=inner(event("two", at(4, 9), "Made there")))
        self.tally.check("what is made there is in Fasti", "SUMMARY:Made there" in self.here(url), self.here(url))
        self.person.put(f"{url}one.ics", event("one", at(3, 14), "Changed in Fasti"))
        moved = f"DTSTART:{stamp(at(3, 14))}"
        self.settle(
            "what is changed in Fasti comes",
            lambda held: any("Changed in Fasti" in one and moved in one for one in held),
            "own",
        )
        self.session.ask(do="modify", name="own", ics=inner(event(uid, at(4, 14), "Changed there")))
        text = self.here(url)
        ok = "Changed there" in text and "Made there" not in text and f"DTSTART:{stamp(at(4, 14))}" in text
        self.tally.check("what is changed there is in Fasti", ok, text)
        series = event("series", at(5, 9), "Weekly", "RRULE:FREQ=WEEKLY;COUNT=4")
        self.session.ask(do="create", name="own", ics=inner(series))
        self.tally.check("a series is in Fasti", "RRULE:FREQ=WEEKLY;COUNT=4" in self.here(url), self.here(url))
        self.settle("all three are held once", lambda held: len(held) == 3, "own")
        self.session.ask(do="remove", name="own", uid=uid)
        self.tally.check("what is deleted there is gone", "Changed there" not in self.here(url), self.here(url))
        self.person.ask("DELETE", f"{url}one.ics")
        self.settle("what is deleted in Fasti goes", lambda held: len(held) == 1 and "Weekly" in held[0], "own")

    def tasks(self) -> None:
        url = self.open("tasks", "tasks")
        self.online(url, "tasks", "VTODO")
        self.session.ask(do="create", name="tasks", ics=inner(event("task", at(3, 9), "To do", component="VTODO")))
        self.tally.check("a task made there is in Fasti", "SUMMARY:To do" in self.here(url), self.here(url))
        done = event("task", at(3, 9), "To do", "STATUS:COMPLETED", f"COMPLETED:{stamp(at(0, 0))}", component="VTODO")
        self.session.ask(do="modify", name="tasks", ics=inner(done))
        self.tally.check("done there, it is done in Fasti", "STATUS:COMPLETED" in self.here(url), self.here(url))
        self.session.ask(do="remove", name="tasks", uid="task")
        self.tally.check("deleted there, it is gone", "SUMMARY:To do" not in self.here(url), self.here(url))

    def notes(self) -> None:
        url = self.open("notes", "memos")
        self.online(url, "notes", "VJOURNAL")
        self.session.ask(do="create", name="notes", ics=inner(event("note", at(1, 9), "Noted", component="VJOURNAL")))
        self.tally.check("a note made there is in Fasti", "SUMMARY:Noted" in self.here(url), self.here(url))

    def bookings(self) -> None:
        url = self.open("bookings")
        booking = self.house.book(self.house.service(self.person), self.person, at(12, 9).isoformat())
        self.settle("a booking comes", lambda held: len(held) == 1 and "Cleo Winter" in held[0], "bookings")
        held = self.session.ask(do="hold", name="bookings")
        if not held:
            return
        lines = held[0]["ics"].replace("\r\n ", "").split("\r\n")
        # As it is dragged in the window: same length, four hours later.
        moved = [
            f"{line.partition(':')[0]}:{line.partition(':')[2].replace('T09', 'T13').replace('T10', 'T14')}"
            if line.startswith(("DTSTART", "DTEND"))
            else line
            for line in lines
        ]
        self.session.ask(do="modify", name="bookings", ics="\r\n".join(moved))
        after = self.house.api.get(f"/bookings/{booking['id']}")
        self.tally.check("moved there, it is rescheduled", "T13:00" in after["start"], after)
        refused = self.refused(do="create", name="bookings", ics=inner(event("mine", at(12, 16), "Mine")))
        self.tally.check("a new one is refused", refused)
        self.settle("which is held once", lambda held: len(held) == 1, "bookings")
        self.session.ask(do="remove", name="bookings", uid=held[0]["uid"])
        after = self.house.api.get(f"/bookings/{booking['id']}")
        self.tally.check("deleted there, it is cancelled", after["status"] == "cancelled", (after, self.here(url)))

    def refused(self, **command: str) -> bool:
        try:
            self.session.ask(**command)
        except RuntimeError:
            return True
        return False


def inner(ics: str) -> str:
    """The component alone, as clients of the data server give it."""
    return "\r\n".join(ics.split("\r\n")[3:-2]) + "\r\n"


if __name__ == "__main__":
    sys.exit(main())
