"""What a subscriber holds of a feed, and what every subscriber here can do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, order=True)
class Held:
    """One event as the client keeps it, in the client's own words."""

    uid: str
    sequence: int | None
    status: str | None
    start_utc: str
    summary: str


class Subscriber(Protocol):
    name: str
    keeps_uid: bool
    """Whether what it stores still carries the feed's UID."""
    settle_seconds: float
    """How long after a refresh its store may still change."""

    def subscribe(self, feed: str, url: str) -> None: ...

    def refresh(self, feed: str) -> None:
        """What the client does when its polling time has come."""

    def hold(self, feed: str) -> list[Held]: ...

    def fingerprint(self, feed: str) -> object:
        """Changes whenever the client takes something for new."""

    def close(self) -> None: ...


def fresh_folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path
