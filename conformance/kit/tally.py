"""Counts checks against the expectations written beside a suite."""

from __future__ import annotations

import fnmatch
import tomllib
from pathlib import Path


class Tally:
    """Checks by name. `expected.toml` holds what is known to differ and how many checks at least must run.

    A known difference that no longer shows is a failure too: the expectation is then out of date.
    """

    def __init__(self, suite: str, expected: Path | None = None) -> None:
        self.suite = suite
        table = tomllib.loads(expected.read_text()) if expected else {}
        self.known: dict[str, str] = table.get("known", {})
        self.at_least: int = table.get("at_least", 0)
        self.passed = 0
        self.failed: list[str] = []
        self.seen_known: set[str] = set()

    def check(self, name: str, ok: bool, detail: object = "") -> bool:
        pattern = next((p for p in self.known if fnmatch.fnmatchcase(name, p)), None)
        if ok:
            self.passed += 1
        elif pattern is not None:
            self.seen_known.add(pattern)
            print(f"known   {name}: {self.known[pattern]}", flush=True)
        else:
            self.failed.append(name)
            text = str(detail)
            separator = "\n" if "\n" in text else " "
            print(f"FAILED  {name}:{separator}{text}", flush=True)
        return ok

    def close(self, whole: bool = True) -> int:
        """Prints the closing line; the exit status. A part of a suite need not meet what expected.toml asks of all."""
        if whole:
            self.check_expectations()
        print(
            f"{self.suite}: {self.passed} passed, {len(self.failed)} failed, {len(self.seen_known)} known",
            flush=True,
        )
        return 1 if self.failed else 0

    def check_expectations(self) -> None:
        for pattern in self.known.keys() - self.seen_known:
            self.failed.append(pattern)
            print(f"FAILED  {pattern}: expected.toml says this differs, but it did not", flush=True)
        ran = self.passed + len(self.failed) + len(self.seen_known)
        if ran < self.at_least:
            self.failed.append("at_least")
            print(f"FAILED  only {ran} checks ran, expected.toml asks for {self.at_least}", flush=True)
