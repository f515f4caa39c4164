#!/usr/bin/env python3
"""Hostile input against CalDAV: calendar objects, XML, HTTP and tokens of the shared collection, and a damaged database.

    hostile_dav/run.py --spawn target/debug/fasti [--only rr_]

The cases are read from `$FASTI_SHARED/hostile`, by default `../shared/hostile` beside the repository; without them only the
damaged database is tried.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from hostile_dav import damage, objects, requests, trees
from hostile_dav.cases import FOLDER, NOT_HERE, cases
from hostile_dav.target import Target
from kit.house import House
from kit.tally import Tally

HERE = Path(__file__).resolve().parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spawn", metavar="FASTI", required=True, help="the program")
    parser.add_argument("--only", metavar="CASE", default="", help="cases whose name begins with this")
    arguments = parser.parse_args()
    there = FOLDER.is_dir()
    whole = there and not arguments.only
    tally = Tally("hostile_dav", HERE / "expected.toml" if whole else None)
    if there:
        hostile(arguments.spawn, arguments.only, tally)
    else:
        print(f"skipped: no hostile cases at {FOLDER}; FASTI_SHARED names the folder `shared`", flush=True)
    if "damage".startswith(arguments.only):
        damage.run(arguments.spawn, tally)
    return tally.close(whole)


def hostile(fasti: str, only: str, tally: Tally) -> None:
    runners = (objects.run, trees.run, requests.run)
    with House(fasti, FASTI_LIMITS__BODY_TIMEOUT="2s") as house:
        target = Target(house, tally)
        house.start()
        target.furnish()
        for case in cases():
            if not case.file.startswith(only) or case.file in NOT_HERE:
                continue
            ran = [runner for runner in runners if runner(target, case)]
            tally.check(f"{case.file}: is run", len(ran) == 1, "no runner knows it")
        if not only:
            objects.all_together(target)
        log = house.log.read_bytes()
        tally.check("the server still runs", house.is_up(), log[-800:])
        tally.check("the log tells of no panic", b"panicked" not in log, log[-800:])
        tally.check("the log has no password", target.ours.passwords["anna"].encode() not in log)
        control = sorted(
            {byte for byte in log if byte < 32 and byte not in b"\n\t"} - ({27} if b"\x1b[" in log else set())
        )
        tally.check("the log has no raw control characters", not control, control)


if __name__ == "__main__":
    sys.exit(main())
