"""Reads an iCalendar file with the Python library `vobject`: one JSON line per VEVENT or busy period.

    read_vobject.py FILE

Local times become instants by the VTIMEZONE in the file (vobject hands it to dateutil).
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import vobject


def text(value: date | datetime) -> str:
    """A DATE as it is, a floating time without Z, anything else in UTC."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        return value.isoformat()
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def value_of(component: Any, name: str) -> Any:
    return component.getChildValue(name)


def event_record(event: Any) -> dict[str, Any]:
    start, end = value_of(event, "dtstart"), value_of(event, "dtend")
    length: timedelta | None = value_of(event, "duration")
    if end is None and length is not None:
        aware = isinstance(start, datetime) and start.tzinfo is not None
        # Durations of hours are exact time (RFC 5545 §3.3.6), so they are added in UTC.
        end = (start.astimezone(UTC) if aware else start) + length
    recurrence_id = value_of(event, "recurrence_id")
    sequence = value_of(event, "sequence")
    modified = value_of(event, "last_modified")
    return {
        "kind": "event",
        "uid": value_of(event, "uid"),
        "recurrence_id": None if recurrence_id is None else text(recurrence_id),
        "start_utc": text(start),
        "end_utc": None if end is None else text(end),
        "status": value_of(event, "status"),
        "summary": value_of(event, "summary"),
        "sequence": None if sequence is None else int(sequence),
        "all_day": not isinstance(start, datetime),
        "last_modified": None if modified is None else text(modified),
    }


def busy_records(component: Any) -> list[dict[str, Any]]:
    records = []
    for line in component.contents.get("freebusy", []):
        for start, end in line.value:
            records.append({
                "kind": "busy",
                "uid": value_of(component, "uid"),
                "recurrence_id": None,
                "start_utc": text(start),
                "end_utc": text(start + end if isinstance(end, timedelta) else end),
                "status": getattr(line, "fbtype_param", "BUSY"),
                "summary": None,
                "sequence": None,
                "all_day": False,
            "last_modified": None,
            })
    return records


def main() -> None:
    body = Path(sys.argv[1]).read_bytes().decode()
    for calendar in vobject.readComponents(body):
        records = [event_record(event) for event in calendar.contents.get("vevent", [])]
        for component in calendar.contents.get("vfreebusy", []):
            records += busy_records(component)
        for record in records:
            print(json.dumps(record))


main()
