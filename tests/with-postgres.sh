#!/usr/bin/env bash
# Runs a command beside a throw-away PostgreSQL, and removes the server when the command has ended, however it ended.
#
#   tests/with-postgres.sh COMMAND…
#
# The command finds FASTI_TEST_PG_URL=postgres://postgres@127.0.0.1:PORT, without a database name: tests make their
# own. A caller who has set FASTI_TEST_PG_URL gets the command run against that server.
set -euo pipefail

say() { printf 'with-postgres: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

[ $# -gt 0 ] || fail "usage: tests/with-postgres.sh COMMAND…"
if [ -n "${FASTI_TEST_PG_URL:-}" ]; then
    exec "$@"
fi

# Debian keeps the server's programs off the PATH, in a folder per version.
find_server() {
    local folder
    for folder in "$(dirname "$(command -v initdb || echo /none/x)")" \
        $(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V -r); do
        if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then
            # A link on the PATH leads to the folder where the other programs are.
            dirname "$(readlink -f "$folder/initdb")"
            return
        fi
    done
    return 1
}

if ! server=$(find_server); then
    "$(dirname "$0")/tools/debian.sh" postgresql
    server=$(find_server) || fail "PostgreSQL is installed, but initdb is not to be found"
fi

# PostgreSQL refuses to run as root.
as_server=()
owner=$(id -un)
if [ "$(id -u)" = 0 ]; then
    owner=postgres
    getent passwd "$owner" >/dev/null || owner=nobody
    as_server=(setpriv "--reuid=$owner" "--regid=$(id -gn "$owner")" --clear-groups)
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/fasti-postgres.XXXXXX")
chown "$owner" "$folder"
chmod 700 "$folder"
cd "$folder"

# Whatever happens to this script, kill -9 included, the server goes when it goes.
# shellcheck disable=SC2016 # its arguments, not this script's
setsid bash -c '
    trap "" INT TERM HUP
    while kill -0 "$1" 2>/dev/null && [ ! -e "$2/done" ]; do sleep 0.2; done
    pid=$(head -n 1 "$2/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid" 2>/dev/null
    for _ in $(seq 50); do [ -e "$2/data/postmaster.pid" ] || break; sleep 0.1; done
    rm -rf "$2"
' watchdog $$ "$folder" </dev/null >/dev/null 2>&1 &
watchdog=$!

child=
# "done" wakes the watchdog, which does the work.
# shellcheck disable=SC2329 # the traps call it
stop() {
    local status=$?
    trap - EXIT INT TERM HUP
    [ -z "$child" ] || kill -TERM "$child" 2>/dev/null || true
    touch "$folder/done" 2>/dev/null || true
    wait "$watchdog" || true
    exit "${1:-$status}"
}
trap 'stop' EXIT
trap 'stop 130' INT
trap 'stop 143' TERM HUP

if ! "${as_server[@]}" "$server/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync \
    >"$folder/log" 2>&1; then
    tail -n 20 "$folder/log" >&2
    fail "initdb failed"
fi

# A port is free until somebody takes it: try until the server holds one.
started=
for _ in 1 2 3 4 5 6 7 8 9 10; do
    port=$((RANDOM % 20000 + 20000))
    # Nothing of this cluster outlives the run, so nothing is forced to disk.
    if "${as_server[@]}" "$server/pg_ctl" start -w -t 60 -s -D "$folder/data" -l "$folder/server.log" -o "-p $port \
        -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=400 -c shared_buffers=64MB \
        -c fsync=off -c full_page_writes=off -c log_min_messages=warning" >/dev/null 2>&1; then
        started=$port
        break
    fi
    grep -q 'Address already in use' "$folder/server.log" || break
done
if [ -z "$started" ]; then
    cat "$folder/server.log" >&2
    fail "PostgreSQL did not start"
fi

export FASTI_TEST_PG_URL="postgres://postgres@127.0.0.1:$started"
cd "$OLDPWD"
# In the background, because a shell that waits for a foreground child does not hear signals.
"$@" <&0 &
child=$!
status=0
wait "$child" || status=$?
child=
exit "$status"
