#!/usr/bin/env python3
"""`fasti slots` over calendars that real programs exported, compared quarter of an hour by quarter of an hour with what
recurring-ical-events says is busy: nothing busy may be offered, and nothing free may be missing.

    run.py --fasti target/debug/fasti

The calendars are those of ../shared/corpora/ics; without that folder the suite is skipped.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import warnings
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from kit.tally import Tally

ROOT = Path(__file__).resolve().parents[2]
CORPUS = Path(os.environ.get("FASTI_SHARED", ROOT.parent / "shared")) / "corpora" / "ics"
CALENDARS = [
    # File, zone of who asks, first day, days, at least so many busy times.
    ("ical4j/src__test__resources__samples__valid__Australian_TV_Melbourne.ics", "Australia/Melbourne", "2004-03-15", 60, 170),
    ("ical.net/Ical.Net.Tests__Calendars__Serialization__Event3.ics", "America/New_York", "2006-03-01", 60, 30),
    ("calcard/resources__ical__032.ics", "Europe/Athens", "2011-10-01", 60, 8),
    ("ical4j/src__test__resources__samples__valid__THFC.ics", "Europe/London", "2003-10-01", 90, 20),
    ("ical.net/Ical.Net.Tests__Calendars__Serialization__Language1.ics", "Europe/Berlin", "2006-08-01", 90, 19),
]
QUARTER, LENGTH = 900, 1800


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fasti", default="target/debug/fasti")
    arguments = parser.parse_args()
    if not CORPUS.is_dir():
        print(f"slots: skipped, there is no {CORPUS}")
        return 0
    warnings.simplefilter("ignore")
    tally = Tally("slots", Path(__file__).with_name("expected.toml"))
    for file, zone, first, days, least in CALENDARS:
        compare(tally, arguments.fasti, CORPUS / file, ZoneInfo(zone), date.fromisoformat(first), days, least)
    return tally.close(whole=True)


def compare(tally: Tally, fasti: str, file: Path, zone: ZoneInfo, first: date, days: int, least: int) -> None:
    start = datetime.combine(first, time(), zone)
    end = datetime.combine(first + timedelta(days=days), time(), zone)
    offered = slots(fasti, file, zone, first, days)
    taken = busy(file, zone, start, end)
    inside = [one for one in taken if one[0] < end.timestamp() and one[1] > start.timestamp()]
    tally.check(f"{file.name}: there is something to compare", len(inside) >= least, f"{len(inside)} busy times")

    def is_free(at: int) -> bool:
        return not any(begin < at + LENGTH and at < over for begin, over in taken)

    wanted = {at for at in range(int(start.timestamp()), int(end.timestamp()), QUARTER) if is_free(at)}
    tally.check(f"{file.name}: nothing busy is offered", offered <= wanted, shown(offered - wanted, zone))
    tally.check(f"{file.name}: nothing free is missing", wanted <= offered, shown(wanted - offered, zone))


def slots(fasti: str, file: Path, zone: ZoneInfo, first: date, days: int) -> set[int]:
    last = first + timedelta(days=days - 1)
    asked = ["--from", str(first), "--to", str(last), "--duration", "30m", "--step", "15m", "--timezone", zone.key]
    told = subprocess.run([fasti, "slots", "--calendar", file, *asked], capture_output=True, text=True, check=True)
    return {int(datetime.fromisoformat(line.split()[0]).timestamp()) for line in told.stdout.splitlines()}


def busy(file: Path, zone: ZoneInfo, start: datetime, end: datetime) -> list[tuple[float, float]]:
    calendar = icalendar.Calendar.from_ical(file.read_bytes())
    around = timedelta(days=3)
    found = []
    for event in recurring_ical_events.of(calendar, skip_bad_series=True).between(start - around, end + around):
        if str(event.get("TRANSP", "")).upper() == "TRANSPARENT" or str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue
        begin, over = moment(event.start, zone), moment(event.end, zone)
        if begin < over:
            found.append((begin, over))
    return found


def moment(when: date | datetime, zone: ZoneInfo) -> float:
    if not isinstance(when, datetime):
        when = datetime.combine(when, time())
    return (when if when.tzinfo else when.replace(tzinfo=zone)).timestamp()


def shown(times: set[int], zone: ZoneInfo) -> str:
    first = [datetime.fromtimestamp(at, zone).isoformat() for at in sorted(times)[:3]]
    return f"{len(times)}, first {', '.join(first)}"


if __name__ == "__main__":
    sys.exit(main())
