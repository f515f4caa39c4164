"""Two businesses on one server, and what must be as before after every case."""

from __future__ import annotations

import base64
import contextlib
import http.client
import re
import socket
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

from hostile_dav.cases import Case
from kit.house import Business, House
from kit.tally import Tally
from kit.web import Answer, ask

MEMORY_KIB = 64 * 1024
SLACK = 3.0
"""The bounds are for a release build on a quiet machine; here run debug builds on machines that do other things."""
HOST = "cal.fasti.example"
THEIRS = "theirs alone"


def event(uid: str, extra: str = "", start: str = "20260901T100000Z") -> bytes:
    text = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//fasti//hostile//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260801T000000Z\r\nDTSTART:{start}\r\nDURATION:PT30M\r\n{extra}END:VEVENT\r\nEND:VCALENDAR\r\n"
    return text.encode()


class Target:
    """The hostile one is Anna of the first business."""

    def __init__(self, house: House, tally: Tally) -> None:
        self.house, self.tally = house, tally
        self.ours, self.theirs = Business(house, "salon"), Business(house, "rival")
        self.username = self.ours.known["anna"]
        self.pair = f"{self.username}:{self.ours.passwords['anna']}"
        self.basic = base64.b64encode(self.pair.encode()).decode()
        home = f"/dav/calendars/{self.username}/"
        self.time_off, self.own, self.second, self.full = (home + n for n in ("time-off/", "own/", "second/", "full/"))
        self.home, self.object, self.big = home, self.own + "kept.ics", self.own + "big.ics"
        rival = self.theirs.known["anna"]
        self.foreign = f"/dav/calendars/{rival}/own/"
        self.foreign_basic = base64.b64encode(f"{rival}:{self.theirs.passwords['anna']}".encode()).decode()

    def furnish(self) -> None:
        self.ours.furnish()
        self.theirs.furnish()
        for calendar in (self.own, self.second, self.full):
            self.must(self.dav("MKCALENDAR", calendar), 201)
        self.must(self.dav("PUT", self.object, event("existing@x", "SUMMARY:kept\r\n")), 201)
        self.must(
            self.dav("PUT", self.big, event("big@x", "".join(f"X-PAD-{n}:{'p' * 900}\r\n" for n in range(550)))), 201
        )
        text = "DESCRIPTION:" + "d" * 1000 + "\r\nRRULE:FREQ=DAILY\r\n"
        for number in range(300):
            self.must(
                self.dav("PUT", f"{self.full}{number}.ics", event(f"full-{number}@x", text, "20200101T100000Z")), 201
            )
        as_rival = {"Authorization": f"Basic {self.foreign_basic}"}
        self.must(self.dav("MKCALENDAR", self.foreign, headers=as_rival), 201)
        secret = event("secret@x", f"SUMMARY:{THEIRS}\r\n")
        self.must(self.dav("PUT", self.foreign + "secret.ics", secret, as_rival), 201)
        self.before = self.state()

    def must(self, answer: Answer, status: int) -> None:
        if answer.status != status:
            raise SystemExit(f"set-up: {answer.status} instead of {status}: {answer.body[:400]!r}")

    def dav(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        sent = {"Authorization": f"Basic {self.basic}"}
        if body is not None:
            calendar = b"VCALENDAR" in body[:40] or method == "PUT"
            sent["Content-Type"] = "text/calendar; charset=utf-8" if calendar else "application/xml; charset=utf-8"
        return ask(method, self.house.base + path, sent | (headers or {}), body)

    def fill(self, content: bytes) -> bytes:
        for name, value in {
            "HOST": HOST, "BASIC_A": self.basic, "USER_A": self.username, "PASS_A": self.ours.passwords["anna"],
            "EMAIL_A": self.ours.known["anna_email"], "EMAIL_A2": self.ours.known["ben_email"],
            "EMAIL_B": self.theirs.known["anna_email"], "CAL_A": self.own, "CAL_A2": self.second, "CAL_B": self.foreign,
            "OBJ_A": self.object, "OBJ_B": self.foreign + "secret.ics", "UID_EXISTING": "existing@x",
            "PRINCIPAL_B": f"/dav/principals/{self.theirs.known['anna']}/", "SESSION_A": "x",
            "FEED_A": self.ours.known["feed_of_anna"].removeprefix(self.house.base),
            "FEED_TOKEN_A": self.feed_token(), "FEED_TOKEN_A:first16": self.feed_token()[:16],
            "FEED_TOKEN_A:upper": self.feed_token().upper(), "API_KEY_A": self.ours.api.token,
            "API_KEY_B": self.theirs.api.token, "API_KEY_A:case_flipped": self.ours.api.token.swapcase(),
        }.items():  # fmt: skip
            content = content.replace(b"{{" + name.encode() + b"}}", value.encode())
        head, separator, body = content.partition(b"\r\n\r\n")
        return head.replace(b"{{LEN}}", str(len(body)).encode()) + separator + body

    def feed_token(self) -> str:
        return self.ours.known["feed_of_anna"].rpartition("/")[2].removesuffix(".ics")

    # --- bytes over a socket

    def raw(self, content: bytes, closes: bool = False) -> Answer:
        """Status 0 when the server only closed. With `closes`, status -1 when the connection stays open."""
        with socket.create_connection(("127.0.0.1", self.house.port), timeout=20) as connection:
            with contextlib.suppress(OSError):  # a server may answer and close before all is sent
                connection.sendall(content)
            response = http.client.HTTPResponse(connection, method=content.split(b" ", 1)[0].decode(errors="replace"))
            try:
                response.begin()
                body = response.read()
            except (http.client.HTTPException, OSError):
                return Answer(0, http.client.HTTPMessage(), b"")
            if closes:
                connection.settimeout(5)
                try:
                    rest = connection.recv(1)
                except OSError as error:
                    rest = b"open" if isinstance(error, TimeoutError) else b""
                if rest:
                    return Answer(-1, response.headers, body)
            return Answer(response.status, response.headers, body)

    # --- what must be as before

    def state(self) -> tuple[object, ...]:
        """Our object to the byte, and all that the other business has."""
        mine = self.dav("GET", self.object)
        as_rival = {"Authorization": f"Basic {self.foreign_basic}", "Depth": "1"}
        asked = b'<D:propfind xmlns:D="DAV:" xmlns:S="http://calendarserver.org/ns/"><D:prop><D:getetag/><S:getctag/><D:displayname/></D:prop></D:propfind>'
        others = self.dav("PROPFIND", self.foreign, asked, as_rival)
        bookings = self.theirs.api.call("GET", "/bookings")
        return mine.status, mine.header("ETag"), mine.body, others.status, others.body, str(bookings)

    def connections(self) -> list[str]:
        """Where the server is connected to, beside this machine."""
        assert self.house.process is not None
        inodes = set()
        for entry in Path(f"/proc/{self.house.process.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                found = re.match(r"socket:\[(\d+)\]", str(entry.readlink()))
                inodes.add(found[1]) if found else None
        remote = []
        for table in ("tcp", "tcp6"):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[9] in inodes and not fields[2].startswith(
                    ("0100007F", "00000000", "0000000000000000FFFF00000100007F")
                ):
                    remote.append(fields[2])
        return remote

    def hit(self, case: Case, name: str, request: Callable[[], Answer], seconds: float | None = None) -> Answer:
        """Sends one case; all that holds for every case is checked."""
        memory = self.house.resident_kib()
        started = time.monotonic()
        try:
            answer = request()
        except (OSError, http.client.HTTPException) as error:
            answer = Answer(599, http.client.HTTPMessage(), str(error).encode())
        took = time.monotonic() - started
        seen = f"{answer.status} {answer.body[:300]!r}"
        self.tally.check(f"{name}: no server error", answer.status < 500 or answer.status == 501, seen)
        bound = (seconds or case.seconds) * SLACK
        self.tally.check(f"{name}: in time", took < bound, f"{took:.2f} s of {bound:.1f}")
        more = self.house.resident_kib() - memory
        self.tally.check(f"{name}: in memory", more < MEMORY_KIB, f"{more} KiB more")
        self.tally.check(f"{name}: tells nothing of another business", THEIRS.encode() not in answer.body, seen)
        self.tally.check(f"{name}: leaves the rest as it was", self.state() == self.before, self.state())
        self.tally.check(f"{name}: connects to nobody", not self.connections(), self.connections())
        if "xml" in answer.header("Content-Type") and answer.body:
            self.well_formed(name, answer)
        return answer

    def well_formed(self, name: str, answer: Answer) -> ET.Element | None:
        try:
            return ET.fromstring(answer.body)
        except ET.ParseError as error:
            self.tally.check(f"{name}: answers well-formed XML", False, f"{error}: {answer.body[:300]!r}")
            return None
