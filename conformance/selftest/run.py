#!/usr/bin/env python3
"""Proves that the suites can fail: against the stand-in they pass, and with each fault planted in it the
check that is there for that fault fails.

    run.py [feeds] [subscribers] [FAULT…]        default: all
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from kit.tally import Tally
from stand_in import FAULTS

HERE = Path(__file__).resolve().parent


def run(suite: str, fault: str, *extra: str) -> subprocess.CompletedProcess[str]:
    stand_in = f"{sys.executable} {HERE / 'stand_in.py'}" + (f" --fault {fault}" if fault else "")
    command = [sys.executable, str(HERE.parent / suite / "run.py"), "--spawn", stand_in, *extra]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


def main() -> int:
    suites = [name for name in FAULTS if name in sys.argv[1:]] or list(FAULTS)
    only = set(sys.argv[1:]) - set(FAULTS)
    tally = Tally("selftest")
    for suite in suites:
        good = run(suite, "")
        tally.check(f"{suite} passes without a fault", good.returncode == 0, good.stdout + good.stderr)
        # One kind of feed and one client are enough to see the fault that concerns them.
        for fault, check in FAULTS[suite].items():
            if only and fault not in only:
                continue
            part = ("--kind", "busy") if suite == "feeds" else ("--only", check.split()[1])
            if "khal" in part:
                part += ("--only", "vdirsyncer")
            bad = run(suite, fault, *part)
            seen = bad.returncode == 1 and f"FAILED  {check}:" in bad.stdout
            tally.check(f"{suite} sees {fault}", seen, bad.stdout + bad.stderr)
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
