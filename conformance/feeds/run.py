#!/usr/bin/env python3
"""Every kind of feed of a running server, fetched as subscribers do, read by four readers, held against HTTP's rules.

    run.py --spawn target/debug/fasti          starts `fasti demo` for the run
    run.py --base URL --token API_TOKEN        a server that runs already; needs staff, a customer, a resource, a booking

What is known to differ, and why, stands in expected.toml.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from compare import EXPANDERS, Record, compare, run_all
from http_rules import check_gone, check_headers, check_http, check_same
from kit.server import Server, add_arguments, server
from kit.tally import Tally
from kit.web import Api, ApiError, ask
from lint import Profile, parse

KINDS = ("staff", "customer", "resource", "team", "route", "maintenance", "busy")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--kind", action="append", choices=KINDS, help="only feeds of this kind")
    arguments = parser.parse_args()
    tally = Tally("feeds", Path(__file__).with_name("expected.toml"))
    with server(arguments) as running:
        Run(tally, running, arguments.kind or KINDS).all()
    return tally.close(whole=not arguments.kind)


class Run:
    def __init__(self, tally: Tally, running: Server, kinds: Sequence[str]) -> None:
        self.tally = tally
        self.kinds = kinds
        self.api = running.api
        self.demo_feeds = running.feeds
        self.people = self.api.items("/customers?limit=100")
        """The customers, whose names and addresses must not be in busy-only bodies."""

    def all(self) -> None:
        self.robots()
        seen_events = 0
        for kind in self.kinds:
            try:
                feed = create(self.api, kind)
            except ApiError as error:
                self.tally.check(f"{kind} feed is created", False, error)
                continue
            self.tally.check(f"{kind} feed is created", True)
            # A server may leave out Last-Modified while a second change could fall into the same second.
            time.sleep(3)
            seen_events += self.feed(kind, kind, self.api.local(feed["url"]))
            self.addresses(kind, feed)
            self.revocation(kind)
        for feed in self.demo_feeds:
            if feed["kind"] not in self.kinds:
                continue
            name = f"demo {feed['kind']} {feed['name']}"
            seen_events += self.feed(name, feed["kind"], self.api.local(feed["url"]))
        self.tally.check("the feeds hold events at all", seen_events > 0)
        self.window()
        self.one_booking()
        self.unknown_tokens()

    def robots(self) -> None:
        """Google's importer obeys robots.txt, so it may not close /feeds/."""
        answer = ask("GET", f"{self.api.base}/robots.txt")
        closed = [line for line in answer.body.decode().splitlines() if line.lower().startswith("disallow:")]
        paths = [line.partition(":")[2].strip() for line in closed]
        blocked = answer.status == 200 and any(path and "/feeds/x.ics".startswith(path) for path in paths)
        self.tally.check("robots.txt leaves /feeds/ open", not blocked, closed)

    def feed(self, name: str, kind: str, url: str) -> int:
        """One feed and its free/busy form; the number of events in it."""
        asked = time.monotonic()
        first = check_http(self.tally, name, url)
        if first is None:
            return 0
        body = first.body
        faults, records = compare(body)
        time.sleep(max(0.0, asked + 1.1 - time.monotonic()))
        check_same(self.tally, name, url, first)
        self.tally.check(f"{name} is read alike", not faults, "\n".join(faults))
        if kind == "busy":
            self.no_details(name, body)
        free_busy_url = url.removesuffix(".ics") + ".ifb"
        answer = ask("GET", free_busy_url)
        if not self.tally.check(f"{name} .ifb is 200", answer.status == 200, answer.status):
            return len(records)
        check_headers(self.tally, f"{name} .ifb", answer)
        unchanged = ask("GET", free_busy_url, {"If-None-Match": answer.header("ETag")})
        self.tally.check(f"{name} .ifb If-None-Match is 304", unchanged.status == 304, unchanged.status)
        faults, periods = compare(answer.body, Profile.FREEBUSY)
        self.tally.check(f"{name} .ifb is read alike", not faults, "\n".join(faults))
        self.no_details(f"{name} .ifb", answer.body)
        self.busy_where_events(name, body, answer.body, periods)
        return len(records)

    def no_details(self, name: str, body: bytes) -> None:
        text = body.replace(b"\r\n ", b"").decode()
        secrets = [person[field] for person in self.people for field in ("name", "email", "phone") if person.get(field)]
        leaked = [secret for secret in secrets if secret in text]
        self.tally.check(
            f"{name} names no customer", bool(secrets) and not leaked, leaked or "no customers to look for"
        )

    def busy_where_events(self, name: str, body: bytes, busy_body: bytes, periods: list[Record]) -> None:
        """Each timed occurrence that is not cancelled is busy, and each busy period has an occurrence."""
        freebusy = parse(busy_body).named("VFREEBUSY")
        if not freebusy:
            return
        first, last = (ical_time(freebusy[0].value(p) or "") for p in ("DTSTART", "DTEND"))
        occurrences = [o for o in expand(body, first.date(), last.date()) if o["status"] != "CANCELLED"]
        busy = [(iso(p["start_utc"]), iso(p["end_utc"])) for p in periods if p["status"] != "FREE"]
        taken = [(iso(o["start_utc"]), iso(o["end_utc"])) for o in occurrences]
        all_day = any("T" not in o["start_utc"] for o in occurrences)
        timed = [span for span, o in zip(taken, occurrences, strict=True) if "T" in o["start_utc"]]
        free = [s for s in timed if first <= s[0] and s[1] <= last and not covered(s, busy)]
        self.tally.check(f"{name} .ifb is busy at every event", not free, f"{[str(s[0]) for s in free]}")
        if not all_day:  # where a day begins depends on its zone, which a DATE does not tell
            empty = [b for b in busy if not any(t[0] < b[1] and b[0] < t[1] for t in taken)]
            self.tally.check(f"{name} .ifb is free elsewhere", not empty, f"{[str(b[0]) for b in empty]}")

    def addresses(self, kind: str, feed: dict[str, Any]) -> None:
        url, webcal = feed["url"], feed["webcal_url"]
        self.tally.check(f"{kind} webcal_url", webcal == "webcal://" + url.partition("://")[2], webcal)
        token = url.rpartition("/")[2].removesuffix(".ics")
        # 128 bits take 22 characters even of base64.
        self.tally.check(
            f"{kind} token is long enough", len(token) >= 22 and url.endswith(".ics"), f"{len(token)} characters"
        )
        listed = [item for item in self.api.items("/feeds?limit=100") if item["id"] == feed["id"]]
        self.tally.check(f"{kind} feed is listed once", len(listed) == 1, len(listed))
        self.tally.check(f"{kind} list does not tell the token", token not in json.dumps(listed))

    def revocation(self, kind: str) -> None:
        feed = create(self.api, kind)
        old = self.api.local(feed["url"])
        ask("GET", old)
        rotated = self.api.post(f"/feeds/{feed['id']}/rotate")
        new = self.api.local(rotated["url"])
        self.tally.check(f"{kind} rotation makes a new address", new != old)
        self.tally.check(f"{kind} rotated feed is 200", ask("GET", new).status == 200)
        check_gone(self.tally, f"{kind} rotated away", old)
        check_gone(self.tally, f"{kind} rotated away .ifb", old.removesuffix(".ics") + ".ifb")
        self.api.call("DELETE", f"/feeds/{rotated['id']}")
        check_gone(self.tally, f"{kind} deleted", new)

    def window(self) -> None:
        """options.past_days and future_days: nothing beyond them."""
        feed = create(self.api, "team", {"past_days": 1, "future_days": 3})
        body = ask("GET", self.api.local(feed["url"])).body
        faults, records = compare(body)
        self.tally.check("window feed is read alike", not faults, "\n".join(faults))
        series = {e.value("UID") for e in parse(body).named("VEVENT") if e.get("RRULE")}
        now = datetime.now(UTC)
        outside = [
            record["start_utc"]
            for record in records
            if record["uid"] not in series
            and not now - timedelta(days=3) < iso(record["start_utc"]) < now + timedelta(days=5)
            and not now - timedelta(days=3) < iso(record["end_utc"]) < now + timedelta(days=5)
        ]
        self.tally.check("window is kept", not outside, outside)

    def one_booking(self) -> None:
        bookings = self.api.items("/bookings?limit=50")
        if not self.tally.check("a booking exists", bool(bookings)):
            return
        booking = self.api.get(f"/bookings/{bookings[0]['id']}")
        url = self.api.local(booking["links"]["ics"])
        answer = ask("GET", url)
        if not self.tally.check("links.ics is 200", answer.status == 200, answer.status):
            return
        check_headers(self.tally, "links.ics", answer)
        api_answer = ask(
            "GET",
            f"{self.api.base}/api/v1/bookings/{booking['id']}/calendar.ics",
            {"Authorization": f"Bearer {self.api.token}"},
        )
        self.tally.check("calendar.ics of the API is 200", api_answer.status == 200, api_answer.status)
        for name, body in (("links.ics", answer.body), ("calendar.ics", api_answer.body)):
            faults, records = compare(body, Profile.SINGLE)
            self.tally.check(f"{name} is read alike", not faults, "\n".join(faults))
            self.tally.check(
                f"{name} is the booking",
                {r["uid"] for r in records} == {booking["uid"]}
                and booking["sequence"] in {r["sequence"] for r in records},
                records,
            )

    def unknown_tokens(self) -> None:
        for path in (
            "feeds/" + "A" * 43 + ".ics",
            "feeds/" + "A" * 43 + ".ifb",
            "feeds/x.ics",
            "ics/" + "A" * 43 + ".ics",
        ):
            answer = ask("GET", f"{self.api.base}/{path}")
            self.tally.check(f"unknown /{path} is 404", answer.status == 404, answer.status)


def create(api: Api, kind: str, options: dict[str, Any] | None = None) -> dict[str, Any]:
    """A feed of that kind, about the first subject that the server takes for it."""
    subjects: list[str | None] = {
        "staff": ids(api, "/staff"),
        "busy": ids(api, "/staff"),
        "customer": busiest_customers(api),
        "resource": ids(api, "/resources"),
    }.get(kind, [None, *ids(api, "/resources")[:3], *ids(api, "/staff")[:3]])
    refused: ApiError | None = None
    for subject in subjects:
        body: dict[str, Any] = {"kind": kind}
        if subject is not None:
            body["subject"] = subject
        if options is not None:
            body["options"] = options
        try:
            return api.post("/feeds", body)
        except ApiError as error:
            if error.status not in (400, 404, 422):
                raise
            refused = error
    raise refused or SystemExit(f"nobody to make a {kind} feed for")


def ids(api: Api, path: str) -> list[str | None]:
    return [item["id"] for item in api.items(path)]


def busiest_customers(api: Api) -> list[str | None]:
    """Customers, those that have bookings first: an empty feed proves little."""
    booked = [booking["customer"] for booking in api.items("/bookings?limit=100")]
    known = [c["id"] if isinstance(c, dict) else c for c in booked if c]
    return [*dict.fromkeys(known), *ids(api, "/customers")]


def expand(body: bytes, first: date, last: date) -> list[Record]:
    with tempfile.TemporaryDirectory(prefix="fasti-conformance-") as folder:
        file = Path(folder) / "body.ics"
        file.write_bytes(body)
        name = "recurring-ical-events"
        places = {"file": str(file), "from": str(first), "to": str(last + timedelta(days=1))}
        return run_all({name: EXPANDERS[name]}, **places)[0].get(name, [])


def iso(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def ical_time(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def covered(span: tuple[datetime, datetime], busy: list[tuple[datetime, datetime]]) -> bool:
    """Whether busy periods, which may abut or overlap, cover the span without a gap."""
    reached = span[0]
    for start, end in sorted(busy):
        if start <= reached < end:
            reached = end
    return reached >= span[1]


if __name__ == "__main__":
    sys.exit(main())
