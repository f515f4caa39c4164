"""Rules for Fasti's iCalendar output that parsers forgive but subscribers do not.

Reads bytes with its own few lines of code, so that a fault no parser reports is still seen.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


class Profile(Enum):
    """What a body is."""

    FEED = "feed"
    SINGLE = "single"
    """One booking as a file: needs no refresh hints."""
    FREEBUSY = "freebusy"

    @classmethod
    def of_name(cls, name: str) -> Profile:
        return cls.FREEBUSY if name.endswith(".ifb") else cls.FEED


@dataclass(frozen=True)
class Line:
    name: str
    params: dict[str, str]
    value: str


@dataclass
class Component:
    name: str
    lines: list[Line] = field(default_factory=list)
    children: list[Component] = field(default_factory=list)

    def all(self, name: str) -> list[Line]:
        return [line for line in self.lines if line.name == name]

    def get(self, name: str) -> Line | None:
        return next(iter(self.all(name)), None)

    def value(self, name: str) -> str | None:
        line = self.get(name)
        return None if line is None else line.value

    def named(self, name: str) -> list[Component]:
        return [child for child in self.children if child.name == name]

    def walk(self) -> Iterator[Component]:
        yield self
        for child in self.children:
            yield from child.walk()


CONTENT_LINE = re.compile(r'([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+=(?:"[^"]*"|[^":;]*))*):(.*)', re.DOTALL)
PARAM = re.compile(r';([A-Za-z0-9-]+)=("[^"]*"|[^":;]*)')
UTC_TIME = re.compile(r"\d{8}T\d{6}Z")
TIME_PROPERTIES = ("DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE")
TEXT_PROPERTIES = ("SUMMARY", "DESCRIPTION", "LOCATION", "COMMENT", "CONTACT", "NAME", "X-WR-CALNAME", "X-WR-CALDESC")


class Malformed(Exception):
    """Not even the outer form of iCalendar."""


def lint(body: bytes, profile: Profile = Profile.FEED) -> list[str]:
    """The faults found, one sentence each; empty when all is well."""
    faults = list(octets(body))
    try:
        calendar = parse(body)
    except Malformed as error:
        return [*faults, f"form: {error}"]
    faults += calendar_faults(calendar, profile)
    faults += zone_faults(calendar)
    for event in calendar.named("VEVENT"):
        faults += event_faults(event)
    faults += identity_faults(calendar)
    for freebusy in calendar.named("VFREEBUSY"):
        faults += freebusy_faults(freebusy)
    faults += text_faults(calendar)
    return faults


def octets(body: bytes) -> Iterator[str]:
    """RFC 5545 §3.1: CRLF, 75 octets, UTF-8."""
    if body.startswith(b"\xef\xbb\xbf"):
        yield "octets: starts with a byte order mark"
    if not body.endswith(b"\r\n"):
        yield "octets: the last line does not end with CRLF"
    bare = len(re.findall(rb"(?<!\r)\n|\r(?!\n)", body))
    if bare:
        yield f"octets: {bare} line ends are not CRLF"
    for number, line in enumerate(body.split(b"\r\n")[:-1], 1):
        if len(line) > 75:
            yield f"octets: line {number} is {len(line)} octets long, more than 75"
        if not line.strip():
            yield f"octets: line {number} is empty"
        try:
            line.decode()
        except UnicodeDecodeError:
            yield f"octets: line {number} is not UTF-8, or is folded inside a character"
        if re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", line):
            yield f"octets: line {number} holds a control character"


def parse(body: bytes) -> Component:
    text = re.sub(r"\r?\n[ \t]", "", body.decode(errors="replace"))
    root = Component("")
    stack = [root]
    for number, raw in enumerate(filter(None, re.split(r"\r?\n", text)), 1):
        match = CONTENT_LINE.fullmatch(raw)
        if not match:
            raise Malformed(f"unfolded line {number} is not a content line: {raw[:80]!r}")
        params = {name.upper(): value.strip('"') for name, value in PARAM.findall(match[2])}
        line = Line(match[1].upper(), params, match[3])
        if line.name == "BEGIN":
            component = Component(line.value.upper())
            stack[-1].children.append(component)
            stack.append(component)
        elif line.name == "END":
            if len(stack) == 1 or stack[-1].name != line.value.upper():
                raise Malformed(f"END:{line.value} closes {stack[-1].name or 'nothing'}")
            stack.pop()
        else:
            stack[-1].lines.append(line)
    if len(stack) > 1 or [child.name for child in root.children] != ["VCALENDAR"]:
        raise Malformed("not exactly one closed VCALENDAR")
    return root.children[0]


def calendar_faults(calendar: Component, profile: Profile) -> Iterator[str]:
    if calendar.value("VERSION") != "2.0":
        yield "calendar: VERSION is not 2.0"
    if not calendar.value("PRODID"):
        yield "calendar: PRODID is missing"
    if calendar.value("METHOD") not in ({"PUBLISH"} if profile is Profile.FEED else {"PUBLISH", None}):
        yield f"calendar: METHOD is {calendar.value('METHOD')}, not PUBLISH"
    repeated = [name for name, times in Counter(line.name for line in calendar.lines).items() if times > 1]
    for name in set(repeated) & {"VERSION", "PRODID", "METHOD", "CALSCALE", "X-WR-CALNAME", "REFRESH-INTERVAL"}:
        yield f"calendar: {name} stands more than once"
    if profile is Profile.FREEBUSY and not calendar.named("VFREEBUSY"):
        yield "calendar: no VFREEBUSY"
    if profile is Profile.SINGLE and not calendar.named("VEVENT"):
        yield "calendar: no VEVENT"
    if profile is not Profile.FEED:
        return
    name, old_name = calendar.value("NAME"), calendar.value("X-WR-CALNAME")
    if not name or name != old_name:
        yield f"calendar: NAME {name!r} and X-WR-CALNAME {old_name!r} are not the same name"
    refresh, old_refresh = calendar.get("REFRESH-INTERVAL"), calendar.value("X-PUBLISHED-TTL")
    if refresh is None or refresh.value != old_refresh:
        yield f"calendar: REFRESH-INTERVAL {refresh and refresh.value} and X-PUBLISHED-TTL {old_refresh} differ"
    elif refresh.params.get("VALUE") != "DURATION":
        yield "calendar: REFRESH-INTERVAL lacks VALUE=DURATION (RFC 7986 §5.7)"


def zone_faults(calendar: Component) -> Iterator[str]:
    zones = calendar.named("VTIMEZONE")
    declared = Counter(zone.value("TZID") or "" for zone in zones)
    for tzid, times in declared.items():
        if times > 1:
            yield f"zones: {tzid} is declared {times} times"
    first_use: dict[str, str] = {}
    for component in calendar.walk():
        for line in component.lines:
            if "TZID" in line.params:
                tzid, value = line.params["TZID"], line.value[:15]
                first_use[tzid] = min(first_use.get(tzid, value), value)
                if line.value.endswith("Z"):
                    yield f"zones: {line.name} has TZID={tzid} and is in UTC"
    for tzid in first_use.keys() - declared.keys():
        yield f"zones: TZID {tzid} is used but not declared"
    for tzid in declared.keys() - first_use.keys():
        yield f"zones: TZID {tzid} is declared but not used"
    for zone in zones:
        yield from observance_faults(zone, first_use.get(zone.value("TZID") or ""))


def observance_faults(zone: Component, first_use: str | None) -> Iterator[str]:
    tzid = zone.value("TZID")
    if not zone.named("STANDARD"):
        # RFC 5545 §3.6.5 takes either, but Outlook wants a STANDARD.
        yield f"zones: {tzid} has no STANDARD"
    starts = []
    for observance in zone.children:
        for name in ("DTSTART", "TZOFFSETFROM", "TZOFFSETTO"):
            if observance.value(name) is None:
                yield f"zones: {tzid} {observance.name} lacks {name}"
        starts.append(observance.value("DTSTART") or "99999999T999999")
    if first_use and min(starts, default="99999999T999999") > first_use:
        yield f"zones: {tzid} begins at {min(starts, default=None)}, after its first use {first_use}"


def event_faults(event: Component) -> Iterator[str]:
    uid = event.value("UID")
    for name in ("UID", "DTSTAMP", "DTSTART", "SEQUENCE", "LAST-MODIFIED", "STATUS", "SUMMARY"):
        if len(event.all(name)) != 1:
            yield f"event {uid}: {len(event.all(name))} times {name}, not once"
    stamp, modified = event.value("DTSTAMP"), event.value("LAST-MODIFIED")
    if stamp != modified:
        yield f"event {uid}: DTSTAMP {stamp} is not LAST-MODIFIED {modified}"
    if not UTC_TIME.fullmatch(stamp or ""):
        yield f"event {uid}: DTSTAMP {stamp} is not in UTC"
    if not re.fullmatch(r"\d+", event.value("SEQUENCE") or ""):
        yield f"event {uid}: SEQUENCE {event.value('SEQUENCE')} is not a number"
    for name in TIME_PROPERTIES:
        for line in event.all(name):
            is_date = line.params.get("VALUE") == "DATE"
            if not is_date and "TZID" not in line.params and not line.value.endswith("Z"):
                yield f"event {uid}: {name} {line.value} is floating or a DATE without VALUE=DATE"
    yield from end_faults(event)
    start = event.get("DTSTART")
    until = re.search(r"UNTIL=([0-9TZ]+)", event.value("RRULE") or "")
    if start and until and (start.params.get("VALUE") == "DATE") == ("T" in until[1]):
        yield f"event {uid}: UNTIL {until[1]} is of another type than DTSTART"
    if start and until and "T" in until[1] and not until[1].endswith("Z"):
        yield f"event {uid}: UNTIL {until[1]} is not in UTC (RFC 5545 §3.3.10)"


def end_faults(event: Component) -> Iterator[str]:
    uid, start, end = event.value("UID"), event.get("DTSTART"), event.get("DTEND")
    if (end is None) == (event.get("DURATION") is None):
        yield f"event {uid}: needs exactly one of DTEND and DURATION"
    if start is None or end is None:
        return
    if start.params.get("VALUE") != end.params.get("VALUE"):
        yield f"event {uid}: DTSTART and DTEND are of different types"
    elif start.params.get("TZID") == end.params.get("TZID") and end.value <= start.value:
        # One hour of each year runs twice, and a booking over it may seem to end before it starts.
        night = start.params.get("TZID") and abs(moment(end) - moment(start)) <= 3600
        if not night:
            yield f"event {uid}: ends at {end.value}, not after {start.value}"


def moment(line: Line) -> float:
    return datetime.strptime(line.value[:15].rstrip("Z"), "%Y%m%dT%H%M%S").timestamp() if "T" in line.value else 0.0


def identity_faults(calendar: Component) -> Iterator[str]:
    events = calendar.named("VEVENT")
    keys = Counter((event.value("UID"), event.value("RECURRENCE-ID")) for event in events)
    for (uid, recurrence_id), times in keys.items():
        if times > 1:
            yield f"identity: UID {uid} RECURRENCE-ID {recurrence_id} stands {times} times"
    starts = {event.value("UID"): event.get("DTSTART") for event in events if not event.get("RECURRENCE-ID")}
    for event in events:
        override, start = event.get("RECURRENCE-ID"), starts.get(event.value("UID"))
        if override and start and override.params.get("VALUE") != start.params.get("VALUE"):
            yield f"identity: RECURRENCE-ID of {event.value('UID')} is of another type than its series' DTSTART"
        if override and event.get("RRULE"):
            yield f"identity: override of {event.value('UID')} has an RRULE"


def freebusy_faults(freebusy: Component) -> Iterator[str]:
    for name in ("UID", "DTSTAMP", "DTSTART", "DTEND"):
        if len(freebusy.all(name)) != 1:
            yield f"freebusy: {len(freebusy.all(name))} times {name}, not once"
        elif name != "UID" and not UTC_TIME.fullmatch(freebusy.value(name) or ""):
            yield f"freebusy: {name} is not in UTC (RFC 5545 §3.6.4)"
    for name in ("SUMMARY", "DESCRIPTION", "LOCATION"):
        if freebusy.get(name):
            yield f"freebusy: {name} has no place in VFREEBUSY"
    for line in freebusy.all("FREEBUSY"):
        for period in line.value.split(","):
            if not re.fullmatch(r"\d{8}T\d{6}Z/(\d{8}T\d{6}Z|P[0-9WDTHMS]+)", period):
                yield f"freebusy: {period} is not a period in UTC"


def text_faults(calendar: Component) -> Iterator[str]:
    for component in calendar.walk():
        for line in component.lines:
            if line.name not in TEXT_PROPERTIES:
                continue
            plain = re.sub(r"\\[\\;,nN]", "", line.value)
            if re.search(r"[\\;,]", plain):
                yield f"text: {line.name} of {component.value('UID') or component.name} is not escaped: {line.value[:60]!r}"
