#!/usr/bin/env bash
# The load tool beside the project against a release build of Fasti: figures in requests a second, to be compared with
# other servers' (its README). Without the tool it says so and does nothing. EVENTS, CLIENTS and SECONDS_EACH may be set.
set -euo pipefail
cd "$(dirname "$0")/.."

tool=../shared/tools/davload
if [ ! -d "$tool" ]; then
    echo "davload: ../shared is not beside the project; only the ratios were measured"
    exit 0
fi
cargo build --release --locked --quiet
# Its folder may be read-only.
CARGO_TARGET_DIR=$PWD/target/davload cargo build --release --quiet --manifest-path "$tool/Cargo.toml"
davload=$PWD/target/davload/release/davload
fasti=$PWD/target/release/fasti

# On the disk that holds the build: many a /tmp is memory, where durability costs nothing.
work=$(mktemp -d target/davload/run.XXXXXX)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export FASTI_DATA_DIR=$work/data FASTI_LISTEN=127.0.0.1:$port FASTI_PUBLIC_URL=http://127.0.0.1:$port
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

"$fasti" migrate >/dev/null
"$fasti" tenant create load --name Load --timezone Europe/Berlin >/dev/null
"$fasti" user create load --name Anna --email anna@load.example --role staff --username anna >/dev/null
password=$("$fasti" user app-password load anna 2>/dev/null)
"$fasti" serve >"$work/log" 2>&1 &
server=$!
for _ in $(seq 200); do
    curl -sf "$FASTI_PUBLIC_URL/readyz" >/dev/null && break
    sleep 0.05
done
curl -sf "$FASTI_PUBLIC_URL/readyz" >/dev/null || { tail -5 "$work/log" >&2; exit 1; }

to=(--base-url "$FASTI_PUBLIC_URL/dav/calendars/anna/" --user anna --password "$password" --events "${EVENTS:-10000}")
"$davload" seed "${to[@]}" >/dev/null
lines=$("$davload" run "${to[@]}" --clients "${CLIENTS:-1,16}" --seconds "${SECONDS_EACH:-5}" --pid "$server" --label fasti)
ceiling=$("$davload" sqlite "$work/ceiling" --seconds "${SECONDS_EACH:-5}")
printf '%s\n%s\n' "$lines" "$ceiling" | python3 -c '
import json, sys
print("| scenario | clients | requests/s | p50 ms | p99 ms | server CPU ms/request | errors |\n|" + " --- |" * 7)
for line in sys.stdin:
    if line.startswith("{"):
        row = json.loads(line)
        names = ("scenario", "clients", "rps", "p50_ms", "p99_ms", "server_cpu_ms_per_req", "errors")
        print("| " + " | ".join(str(row.get(name, "–")) for name in names) + " |")
'
