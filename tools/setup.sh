#!/usr/bin/env bash
# Makes .venv: the locked packages with their hashes, then this project, editable. Says what is missing, and what to install.
set -euo pipefail
cd "$(dirname "$0")/.."
stop() { printf '%s\n' "$*" >&2; exit 1; }

# The first interpreter that fits: `python3`, then the versions by name (macOS and older Debians keep several).
python=""
for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || stop "Marginbook needs Python 3.11 to 3.14 and found $(python3 --version 2>&1 || true): install one" \
    "(Debian and Ubuntu: apt-get install python3 python3-venv; macOS: brew install python@3.13), then run make again."

if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
        stop "This Python has no venv module: install the package $package (as root: apt-get install $package), then run make again."
    echo "Installing $package, which Debian keeps apart from Python." >&2
    { apt-get update -qq && apt-get install -y -qq "$package"; } >&2
fi

.venv/bin/python -m pip --version >/dev/null 2>&1 || { rm -rf .venv && "$python" -m venv .venv; }

# uv installs the lock in a tenth of pip's time (4 s against 41 s), so pip fetches it first, from the lock. uv does not know pip's own
# settings of the package index: behind a mirror that only pip is told of, it fails and pip does the whole work.
pip() { .venv/bin/python -m pip --disable-pip-version-check --quiet "$@" >&2; }
uv() { UV_CACHE_DIR=.venv/cache UV_PYTHON=.venv/bin/python .venv/bin/uv --quiet pip "$@" >&2; }
echo "Installing the packages of requirements.lock into .venv, once." >&2
awk '/^[^ ]/ { wanted = /^uv==/ } wanted' requirements.lock >.venv/uv.lock
pip install --no-cache-dir --no-compile --no-deps --require-hashes -r .venv/uv.lock
if ! uv sync --require-hashes requirements.lock; then
    echo "uv could not fetch the packages; pip takes over, which takes about a minute." >&2
    pip install --no-cache-dir --no-compile --no-deps --require-hashes -r requirements.lock
fi
rm -rf .venv/cache
pip install --no-build-isolation --no-deps --editable .
