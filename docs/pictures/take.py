"""The pictures of the tutorials, taken from reports of the default studies: ``python docs/pictures/take.py reports``.

Needs Chromium and playwright, which are no part of biox. Colours are reduced to 256, so that each stays small.
"""

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from biox.archive.browser import sandbox_flags
from biox.core.browsers import browser

HERE = Path(__file__).parent
# Name of the picture: study, what is shown of its page, and which of several.
PARTS = {
    "gait-glance": ("gait_demo", "#curves .grid", 0),
    "gait-curves": ("gait_demo", "#curves figure:has-text('unaffected AP: curves')", 0),
    "gait-trust": ("gait_demo", "#trust figure", 0),
    "histology-slide": ("histology_demo", "#slides figure.viewer", 0),
    "histology-tiles": ("histology_demo", "#gallery figure:has-text('Named right, surely: tumour')", 0),
    "proteomics-graph": ("proteomics_demo", "#graph figure.graph", 0),
    "proteomics-patients": ("proteomics_demo", "#patients figure.graph", 0),
}
# What the front page shows side by side: study and part of its page.
FRONT = {
    "gait_demo": "#curves figure:has-text('unaffected AP: curves') svg",
    "histology_demo": "#slides figure.viewer canvas",
    "proteomics_demo": "#graph figure.graph svg",
}
HEIGHT_PX = 400
# Figures of curves are small on the page.
SCALE = {"gait_demo": 1.5}


def main(reports: Path) -> None:
    """Takes all pictures."""
    found = browser()
    assert found is not None, "no Chromium here"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=list(sandbox_flags()))
        pages = {name: opened(chromium, reports, name) for name in FRONT}
        keep("gait-report", taken(pages["gait_demo"].screenshot()))
        for name, (study, part, which) in PARTS.items():
            keep(name, taken(pages[study].locator(part).nth(which).screenshot()))
        keep("front", beside([taken(first(pages[study], part)) for study, part in FRONT.items()]))


def opened(chromium: Browser, reports: Path, study: str) -> Page:
    """The report of a study, once its viewers have drawn."""
    page = chromium.new_page(viewport={"width": 1100, "height": 760}, device_scale_factor=SCALE.get(study, 1))
    page.goto((reports / study / "index.html").resolve().as_uri())
    page.wait_for_timeout(2000)
    return page


def first(page: Page, part: str) -> bytes:
    """A picture of the first element that fits."""
    return page.locator(part).first.screenshot()


def taken(content: bytes) -> Image.Image:
    """A screenshot as a picture."""
    return Image.open(io.BytesIO(content)).convert("RGB")


def beside(pictures: list[Image.Image]) -> Image.Image:
    """Pictures side by side, of one height."""
    scaled = [p.resize((round(p.width * HEIGHT_PX / p.height), HEIGHT_PX), Image.Resampling.LANCZOS) for p in pictures]
    whole = Image.new("RGB", (sum(p.width for p in scaled) + 20 * (len(scaled) - 1), HEIGHT_PX), "white")
    left = 0
    for picture in scaled:
        whole.paste(picture, (left, 0))
        left += picture.width + 20
    return whole


def few(picture: Image.Image) -> Image.Image:
    """The picture in 256 colours: spread over all that occur, then moved to where most pixels are."""
    return picture.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=8, dither=Image.Dither.NONE)


def keep(name: str, picture: Image.Image) -> None:
    """Writes a picture in few colours."""
    few(picture).save(HERE / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
