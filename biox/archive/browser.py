"""Chromium as a printer: a page from disk becomes a PDF, without a screen, a network or a profile of anyone's."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

SECONDS = 900
"""How long a page may take: a long report takes half a minute, and minutes on a machine with many jobs a core."""

FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
    "--virtual-time-budget=10000",
    # Drawings made of dots are drawn fine enough for paper.
    "--force-device-scale-factor=3",
)


class PrintingError(Exception):
    """Why a browser printed nothing, as a sentence that ends without a full stop."""


def sandbox_flags() -> tuple[str, ...]:
    """Chromium keeps its sandbox wherever it can; run by root it refuses to start with it."""
    return ("--no-sandbox",) if sys.platform == "linux" and os.geteuid() == 0 else ()


def printed(program: Path, page: Path, seconds: float = SECONDS) -> bytes:
    """The bytes of the PDF that a browser makes of a page on disk; PrintingError where it makes none in time."""
    with tempfile.TemporaryDirectory(prefix="biox-print-", ignore_cleanup_errors=True) as holder:
        target = Path(holder) / "page.pdf"
        own = (f"--user-data-dir={holder}/profile", f"--print-to-pdf={target}")
        command = [str(program), *FLAGS, *sandbox_flags(), *own, page.resolve().as_uri()]
        said = _said(command, holder, seconds)
        if not target.is_file() or not target.stat().st_size:
            last = [line for line in said.splitlines() if line.strip()][-1:]
            raise PrintingError(f"{program} printed nothing" + "".join(f" and said: {line.strip()}" for line in last))
        return target.read_bytes()


def _said(command: list[str], home: str, seconds: float) -> str:
    """What a command and its children wrote; all of them are ended when the time is over."""
    surroundings = {**os.environ, "HOME": home, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home, "TZ": "UTC"}
    running = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=surroundings,
        start_new_session=True,
        text=True,
        errors="replace",
    )
    try:
        return running.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        raise PrintingError(f"{command[0]} did not finish within {seconds:g} s and was ended") from None
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.communicate()
