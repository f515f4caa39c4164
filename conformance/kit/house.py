"""A Fasti of the run's own: its folder, its commands, its server, and businesses with people who have calendars."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from kit.web import Api, ask

START_SECONDS = 60
ZONE = "Europe/Berlin"


class House:
    """`fasti` with a folder and a port that nobody else uses."""

    def __init__(self, fasti: str, **settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="fasti-flows-"))
        # A copy: somebody may build while the suite runs.
        self.fasti = str(shutil.copy(fasti, self.folder / "fasti"))
        self.log = self.folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self.environment = {
            # A variable of the suites is no key of the server.
            **{key: value for key, value in os.environ.items() if not key.startswith("FASTI_")},
            "FASTI_DATA_DIR": str(self.folder / "data"),
            "FASTI_LISTEN": f"127.0.0.1:{self.port}",
            "FASTI_PUBLIC_URL": self.base,
            **settings,
        }
        self.command("migrate")

    def command(self, *words: str) -> str:
        """What a command of Fasti's prints."""
        done = subprocess.run(
            [self.fasti, *words], env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode != 0:
            raise SystemExit(f"fasti {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout.strip()

    @property
    def database(self) -> Path:
        return next((self.folder / "data").glob("*.db"))

    def start(self) -> None:
        log = self.log.open("ab")
        self.process = subprocess.Popen([self.fasti, "serve"], env=self.environment, stdout=log, stderr=log)
        log.close()
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(OSError):
                if ask("GET", f"{self.base}/readyz").status == 200:
                    return
            time.sleep(0.05)
        raise SystemExit(f"the server did not start: {self.log.read_text(errors='replace')[-800:]}")

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def is_up(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def resident_kib(self) -> int:
        assert self.process is not None
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> House:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass
class Business:
    """A salon: Anna and Ben serve, Mia manages, Cleo comes on Monday at ten and somebody else at two."""

    house: House
    slug: str
    api: Api = field(init=False)
    known: dict[str, str] = field(default_factory=dict)
    """What the flows call by name: ids, user names, links, dates."""
    passwords: dict[str, str] = field(default_factory=dict)

    PEOPLE = {"anna": ("Anna Berg", "staff"), "ben": ("Ben Cole", "staff"), "mia": ("Mia Chef", "manager"), "cleo": ("Cleo Winter", "customer")}  # fmt: skip

    def __post_init__(self) -> None:
        self.house.command("tenant", "create", self.slug, "--name", f"Salon {self.slug}", "--timezone", ZONE)
        token = self.house.command("token", "create", self.slug, "--scope", "admin").split()[0]
        self.api = Api(self.house.base, token)
        for person, (name, role) in self.PEOPLE.items():
            username = f"{person}-{self.slug}"
            email = f"{person}@{self.slug}.example"
            words = ("--name", name, "--email", email, "--role", role, "--username", username)
            made = self.house.command("user", "create", self.slug, *words).split()[0]
            self.passwords[person] = self.house.command("user", "app-password", self.slug, username).split()[0]
            self.known |= {person: username, f"{person}_id": made, f"{person}_email": email}
        self.known |= {"base": self.house.base, "zone": ZONE, "slug": self.slug, **dates()}

    def furnish(self) -> None:
        """What is made through the API, once the server runs."""
        anna, ben = self.known["anna_id"], self.known["ben_id"]
        weekdays = [{"rrule": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "start": "09:00", "end": "17:00"}]
        for person in (anna, ben):
            self.api.call("PUT", f"/staff/{person}/working-hours", weekdays)
        service = self.api.post("/services", {"name": "Cut", "duration_minutes": 60, "staff": [anna, ben]})
        self.known["service"] = service["id"]
        monday = self.known["monday_iso"]
        self.book("booking", anna, f"{monday}T10:00", {"customer_id": self.known["cleo_id"]})
        self.book("taken", anna, f"{monday}T14:00", {"customer": {"name": "Dan Else", "email": "dan@else.example"}})
        for kind, subject in (("customer", "cleo"), ("staff", "anna")):
            feed = self.api.post("/feeds", {"kind": kind, "subject": self.known[f"{subject}_id"]})
            self.known[f"feed_of_{subject}"] = self.api.local(feed["url"])

    def book(self, name: str, staff: str, start: str, customer: dict[str, Any]) -> None:
        body = {"service": self.known["service"], "staff": staff, "start": start, "timezone": ZONE, **customer}
        booking = self.api.post("/bookings", body)
        self.known |= {name: booking["id"], f"{name}_uid": booking["uid"]}


def dates() -> dict[str, str]:
    """Days of the week after next, so that nothing is in the past and no notice counts."""
    today = datetime.now(ZoneInfo(ZONE)).date()
    monday = today + timedelta(days=14 - today.weekday())
    days = {"today": today, "past_90": today - timedelta(days=90), "past_month": today - timedelta(days=31)}
    for number, name in enumerate(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")):
        days[name] = monday + timedelta(days=number)
        days[f"next_{name}"] = monday + timedelta(days=7 + number)
    known: dict[str, str] = {}
    for name, day in days.items():
        known |= {name: day.strftime("%Y%m%d"), f"{name}_iso": day.isoformat()}
    return known | {"offset": offset(monday)}


def offset(day: date) -> str:
    """Berlin's on a day, as RFC 3339 has it."""
    text = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(ZONE)).strftime("%z")
    return f"{text[:3]}:{text[3:]}"
