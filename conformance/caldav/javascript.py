#!/usr/bin/env python3
"""Three JavaScript clients, tsdav, ts-caldav and dav: each finds the calendars, makes, reads, changes and deletes.

    javascript.py --spawn target/debug/fasti [--only tsdav]

Each program prints a JSON line per check.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from kit.place import add_arguments, at, event, house, stamp
from kit.server import NODE
from kit.tally import Tally

PROGRAMS = {"tsdav": "tsdav.mjs", "ts-caldav": "ts_caldav.mjs", "dav": "dav.mjs"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--only", choices=PROGRAMS)
    arguments = parser.parse_args()
    tally = Tally("javascript", Path(__file__).with_name("javascript.toml"))
    with house(arguments.spawn, "javascript") as running:
        service = None
        for name, program in PROGRAMS.items():
            if arguments.only not in (None, name):
                continue
            # Somebody of its own for each, so that none sees what another left.
            person = running.person(name)
            service = running.service(person)
            booking = running.book(service, person, at(6, 10).isoformat())
            task = {
                "base": person.base,
                "root": person.root,
                "home": person.home,
                "username": person.username,
                "password": person.password,
                "booking": booking["uid"],
                "event": event(f"{name}@conformance.example", at(3, 9), "Made here"),
                "moved": event(f"{name}@conformance.example", at(4, 9), "Changed here"),
                "start": at(3, 0).isoformat(),
                "end": at(5, 0).isoformat(),
                "first": stamp(at(3, 9)),
                "second": stamp(at(4, 9)),
            }
            run(tally, name, program, task)
            booking = running.api.get(f"/bookings/{booking['id']}")
            tally.check(f"{name}: the booking is as it was", booking["status"] == "confirmed", booking)
    return tally.close(whole=arguments.only is None)


def run(tally: Tally, name: str, program: str, task: dict[str, str]) -> None:
    done = subprocess.run(
        [NODE, str(Path(__file__).with_name(program))],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        timeout=120,
    )
    for line in done.stdout.splitlines():
        if line.startswith('{"check"'):
            found = json.loads(line)
            tally.check(f"{name}: {found['check']}", found["ok"], found["detail"])
    tally.check(f"{name}: runs to its end", done.returncode == 0, done.stderr)


if __name__ == "__main__":
    sys.exit(main())
