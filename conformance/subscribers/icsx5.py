"""The rules of ICSx5 (Android), replayed: the program itself does not run here.

From its CalendarFetcher.kt and ProcessEventsTask.kt: it sends If-None-Match and If-Modified-Since, passes over
an event whose LAST-MODIFIED it already has, and deletes what the feed no longer holds.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from held import Held, fresh_folder
from kit.server import CACHE
from kit.web import ask

READER = Path(__file__).resolve().parents[1] / "feeds/read_icalendar.py"


@dataclass
class Subscription:
    url: str
    validators: dict[str, str] = field(default_factory=dict)
    events: dict[str, tuple[str, Held]] = field(default_factory=dict)
    """UID → LAST-MODIFIED and the event."""
    taken: int = 0


class Icsx5:
    name = "icsx5-rules"
    keeps_uid = True
    settle_seconds = 0.0

    def __init__(self, work: Path) -> None:
        self.work = fresh_folder(work / "icsx5")
        self.subscriptions: dict[str, Subscription] = {}

    def subscribe(self, feed: str, url: str) -> None:
        self.subscriptions[feed] = Subscription(url)

    def refresh(self, feed: str) -> None:
        subscription = self.subscriptions[feed]
        answer = ask("GET", subscription.url, {"User-Agent": "ICSx5/2.4", **subscription.validators})
        if answer.status == 304:
            return
        if answer.status != 200:
            raise RuntimeError(f"icsx5: {answer.status}")
        pairs = (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified"))
        subscription.validators = {ours: answer.header(theirs) for ours, theirs in pairs if answer.header(theirs)}
        file = self.work / f"{feed}.ics"
        file.write_bytes(answer.body)
        found = {}
        for record in self.read(file):
            modified = record["last_modified"]
            known = subscription.events.get(record["uid"])
            if known and known[0] == modified:
                found[record["uid"]] = known
                continue
            subscription.taken += 1
            found[record["uid"]] = (modified, Held(**{key: record[key] for key in Held.__dataclass_fields__}))
        subscription.events = found

    def read(self, file: Path) -> list[dict[str, str]]:
        command = [str(CACHE / "venv/bin/python"), str(READER), str(file)]
        out = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
        return [json.loads(line) for line in out.splitlines()]

    def hold(self, feed: str) -> list[Held]:
        return [held for _, held in self.subscriptions[feed].events.values()]

    def fingerprint(self, feed: str) -> object:
        return self.subscriptions[feed].taken

    def close(self) -> None: ...
