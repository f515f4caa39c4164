#!/usr/bin/env python3
"""Real subscribers poll the feeds of two staff members and a customer while a booking is made, moved,
given to the other staff member and cancelled; after each step every one of them must hold the truth, once.

    run.py --spawn target/debug/fasti          starts `fasti demo` for the run
    run.py --base URL --token API_TOKEN        a server that runs already; the run adds its own people and service

What is known to differ, and why, stands in expected.toml.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from evolution import Evolution
from held import Held, Subscriber
from icsx5 import Icsx5
from kit.server import WORK, add_arguments, server
from kit.tally import Tally
from kit.web import Api
from node_ical import NodeIcal
from vdir import Khal, Vdirsyncer

ZONE = "Europe/Berlin"
FEEDS = ("first-staff", "second-staff", "customer")
State = tuple[str, str]
"""Status and start of the booking as a feed should show it."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument(
        "--only", action="append", metavar="CLIENT", help="vdirsyncer, khal, evolution, node-ical or icsx5-rules"
    )
    arguments = parser.parse_args()
    tally = Tally("subscribers", Path(__file__).with_name("expected.toml"))
    work = WORK / "subscribers"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    with server(arguments) as running:
        vdirsyncer = Vdirsyncer(work)
        subscribers: list[Subscriber] = [vdirsyncer, Khal(vdirsyncer), Evolution(work), NodeIcal(work), Icsx5(work)]
        chosen = [s for s in subscribers if not arguments.only or s.name in arguments.only]
        try:
            Story(tally, running.api, chosen).tell()
        finally:
            for subscriber in subscribers:
                subscriber.close()
    return tally.close(whole=not arguments.only)


@dataclass
class Story:
    tally: Tally
    api: Api
    subscribers: list[Subscriber]
    previous: dict[tuple[str, str], Held] = field(default_factory=dict)
    """What each subscriber held of each feed after the step before."""
    sequences: list[int] = field(default_factory=list)
    uids: set[str] = field(default_factory=set)

    def tell(self) -> None:
        mark = uuid.uuid4().hex[:8]
        staff = [self.person("/staff", f"{name} {mark}") for name in ("Ida", "Jon")]
        service = self.api.post(
            "/services", {"name": f"Haircut {mark}", "duration_minutes": 60, "staff": [one["id"] for one in staff]}
        )
        customer = self.person("/customers", f"Zoë Ümlaut {mark}")
        self.subscribe(
            dict(zip(FEEDS, (("staff", staff[0]), ("staff", staff[1]), ("customer", customer)), strict=True))
        )
        self.step("before", {})

        # Both are new here, and free at any time.
        first, second = at(days=2, hour=9), at(days=9, hour=16)
        booking = self.api.post(
            "/bookings",
            {
                "service": service["id"],
                "staff": staff[0]["id"],
                "start": first,
                "timezone": ZONE,
                "customer": {"name": customer["name"], "email": customer["email"]},
            },
        )
        self.note(booking)
        live = booking["status"].upper()
        self.tally.check("the booking is confirmed", live == "CONFIRMED", live)
        booked_for = booking["customer"]
        self.tally.check("the booking is the known customer's", customer["id"] in str(booked_for), booked_for)
        self.step("created", {"first-staff": (live, first), "customer": (live, first)})

        self.change(booking["id"], "reschedule", {"start": second})
        self.step("moved", {"first-staff": (live, second), "customer": (live, second)})

        self.change(booking["id"], "reschedule", {"start": second, "staff": staff[1]["id"]})
        after = {"first-staff": ("CANCELLED", second), "second-staff": (live, second), "customer": (live, second)}
        self.step("reassigned", after)

        self.change(booking["id"], "cancel", {"reason": "conformance"})
        self.step("cancelled", {feed: ("CANCELLED", second) for feed in FEEDS})

        self.tally.check("the booking keeps its UID", len(self.uids) == 1, self.uids)
        grows = all(a < b for a, b in zip(self.sequences, self.sequences[1:], strict=False))
        self.tally.check("the booking's sequence grows at each step", grows, self.sequences)

    # --- what is done to the server

    def person(self, path: str, name: str) -> dict[str, Any]:
        return self.api.post(path, {"name": name, "email": f"{uuid.uuid4().hex[:12]}@conformance.example"})

    def subscribe(self, feeds: dict[str, tuple[str, dict[str, Any]]]) -> None:
        for feed, (kind, person) in feeds.items():
            url = self.api.local(self.api.post("/feeds", {"kind": kind, "subject": person["id"]})["url"])
            for subscriber in self.subscribers:
                subscriber.subscribe(feed, url)

    def change(self, booking: str, action: str, body: dict[str, Any]) -> None:
        # LAST-MODIFIED counts in seconds, and ICSx5 goes by it.
        time.sleep(1.1)
        self.api.post(f"/bookings/{booking}/{action}", body)
        self.note(self.api.get(f"/bookings/{booking}"))

    def note(self, booking: dict[str, Any]) -> None:
        self.uids.add(booking["uid"])
        self.sequences.append(booking["sequence"])

    # --- what the subscribers must hold then

    def step(self, step: str, expected: dict[str, State]) -> None:
        for subscriber in self.subscribers:
            for feed in FEEDS:
                self.poll(f"{step}: {subscriber.name} {feed}", subscriber, feed, expected.get(feed))

    def poll(self, name: str, subscriber: Subscriber, feed: str, expected: State | None) -> None:
        try:
            subscriber.refresh(feed)
            held = self.settled(subscriber, feed, expected)
            self.compare(name, subscriber, feed, held, expected)
            before = subscriber.fingerprint(feed)
            subscriber.refresh(feed)
            after = subscriber.fingerprint(feed)
        except RuntimeError as error:
            self.tally.check(f"{name} polls", False, error)
            return
        self.tally.check(f"{name} sees nothing new when nothing is", before == after, f"{before} then {after}")

    def settled(self, subscriber: Subscriber, feed: str, expected: State | None) -> list[Held]:
        until = time.monotonic() + subscriber.settle_seconds
        while True:
            held = subscriber.hold(feed)
            if states(held) == wanted(expected) or time.monotonic() > until:
                return held
            time.sleep(0.2)

    def compare(self, name: str, subscriber: Subscriber, feed: str, held: list[Held], expected: State | None) -> None:
        self.tally.check(
            f"{name} holds the truth once", states(held) == wanted(expected), f"{held}, not {wanted(expected)}"
        )
        if len(held) != 1:
            return
        now, before = held[0], self.previous.get((subscriber.name, feed))
        if subscriber.keeps_uid:
            self.tally.check(f"{name} keeps the UID", {now.uid} == self.uids, f"{now.uid} not {self.uids}")
        if now.sequence is not None:
            changed = before is not None and states([before]) != states([now])
            least = 0 if before is None or before.sequence is None else before.sequence + changed
            self.tally.check(f"{name} SEQUENCE grows", now.sequence >= least, f"{now.sequence} < {least}")
        self.previous[subscriber.name, feed] = now


def at(days: int, hour: int) -> str:
    """RFC 3339 of an hour so many days from now, on the clocks of the staff."""
    day = datetime.now(ZoneInfo(ZONE)).date() + timedelta(days=days)
    return datetime.combine(day, clock(hour), ZoneInfo(ZONE)).isoformat()


def states(held: list[Held]) -> list[State]:
    return sorted((h.status or "", h.start_utc) for h in held)


def wanted(expected: State | None) -> list[State]:
    if expected is None:
        return []
    status, start = expected
    return [(status, datetime.fromisoformat(start).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))]


if __name__ == "__main__":
    sys.exit(main())
