#!/usr/bin/env bash
# Sees to it that the browser tests find Chromium; where it may not install it, it says what to install and the tests report themselves as NOT RUN.
set -euo pipefail
cd "$(dirname "$0")/.."
if .venv/bin/python -m tests.chromium >/dev/null; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Debian's chromium for the browser tests." >&2
    { apt-get update -qq && apt-get install -y -qq chromium; } >&2 && exit 0
fi
echo "No Chromium here: the browser tests will be reported as NOT RUN. To run them, install Chromium or Google Chrome" >&2
echo "(Debian: apt-get install chromium; macOS: brew install --cask chromium), or set CHROMIUM to its program." >&2
