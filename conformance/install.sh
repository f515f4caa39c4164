#!/usr/bin/env bash
# Installs the independent programs that Fasti is tested against into conformance/.cache
# (which git ignores), and from Debian only what is missing.
#
#   install.sh [feeds|subscribers|caldav|peers|all]…  default: all; safe to run again
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=$here/.cache
what=${*:-all}
for part in $what; do
    case $part in
        feeds | subscribers | caldav | peers | all) ;;
        *) echo "usage: install.sh [feeds|subscribers|caldav|peers|all]…" >&2; exit 2 ;;
    esac
done

say() { printf 'install: %s\n' "$*"; }
fail() { printf 'install: %s\n' "$*" >&2; exit 1; }
wants() { [[ " $what " == *" all "* || " $what " == *" $1 "* ]]; }

# --- Debian -----------------------------------------------------------------------------------

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 126
    fi
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        -o DPkg::Lock::Timeout=600 "$@" >"$cache/apt.log" 2>&1
}

# debian PACKAGE…: the package lists are refreshed only when the first try fails.
debian() {
    local missing=() package
    for package in "$@"; do installed "$package" || missing+=("$package"); done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || fail "missing ${missing[*]}, and this is not Debian: install them by hand"
    [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null ||
        fail "missing ${missing[*]}: run as root, allow sudo, or: apt-get install ${missing[*]}"
    say "Debian: ${missing[*]}"
    apt_install "${missing[@]}" && return
    as_root apt-get update -q >>"$cache/apt.log" 2>&1 || true
    apt_install "${missing[@]}" || fail "apt-get failed, see $cache/apt.log: $(tail -n 1 "$cache/apt.log")"
}

# --- Python -----------------------------------------------------------------------------------

# Any Python ≥ 3.11 that can make a venv; else Debian's, whose venv module is a package of its own.
find_python() {
    local candidate
    for candidate in python3 /usr/bin/python3; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

venv() { # venv PACKAGE…
    if ! "$cache/venv/bin/python" -m pip --version >/dev/null 2>&1; then
        find_python >/dev/null || debian python3 python3-venv
        local python
        python=$(find_python) || fail "no Python ≥ 3.11 with venv"
        rm -rf "$cache/venv"
        "$python" -m venv "$cache/venv"
    fi
    local stamp=$cache/venv/installed-${what// /-}
    [ "$(cat "$stamp" 2>/dev/null)" = "$*" ] && return
    say "Python: $*"
    "$cache/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@" ||
        fail "pip failed"
    echo "$*" >"$stamp"
}

# --- Node -------------------------------------------------------------------------------------

node_major() { "$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0; }

# The suites run .cache/bin/node: the machine's Node, or where that is too old for node-ical (bookworm's
# is 18), the one that npm carries as a package.
node_program() {
    mkdir -p "$cache/bin" "$cache/node"
    [ "$(node_major "$cache/bin/node")" -ge 20 ] && return
    command -v node >/dev/null || debian nodejs
    command -v npm >/dev/null || debian npm
    local program
    program=$(command -v node)
    if [ "$(node_major "$program")" -lt 20 ]; then
        local machine
        case $(uname -m) in
            x86_64) machine=x64 ;;
            aarch64) machine=arm64 ;;
            *) fail "Node $(node --version) is too old: install 20 or newer" ;;
        esac
        say "Node: 22, as $(node --version) is too old"
        npm_install "node-linux-$machine@22"
        program=$cache/node/node_modules/node-linux-$machine/bin/node
    fi
    ln -sf "$program" "$cache/bin/node"
    [ "$(node_major "$cache/bin/node")" -ge 20 ] || fail "$program does not run"
}

npm_install() {
    [ -e "$cache/node/package.json" ] || echo '{"private": true}' >"$cache/node/package.json"
    (cd "$cache/node" && npm install --no-audit --no-fund --loglevel=error --package-lock=false "$@") ||
        fail "npm failed"
}

node_packages() { # node_packages NAME@VERSION…
    node_program
    local stamp=$cache/node/installed-${what// /-}
    [ "$(cat "$stamp" 2>/dev/null)" = "$*" ] && return
    say "Node: $*"
    npm_install "$@"
    echo "$*" >"$stamp"
}

# --- libical ----------------------------------------------------------------------------------

libical_reader() {
    debian libical-dev gcc libc6-dev pkg-config
    local source=$here/feeds/read_libical.c target=$cache/bin/read_libical
    [ "$target" -nt "$source" ] && return
    say "compiling $(basename "$source")"
    mkdir -p "$cache/bin"
    # shellcheck disable=SC2046  # pkg-config prints several words
    gcc -std=c11 -O1 -Wall -Wextra -Werror $(pkg-config --cflags libical) "$source" -o "$target" \
        $(pkg-config --libs libical)
}

mkdir -p "$cache"
if wants feeds; then
    libical_reader
fi
python_packages=()
npm_packages=()
if wants feeds; then
    python_packages+=('icalendar==7.*' 'vobject==0.9.9' 'recurring-ical-events==3.*' tzdata)
    npm_packages+=(ical.js@2.2.1)
fi
if wants subscribers; then
    python_packages+=('vdirsyncer==0.21.*' 'khal==0.14.*')
    npm_packages+=(node-ical@0.26.1)
    # python3-gi is built for Debian's own interpreter, /usr/bin/python3, whatever else is in PATH.
    debian evolution-data-server gir1.2-ecal-2.0 gir1.2-edataserver-1.2 python3 python3-gi dbus
fi
if wants caldav; then
    # python-caldav and its tester go together: 1.5 of the tester names features that 3.6 no longer knows.
    python_packages+=('caldav==3.6.*' 'caldav-server-tester==1.7.*')
    npm_packages+=(tsdav@2.3.4 ts-caldav@0.3.7 dav@1.8.0)
    debian cadaver litmus
fi
if wants peers; then
    python_packages+=('vdirsyncer==0.21.*' 'khal==0.14.*' 'radicale==3.9.*' 'httplib2==0.22.*')
    # calcurse-caldav runs by our Python, with our httplib2.
    debian calcurse evolution-data-server gir1.2-ecal-2.0 gir1.2-edataserver-1.2 python3 python3-gi dbus
fi
venv "${python_packages[@]}"
[ ${#npm_packages[@]} = 0 ] || node_packages "${npm_packages[@]}"
say "ready ($what)"
