#!/usr/bin/env bash
# Installs what the suites need and runs them against a built Fasti.
#
#   run.sh [quick|all|selftest]     default: quick (feeds); all adds the subscribers;
#                                   selftest needs no Fasti: it proves that the suites can fail
#   FASTI_BIN=path/to/fasti         default: target/debug/fasti
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
what=${1:-quick}
fasti=${FASTI_BIN:-$here/../target/debug/fasti}
case $what in
    quick) parts=feeds ;;
    all | selftest) parts=all ;;
    *) echo "usage: run.sh [quick|all|selftest]" >&2; exit 2 ;;
esac

"$here/install.sh" "$parts" || exit 1
python=$here/.cache/venv/bin/python
failed=()

suite() { # suite NAME COMMAND…: runs on after a failure, so that one run tells all
    echo "== $1"
    "${@:2}" || failed+=("$1")
}

if [ "$what" = selftest ]; then
    suite "planted faults" "$python" "$here/feeds/test_compare.py"
    suite "suites against the stand-in" "$python" "$here/selftest/run.py"
else
    [ -x "$fasti" ] || { echo "run.sh: no Fasti at $fasti: cargo build first, or set FASTI_BIN" >&2; exit 1; }
    suite "feeds" "$python" "$here/feeds/run.py" --spawn "$fasti"
    suite "slots" "$python" "$here/slots/run.py" --fasti "$fasti"
    [ "$what" = all ] && suite "subscribers" "$python" "$here/subscribers/run.py" --spawn "$fasti"
fi

if [ ${#failed[@]} -gt 0 ]; then
    echo "conformance: failed: ${failed[*]}" >&2
    exit 1
fi
echo "conformance: all passed"
