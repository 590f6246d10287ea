"""Fixtures for all tests. None needs a network, a GPU or a screen."""

import os
from pathlib import Path

import pytest
import torch

from biox.archive.browser import sandbox_flags
from biox.core import browsers

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data, which is not part of the repository."""
    folder = Path(os.environ.get("BIOX_SHARED_DATA", ROOT / "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"real data not found at {folder}; set BIOX_SHARED_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def browser():
    """A Chromium without a screen, driven by playwright; skips where either is missing."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = browsers.browser()
    if program is None:
        pytest.skip("there is no Chromium to open pages in")
    with playwright.sync_playwright() as run:
        started = run.chromium.launch(executable_path=program, args=[*sandbox_flags(), "--disable-gpu"])
        yield started
        started.close()
