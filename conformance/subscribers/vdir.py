"""vdirsyncer, whose `http` storage is synced into a folder of .ics files, and khal, which reads that folder."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from held import Held, fresh_folder
from kit.server import CACHE

READER = Path(__file__).resolve().parents[1] / "feeds/read_icalendar.py"
BIN = CACHE / "venv/bin"

VDIRSYNCER_CONFIG = """
[general]
status_path = "{home}/status"

[pair feed]
a = "folder"
b = "web"
collections = null
conflict_resolution = "b wins"

[storage folder]
type = "filesystem"
path = "{home}/items"
fileext = ".ics"

[storage web]
type = "http"
url = "{url}"
"""


class Vdirsyncer:
    name = "vdirsyncer"
    # Its http storage sets the UID to a hash of the item (some sites make a new UID on every request), so an
    # edited event is to it one event deleted and another added.
    keeps_uid = False
    settle_seconds = 0.0

    def __init__(self, work: Path) -> None:
        self.work = work / "vdirsyncer"

    def subscribe(self, feed: str, url: str) -> None:
        home = fresh_folder(self.work / feed)
        fresh_folder(home / "items")
        (home / "config").write_text(VDIRSYNCER_CONFIG.format(home=home, url=url))
        self.run(feed, "discover")

    def run(self, feed: str, command: str) -> None:
        config = self.work / feed / "config"
        done = subprocess.run(
            [str(BIN / "vdirsyncer"), "-c", str(config), command], capture_output=True, text=True, timeout=60
        )
        if done.returncode != 0:
            raise RuntimeError(f"vdirsyncer {command} {feed}: {done.stderr or done.stdout}")

    def refresh(self, feed: str) -> None:
        self.run(feed, "sync")

    def files(self, feed: str) -> list[Path]:
        return sorted((self.work / feed / "items").glob("*.ics"))

    def hold(self, feed: str) -> list[Held]:
        held = []
        for file in self.files(feed):
            out = subprocess.run(
                [str(BIN / "python"), str(READER), str(file)], capture_output=True, text=True, timeout=60, check=True
            ).stdout
            for line in out.splitlines():
                record = json.loads(line)
                held.append(Held(**{key: record[key] for key in Held.__dataclass_fields__}))
        return held

    def fingerprint(self, feed: str) -> object:
        return [(file.name, file.stat().st_mtime_ns) for file in self.files(feed)]

    def close(self) -> None: ...


KHAL_CONFIG = """
[calendars]
[[feed]]
path = {items}
readonly = True

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
    name = "khal"
    keeps_uid = False  # it sees what vdirsyncer stored
    settle_seconds = 0.0

    def __init__(self, vdirsyncer: Vdirsyncer) -> None:
        self.work = vdirsyncer.work

    def subscribe(self, feed: str, url: str) -> None:
        home = self.work / feed
        (home / "khal.conf").write_text(KHAL_CONFIG.format(home=home, items=home / "items"))

    def refresh(self, feed: str) -> None:
        """vdirsyncer has done it."""

    def hold(self, feed: str) -> list[Held]:
        fields = ("uid", "status", "start", "title")
        wanted = [part for field in fields for part in ("--json", field)]
        home = self.work / feed
        done = subprocess.run(
            [str(BIN / "khal"), "-c", str(home / "khal.conf"), "list", "--once", *wanted, "today", "60d"],
            capture_output=True, text=True, timeout=60,
            env={**os.environ, "HOME": str(home), "LC_ALL": "C.UTF-8", "XDG_CACHE_HOME": str(home / "cache")},
        )
        if done.returncode != 0:
            raise RuntimeError(f"khal list {feed}: {done.stderr}")
        # One JSON list for each day that has events.
        days = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
        return [
            Held(e["uid"], None, e["status"].strip() or None, e["start"], e["title"]) for day in days for e in day
        ]

    def fingerprint(self, feed: str) -> object:
        return self.hold(feed)

    def close(self) -> None: ...
