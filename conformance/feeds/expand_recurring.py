"""Expands an iCalendar file with `recurring-ical-events`: one JSON line per occurrence in a window.

    expand_recurring.py FILE FROM TO        FROM and TO: dates, TO excluded

Zones are the machine's tz database by name, not the file's VTIMEZONE: the other engine uses that.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import recurring_ical_events
from icalendar import Calendar


def text(value: date | datetime) -> str:
    if not isinstance(value, datetime) or value.tzinfo is None:
        return value.isoformat()
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def main() -> None:
    path, first, last = sys.argv[1:4]
    calendar = Calendar.from_ical(Path(path).read_bytes())
    window = (datetime.fromisoformat(first).replace(tzinfo=UTC), datetime.fromisoformat(last).replace(tzinfo=UTC))
    for event in recurring_ical_events.of(calendar).between(*window):
        print(json.dumps({
            "uid": str(event["UID"]),
            "start_utc": text(event.start),
            "end_utc": text(event.end),
            "status": str(event["STATUS"]) if "STATUS" in event else None,
            "summary": str(event["SUMMARY"]) if "SUMMARY" in event else None,
        }))


main()
