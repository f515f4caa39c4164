#!/usr/bin/env python3
"""The smallest server that keeps the part of Fasti's contract which the suites touch; everything in memory.

    stand_in.py [--fault NAME] demo --listen 127.0.0.1:0

It exists so that the suites themselves are tested: they must pass against it, and must fail against it with
each of FAULTS planted. Its feeds are written by hand and its availability is whatever is easiest.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import secrets
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

# Each fault, and the check that must see it (others may see it too).
FAULTS = {
    "feeds": {
        "weak-etag": "busy ETag is strong",
        "no-304": "busy If-None-Match is 304",
        "ignores-modified-since": "busy If-Modified-Since is 304",
        "stamp-of-now": "busy is the same when nothing changed",
        "redirects": "busy GET is 200 without a redirect",
        "public-cache": "busy Cache-Control is private",
        "gzip-for-outlook": "busy no compression for Outlook desktop",
        "one-tag-for-gzip": "busy gzip has a tag of its own",
        "head-differs": "busy HEAD has the headers of GET",
        "revoked-is-404": "busy rotated away GET is 410",
        "shifted-zone": "busy is read alike",
        "line-feeds": "busy is read alike",
        "busy-leaks": "busy names no customer",
        "free-while-booked": "busy .ifb is busy at every event",
        "window-ignored": "window is kept",
        "token-listed": "busy list does not tell the token",
    },
    "subscribers": {
        "sequence-frozen": "moved: vdirsyncer customer SEQUENCE grows",
        "modified-frozen": "moved: icsx5-rules customer holds the truth once",
        "etag-frozen": "moved: node-ical customer holds the truth once",
        "uid-changes-on-move": "moved: evolution customer keeps the UID",
        "twice-after-move": "moved: node-ical customer holds the truth once",
        "vanishes-on-reassign": "reassigned: node-ical first-staff holds the truth once",
        "stays-after-cancel": "cancelled: khal customer holds the truth once",
        "vanishes-on-cancel": "cancelled: evolution customer holds the truth once",
        "new-stamp-each-time": "created: node-ical customer sees nothing new when nothing is",
    },
}
ZONE = ZoneInfo("Europe/Berlin")
VTIMEZONE = """BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:STANDARD
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19810329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE"""


@dataclass
class Booking:
    service: str
    staff: str
    customer: str
    start: datetime
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    uid: str = ""
    status: str = "confirmed"
    sequence: int = 0
    changed: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    former_staff: set[str] = field(default_factory=set)
    rrule: str | None = None
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=60)


class Business:
    def __init__(self, fault: str) -> None:
        self.fault = fault
        self.things: dict[str, dict[str, dict[str, Any]]] = {
            kind: {} for kind in ("staff", "customers", "resources", "services", "feeds")
        }
        self.bookings: dict[str, Booking] = {}
        self.tokens: dict[str, str | None] = {}
        """Feed token → feed id; None once revoked."""
        self.etags: dict[str, str] = {}
        self.composed = 0
        staff = [self.add("staff", {"name": n, "email": f"{n}@salon.example"}) for n in ("Ida", "Jon")]
        customers = [self.add("customers", {"name": n, "email": e}) for n, e in (
            ("Anna Schmidt", "anna@mail.example"), ("Zoë Öztürk", "zoe@mail.example"))]
        self.add("resources", {"name": "Chair", "kind": "equipment"})
        service = self.add("services", {"name": "Haircut", "duration_minutes": 60, "staff": [s["id"] for s in staff]})
        day = datetime.now(ZONE).replace(hour=9, minute=0, second=0, microsecond=0)
        for number in range(8):
            start = day + timedelta(days=5 * number + 1)
            self.keep(Booking(service["id"], staff[number % 2]["id"], customers[number % 2]["id"], start))
        series = Booking(service["id"], staff[0]["id"], customers[0]["id"], day.replace(hour=15))
        series.rrule = "FREQ=WEEKLY;INTERVAL=2;COUNT=10"
        self.keep(series)

    def add(self, kind: str, thing: dict[str, Any]) -> dict[str, Any]:
        thing = {"id": str(uuid.uuid4()), **thing}
        self.things[kind][thing["id"]] = thing
        return thing

    def keep(self, booking: Booking) -> Booking:
        booking.uid = booking.uid or f"{booking.id}@stand-in.example"
        self.bookings[booking.id] = booking
        return booking

    def touch(self, booking: Booking) -> None:
        if self.fault != "sequence-frozen":
            booking.sequence += 1
        if self.fault != "modified-frozen":
            now = datetime.now(UTC).replace(microsecond=0)
            booking.changed = max(now, booking.changed + timedelta(seconds=1))

    # --- feeds

    def of_feed(self, feed: dict[str, Any]) -> list[tuple[Booking, str]]:
        """The bookings of a feed, each with the status it has there."""
        listed = []
        past, future = feed["options"].get("past_days", 90), feed["options"].get("future_days", 365)
        now = datetime.now(UTC)
        for booking in self.bookings.values():
            status = "CANCELLED" if booking.status == "cancelled" else "CONFIRMED"
            if self.fault == "stays-after-cancel":
                status = "CONFIRMED"
            if booking.status == "cancelled" and self.fault == "vanishes-on-cancel":
                continue
            in_window = now - timedelta(days=past) < booking.end and booking.start < now + timedelta(days=future)
            if not booking.rrule and not in_window and self.fault != "window-ignored":
                continue
            subject = feed.get("subject")
            if feed["kind"] in ("staff", "busy") and subject in booking.former_staff:
                if self.fault != "vanishes-on-reassign":
                    listed.append((booking, "CANCELLED"))
            elif feed["kind"] in ("staff", "busy") and subject == booking.staff:
                listed.append((booking, status))
            elif (feed["kind"] == "customer" and subject == booking.customer) or feed["kind"] == "team":
                listed.append((booking, status))
        return listed

    def calendar(self, name: str, listed: list[tuple[Booking, str]], masked: bool = False) -> str:
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Fasti//stand-in//EN", "METHOD:PUBLISH",
                 f"NAME:{name}", f"X-WR-CALNAME:{name}", "REFRESH-INTERVAL;VALUE=DURATION:PT15M", "X-PUBLISHED-TTL:PT15M"]
        if listed:
            zone = VTIMEZONE
            if self.fault == "shifted-zone":
                zone = zone.replace("TZOFFSETTO:+0100", "TZOFFSETTO:+0000").replace("TZOFFSETTO:+0200", "TZOFFSETTO:+0100")
            lines += zone.splitlines()
        for booking, status in listed:
            lines += self.event(booking, status, masked and self.fault != "busy-leaks")
            if self.fault == "twice-after-move" and booking.sequence == 1:
                lines += [line.replace("UID:", "UID:copy-of-") for line in self.event(booking, status, masked)]
        return "\n".join([*lines, "END:VCALENDAR"])

    def event(self, booking: Booking, status: str, masked: bool) -> list[str]:
        customer = self.things["customers"][booking.customer]["name"]
        service = self.things["services"][booking.service]["name"]
        changed = datetime.now(UTC) if self.fault == "stamp-of-now" else booking.changed
        if self.fault == "new-stamp-each-time":
            self.composed += 1
            changed += timedelta(seconds=self.composed)
        stamp = f"{changed:%Y%m%dT%H%M%S}Z"
        lines = ["BEGIN:VEVENT", f"UID:{booking.uid}", f"DTSTAMP:{stamp}", f"LAST-MODIFIED:{stamp}",
                 f"SEQUENCE:{booking.sequence}", f"DTSTART;TZID=Europe/Berlin:{booking.start:%Y%m%dT%H%M%S}",
                 f"DTEND;TZID=Europe/Berlin:{booking.end:%Y%m%dT%H%M%S}", f"STATUS:{status}",
                 "SUMMARY:Busy" if masked else f"SUMMARY:{service} with {customer}"]
        if booking.rrule:
            lines.append(f"RRULE:{booking.rrule}")
        return [*lines, "END:VEVENT"]

    def free_busy(self, listed: list[tuple[Booking, str]]) -> str:
        now = datetime.now(UTC)
        first, last = (now + timedelta(days=d) for d in (-90, 365))
        midnight = "%Y%m%dT000000Z"
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Fasti//stand-in//EN", "METHOD:PUBLISH",
                 "BEGIN:VFREEBUSY", "UID:busy@stand-in.example", f"DTSTAMP:{now:{midnight}}",
                 f"DTSTART:{first:{midnight}}", f"DTEND:{last:{midnight}}"]
        for booking, status in listed:
            if status == "CANCELLED" or (self.fault == "free-while-booked" and not booking.rrule):
                continue
            for number in range(10 if booking.rrule else 1):
                spans = [(t + timedelta(days=14 * number)).astimezone(UTC) for t in (booking.start, booking.end)]
                lines.append("FREEBUSY:" + "/".join(f"{t:%Y%m%dT%H%M%S}Z" for t in spans))
        return "\n".join([*lines, "END:VFREEBUSY", "END:VCALENDAR"])

    # --- JSON

    def json_of(self, booking: Booking, base: str) -> dict[str, Any]:
        return {
            "id": booking.id, "uid": booking.uid, "sequence": booking.sequence, "status": booking.status,
            "service": booking.service, "staff": [booking.staff], "customer": {"id": booking.customer},
            "start": booking.start.isoformat(), "end": booking.end.isoformat(), "timezone": "Europe/Berlin",
            "links": {"ics": f"{base}/ics/{booking.token}.ics"},
        }

    def book(self, body: dict[str, Any]) -> Booking:
        person = body["customer"]
        known = [c for c in self.things["customers"].values() if c["email"] == person["email"]]
        customer = known[0] if known else self.add("customers", person)
        start = datetime.fromisoformat(body["start"]).astimezone(ZONE)
        return self.keep(Booking(body["service"], body["staff"], customer["id"], start))

    def act(self, booking: Booking, action: str, body: dict[str, Any]) -> None:
        if action == "cancel":
            booking.status = "cancelled"
        if "start" in body:
            booking.start = datetime.fromisoformat(body["start"]).astimezone(ZONE)
            if self.fault == "uid-changes-on-move":
                booking.uid = f"{uuid.uuid4()}@stand-in.example"
        if body.get("staff", booking.staff) != booking.staff:
            booking.former_staff = (booking.former_staff | {booking.staff}) - {body["staff"]}
            booking.staff = body["staff"]
        self.touch(booking)

    def slots(self, staff: str) -> list[dict[str, Any]]:
        taken = {b.start for b in self.bookings.values() if b.staff == staff and b.status != "cancelled"}
        day = datetime.now(ZONE).replace(minute=0, second=0, microsecond=0)
        starts = [(day + timedelta(days=d)).replace(hour=h) for d in range(1, 14) for h in range(9, 17)]
        return [{"start": s.isoformat(), "end": (s + timedelta(hours=1)).isoformat(), "staff": [staff]}
                for s in starts if s not in taken]


def fold(text: str, fault: str) -> bytes:
    lines = []
    for line in text.split("\n"):
        octets = line.encode()
        while len(octets) > 75:
            cut = 75
            while octets[cut] & 0xC0 == 0x80:
                cut -= 1
            lines.append(octets[:cut])
            octets = b" " + octets[cut:]
        lines.append(octets)
    end = b"\n" if fault == "line-feeds" else b"\r\n"
    return end.join(lines) + end


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    business: Business
    token = "stand-in-token"

    def log_message(self, *_: object) -> None: ...

    @property
    def base(self) -> str:
        host, port = self.server.server_address[:2]
        return f"http://{host!s}:{port}"

    def handle_any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        path = urlsplit(self.path).path
        if path.startswith("/api/v1/"):
            self.api(path.removeprefix("/api/v1/").split("/"), json.loads(body) if body else {})
        elif match := re.fullmatch(r"/(feeds|ics)/([^/]+)\.(ics|ifb)", path):
            self.calendar(*match.groups())
        else:
            self.answer(404, {})

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_PROPFIND = handle_any

    def answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status != 304:
            self.wfile.write(body)

    def answer_json(self, value: object, status: int = 200) -> None:
        self.answer(status, {"Content-Type": "application/json"}, json.dumps(value).encode())

    # --- REST

    def api(self, path: list[str], body: Any) -> None:
        business = self.business
        if self.headers.get("Authorization") != f"Bearer {self.token}":
            return self.answer_json({"title": "unauthorized"}, 401)
        match self.command, path:
            case "GET", ["availability"]:
                query = parse_qs(urlsplit(self.path).query)
                self.answer_json({"timezone": "Europe/Berlin", "slots": business.slots(query["staff"][0])})
            case "POST", ["feeds"]:
                self.answer_json(self.open_feed(business.add("feeds", {"options": {}, **body})), 201)
            case "POST", ["feeds", feed, "rotate"]:
                self.revoke(feed)
                self.answer_json(self.open_feed(business.things["feeds"][feed]))
            case "DELETE", ["feeds", feed]:
                self.revoke(feed)
                self.answer(204, {})
            case "GET", ["bookings"]:
                self.answer_json({"items": [business.json_of(b, self.base) for b in business.bookings.values()]})
            case "POST", ["bookings"]:
                self.answer_json(business.json_of(business.book(body), self.base), 201)
            case "GET", ["bookings", booking]:
                self.answer_json(business.json_of(business.bookings[booking], self.base))
            case "GET", ["bookings", booking, "calendar.ics"]:
                one = business.bookings[booking]
                self.send_calendar(fold(business.calendar("Booking", [(one, one.status.upper())]), business.fault), one.changed)
            case "POST", ["bookings", booking, action]:
                business.act(business.bookings[booking], action, body)
                self.answer_json(business.json_of(business.bookings[booking], self.base))
            case "GET", [kind] if kind in business.things:
                self.answer_json({"items": list(business.things[kind].values())})
            case "POST", [kind] if kind in business.things:
                self.answer_json(business.add(kind, body), 201)
            case "PUT", [_, _, "working-hours"]:
                self.answer_json(body)
            case _:
                self.answer_json({"title": "not found"}, 404)

    def open_feed(self, feed: dict[str, Any]) -> dict[str, Any]:
        token = secrets.token_urlsafe(32)
        self.business.tokens[token] = feed["id"]
        url = f"{self.base}/feeds/{token}.ics"
        if self.business.fault == "token-listed":
            feed["url"] = url
        return {"id": feed["id"], "url": url, "webcal_url": "webcal" + url.removeprefix("http")}

    def revoke(self, feed: str) -> None:
        for token, owner in list(self.business.tokens.items()):
            if owner == feed:
                self.business.tokens[token] = None

    # --- calendars

    def calendar(self, place: str, token: str, suffix: str) -> None:
        business = self.business
        if self.command not in ("GET", "HEAD"):
            return self.answer(405, {"Allow": "GET, HEAD"})
        if place == "ics":
            one = next((b for b in business.bookings.values() if b.token == token), None)
            if one is None:
                return self.answer(404, {})
            body = business.calendar("Booking", [(one, one.status.upper())])
            return self.send_calendar(fold(body, business.fault), one.changed)
        if token not in business.tokens:
            return self.answer(404, {})
        feed_id = business.tokens[token]
        if feed_id is None:
            return self.answer(404 if business.fault == "revoked-is-404" else 410, {})
        if business.fault == "redirects" and not self.path.endswith("?"):
            return self.answer(302, {"Location": self.path + "?"})
        feed = business.things["feeds"][feed_id]
        listed = business.of_feed(feed)
        text = business.free_busy(listed) if suffix == "ifb" else business.calendar(
            f"Feed of {feed['kind']}", listed, masked=feed["kind"] == "busy")
        started = datetime(2020, 1, 1, tzinfo=UTC)
        self.send_calendar(fold(text, business.fault), max((b.changed for b, _ in listed), default=started))

    def send_calendar(self, body: bytes, changed: datetime) -> None:
        fault = self.business.fault
        accepts = re.search(r"\bgzip\b(?!;q=0)", self.headers.get("Accept-Encoding", ""))
        microsoft = re.search(r"Microsoft|Outlook", self.headers.get("User-Agent", ""))
        zipped = bool(accepts) and (not microsoft or fault == "gzip-for-outlook")
        tag = f'"{hash(body) & 0xFFFFFFFFFFFF:x}"'
        if fault == "etag-frozen":
            tag = self.business.etags.setdefault(self.path, tag)
        if zipped and fault != "one-tag-for-gzip":
            tag = tag[:-1] + '-gzip"'
        if fault == "weak-etag":
            tag = "W/" + tag
        headers = {
            "Content-Type": "text/calendar; charset=utf-8",
            "ETag": tag,
            "Last-Modified": format_datetime(changed, usegmt=True),
            "Cache-Control": "public, max-age=300" if fault == "public-cache" else "private, no-cache",
            "Vary": "Accept-Encoding, User-Agent",
            "Referrer-Policy": "no-referrer",
            "X-Robots-Tag": "noindex",
        }
        if fault == "head-differs" and self.command == "HEAD":
            del headers["ETag"]
        if fault != "no-304" and self.unchanged(tag, changed):
            return self.answer(304, headers)
        if zipped:
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body)
        self.answer(200, headers, body)

    def unchanged(self, tag: str, changed: datetime) -> bool:
        wanted = self.headers.get("If-None-Match")
        if wanted is not None:
            return wanted == "*" or tag.removeprefix("W/") in [t.strip().removeprefix("W/") for t in wanted.split(",")]
        since = self.headers.get("If-Modified-Since")
        try:
            moment = parsedate_to_datetime(since) if since else None
        except ValueError:
            return False
        return self.business.fault != "ignores-modified-since" and moment is not None and changed <= moment


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fault", default="", choices=["", *FAULTS["feeds"], *FAULTS["subscribers"]])
    parser.add_argument("command", choices=["demo"])
    parser.add_argument("--listen", default="127.0.0.1:0")
    arguments = parser.parse_args()
    host, port = arguments.listen.rsplit(":", 1)
    Handler.business = Business(arguments.fault)
    server = ThreadingHTTPServer((host, int(port)), Handler)
    base = f"http://{host}:{server.server_address[1]}"
    print("FASTI_DEMO_JSON", json.dumps({"base": base, "token": Handler.token, "feeds": []}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
