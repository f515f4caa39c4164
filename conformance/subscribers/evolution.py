"""Evolution data server's web calendar, GNOME's own: the client process and its session bus."""

from __future__ import annotations

from pathlib import Path

from held import Held
from kit.gnome import Session

CLIENT = Path(__file__).with_name("evolution_client.py")


class Evolution(Session):
    name = "evolution"
    keeps_uid = True
    # A refresh is only asked for; the backend downloads in its own thread.
    settle_seconds = 10.0

    def __init__(self, work: Path) -> None:
        super().__init__(work, CLIENT)

    def subscribe(self, feed: str, url: str) -> None:
        self.ask(do="subscribe", name=feed, url=url)

    def refresh(self, feed: str) -> None:
        self.ask(do="refresh", name=feed)

    def hold(self, feed: str) -> list[Held]:
        return [Held(**event) for event in self.ask(do="hold", name=feed)]

    def fingerprint(self, feed: str) -> object:
        return sorted(self.hold(feed))
