"""The Chromium of this machine, which prints reports as PDF."""

import os
import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def browser() -> Path | None:
    """A Chromium of this machine; None where there is none. ``BIOX_CHROMIUM`` names another one."""
    named = os.environ.get("BIOX_CHROMIUM")
    if named is not None:
        return Path(named) if shutil.which(named) else None
    found = [path for name in NAMES if (path := shutil.which(name))]
    found += [path for path in APPLICATIONS if Path(path).exists()]
    return Path(found[0]) if found else None
