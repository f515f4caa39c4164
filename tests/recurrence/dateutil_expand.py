"""Expands recurrence rules with python-dateutil, for comparison.

Reads lines "DTSTART RULE END" (times as 20260101T090000) and writes one line for each: the starts up to END, at most
60, separated by blanks. A rule that takes longer than half a second, because dateutil looks for a next instance until
the year 9999, has a "?" after what was found.
"""

import signal
import sys
from datetime import datetime

from dateutil.rrule import rrulestr

FORMAT = "%Y%m%dT%H%M%S"
SECONDS = 0.5
# HOURLY to SECONDLY whose steps never meet their BYxxx parts: dateutil says so instead of giving nothing.
EMPTY = ("resulting in empty rule", "generates an empty set")


def too_long(_signal: int, _frame: object) -> None:
    raise TimeoutError


def starts(start: datetime, rule: str, end: datetime) -> list[str]:
    found: list[str] = []
    try:
        fill(found, start, rule, end)
    except TimeoutError:
        # Also when the time is up just as the timer is taken back.
        found.append("?")
    return found


def fill(found: list[str], start: datetime, rule: str, end: datetime) -> None:
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        for at in rrulestr(rule, dtstart=start):
            if at > end or len(found) == 60:
                break
            found.append(at.strftime(FORMAT))
    except ValueError as error:
        if not str(error).rstrip(".").endswith(EMPTY):
            raise
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


signal.signal(signal.SIGVTALRM, too_long)
for line in sys.stdin:
    start, rule, end = line.split()
    print(*starts(datetime.strptime(start, FORMAT), rule, datetime.strptime(end, FORMAT)))
