"""The server under test: one that runs already, or `fasti demo` started for the run."""

from __future__ import annotations

import argparse
import contextlib
import json
import queue
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kit.web import Api

WORK = Path(__file__).resolve().parents[1] / ".work"
CACHE = Path(__file__).resolve().parents[1] / ".cache"
MARK = "FASTI_DEMO_JSON "
START_SECONDS = 90


@dataclass(frozen=True)
class Server:
    api: Api
    feeds: list[dict[str, str]] = field(default_factory=list)
    """Feeds the demo made itself: kind, url, name."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--spawn", metavar="FASTI", help="program to start with `demo --listen 127.0.0.1:0`")
    which.add_argument("--base", metavar="URL", help="a server that runs already")
    parser.add_argument("--token", help="API token (scope admin) of a business there, with --base")


@contextlib.contextmanager
def server(arguments: argparse.Namespace) -> Iterator[Server]:
    if arguments.base:
        yield Server(Api(arguments.base, arguments.token or ""))
        return
    WORK.mkdir(exist_ok=True)
    log = (WORK / "server.log").open("wb")
    process = subprocess.Popen(
        [*arguments.spawn.split(), "demo", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=log
    )
    try:
        demo = json.loads(wait_for_mark(process))
        yield Server(Api(demo["base"], demo["token"]), demo.get("feeds", []))
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def wait_for_mark(process: subprocess.Popen[bytes]) -> str:
    """The machine-readable line; what follows it is read and dropped, so that the pipe never fills."""
    found: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if line.decode(errors="replace").startswith(MARK):
                found.put(line.decode().removeprefix(MARK))
        found.put(None)

    threading.Thread(target=read, daemon=True).start()
    try:
        line = found.get(timeout=START_SECONDS)
    except queue.Empty:
        raise SystemExit(f"no {MARK.strip()} line within {START_SECONDS} s, see {WORK / 'server.log'}") from None
    if line is None:
        raise SystemExit(f"the server ended before its {MARK.strip()} line, see {WORK / 'server.log'}")
    return line
