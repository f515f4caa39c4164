#!/usr/bin/env python3
"""cadaver, WebDAV by hand: lists, gets, puts, sets and reads properties, copies, moves and deletes.

cadaver.py --spawn target/debug/fasti
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from kit.place import Person, add_arguments, at, event, house
from kit.server import WORK
from kit.tally import Tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    arguments = parser.parse_args()
    tally = Tally("cadaver", Path(__file__).with_name("cadaver.toml"))
    with house(arguments.spawn, "cadaver") as running:
        person = running.person("ida")
        tell(tally, person, Cadaver(person))
    return tally.close()


class Cadaver:
    def __init__(self, person: Person) -> None:
        self.folder = WORK / "cadaver"
        self.person = person
        host = person.base.removeprefix("http://").split(":")[0]
        netrc = self.folder / ".netrc"
        netrc.write_text(f"machine {host} login {person.username} password {person.password}\n")
        netrc.chmod(0o600)

    def run(self, url: str, *commands: str) -> str:
        """What it prints for these commands, typed at its prompt."""
        done = subprocess.run(
            ["cadaver", url],
            input="\n".join((*commands, "quit", "")),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            cwd=self.folder,
            env={**os.environ, "HOME": str(self.folder), "LC_ALL": "C.UTF-8"},
        )
        return done.stdout + done.stderr


def tell(tally: Tally, person: Person, cadaver: Cadaver) -> None:
    for name in ("from", "to"):
        tally.check(f"{name} is made", person.ask("MKCALENDAR", f"{person.home}{name}/").status == 201)
    here, there = f"{person.home}from/", f"{person.home}to/"
    ics = event("cadaver@conformance.example", at(3, 9), "By hand")
    for file, text in (("one.ics", ics), ("changed.ics", ics.replace("By hand", "Changed by hand"))):
        (cadaver.folder / file).write_text(text, newline="")

    def exists(url: str) -> bool:
        return person.ask("GET", url).status == 200

    listed = cadaver.run(person.home, "ls")
    tally.check(
        "ls of the home", all(f"Coll:   {name}" in listed for name in ("bookings", "time-off", "from", "to")), listed
    )
    put = cadaver.run(here, "put one.ics")
    tally.check("put", "succeeded" in put and exists(f"{here}one.ics"), put)
    listed = cadaver.run(here, "ls")
    tally.check("ls of a calendar", "one.ics" in listed and str(len(ics)) in listed, listed)
    got = cadaver.run(here, "get one.ics back.ics")
    back = cadaver.folder / "back.ics"
    tally.check("get gives the same bytes", back.exists() and back.read_bytes() == ics.encode(), got)
    put = cadaver.run(here, "put changed.ics one.ics")
    tally.check(
        "put over it", "succeeded" in put and b"Changed by hand" in person.ask("GET", f"{here}one.ics").body, put
    )
    read = cadaver.run(here, "set namespace DAV:", "propget one.ics getetag", "propget one.ics getcontenttype")
    tally.check("propget", person.ask("GET", f"{here}one.ics").header("ETag") in read and "text/calendar" in read, read)
    names = cadaver.run(here, "propnames one.ics")
    tally.check("propnames", "getetag" in names and "resourcetype" in names, names)
    set_ = cadaver.run(
        here, "set namespace http://conformance.example/", "propset one.ics mood bright", "propget one.ics mood"
    )
    tally.check("propset of an object", "Value of mood is: bright" in set_, set_)
    copied = cadaver.run(here, f"copy one.ics {there.removeprefix(person.base)}copy.ics")
    tally.check("copy to another calendar", "succeeded" in copied and exists(f"{there}copy.ics"), copied)
    tally.check("which leaves the original", exists(f"{here}one.ics"))
    kept = cadaver.run(there, "set namespace http://conformance.example/", "propget copy.ics mood")
    tally.check("its properties went with it", "Value of mood is: bright" in kept, kept)
    moved = cadaver.run(there, "move copy.ics moved.ics")
    tally.check("move", "succeeded" in moved and exists(f"{there}moved.ics") and not exists(f"{there}copy.ics"), moved)
    twice = cadaver.run(here, "copy one.ics two.ics")
    tally.check("a copy beside itself is refused", "failed" in twice and not exists(f"{here}two.ics"), twice)
    put = cadaver.run(f"{person.home}bookings/", "put one.ics")
    tally.check("no bookings are made", "failed" in put, put)
    folder = cadaver.run(here, "mkcol inner")
    tally.check("no folder in a calendar", "failed" in folder, folder)
    deleted = cadaver.run(here, "delete one.ics")
    tally.check("delete", "succeeded" in deleted and not exists(f"{here}one.ics"), deleted)
    # rmcol asks nothing.
    gone = cadaver.run(person.home, "rmcol to")
    tally.check("rmcol", "succeeded" in gone and person.ask("PROPFIND", there, Depth="0").status == 404, gone)
    made = cadaver.run(person.home, "mkcol plain")
    tally.check("a folder that is no calendar is refused", "failed" in made, made)
    locked = cadaver.run(person.home, "lock from")
    tally.check("a lock is refused", "failed" in locked, locked)


if __name__ == "__main__":
    sys.exit(main())
