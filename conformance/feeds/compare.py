#!/usr/bin/env python3
"""Four independent readers and two expanders must see the same bookings in a body, and lint none of its rules broken.

    compare.py [--profile feed|single|freebusy] [--from DATE --to DATE] FILE|URL…

Status 1 and a readable difference when they disagree.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from kit.server import CACHE
from kit.tally import Tally
from kit.web import ask
from lint import Profile, lint

HERE = Path(__file__).resolve().parent
PYTHON = str(CACHE / "venv/bin/python")

READERS: dict[str, list[str]] = {
    "icalendar": [PYTHON, str(HERE / "read_icalendar.py"), "{file}"],
    # The same reader by the machine's tz database: the four others would all believe a wrong VTIMEZONE.
    "icalendar, tzdata": [PYTHON, str(HERE / "read_icalendar.py"), "{file}", "--tzdata"],
    "vobject": [PYTHON, str(HERE / "read_vobject.py"), "{file}"],
    "ical.js": ["node", str(HERE / "read_icaljs.mjs"), "{file}"],
    "libical": [str(CACHE / "bin/read_libical"), "{file}"],
}
EXPANDERS: dict[str, list[str]] = {
    "recurring-ical-events": [PYTHON, str(HERE / "expand_recurring.py"), "{file}", "{from}", "{to}"],
    "ical.js": ["node", str(HERE / "expand_icaljs.mjs"), "{file}", "{from}", "{to}"],
}

READ_SECONDS = 120

Record = dict[str, Any]


def run_all(programs: dict[str, list[str]], **places: str) -> tuple[dict[str, list[Record]], list[str]]:
    """What each program printed, and a sentence for each that failed."""
    running = {
        name: subprocess.Popen(
            [part.format(**places) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for name, command in programs.items()
    }
    records: dict[str, list[Record]] = {}
    failures: list[str] = []
    for name, process in running.items():
        try:
            out, err = process.communicate(timeout=READ_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            failures.append(f"{name} did not end within {READ_SECONDS} s")
            continue
        if process.returncode != 0:
            failures.append(f"{name} refuses it: {err.decode(errors='replace').strip()[-600:]}")
            continue
        records[name] = [json.loads(line) for line in out.decode().splitlines()]
    return records, failures


def agree(records: dict[str, list[Record]], key_fields: tuple[str, ...]) -> list[str]:
    """Differences between the programs, by what each says of a key; empty when all say the same."""
    said: dict[tuple[str, ...], dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for program, items in records.items():
        for item in items:
            said[tuple(str(item[field]) for field in key_fields)][program].append(item)
    differences = []
    for key, by_program in sorted(said.items()):
        counts = {program: len(by_program.get(program, [])) for program in records}
        title = " ".join(key)
        if len(set(counts.values())) > 1:
            differences.append(f"{title}: seen {grouped(counts)}")
            continue
        for field in next(iter(by_program.values()))[0]:
            values = {program: sorted(str(item[field]) for item in items) for program, items in by_program.items()}
            if len({tuple(v) for v in values.values()}) > 1:
                differences.append(f"{title}: {field} is {grouped({p: ' '.join(v) for p, v in values.items()})}")
    return differences


def grouped(values: dict[str, Any]) -> str:
    """`1 (icalendar, vobject), 0 (libical)`: the most common value first."""
    return ", ".join(
        f"{value} ({', '.join(p for p, v in values.items() if v == value)})"
        for value, _ in Counter(values.values()).most_common()
    )


def window_of(records: list[Record], today: date) -> tuple[date, date]:
    """From the first start to some 400 days after the last or today, whichever is later."""
    starts = [date.fromisoformat(record["start_utc"][:10]) for record in records] or [today]
    return min(starts) - timedelta(days=1), max([*starts, today]) + timedelta(days=400)


def compare(
    body: bytes, profile: Profile = Profile.FEED, window: tuple[date, date] | None = None
) -> tuple[list[str], list[Record]]:
    """The faults and differences of a body, and its events as `icalendar` reads them."""
    faults = [f"lint: {fault}" for fault in lint(body, profile)]
    with tempfile.TemporaryDirectory(prefix="fasti-conformance-") as folder:
        file = Path(folder) / "body.ics"
        file.write_bytes(body)
        read, failures = run_all(READERS, file=str(file))
        faults += [f"read: {failure}" for failure in failures]
        by_start = ("kind", "uid", "recurrence_id")
        busy = {name: [r for r in items if r["kind"] == "busy"] for name, items in read.items()}
        events = {name: [r for r in items if r["kind"] == "event"] for name, items in read.items()}
        faults += [f"read: {d}" for d in agree(events, by_start)]
        faults += [f"read: {d}" for d in agree(busy, ("kind", "uid", "start_utc"))]
        first = next(iter(read.values()), [])
        if profile is not Profile.FREEBUSY and not failures:
            start, end = window or window_of(first, datetime.now(UTC).date())
            expanded, failures = run_all(EXPANDERS, **{"file": str(file), "from": str(start), "to": str(end)})
            faults += [f"expand: {failure}" for failure in failures]
            faults += [f"expand: {d}" for d in agree(expanded, ("uid", "start_utc"))]
    return faults, first


def body_of(place: str) -> bytes:
    if "://" not in place:
        return Path(place).read_bytes()
    answer = ask("GET", place.replace("webcal://", "http://", 1))
    if answer.status != 200:
        raise SystemExit(f"{place}: {answer.status}")
    return answer.body


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("places", nargs="+", metavar="FILE|URL")
    parser.add_argument("--profile", type=Profile, choices=list(Profile), help="by default from the name")
    parser.add_argument("--from", dest="first", type=date.fromisoformat, help="window for recurrences")
    parser.add_argument("--to", dest="last", type=date.fromisoformat)
    arguments = parser.parse_args()
    window = (arguments.first, arguments.last) if arguments.first and arguments.last else None
    tally = Tally("compare")
    for place in arguments.places:
        profile = arguments.profile or Profile.of_name(place)
        faults, records = compare(body_of(place), profile, window)
        if tally.check(place, not faults, "\n".join(faults)):
            print(f"agreed  {place}: {len(records)} records")
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
