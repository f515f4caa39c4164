#!/usr/bin/env python3
"""calcurse-caldav: a calendar in the terminal, kept the same as one of Fasti's, both ways.

calcurse.py --spawn target/debug/fasti
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from kit.place import Person, add_arguments, at, event, house
from kit.server import CACHE, WORK
from kit.tally import Tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    arguments = parser.parse_args()
    tally = Tally("calcurse", Path(__file__).with_name("calcurse.toml"))
    with house(arguments.spawn, "calcurse") as running:
        person = running.person("ida")
        tell(tally, person, Calcurse(person, "own"))
        # The bookings, which can be moved and cancelled, not made.
        booking = running.book(running.service(person), person, at(8, 9).isoformat())
        booked = Calcurse(person, "bookings")
        tally.check("bookings: the first sync", "1 items imported" in (said := booked.sync("--init=keep-remote")), said)
        tally.check("bookings: it holds the booking", "Cleo Winter" in booked.read(), booked.read())
        booked.write("")
        tally.check("bookings: one deleted", "1 items removed from the server" in (said := booked.sync()), said)
        status = running.api.get(f"/bookings/{booking['id']}")["status"]
        tally.check("bookings: is cancelled", status == "cancelled", status)
    return tally.close()


class Calcurse:
    """A folder of data, in which `apts` holds one appointment a line."""

    def __init__(self, person: Person, calendar: str) -> None:
        self.folder = WORK / "calcurse" / calendar
        (self.folder / "hooks").mkdir(parents=True)
        (self.folder / "config").write_text(
            f"""[General]
Hostname = {person.base.removeprefix("http://")}
Path = /dav/calendars/{person.username}/{calendar}/
HTTPS = No
DryRun = No
Verbose = Yes

[Auth]
Username = {person.username}
"""
        )
        self.environment = {
            **os.environ,
            "HOME": str(self.folder),
            "TZ": "Europe/Berlin",
            "LC_ALL": "C.UTF-8",
            "CALCURSE_CALDAV_PASSWORD": person.password,
        }
        self.person, self.url = person, f"{person.home}{calendar}/"

    def sync(self, *arguments: str) -> str:
        files = (
            "--datadir",
            "data",
            "--config",
            "config",
            "--lockfile",
            "lock",
            "--syncdb",
            "sync.db",
            "--hookdir",
            "hooks",
        )
        # By our Python, which has httplib2, whatever Debian's has.
        command = [str(CACHE / "venv/bin/python"), "/usr/bin/calcurse-caldav", *files, *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=120, cwd=self.folder, env=self.environment
        )
        return done.stdout + done.stderr

    def read(self) -> str:
        return (self.folder / "data/apts").read_text()

    def write(self, text: str) -> None:
        (self.folder / "data/apts").write_text(text)

    def objects(self) -> dict[str, str]:
        """By address, what Fasti has."""
        listed = self.person.ask("PROPFIND", self.url, Depth="1").body.decode()
        names = [part.split("<")[0] for part in listed.split(self.url.removeprefix(self.person.base))[1:]]
        return {self.url + name: self.person.ask("GET", self.url + name).body.decode() for name in names if name}


def line(start: datetime, summary: str) -> str:
    form = "%m/%d/%Y @ %H:%M"
    return f"{start.strftime(form)} -> {start.replace(hour=start.hour + 1).strftime(form)}|{summary}\n"


def tell(tally: Tally, person: Person, calcurse: Calcurse) -> None:
    def step(name: str, *said: str) -> None:
        out = calcurse.sync()
        tally.check(name, all(part in out for part in said) and "error" not in out, out)

    person.ask("MKCALENDAR", calcurse.url)
    for name, summary in (("one", "From Fasti"), ("two", "Also from Fasti")):
        person.put(f"{calcurse.url}{name}.ics", event(name, at(3, 9), summary))
    person.put(f"{calcurse.url}series.ics", event("series", at(4, 9), "Weekly", "RRULE:FREQ=WEEKLY;COUNT=4"))
    person.put(f"{calcurse.url}task.ics", event("task", at(4, 9), "A task", component="VTODO"))
    first = calcurse.sync("--init=keep-remote")
    tally.check("the first sync", "4 items imported" in first, first)
    held = calcurse.read()
    tally.check("it holds the events", all(s in held for s in ("From Fasti", "Also from Fasti", "Weekly")), held)
    tally.check("at their time", line(at(3, 9), "From Fasti") in held, held)
    tally.check("and the task", "A task" in (calcurse.folder / "data/todo").read_text())
    step(
        "nothing to do",
        "0 items imported, 0 items removed locally",
        "0 items exported, 0 items removed from the server",
    )

    calcurse.write(calcurse.read() + line(at(5, 10), "From calcurse"))
    step("one made there", "1 items exported")
    tally.check(
        "comes to Fasti", any("From calcurse" in text for text in calcurse.objects().values()), calcurse.objects()
    )
    step("then nothing to do", "0 items imported", "0 items exported")

    person.put(f"{calcurse.url}one.ics", event("one", at(3, 14), "Changed in Fasti"))
    person.ask("DELETE", f"{calcurse.url}two.ics")
    step("one changed, one deleted in Fasti", "1 items imported, 1 items removed locally")
    held = calcurse.read()
    ok = line(at(3, 14), "Changed in Fasti") in held and "Also from Fasti" not in held
    tally.check("it holds the change", ok and "From Fasti" not in held, held)

    calcurse.write(
        calcurse.read().replace("From calcurse", "Changed in calcurse").replace("Changed in Fasti", "Changed there")
    )
    step("two changed there", "2 items exported, 2 items removed from the server")
    texts = "".join(calcurse.objects().values())
    tally.check("comes to Fasti, too", "Changed in calcurse" in texts and "Changed there" in texts, texts)
    tally.check("once", texts.count("BEGIN:VEVENT") == 3, texts)

    calcurse.write("".join(one for one in calcurse.read().splitlines(True) if "Weekly" in one))
    step("two deleted there", "2 items removed from the server")
    left = "".join(calcurse.objects().values())
    tally.check("are gone from Fasti", left.count("BEGIN:VEVENT") == 1 and "Weekly" in left, left)
    step(
        "at last nothing to do",
        "0 items imported, 0 items removed locally",
        "0 items exported, 0 items removed from the server",
    )


if __name__ == "__main__":
    sys.exit(main())
