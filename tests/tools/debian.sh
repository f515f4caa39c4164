#!/usr/bin/env bash
# Installs Debian packages that are missing; says what to do where it may not.
#
#   tests/tools/debian.sh PACKAGE…
set -euo pipefail

missing=()
for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "Missing: ${missing[*]}. This is not Debian: install them by this system's own means." >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" != 0 ]; then
    if ! sudo -n true 2>/dev/null; then
        echo "Missing: ${missing[*]}. Run: sudo apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo -n)
fi
install() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=600 "${missing[@]}"
}
echo "Installing from Debian: ${missing[*]}"
# The package lists of a fresh machine or image are often empty or stale: refresh them only then.
if ! install >/dev/null 2>&1; then
    "${as_root[@]}" apt-get update -q >/dev/null
    install
fi
