"""A business of its own on a Fasti of its own: people with app passwords for CalDAV, and the API beside it."""

from __future__ import annotations

import argparse
import base64
import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from kit.server import START_SECONDS, WORK
from kit.web import Answer, Api, ask

ZONE = "Europe/Berlin"
SLUG = "conformance"


@dataclass(frozen=True)
class Person:
    """Somebody who can log in."""

    base: str
    username: str
    password: str
    id: str
    email: str

    @property
    def root(self) -> str:
        return f"{self.base}/dav/"

    @property
    def principal(self) -> str:
        return f"{self.base}/dav/principals/{quote(self.username)}/"

    @property
    def home(self) -> str:
        return f"{self.base}/dav/calendars/{quote(self.username)}/"

    def ask(self, method: str, url: str, body: str | None = None, **headers: str) -> Answer:
        """A request of our own, with the password; header names are written with underscores."""
        login = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return ask(
            method,
            url if "://" in url else self.base + url,
            {"Authorization": f"Basic {login}", **named},
            None if body is None else body.encode(),
        )

    def put(self, url: str, ics: str, **headers: str) -> Answer:
        return self.ask("PUT", url, ics, Content_Type="text/calendar; charset=utf-8", **headers)


@dataclass(frozen=True)
class House:
    """The business."""

    base: str
    api: Api
    program: str
    environment: dict[str, str]

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [self.program, *arguments], capture_output=True, text=True, timeout=START_SECONDS, env=self.environment
        )
        if done.returncode != 0:
            raise SystemExit(f"fasti {' '.join(arguments)}: {done.stderr or done.stdout}")
        return done.stdout.strip()

    def person(self, username: str, role: str = "staff") -> Person:
        """A new person, and a password for one calendar program of theirs."""
        email = f"{username}@conformance.example"
        name = username.capitalize()
        flags = ("--name", name, "--email", email, "--role", role, "--username", username)
        identity = self.run("user", "create", SLUG, *flags)
        password = self.run("user", "app-password", SLUG, username)
        return Person(self.base, username, password, identity, email)

    def service(self, *staff: Person) -> str:
        """An hour of something that these people do; its id."""
        people = [one.id for one in staff]
        return self.api.post("/services", {"name": "Haircut", "duration_minutes": 60, "staff": people})["id"]

    def book(self, service: str, staff: Person, start: str, **more: Any) -> dict[str, Any]:
        """A booking as the business makes it."""
        customer = {"name": "Cleo Winter", "email": "cleo@guest.example"}
        body = {"service": service, "staff": staff.id, "start": start, "timezone": ZONE, "customer": customer}
        return self.api.post("/bookings", body | more)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--spawn", metavar="FASTI", required=True, help="program to start with `serve`")


@contextlib.contextmanager
def house(program: str, name: str) -> Iterator[House]:
    """Starts a server with an empty database in .work/NAME, and ends it."""
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    base = f"http://127.0.0.1:{free_port()}"
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("FASTI_")},
        "FASTI_DATA_DIR": str(folder / "data"),
        "FASTI_LISTEN": base.removeprefix("http://"),
        "FASTI_PUBLIC_URL": base,
    }
    # A copy: the program may be built anew while a suite runs.
    own = shutil.copy2(program, folder / "fasti")
    (folder / "data").mkdir()
    this = House(base, Api(base, ""), str(own), environment)
    this.run("migrate")
    this.run("tenant", "create", SLUG, "--name", "Conformance", "--timezone", ZONE)
    this.api.token = this.run("token", "create", SLUG, "--scope", "admin")
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen([this.program, "serve"], env=environment, stdout=log, stderr=log, cwd=folder)
        try:
            wait_for(base, process, folder / "server.log")
            yield this
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            Path(own).unlink(missing_ok=True)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_for(base: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise SystemExit(f"the server ended at once, see {log}")
        with contextlib.suppress(OSError):
            if ask("GET", f"{base}/.well-known/caldav").status:
                return
        time.sleep(0.1)
    raise SystemExit(f"no server at {base} within {START_SECONDS} s, see {log}")


def at(days: int, hour: int, minute: int = 0) -> datetime:
    """So many days from today, on the clocks of the business."""
    day = datetime.now(ZoneInfo(ZONE)).date() + timedelta(days=days)
    return datetime.combine(day, clock(hour, minute), ZoneInfo(ZONE))


def stamp(when: datetime) -> str:
    """As iCalendar writes an instant."""
    return when.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def uid() -> str:
    return f"{secrets.token_hex(8)}@conformance.example"


def event(uid: str, start: datetime, summary: str, *lines: str, hours: int = 1, component: str = "VEVENT") -> str:
    """A calendar object with one component; `lines` are added to it."""
    end = () if component != "VEVENT" else (f"DTEND:{stamp(start + timedelta(hours=hours))}",)
    return calendar(
        f"BEGIN:{component}",
        f"UID:{uid}",
        f"DTSTAMP:{stamp(datetime.now(UTC))}",
        f"DTSTART:{stamp(start)}",
        *end,
        "SUMMARY:" + summary.replace(",", "\\,"),
        *lines,
        f"END:{component}",
    )


def calendar(*lines: str) -> str:
    whole = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//conformance//EN", *lines, "END:VCALENDAR")
    return "".join(f"{line}\r\n" for line in whole)
