#!/usr/bin/env python3
"""caldav-server-tester probes what the server can do; each of its features is a check, passed when it is found full.

    server_tester.py --spawn target/debug/fasti

What it finds lacking, and why that is right, stands in server_tester.toml.
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from kit.place import Person, add_arguments, house
from kit.server import CACHE, WORK
from kit.tally import Tally

SUITE = "caldav-server-tester"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    arguments = parser.parse_args()
    tally = Tally(SUITE, Path(__file__).with_name("server_tester.toml"))
    with house(arguments.spawn, SUITE) as running:
        person = running.person("ida")
        for feature, found in sorted(probe(person).items()):
            support = found.get("support", "full")
            tally.check(feature, support == "full", found)
        homes = person.ask("PROPFIND", person.home, Depth="1")
        left = [name for name in ("csc", "checker", "pythoncaldav") if name in homes.body.decode()]
        tally.check("it leaves nothing behind", not left, homes.body.decode())
    return tally.close()


def probe(person: Person) -> dict[str, dict[str, str]]:
    """Its report as `hints`: every feature, while `json` leaves out the parts of what is supported whole."""
    login = ("--caldav-username", person.username, "--caldav-password", person.password)
    command = [str(CACHE / "venv/bin/caldav-server-tester"), "--caldav-url", person.root, *login, "--format", "hints"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=WORK / SUITE)
    (WORK / SUITE / "tester.log").write_text(done.stderr)
    (WORK / SUITE / "features.txt").write_text(done.stdout)
    if done.returncode != 0:
        raise SystemExit(f"caldav-server-tester: status {done.returncode}, see {WORK / SUITE / 'tester.log'}")
    return ast.literal_eval(done.stdout[done.stdout.index("{") :])


if __name__ == "__main__":
    sys.exit(main())
