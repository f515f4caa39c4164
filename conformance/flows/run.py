#!/usr/bin/env python3
"""Request sequences of calendar programs, as data, against a Fasti of the run's own.

flows/run.py --spawn target/debug/fasti [--only apple_drag]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from flows.replay import Flow
from kit.house import Business, House
from kit.tally import Tally

HERE = Path(__file__).resolve().parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spawn", metavar="FASTI", required=True, help="the program")
    parser.add_argument("--only", metavar="FLOW", help="flows whose name has this in it")
    arguments = parser.parse_args()
    files = [file for file in sorted((HERE / "data").glob("*.toml")) if (arguments.only or "") in file.stem]
    tally = Tally("flows", HERE / "expected.toml" if not arguments.only else None)
    with House(arguments.spawn) as house:
        # Everybody has a business of their own: no flow sees what another left.
        businesses = [Business(house, file.stem.replace("_", "-")) for file in files]
        house.start()
        for file, business in zip(files, businesses, strict=True):
            business.furnish()
            Flow(file, business, tally).run()
        log = house.log.read_text(errors="replace")
        tally.check("the server still runs", house.is_up(), log[-800:])
        secrets = [secret for business in businesses for secret in business.passwords.values() if secret in log]
        tally.check("the log tells no password", not secrets, secrets)
        tally.check("the log tells of no panic", "panicked" not in log, log[-800:])
    return tally.close(whole=not arguments.only)


if __name__ == "__main__":
    sys.exit(main())
