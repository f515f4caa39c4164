#!/usr/bin/env bash
# Installs what the suites need and runs them against a built Fasti.
#
#   run.sh [quick|caldav|all|selftest]  default: quick (feeds, slots, flows, hostile_dav, the quick half of caldav);
#                                       caldav: all of caldav, and the flows; all adds the subscribers;
#                                       selftest needs no Fasti: it proves that the suites can fail
#   FASTI_BIN=path/to/fasti         default: target/debug/fasti
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
what=${1:-quick}
fasti=${FASTI_BIN:-$here/../target/debug/fasti}
case $what in
    quick) parts="feeds caldav" ;;
    caldav) parts="caldav peers" ;;
    all | selftest) parts=all ;;
    *) echo "usage: run.sh [quick|caldav|all|selftest]" >&2; exit 2 ;;
esac

# shellcheck disable=SC2086  # several words
"$here/install.sh" $parts || exit 1
python=$here/.cache/venv/bin/python
failed=()

# CalDAV programs, each a script beside its expectations: the quick ones take seconds.
caldav_quick=(python_caldav server_tester javascript cadaver litmus)
caldav_slow=(vdirsyncer_pairs calcurse evolution)

suite() { # suite NAME COMMAND…: runs on after a failure, so that one run tells all
    echo "== $1"
    "${@:2}" || failed+=("$1")
}

if [ "$what" = selftest ]; then
    suite "planted faults" "$python" "$here/feeds/test_compare.py"
    suite "suites against the stand-in" "$python" "$here/selftest/run.py"
else
    [ -x "$fasti" ] || { echo "run.sh: no Fasti at $fasti: cargo build first, or set FASTI_BIN" >&2; exit 1; }
    if [ "$what" != caldav ]; then
        suite "feeds" "$python" "$here/feeds/run.py" --spawn "$fasti"
        suite "slots" "$python" "$here/slots/run.py" --fasti "$fasti"
    fi
    suite "flows" "$python" "$here/flows/run.py" --spawn "$fasti"
    suite "hostile CalDAV" "$python" "$here/hostile_dav/run.py" --spawn "$fasti"
    programs=("${caldav_quick[@]}")
    [ "$what" = quick ] || programs+=("${caldav_slow[@]}")
    for program in "${programs[@]}"; do
        suite "caldav/$program" "$python" "$here/caldav/$program.py" --spawn "$fasti"
    done
    [ "$what" = all ] && suite "subscribers" "$python" "$here/subscribers/run.py" --spawn "$fasti"
fi

if [ ${#failed[@]} -gt 0 ]; then
    echo "conformance: failed: ${failed[*]}" >&2
    exit 1
fi
echo "conformance: all passed"
