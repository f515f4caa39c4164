"""A program on Evolution data server as a process: its session bus, a HOME of its own, a JSON line each way."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any


class Session:
    def __init__(self, work: Path, client: Path) -> None:
        home = work / "evolution"
        home.mkdir(parents=True)
        home.chmod(0o700)
        # A HOME of its own keeps the calendars of whoever runs this out of it, and its cache fresh.
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(home),
            "LC_ALL": "C.UTF-8",
            "GSETTINGS_BACKEND": "memory",
            "GIO_USE_NETWORK_MONITOR": "base",  # always online: there may be no route beyond this machine
            "GIO_USE_PROXY_RESOLVER": "dummy",
            "GIO_USE_VFS": "local",
        }
        self.log = (work / "evolution.log").open("w")
        self.process = subprocess.Popen(
            # Debian's own interpreter: python3-gi is not built for any other.
            ["/usr/bin/dbus-run-session", "--", "/usr/bin/python3", str(client)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            env=environment,
            text=True,
        )

    def ask(self, **command: Any) -> Any:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the Evolution client ended, see {self.log.name}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"Evolution: {command}: {answer['error']}")
        return answer["ok"]

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
