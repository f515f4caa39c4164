#!/usr/bin/env python3
"""What a program does with python-caldav: from /.well-known/caldav to a calendar with events, tasks and notes, searched,
synchronised and deleted; and the business's bookings as such a program sees and changes them.

    python_caldav.py --spawn target/debug/fasti
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import http.client
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import caldav
from caldav import error
from caldav.elements import cdav, dav, ical
from kit.place import ZONE, House, Person, add_arguments, at, calendar, event, house, stamp, uid
from kit.tally import Tally

BERLIN = ZoneInfo(ZONE)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    arguments = parser.parse_args()
    tally = Tally("python-caldav", Path(__file__).with_name("python_caldav.toml"))
    with house(arguments.spawn, "python-caldav") as running:
        flows = Flows(tally, running, running.person("ida"))
        for flow in flows.all():
            # One flow that breaks must not hide the others.
            try:
                flow()
            except Exception as failure:
                tally.check(f"{flow.__name__} runs to its end", False, f"{type(failure).__name__}: {failure}")
            else:
                tally.check(f"{flow.__name__} runs to its end", True)
    return tally.close()


@dataclass
class Flows:
    tally: Tally
    house: House
    ida: Person

    def __post_init__(self) -> None:
        self.client = caldav.DAVClient(self.ida.root, username=self.ida.username, password=self.ida.password)
        self.principal = self.client.principal()

    def all(self) -> list[Callable[[], None]]:
        return [
            self.discovery,
            self.calendars,
            self.properties,
            self.events,
            self.conditions,
            self.series,
            self.series_in_berlin,
            self.tasks,
            self.notes,
            self.text,
            self.free_busy,
            self.sync,
            self.move,
            self.refused,
            self.connection,
            self.time_off,
            self.bookings,
            self.repeated_booking,
            self.privacy,
        ]

    def check(self, name: str, ok: bool, detail: object = "") -> bool:
        return self.tally.check(name, ok, detail)

    @contextlib.contextmanager
    def calendar(self, name: str, components: tuple[str, ...] | None = None) -> Iterator[caldav.Calendar]:
        made = self.principal.make_calendar(name=name, supported_calendar_component_set=components)
        try:
            yield made
        finally:
            made.delete()

    # --- who and where

    def discovery(self) -> None:
        for method in ("GET", "PROPFIND", "OPTIONS"):
            answer = self.ida.ask(method, "/.well-known/caldav")
            ok = answer.status in (301, 307, 308) and answer.header("Location") == "/dav/"
            self.check(f"well-known {method} leads to /dav/", ok, answer)
        wrong = caldav.DAVClient(self.ida.root, username="ida", password="wrong")
        self.check("a wrong password is refused", raises(error.AuthorizationError, wrong.principal))
        client = caldav.DAVClient(f"{self.ida.base}/.well-known/caldav", username="ida", password=self.ida.password)
        found = client.principal()
        self.check("principal from the well-known address", str(found.url) == self.ida.principal, found.url)
        principal = self.principal
        self.check("principal from the root", str(principal.url) == self.ida.principal, principal.url)
        home = principal.calendar_home_set
        self.check("calendar-home-set", str(home.url) == self.ida.home, home.url)
        self.check("displayname of the principal", principal.get_display_name() == "Ida")
        addresses = principal.calendar_user_address_set()
        self.check("calendar-user-address-set has the mail address", f"mailto:{self.ida.email}" in addresses, addresses)
        names = {str(one.url).rstrip("/").rsplit("/", 1)[1] for one in principal.get_calendars()}
        self.check("the calendars that everybody has", {"bookings", "time-off"} <= names, names)
        for url in (self.ida.root, self.ida.home, self.ida.principal, f"{self.ida.home}time-off/"):
            answer = self.ida.ask("OPTIONS", url)
            ok = answer.status == 200 and "calendar-access" in answer.header("DAV")
            self.check(f"OPTIONS {url.removeprefix(self.ida.base)}", ok, answer.headers)
        body = (
            '<D:principal-property-search xmlns:D="DAV:"><D:property-search><D:prop><D:displayname/></D:prop>'
            "<D:match>id</D:match></D:property-search><D:prop><D:displayname/></D:prop></D:principal-property-search>"
        )
        found = self.ida.ask("REPORT", f"{self.ida.base}/dav/principals/", body, Depth="0").body.decode()
        self.check("principal-property-search by a part of the name", "/dav/principals/ida/" in found, found)

    def calendars(self) -> None:
        made = self.principal.make_calendar(name="Werkstatt", cal_id="werkstatt")
        self.check("MKCALENDAR at the name asked for", str(made.url) == f"{self.ida.home}werkstatt/", made.url)
        self.check("its displayname", made.get_display_name() == "Werkstatt")
        listed = [str(one.url) for one in self.principal.get_calendars()]
        self.check("it is listed once", listed.count(str(made.url)) == 1, listed)
        again = raises(error.DAVError, lambda: self.principal.make_calendar(name="Again", cal_id="werkstatt"))
        self.check("a second one of its name is refused", again)
        self.check("and its name stays", made.get_display_name() == "Werkstatt")
        found = self.principal.calendar(name="Werkstatt")
        self.check("found by its displayname", str(found.url) == str(made.url))
        made.delete()
        listed = [str(one.url) for one in self.principal.get_calendars()]
        self.check("deleted, it is listed no more", str(made.url) not in listed, listed)
        self.check("deleted, it is not found", raises(error.NotFoundError, made.get_events))
        made = self.principal.make_calendar(name="Anew", cal_id="werkstatt")
        self.check("made anew, it is empty", made.get_events() == [])
        made.delete()
        with self.calendar("Only tasks", ("VTODO",)) as tasks:
            self.check("its components", tasks.get_supported_components() == ["VTODO"])
            self.check(
                "another component is refused",
                raises(error.DAVError, lambda: tasks.add_event(event(uid(), at(3, 9), "No"))),
            )

    def properties(self) -> None:
        with self.calendar("Farben") as own:
            own.set_properties(
                [dav.DisplayName("Töne & <Farben>"), ical.CalendarColor("#11AA77FF"), ical.CalendarOrder("7")]
            )
            told = own.get_properties(
                [dav.DisplayName(), ical.CalendarColor(), ical.CalendarOrder(), cdav.CalendarDescription()]
            )
            self.check("displayname is kept", told.get(dav.DisplayName.tag) == "Töne & <Farben>", told)
            self.check("calendar-color is kept", told.get(ical.CalendarColor.tag) == "#11AA77FF", told)
            self.check("calendar-order is kept", told.get(ical.CalendarOrder.tag) == "7", told)
            own.set_properties([cdav.CalendarDescription("Wände")])
            told = own.get_properties([cdav.CalendarDescription(), dav.ResourceType(), dav.GetEtag()])
            self.check("calendar-description is kept", told.get(cdav.CalendarDescription.tag) == "Wände", told)

    # --- objects

    def events(self) -> None:
        with self.calendar("Events") as own:
            start = at(3, 10)
            one = own.add_event(
                uid="one@conformance.example", dtstart=start, dtend=start + timedelta(hours=2), summary="One"
            )
            two = own.add_event(event("two@conformance.example", at(5, 10), "Two"))
            day = own.add_event(uid="day@conformance.example", dtstart=date_of(7), dtend=date_of(8), summary="Day")
            self.check("all are listed", uids(own.get_events()) == ["day", "one", "two"], uids(own.get_events()))
            search = own.search
            self.check("search within", uids(search(event=True, start=at(3, 11), end=at(3, 11, 30))) == ["one"])
            self.check(
                "a range that ends at the start has it not",
                uids(search(event=True, start=at(3, 9), end=at(3, 10))) == [],
            )
            self.check(
                "a range that begins at the end has it not",
                uids(search(event=True, start=at(3, 12), end=at(3, 13))) == [],
            )
            self.check("a range over two", uids(search(event=True, start=at(3, 0), end=at(6, 0))) == ["one", "two"])
            self.check("a range without end", uids(search(event=True, start=at(4, 0))) == ["day", "two"])
            self.check("a range without beginning", uids(search(event=True, end=at(4, 0))) == ["one"])
            self.check(
                "whole day by the home's clocks", uids(search(event=True, start=at(7, 0), end=at(7, 1))) == ["day"]
            )
            found = own.get_object_by_uid("two@conformance.example")
            self.check("found by UID", str(found.url) == str(two.url), found.url)
            self.check("found by address", "SUMMARY:Two" in own.event_by_url(two.url).data)
            several = own.multiget([one.url, two.url])
            self.check("multiget", uids(several) == ["one", "two"], [one.url for one in several])
            some = [one.url, own.url.join("absent.ics")]
            absent = raises(error.NotFoundError, lambda: list(own.multiget(some, raise_notfound=True)))
            self.check("multiget of what is not there", absent)
            with one.edit_icalendar_instance() as instance:
                instance.walk("VEVENT")[0]["SUMMARY"] = "One, änderbar"
            one.save()
            one.load()
            self.check("a change is kept", one.icalendar_component["SUMMARY"] == "One, änderbar", one.data)
            day.delete()
            self.check("deleted", uids(own.get_events()) == ["one", "two"])
            self.check("deleted, it is not found", raises(error.NotFoundError, day.load))

    def conditions(self) -> None:
        with self.calendar("Conditions") as own:
            url, ics = f"{own.url}if.ics", event("if@conformance.example", at(3, 9), "If")
            first = self.ida.put(url, ics, If_None_Match="*")
            self.check("made if there is none", first.status == 201 and first.header("ETag") != "", first)
            self.check("not made twice", self.ida.put(url, ics, If_None_Match="*").status == 412)
            tag = first.header("ETag")
            self.check("its tag on GET", self.ida.ask("GET", url).header("ETag") == tag)
            self.check("304", self.ida.ask("GET", url, If_None_Match=tag).status == 304)
            second = self.ida.put(url, ics.replace(":If", ":When"), If_Match=tag)
            self.check(
                "changed if it is the same", second.status == 204 and second.header("ETag") not in ("", tag), second
            )
            self.check("not changed if it is another", self.ida.put(url, ics, If_Match=tag).status == 412)
            self.check("not deleted if it is another", self.ida.ask("DELETE", url, If_Match=tag).status == 412)
            self.check(
                "deleted if it is the same", self.ida.ask("DELETE", url, If_Match=second.header("ETag")).status == 204
            )
            self.check("deleted once", self.ida.ask("DELETE", url).status == 404)

    def series(self) -> None:
        with self.calendar("Series") as own:
            start = at(2, 9).astimezone(UTC)
            moved, gone = start + timedelta(days=2), start + timedelta(days=4)
            name = "series@conformance.example"
            own.add_event(
                calendar(
                    *vevent(name, start, "Daily", "RRULE:FREQ=DAILY;COUNT=10", f"EXDATE:{stamp(gone)}"),
                    *vevent(name, moved + timedelta(hours=5), "Daily, later", f"RECURRENCE-ID:{stamp(moved)}"),
                )
            )
            whole = own.search(event=True, start=start, end=start + timedelta(days=6))
            self.check("without expand the series is one", len(whole) == 1 and "RRULE" in whole[0].data, whole)
            self.check("with its override", whole[0].data.count("BEGIN:VEVENT") == 2, whole[0].data)
            for how in ("server_expand", "expand"):
                found = own.search(event=True, start=start, end=start + timedelta(days=6), **{how: True})
                starts = sorted(instances(found))
                hoped = [start, start + timedelta(days=1), moved + timedelta(hours=5), start + timedelta(days=3)]
                hoped.append(start + timedelta(days=5))
                # The library asks the server for a day more on either side.
                starts = [one for one in starts if start <= one < start + timedelta(days=6)]
                self.check(f"{how}: each instance at its time", starts == hoped, f"{starts} not {hoped}")
                texts = "".join(one.data for one in found)
                self.check(f"{how}: no rule is left", "RRULE" not in texts and "EXDATE" not in texts, texts)

            def within(one: datetime, hours: int) -> list:
                return own.search(event=True, start=one, end=one + timedelta(hours=hours))

            self.check("where the override was, nothing is", within(moved, 1) == [])
            self.check("where it went, it is", len(within(moved + timedelta(hours=5), 1)) == 1)
            self.check("where EXDATE is, nothing is", within(gone, 1) == [])
            self.check("the last one is there", len(within(start + timedelta(days=9), 1)) == 1)
            self.check("after it nothing is", within(start + timedelta(days=10), 24) == [])
            far = own.search(event=True, start=start + timedelta(days=400))
            self.check("an ended series is not in an open range", far == [])
            own.add_event(calendar(*vevent("ever@conformance.example", start, "Yearly", "RRULE:FREQ=YEARLY")))
            far = start.replace(year=start.year + 60)
            found = own.search(
                event=True, start=far - timedelta(days=1), end=far + timedelta(days=1), server_expand=True
            )
            self.check("an endless series, sixty years on", list(instances(found)) == [far], found)

    def series_in_berlin(self) -> None:
        """Over both changes of the clocks, by the VTIMEZONE and by the name."""
        zone = (
            "BEGIN:VTIMEZONE", "TZID:Europe/Berlin", "BEGIN:DAYLIGHT", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "TZNAME:CEST",
            "DTSTART:19700329T020000", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "END:DAYLIGHT", "BEGIN:STANDARD",
            "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "TZNAME:CET", "DTSTART:19701025T030000",
            "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "END:STANDARD", "END:VTIMEZONE",
        )  # fmt: skip
        with self.calendar("Berlin") as own:
            own.add_event(
                calendar(
                    *zone,
                    "BEGIN:VEVENT",
                    "UID:berlin@conformance.example",
                    "DTSTAMP:20260101T000000Z",
                    "DTSTART;TZID=Europe/Berlin:20270115T090000",
                    "DURATION:PT1H",
                    "RRULE:FREQ=MONTHLY;COUNT=12",
                    "SUMMARY:Monthly",
                    "END:VEVENT",
                )  # fmt: skip
            )
            found = own.search(
                event=True,
                start=datetime(2027, 1, 1, tzinfo=UTC),
                end=datetime(2028, 1, 1, tzinfo=UTC),
                server_expand=True,
            )
            hoped = [datetime(2027, month, 15, 9, tzinfo=BERLIN).astimezone(UTC) for month in range(1, 13)]
            starts = sorted(instances(found))
            self.check("nine o'clock in summer and winter", starts == hoped, starts)

    def tasks(self) -> None:
        with self.calendar("Tasks", ("VTODO",)) as own:
            own.add_todo(uid="due@conformance.example", due=at(4, 12), summary="With a due date")
            done = own.add_todo(uid="done@conformance.example", dtstart=at(2, 8), due=at(2, 12), summary="To be done")
            own.add_todo(uid="bare@conformance.example", summary="Without any date")
            self.check("all that is open", uids(own.get_todos()) == ["bare", "done", "due"], uids(own.get_todos()))
            found = own.search(todo=True, include_completed=True, start=at(4, 0), end=at(5, 0), post_filter=False)
            # RFC 4791 §9.9: a task without any date is in every range.
            self.check("by time", uids(found) == ["bare", "due"], uids(found))
            done.complete()
            self.check("what is done is not open", uids(own.get_todos()) == ["bare", "due"], uids(own.get_todos()))
            everything = own.get_todos(include_completed=True)
            self.check("but there", uids(everything) == ["bare", "done", "due"])
            done.load()
            self.check("done with a time", "COMPLETED" in done.icalendar_component, done.data)
            done.delete()
            self.check("deleted", uids(own.get_todos(include_completed=True)) == ["bare", "due"])

    def notes(self) -> None:
        with self.calendar("Notes", ("VJOURNAL",)) as own:
            own.add_journal(
                uid="note@conformance.example", dtstart=date_of(1), summary="Note", description="What was\nsaid"
            )
            found = own.get_journals()
            self.check("a note is kept", uids(found) == ["note"], found)
            self.check("with its lines", found[0].icalendar_component["DESCRIPTION"] == "What was\nsaid", found[0].data)
            self.check("by time", uids(own.search(journal=True, start=at(1, 0), end=at(2, 0))) == ["note"])
            self.check("and not at another", own.search(journal=True, start=at(2, 1), end=at(3, 0)) == [])

    def text(self) -> None:
        with self.calendar("Text") as own:
            lines = ("CATEGORIES:Garten,Küche", "LOCATION:Halle 3", "CLASS:PRIVATE")
            own.add_event(event("green@conformance.example", at(3, 9), "Grüne Äpfel", *lines))
            own.add_event(event("red@conformance.example", at(3, 9), "Rote Äpfel", "LOCATION:Halle 4"))

            def search(**what: object) -> list[str]:
                return uids(own.search(event=True, **what, post_filter=False))

            self.check("by a part of the summary", search(summary="Äpfel") == ["green", "red"], search(summary="Äpfel"))
            self.check("by a word of it", search(summary="Rote") == ["red"])
            self.check("by category", search(category="Garten") == ["green"], search(category="Garten"))
            self.check("by place", search(location="Halle 3") == ["green"])
            self.check("by what is not there", search(no_category=True) == ["red"], search(no_category=True))
            self.check("by two things at once", search(location="Halle", summary="Grüne") == ["green"])

    # --- time

    def free_busy(self) -> None:
        with self.calendar("Busy") as own:
            own.add_event(event(uid(), at(20, 10), "Busy"))
            own.add_event(event(uid(), at(20, 13), "Perhaps", "STATUS:TENTATIVE"))
            own.add_event(event(uid(), at(20, 15), "Seen through", "TRANSP:TRANSPARENT"))
            own.add_event(event(uid(), at(20, 17), "Not any more", "STATUS:CANCELLED"))
            own.add_event(calendar(*vevent(uid(), at(20, 19), "Again", "RRULE:FREQ=DAILY;COUNT=2")))
            text = own.freebusy_request(at(20, 0), at(22, 0)).data
            periods = busy(text)
            hoped = [
                ("BUSY", at(20, 10), at(20, 11)),
                ("BUSY", at(20, 19), at(20, 20)),
                ("BUSY", at(21, 19), at(21, 20)),
                ("BUSY-TENTATIVE", at(20, 13), at(20, 14)),
            ]
            self.check("busy when it is, and nothing else", periods == hoped, f"{periods} not {hoped}\n{text}")
            self.check("nobody's words in it", not any(word in text for word in ("Perhaps", "Again", "SUMMARY")), text)

    def sync(self) -> None:
        with self.calendar("Sync") as own:
            one = own.add_event(event("one@conformance.example", at(3, 9), "One"))
            two = own.add_event(event("two@conformance.example", at(4, 9), "Two"))
            first = own.objects_by_sync_token(load_objects=False)
            self.check("at first everything", len(list(first)) == 2, list(first))
            again = own.objects_by_sync_token(sync_token=first.sync_token)
            self.check("then nothing", list(again) == [] and again.sync_token == first.sync_token, list(again))
            three = own.add_event(event("three@conformance.example", at(5, 9), "Three"))
            two.delete()
            self.ida.put(str(one.url), event("one@conformance.example", at(3, 11), "One, moved"))
            since = own.objects_by_sync_token(sync_token=again.sync_token)
            changed = sorted(str(item.url) for item in since)
            self.check("then what changed", changed == sorted(str(item.url) for item in (one, two, three)), changed)
            self.check("with a new token", since.sync_token != again.sync_token)
            raw = self.sync_report(own, again.sync_token)
            self.check(
                "what is gone is 404", raw.count("404 Not Found") == 1 and "two" not in uids(own.get_events()), raw
            )
            store = own.objects_by_sync_token(load_objects=True)
            self.check("the library's store is filled", len(list(store)) == 2)
            three.delete()
            added, deleted = store.sync()
            self.check("the library's store follows", (len(added), len(deleted)) == (0, 1), (added, deleted))
            wrong = self.ida.ask("REPORT", str(own.url), SYNC.format("http://conformance.example/never"), Depth="0")
            ok = wrong.status in (403, 409) and b"valid-sync-token" in wrong.body
            self.check("a token of somebody else is refused", ok, wrong.body)

    def sync_report(self, own: caldav.Calendar, token: str) -> str:
        return self.ida.ask("REPORT", str(own.url), SYNC.format(token), Depth="0").body.decode()

    def move(self) -> None:
        with self.calendar("From") as here, self.calendar("To") as there:
            one = here.add_event(event("move@conformance.example", at(3, 9), "Move"))
            before = here.objects_by_sync_token(load_objects=False).sync_token
            answer = self.ida.ask("MOVE", str(one.url), Destination=f"{there.url}moved.ics", Overwrite="F")
            self.check("moved", answer.status == 201, answer.body)
            self.check("here no more", here.get_events() == [] and "404" in self.sync_report(here, before))
            self.check("but there", uids(there.get_events()) == ["move"])

    def refused(self) -> None:
        with self.calendar("Refused") as own:
            start = at(3, 9)
            for name, ics, condition in (
                ("no calendar", "hello", "valid-calendar-data"),
                (
                    "two UIDs",
                    calendar(*vevent(uid(), start, "A"), *vevent(uid(), start, "B")),
                    "valid-calendar-object-resource",
                ),
                ("a METHOD", calendar("METHOD:REQUEST", *vevent(uid(), start, "A")), "valid-calendar-object-resource"),
                ("no component", calendar(), "valid-calendar-"),
            ):
                answer = self.ida.put(f"{own.url}no.ics", ics)
                ok = answer.status in (403, 409) and condition in answer.body.decode()
                self.check(f"{name} is refused", ok, f"{answer.status} {answer.body.decode()}")
            own.add_event(event("same@conformance.example", start, "Same"))
            answer = self.ida.put(f"{own.url}other.ics", event("same@conformance.example", start, "Same"))
            self.check(
                "a UID twice is refused", answer.status in (403, 409) and b"no-uid-conflict" in answer.body, answer.body
            )
            answer = self.ida.ask("PROPFIND", self.ida.home, Depth="infinity")
            ok = answer.status == 207 or b"propfind-finite-depth" in answer.body
            self.check("PROPFIND of everything is answered or refused by name", ok, answer.body)
            self.check("nothing was kept", uids(own.get_events()) == ["same"])

    def connection(self) -> None:
        """An answer that comes before the body was read leaves the connection usable, or says that it is not."""
        large = "x" * 200_000
        for name, status, method, path, body, user in (
            ("the well-known address", 301, "PROPFIND", "/.well-known/caldav", PROPFIND, False),
            ("a PUT without a password", 401, "PUT", "/dav/calendars/ida/time-off/x.ics", large, False),
            ("a method that is not there", 405, "POST", "/dav/calendars/ida/", PROPFIND, True),
        ):
            said = [self.reused(method, path, body, user) for _ in range(10)]
            broken = [one for one in said if one not in (f"{status} 207", f"{status} close")]
            self.check(f"after {name} the connection can be used again", not broken, broken)

    def reused(self, method: str, path: str, body: str, user: bool) -> str:
        """The statuses of this request and of another on the same connection."""
        login = base64.b64encode(f"{self.ida.username}:{self.ida.password}".encode()).decode()
        allowed = {"Authorization": f"Basic {login}", "Depth": "0"}
        connection = http.client.HTTPConnection(self.ida.base.removeprefix("http://"), timeout=30)
        try:
            connection.request(method, path, body, allowed if user else {})
            first = connection.getresponse()
            first.read()
            # 307 and 308 lead to the same place.
            status = 301 if first.status in (307, 308) else first.status
            if connection.sock is None:
                return f"{status} close"
            time.sleep(0.01)
            connection.request("PROPFIND", "/dav/", PROPFIND, allowed)
            return f"{status} {connection.getresponse().status}"
        except OSError as error:
            return repr(error)
        finally:
            connection.close()

    # --- the business

    def named(self, name: str) -> caldav.Calendar:
        return self.client.calendar(url=f"{self.ida.home}{name}/")

    def time_off(self) -> None:
        service = self.house.service(self.ida)
        query = f"/availability?service={service}&from={date_of(10)}&to={date_of(10)}&timezone=UTC"

        def free() -> set[str]:
            return {slot["start"] for slot in self.house.api.get(query)["slots"]}

        noon = at(10, 12).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.check("before, noon is free", noon in free(), sorted(free()))
        one = self.named("time-off").add_event(event(uid(), at(10, 11, 30), "Dentist", hours=2))
        self.check("time off takes it", noon not in free(), sorted(free()))
        one.delete()
        self.check("deleted, noon is free", noon in free(), sorted(free()))

    def bookings(self) -> None:
        service = self.house.service(self.ida)
        own = self.named("bookings")
        token = own.objects_by_sync_token(load_objects=False).sync_token
        booking = self.house.book(service, self.ida, at(12, 9).isoformat())
        found = own.search(event=True, start=at(12, 0), end=at(13, 0))
        if not self.check("a booking is there", len(found) == 1, found):
            return
        one = found[0]
        self.check("with the UID of the API", one.icalendar_component["UID"] == booking["uid"], one.data)
        self.check("with the customer's name", "Cleo Winter" in one.data, one.data)
        told = [str(item.url) for item in own.objects_by_sync_token(sync_token=token)]
        self.check("sync tells of it", told == [str(one.url)], told)

        with one.edit_icalendar_instance() as instance:
            component = instance.walk("VEVENT")[0]
            for name in ("DTSTART", "DTEND"):
                moved = component[name].dt + timedelta(hours=4)
                del component[name]
                component.add(name, moved)
        one.save()
        after = self.house.api.get(f"/bookings/{booking['id']}")
        self.check("moved, it is rescheduled", instant(after["start"]) == at(12, 13), after)
        one.load()
        self.check("and told so", instant_of(one) == at(12, 13), one.data)

        with one.edit_icalendar_instance() as instance:
            instance.walk("VEVENT")[0]["SUMMARY"] = "Mine now"
        self.check("its words are the business's", raises(error.DAVError, one.save))
        self.check(
            "nobody makes bookings here", raises(error.DAVError, lambda: own.add_event(event(uid(), at(12, 18), "New")))
        )
        answer = self.ida.ask("DELETE", str(own.url))
        self.check("the calendar itself is not deleted", answer.status in (403, 405), answer.status)

        one.delete()
        after = self.house.api.get(f"/bookings/{booking['id']}")
        self.check("deleted, it is cancelled", after["status"] == "cancelled", after)

    def repeated_booking(self) -> None:
        service = self.house.service(self.ida)
        own = self.named("bookings")
        start = at(30, 9)
        booking = self.house.book(service, self.ida, start.isoformat(), rrule="FREQ=WEEKLY;COUNT=4")
        found = own.search(event=True, start=at(37, 0), end=at(38, 0))
        if not self.check("a series is found by its second time", len(found) == 1, found):
            return
        expanded = own.search(event=True, start=start, end=at(60, 0), server_expand=True)
        hoped = [at(30 + 7 * week, 9) for week in range(4)]
        self.check("expanded, it has its four times", sorted(instances(expanded)) == hoped, list(instances(expanded)))
        answer = self.ida.ask("GET", str(found[0].url))
        text = answer.body.decode()
        # What clients do to delete one instance: EXDATE with the form of DTSTART.
        line = next(line for line in text.split("\r\n") if line.startswith("DTSTART") and "T090000" in line)
        exdate = line.replace("DTSTART", "EXDATE").replace(at(30, 9).strftime("%Y%m%d"), at(37, 9).strftime("%Y%m%d"))
        put = self.ida.put(str(found[0].url), text.replace(line, f"{line}\r\n{exdate}"), If_Match=answer.header("ETag"))
        self.check("one of them deleted", put.status == 204, put.body)
        left = [
            one
            for one in self.house.api.get(f"/bookings/{booking['id']}")["occurrences"]
            if one["status"] != "cancelled"
        ]
        hoped.remove(at(37, 9))
        self.check("is one of them cancelled", [instant(one["start"]) for one in left] == hoped, left)
        expanded = own.search(event=True, start=start, end=at(60, 0), server_expand=True)
        self.check("and told so", sorted(instances(expanded)) == hoped, [one.data for one in expanded])

    def privacy(self) -> None:
        jon, cleo = self.house.person("jon"), self.house.person("cleo", "customer")
        with self.calendar("Mine") as own:
            url = own.add_event(event(uid(), at(3, 9), "Secret")).url
            for one in (jon, cleo):
                for method, address in (
                    ("GET", str(url)),
                    ("PROPFIND", str(own.url)),
                    ("PROPFIND", self.ida.home),
                    ("DELETE", str(url)),
                ):
                    answer = one.ask(method, address, Depth="1")
                    name = f"{one.username}: {method} of {'an object' if address == str(url) else 'a calendar' if address == str(own.url) else 'a home'}"
                    self.check(f"{name} of somebody else's", answer.status in (403, 404), answer.status)
                answer = one.ask("PROPFIND", one.home, Depth="1")
                self.check(
                    f"{one.username} sees their own", answer.status == 207 and b"ida" not in answer.body, answer.body
                )


PROPFIND = '<D:propfind xmlns:D="DAV:"><D:prop><D:current-user-principal/></D:prop></D:propfind>'
SYNC = (
    '<D:sync-collection xmlns:D="DAV:"><D:sync-token>{}</D:sync-token><D:sync-level>1</D:sync-level>'
    "<D:prop><D:getetag/></D:prop></D:sync-collection>"
)


def vevent(name: str, start: datetime, summary: str, *lines: str) -> list[str]:
    """The lines of one VEVENT of an hour."""
    return event(name, start, summary, *lines).split("\r\n")[3:-2]


def raises(kind: type[Exception], act: Callable[[], object]) -> bool:
    try:
        act()
    except kind:
        return True
    return False


def uids(found: list) -> list[str]:
    """The local parts of the UIDs, sorted."""
    return sorted(str(one.icalendar_component["UID"]).partition("@")[0] for one in found)


def instances(found: list) -> Iterator[datetime]:
    for one in found:
        for component in one.icalendar_instance.walk("VEVENT"):
            yield component["DTSTART"].dt.astimezone(UTC)


def instant_of(one: caldav.CalendarObjectResource) -> datetime:
    return one.icalendar_component["DTSTART"].dt.astimezone(UTC)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def date_of(days: int) -> date:
    return at(days, 0).date()


def busy(text: str) -> list[tuple[str, datetime, datetime]]:
    """FBTYPE, start and end of each period, unfolded and sorted."""
    found = []
    for line in text.replace("\r\n", "\n").replace("\n ", "").split("\n"):
        name, _, value = line.partition(":")
        if name.split(";")[0] != "FREEBUSY":
            continue
        kind = next((p.partition("=")[2] for p in name.split(";") if p.startswith("FBTYPE=")), "BUSY")
        for period in value.split(","):
            start, end = period.split("/")
            begin = datetime.strptime(start, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            if end.startswith("P"):
                raise ValueError(f"a period with a duration: {period}")
            found.append((kind, begin, datetime.strptime(end, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)))
    return sorted(found)


if __name__ == "__main__":
    sys.exit(main())
