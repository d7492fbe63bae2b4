"""Where this machine keeps a Chromium that the browser tests can drive."""

import os
import shutil
import sys
from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_PROGRAMS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def find_chromium() -> str | None:
    """Return the path of Chromium or Chrome, or None; the environment's CHROMIUM comes first."""
    named = [os.environ["CHROMIUM"]] if os.environ.get("CHROMIUM") else []
    found = (shutil.which(program) for program in (*named, *PROGRAMS))
    on_a_mac = (program for program in MAC_PROGRAMS if Path(program).exists())
    return next((path for path in (*found, *on_a_mac) if path), None)


if __name__ == "__main__":
    path = find_chromium()
    sys.stdout.write(f"{path or ''}\n")
    sys.exit(0 if path else 1)
