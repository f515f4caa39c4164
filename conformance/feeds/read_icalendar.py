"""Reads an iCalendar file with the Python library `icalendar`: one JSON line per VEVENT or busy period.

    read_icalendar.py FILE [--tzdata]

Local times become instants by the VTIMEZONE in the file; with --tzdata by the machine's tz database
instead, so that a VTIMEZONE which disagrees with the real rules of its zone shows up as a difference.
Strict: a property that `icalendar` could only keep as broken ends the run with status 1.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Component


class Zones:
    """The zones that this file's TZIDs mean."""

    def __init__(self, calendar: Calendar, tzdata: bool) -> None:
        self.tzdata = tzdata
        self.declared = {zone.tz_name: zone for zone in calendar.walk("VTIMEZONE")}
        self.known: dict[str, tzinfo] = {}

    def get(self, tzid: str) -> tzinfo:
        if tzid not in self.known:
            # lookup_tzid=False: build the zone from the component, do not go by its name.
            self.known[tzid] = ZoneInfo(tzid) if self.tzdata else self.declared[tzid].to_tz(lookup_tzid=False)
        return self.known[tzid]


def instant(component: Component, name: str, zones: Zones) -> str | None:
    """A DATE as it is, a floating time without Z, anything else in UTC."""
    prop = component.get(name)
    if prop is None:
        return None
    value: date | datetime = prop.dt
    if not isinstance(value, datetime):
        return value.isoformat()
    tzid = prop.params.get("TZID")
    if tzid is not None:
        value = value.replace(tzinfo=zones.get(tzid))
    return utc(value)


def utc(value: datetime) -> str:
    if value.tzinfo is None:
        return value.isoformat()
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def end_of(event: Component, zones: Zones) -> str | None:
    if "DTEND" in event or "DURATION" not in event:
        return instant(event, "DTEND", zones)
    start, length = instant(event, "DTSTART", zones), event["DURATION"].dt
    if start is None:
        return None
    if start.endswith("Z"):
        return utc(datetime.fromisoformat(start) + length)
    if "T" in start:
        return (datetime.fromisoformat(start) + length).isoformat()
    return (date.fromisoformat(start) + length).isoformat()


def event_record(event: Component, zones: Zones) -> dict[str, Any]:
    start = instant(event, "DTSTART", zones)
    return {
        "kind": "event",
        "uid": str(event["UID"]),
        "recurrence_id": instant(event, "RECURRENCE-ID", zones),
        "start_utc": start,
        "end_utc": end_of(event, zones),
        "status": str(event["STATUS"]) if "STATUS" in event else None,
        "summary": str(event["SUMMARY"]) if "SUMMARY" in event else None,
        "sequence": int(event["SEQUENCE"]) if "SEQUENCE" in event else None,
        "all_day": start is not None and "T" not in start,
        "last_modified": instant(event, "LAST-MODIFIED", zones),
    }


def busy_records(component: Component) -> list[dict[str, Any]]:
    lines = component.get("FREEBUSY", [])
    records = []
    for line in lines if isinstance(lines, list) else [lines]:
        start, end = line.dt
        if isinstance(end, timedelta):
            end = start + end
        records.append({
            "kind": "busy",
            "uid": str(component["UID"]),
            "recurrence_id": None,
            "start_utc": utc(start),
            "end_utc": utc(end),
            "status": line.params.get("FBTYPE", "BUSY"),
            "summary": None,
            "sequence": None,
            "all_day": False,
            "last_modified": None,
        })
    return records


def main() -> None:
    calendar = Calendar.from_ical(Path(sys.argv[1]).read_bytes())
    broken = [f"{part.name}: {error}" for part in calendar.walk() for error in part.errors]
    if broken:
        sys.exit("icalendar: " + "; ".join(broken))
    zones = Zones(calendar, tzdata="--tzdata" in sys.argv[2:])
    records = [event_record(event, zones) for event in calendar.walk("VEVENT")]
    for component in calendar.walk("VFREEBUSY"):
        records += busy_records(component)
    for record in records:
        print(json.dumps(record))


main()
