"""A program on node-ical, one process per poll, which remembers the ETag."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from held import Held, fresh_folder

PROGRAM = Path(__file__).with_suffix(".mjs")


class NodeIcal:
    name = "node-ical"
    keeps_uid = True
    settle_seconds = 0.0

    def __init__(self, work: Path) -> None:
        self.work = fresh_folder(work / "node-ical")
        self.urls: dict[str, str] = {}

    def subscribe(self, feed: str, url: str) -> None:
        self.urls[feed] = url

    def refresh(self, feed: str) -> None:
        command = ["node", str(PROGRAM), self.urls[feed], str(self.work / f"{feed}.json")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(f"node-ical {feed}: {done.stderr}")

    def state(self, feed: str) -> dict[str, Any]:
        return json.loads((self.work / f"{feed}.json").read_text())

    def hold(self, feed: str) -> list[Held]:
        return [Held(**event) for event in self.state(feed)["events"]]

    def fingerprint(self, feed: str) -> object:
        return self.state(feed)["downloads"]

    def close(self) -> None: ...
