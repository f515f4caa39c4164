#!/usr/bin/env python3
"""vdirsyncer keeps Fasti and another place the same, both ways: a folder, and a calendar of Radicale's. Objects are made,
changed, deleted, and changed on both sides at once; khal reads the folder.

    vdirsyncer_pairs.py --spawn target/debug/fasti
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from kit.place import House, Person, add_arguments, at, event, free_port, house
from kit.server import CACHE, WORK
from kit.tally import Tally
from kit.web import ask

BIN = CACHE / "venv/bin"
FOLDER = WORK / "vdirsyncer"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    arguments = parser.parse_args()
    tally = Tally("vdirsyncer", Path(__file__).with_name("vdirsyncer_pairs.toml"))
    with house(arguments.spawn, "vdirsyncer") as running:
        ida = running.person("ida")
        folder = Folder(FOLDER / "items")
        pair = Pair("folder", ida, folder.storage())
        Story(tally, "folder", ida, folder, pair).tell()
        Khal(tally, ida, folder, pair).tell()
        bookings(tally, running, ida)
        jon = running.person("jon")
        with radicale() as other:
            Story(tally, "radicale", jon, other, Pair("radicale", jon, other.storage())).tell()
    return tally.close()


class Other(Protocol):
    """Where the same objects are kept, besides Fasti; by UID."""

    def storage(self) -> str: ...
    def read(self) -> dict[str, str]: ...
    def write(self, uid: str, ics: str) -> None: ...
    def delete(self, uid: str) -> None: ...


class Folder:
    def __init__(self, path: Path) -> None:
        self.path = path

    def storage(self) -> str:
        (self.path / "pair").mkdir(parents=True)
        return f'type = "filesystem"\npath = "{self.path}"\nfileext = ".ics"'

    def files(self) -> dict[str, Path]:
        found = ((file, file.read_text()) for file in (self.path / "pair").glob("*.ics"))
        return {uid_of(text): file for file, text in found}

    def read(self) -> dict[str, str]:
        return {uid: file.read_text() for uid, file in self.files().items()}

    def write(self, uid: str, ics: str) -> None:
        file = self.files().get(uid, self.path / "pair" / f"{uid}.ics")
        file.write_text(ics, newline="")

    def delete(self, uid: str) -> None:
        self.files()[uid].unlink()


@dataclass
class Radicale:
    base: str

    def storage(self) -> str:
        return f'type = "caldav"\nurl = "{self.base}/other/"\nusername = "other"\npassword = "other"'

    def ask(self, method: str, path: str, body: str = "") -> bytes:
        headers = {"Authorization": "Basic b3RoZXI6b3RoZXI=", "Content-Type": "text/calendar", "Depth": "1"}
        answer = ask(method, f"{self.base}/other/pair/{path}", headers, body.encode() or None)
        if answer.status >= 300:
            raise RuntimeError(f"Radicale: {method} {path} → {answer.status}")
        return answer.body

    def hrefs(self) -> dict[str, str]:
        files = [part.split("<")[0] for part in self.ask("PROPFIND", "").decode().split("/other/pair/")[1:]]
        return {uid_of(self.ask("GET", file).decode()): file for file in files if file.endswith(".ics")}

    def read(self) -> dict[str, str]:
        return {uid: self.ask("GET", file).decode() for uid, file in self.hrefs().items()}

    def write(self, uid: str, ics: str) -> None:
        self.ask("PUT", self.hrefs().get(uid, quote(f"{uid}.ics")), ics)

    def delete(self, uid: str) -> None:
        self.ask("DELETE", self.hrefs()[uid])


@contextlib.contextmanager
def radicale() -> Iterator[Radicale]:
    port = free_port()
    command = [
        str(BIN / "python"),
        "-m",
        "radicale",
        "--config",
        "",
        "--auth-type",
        "none",
        "--server-hosts",
        f"127.0.0.1:{port}",
    ]
    command += ["--storage-filesystem-folder", str(FOLDER / "radicale-store")]
    with (FOLDER / "radicale.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            for _ in range(150):
                with contextlib.suppress(OSError):
                    ask("GET", f"http://127.0.0.1:{port}/")
                    break
                time.sleep(0.2)
            yield Radicale(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(timeout=15)


class Pair:
    """One configuration of vdirsyncer: Fasti is `fasti`, the other `other`, and their calendars `pair` are one."""

    def __init__(self, name: str, person: Person, other: str, collection: str = "pair") -> None:
        self.config = FOLDER / f"{name}.config"
        self.config.write_text(
            f"""
[general]
status_path = "{FOLDER}/status-{name}"

[pair pair]
a = "fasti"
b = "other"
collections = ["{collection}"]
metadata = ["displayname", "color"]

[storage fasti]
type = "caldav"
url = "{person.base}/"
username = "{person.username}"
password = "{person.password}"

[storage other]
{other}
"""
        )

    def run(self, command: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(BIN / "vdirsyncer"), "-c", str(self.config), command],
            input=answer,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def idle(self) -> tuple[bool, str]:
        """Whether a sync does nothing; what it said."""
        done = self.run("sync")
        return done.returncode == 0 and "Copying" not in done.stderr and "Deleting" not in done.stderr, done.stderr

    def must(self, *commands: str) -> None:
        for command in commands:
            # It asks whether it may make what is missing.
            done = self.run(command, "y\n" * 4)
            if done.returncode != 0:
                raise RuntimeError(f"vdirsyncer {command}: {done.stdout}{done.stderr}")


class Story:
    def __init__(self, tally: Tally, name: str, person: Person, other: Other, pair: Pair) -> None:
        self.tally, self.name, self.person, self.other, self.pair = tally, name, person, other, pair
        self.url = f"{person.home}pair/"

    def check(self, name: str, ok: bool, detail: object = "") -> None:
        self.tally.check(f"{self.name}: {name}", ok, detail)

    def mine(self) -> dict[str, tuple[str, str]]:
        """By UID: address and text of each object of Fasti's."""
        listed = self.person.ask("PROPFIND", self.url, Depth="1").body.decode()
        names = [part.split("<")[0] for part in listed.split("/pair/")[1:]]
        found = {}
        for name in filter(None, names):
            text = self.person.ask("GET", self.url + name).body.decode()
            found[uid_of(text)] = (self.url + name, text)
        return found

    def same(self, step: str, wanted: dict[str, str]) -> None:
        """Both sides have these summaries by UID, and a second sync changes nothing."""
        self.pair.must("sync")
        mine = {uid: summary_of(text) for uid, (_, text) in self.mine().items()}
        other = {uid: summary_of(text) for uid, text in self.other.read().items()}
        self.check(f"{step}: Fasti has it", mine == wanted, f"{mine} not {wanted}")
        self.check(f"{step}: the other has it", other == wanted, f"{other} not {wanted}")
        quiet, said = self.pair.idle()
        self.check(f"{step}: a second time there is nothing to do", quiet, said)
        if not quiet:
            self.check(f"{step}: nor a third time", *self.pair.idle())

    def tell(self) -> None:
        try:
            self.steps()
        except RuntimeError as error:
            self.check("runs to its end", False, error)
        else:
            self.check("runs to its end", True)

    def steps(self) -> None:
        self.pair.must("discover")
        home = self.person.ask("PROPFIND", self.url, Depth="0")
        self.check("discover makes the calendar", home.status == 207, home.status)
        wanted: dict[str, str] = {}
        self.same("empty", wanted)

        for uid, summary in (("here-1", "Here, eins"), ("here-2", "Here, zwei"), ("here-3", "Here, drei")):
            answer = self.person.put(f"{self.url}{uid}.ics", event(uid, at(3, 9), summary))
            assert answer.status == 201, answer
            wanted[uid] = summary
        for uid, summary in (("there-1", "There, één"), ("there-2", "There, twee")):
            self.other.write(uid, event(uid, at(4, 9), summary))
            wanted[uid] = summary
        series = event("series", at(5, 9), "Series", "RRULE:FREQ=WEEKLY;COUNT=5")
        self.other.write("series", series)
        wanted["series"] = "Series"
        odd = "odd name (with) ünusual@signs"
        self.other.write(odd, event(odd, at(6, 9), "Odd"))
        wanted[odd] = "Odd"
        self.same("made on both sides", wanted)

        self.person.put(self.mine()["there-1"][0], event("there-1", at(4, 11), "There, changed here"))
        self.other.write("here-1", event("here-1", at(3, 11), "Here, changed there"))
        self.other.write(odd, event(odd, at(6, 11), "Odd, changed"))
        wanted |= {"there-1": "There, changed here", "here-1": "Here, changed there", odd: "Odd, changed"}
        self.same("changed on both sides", wanted)

        self.person.ask("DELETE", self.mine()["there-2"][0])
        self.other.delete("here-2")
        self.other.delete(odd)
        for uid in ("there-2", "here-2", odd):
            del wanted[uid]
        self.same("deleted on both sides", wanted)

        # The same thing changed twice: by itself vdirsyncer stops and leaves both alone.
        self.conflict("mine", "theirs")
        stopped = self.pair.run("sync")
        self.check(
            "a conflict is told", stopped.returncode != 0 and "conflict" in stopped.stderr.lower(), stopped.stderr
        )
        sides = summary_of(self.mine()["here-3"][1]), summary_of(self.other.read()["here-3"])
        self.check("and changes neither side", sides == ("mine", "theirs"), sides)
        self.rule("a wins")
        wanted["here-3"] = "mine"
        self.same("a conflict that Fasti wins", wanted)
        self.conflict("mine again", "theirs again")
        self.rule("b wins")
        wanted["here-3"] = "theirs again"
        self.same("a conflict that the other wins", wanted)

        self.person.ask("DELETE", self.mine()["here-1"][0])
        self.other.write("here-1", event("here-1", at(3, 12), "Changed, while deleted"))
        wanted["here-1"] = "Changed, while deleted"
        self.same("changed there and deleted here", wanted)

        proppatch = (
            '<D:propertyupdate xmlns:D="DAV:" xmlns:A="http://apple.com/ns/ical/"><D:set><D:prop><D:displayname>Paar</D:displayname>'
            "<A:calendar-color>#336699</A:calendar-color></D:prop></D:set></D:propertyupdate>"
        )
        self.person.ask("PROPPATCH", self.url, proppatch, Content_Type="application/xml")
        self.rule("a wins")
        self.pair.must("metasync")
        self.check(
            "metasync keeps Fasti's name", "Paar" in self.person.ask("PROPFIND", self.url, Depth="0").body.decode()
        )

    def conflict(self, mine: str, theirs: str) -> None:
        self.person.put(self.mine()["here-3"][0], event("here-3", at(3, 9), mine))
        self.other.write("here-3", event("here-3", at(3, 9), theirs))

    def rule(self, rule: str) -> None:
        lines = [
            line for line in self.pair.config.read_text().splitlines() if not line.startswith("conflict_resolution")
        ]
        lines.insert(lines.index("[pair pair]") + 1, f'conflict_resolution = "{rule}"')
        self.pair.config.write_text("\n".join(lines) + "\n")


KHAL = """
[calendars]
[[pair]]
path = {items}

[locale]
default_timezone = UTC
local_timezone = UTC
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%dT%H:%M:%SZ
longdatetimeformat = %Y-%m-%dT%H:%M:%SZ

[sqlite]
path = {home}/khal.db
"""


class Khal:
    """Reads the folder, and adds to it what goes to Fasti."""

    def __init__(self, tally: Tally, person: Person, folder: Folder, pair: Pair) -> None:
        self.tally, self.person, self.folder, self.pair = tally, person, folder, pair
        self.home = FOLDER / "khal"
        self.home.mkdir()
        (self.home / "khal.conf").write_text(KHAL.format(items=folder.path / "pair", home=self.home))

    def run(self, *arguments: str) -> str:
        environment = {
            **os.environ,
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "XDG_CACHE_HOME": str(self.home / "cache"),
        }
        command = [str(BIN / "khal"), "-c", str(self.home / "khal.conf"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
        return done.stdout if done.returncode == 0 else f"khal {arguments}: {done.stderr}"

    def tell(self) -> None:
        out = self.run("list", "--json", "title", "--json", "start", "today", "60d")
        titles = [one["title"] for line in out.splitlines() if line.startswith("[") for one in json.loads(line)]
        self.tally.check("khal: reads the events", {"There, changed here", "theirs again"} <= set(titles), out)
        self.tally.check("khal: each time of a series", titles.count("Series") == 5, out)
        start = at(9, 9).strftime("%Y-%m-%dT%H:%M:%SZ")
        made = self.run("new", "-a", "pair", start, at(9, 10).strftime("%Y-%m-%dT%H:%M:%SZ"), "Made with khal")
        self.pair.must("sync")
        query = self.person.ask("PROPFIND", f"{self.person.home}pair/", Depth="1").body.decode()
        texts = [
            self.person.ask("GET", f"{self.person.home}pair/{part.split('<')[0]}").body
            for part in query.split("/pair/")[1:]
        ]
        self.tally.check("khal: what it makes comes to Fasti", any(b"Made with khal" in text for text in texts), made)


def bookings(tally: Tally, running: House, person: Person) -> None:
    """The business's bookings in a folder: moved and cancelled by its files, and what cannot be is told."""
    folder = Folder(FOLDER / "booked")
    storage = folder.storage().replace("pair", "bookings")
    (folder.path / "pair").rename(folder.path / "bookings")
    (folder.path / "pair").symlink_to(folder.path / "bookings")
    pair = Pair("bookings", person, storage, "bookings")
    service = running.service(person)
    first, second = (running.book(service, person, at(day, 9).isoformat()) for day in (14, 15))
    pair.must("discover", "sync")
    held = folder.read()
    tally.check("bookings: both come", set(held) == {first["uid"], second["uid"]}, held)
    text = held[first["uid"]]
    lines = [
        line
        for line in text.splitlines()
        if line.startswith(("DTSTART", "DTEND")) and at(14, 9).strftime("%Y%m%d") in line
    ]
    for line in lines:
        moved = line.replace("T09", "T14").replace("T10", "T15").replace("T08", "T13")
        text = text.replace(line, moved)
    folder.write(first["uid"], text)
    folder.delete(second["uid"])
    pair.must("sync")
    after = [running.api.get(f"/bookings/{one['id']}") for one in (first, second)]
    ok = after[0]["status"] == "confirmed" and "T14:00" in after[0]["start"]
    tally.check("bookings: one moved in the folder is rescheduled", ok, after[0])
    tally.check("bookings: one deleted in the folder is cancelled", after[1]["status"] == "cancelled", after[1])
    pair.must("sync")
    tally.check("bookings: then there is nothing to do", *pair.idle())
    folder.write("mine", event("mine", at(16, 9), "Not a booking"))
    refused = pair.run("sync")
    tally.check("bookings: what somebody adds is refused and told", refused.returncode != 0, refused.stderr)
    held = folder.read()
    tally.check("bookings: and the others stay", first["uid"] in held, list(held))


def uid_of(text: str) -> str:
    return next(line[4:] for line in unfolded(text) if line.startswith("UID:"))


def summary_of(text: str) -> str:
    return next((line[8:] for line in unfolded(text) if line.startswith("SUMMARY:")), "").replace("\\,", ",")


def unfolded(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\n ", "").split("\n")


if __name__ == "__main__":
    sys.exit(main())
