"""The slide viewer in a real browser: from disk, without a network, with everything in its place at every zoom."""

import io
import json
import shutil

import numpy as np
import pytest
from PIL import Image
from shapely import box

from biox.domains.histology.heat_files import Outline
from biox.domains.histology.heat_slide import Marked
from biox.domains.histology.tile_pixels import Source
from biox.report.blocks import Fold, Section, Text
from biox.report.page import page as page_of
from biox.report.viewer import Viewer, has_viewer, viewer, viewer_data
from biox.steps.heatmaps import heatmaps
from tests.domains.histology.heat_data import SIDE, cohort_of, cut, grid, relevance_of, write_slide

HEIGHT, WIDTH = 1024, 1536
SQUARE = (512, 256, 640, 384)  # where the slide is dark, the model looks, and the pathologist drew
SLIDES = ("A", "slide #2 & more")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The heatmaps of two slides, and the folder of a page that shows them."""
    folder = tmp_path_factory.mktemp("viewer")
    files = {name: folder / f"{k}.tif" for k, name in enumerate(SLIDES)}
    for file in files.values():
        write_slide(file, HEIGHT, WIDTH)
    tiles = grid(HEIGHT, WIDTH, SIDE, SIDE)
    cohort = cohort_of(files, tiles)
    truth = np.zeros((HEIGHT, WIDTH), np.float32)
    left, top, right, bottom = SQUARE
    truth[top:bottom, left:right] = 1
    truth[:, WIDTH - 256 :] = -1
    values = np.concatenate([cut(truth, tiles, SIDE), -cut(truth, tiles, SIDE)])
    every = np.ones(len(values), bool)
    relevance = relevance_of(cohort, values, 0, every, "tumour")
    against = relevance_of(cohort, -values / 2, 0, every, "normal")
    outlines = (Outline("tumour", box(*SQUARE)),)
    marked = {name: Marked(Source(file), outlines) for name, file in files.items()}
    assert heatmaps(cohort, {0: relevance}, {0: against}, marked, folder / "heatmaps") == 2
    listing = json.loads((folder / "heatmaps/viewer/viewer.json").read_text(encoding="utf-8"))
    blocks = (Text("before"), viewer(listing, "A remark."), Text("after"))
    (folder / "page").mkdir()
    html = page_of("Slides", "made", [Section("slides", "Slides", blocks), Section("b", "B", blocks[2:])]).html
    (folder / "page/index.html").write_text(html, encoding="utf-8")
    shutil.copytree(folder / "heatmaps/viewer", folder / "page/viewer")
    return folder


WITHOUT_FILTER = "delete CanvasRenderingContext2D.prototype.filter;"


class Look:
    """A page open in the browser, and what went wrong or was asked for while it was."""

    def __init__(self, browser, file, before="", **options):
        self.page = browser.new_page(**options)
        self.page.add_init_script(before)
        self.faults, self.asked = [], []
        self.page.on("console", lambda m: self.faults.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(file.as_uri())
        self.page.locator(".viewer-stage").scroll_into_view_if_needed()
        self.settle()

    def settle(self):
        """Wait until every square in sight is there and nothing moves."""
        self.page.wait_for_function(
            """() => { const v = document.querySelector(".viewer").viewer;
            return v && v.world.getItemCount() > 0 && !v.isAnimating()
              && [...Array(v.world.getItemCount()).keys()].every((k) => v.world.getItemAt(k).getFullyLoaded()); }"""
        )
        self.page.wait_for_timeout(250)

    def pixels(self) -> np.ndarray:
        shot = self.page.locator(".viewer-stage").screenshot()
        return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(int)

    def place(self) -> tuple[float, float, float, float]:
        """Where the square is on the stage, by what the viewer says of the slide."""
        corners = [[SQUARE[0] / WIDTH, SQUARE[1] / WIDTH], [SQUARE[2] / WIDTH, SQUARE[3] / WIDTH]]
        corners = self.page.evaluate(
            """(corners) => corners.flatMap(([x, y]) => { const point = new OpenSeadragon.Point(x, y);
            const p = document.querySelector(".viewer").viewer.viewport.pixelFromPoint(point); return [p.x, p.y]; })""",
            corners,
        )
        return tuple(1 + c for c in corners)  # the border of the stage


@pytest.fixture
def look(browser, made):
    opened = Look(browser, made / "page/index.html", viewport={"width": 1280, "height": 900})
    yield opened
    opened.page.close()


def bounds(mask) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(mask)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_only_a_page_with_a_viewer_carries_its_library():
    bare = page_of("T", "s", [Section("a", "A", (Text("x"),))]).html
    assert "OpenSeadragon" not in bare
    assert 'img-src data:"' in bare
    assert len(bare) < 60_000


def test_a_viewer_behind_a_title_is_found():
    shown = Viewer("c", (), ())
    assert has_viewer([Section("a", "A", (Fold("more", (shown,)),))])
    assert not has_viewer([Section("a", "A", (Fold("more", (Text("x"),)),))])


def test_no_slides_make_no_viewer():
    assert viewer(None) is None
    assert viewer({"slides": [], "colours": []}) is None


def test_nothing_in_the_name_of_a_slide_can_leave_its_script():
    slide = dict.fromkeys(("title", "folder", "width", "height", "mpp", "picture", "heatmaps"), 0)
    hostile = "</script><script>alert(1)</script>&"
    data = viewer_data(Viewer("c", ({**slide, "name": hostile, "outlines": []},), ()))
    assert not set("<>&") & set(data)
    assert json.loads(data)["slides"][0]["name"] == hostile


@pytest.mark.slow
def test_it_opens_from_disk_without_a_network_or_a_complaint(look):
    assert look.faults == []
    assert all(url.startswith("file://") for url in look.asked)
    assert sum(url.endswith(".jpg") for url in look.asked) > 1
    assert sum(url.endswith(".png") for url in look.asked) > 1
    assert look.page.locator(".viewer-message").is_hidden()


@pytest.mark.slow
def test_slide_heatmap_and_annotation_lie_on_one_place_at_every_zoom(look):
    for _ in range(2):
        look.page.uncheck(".viewer-annotations")
        look.settle()
        wanted = look.place()
        warm = look.pixels()
        red = (warm[..., 0] - warm[..., 2]) > 60
        look.page.select_option(".viewer-heat", "-1")
        look.settle()
        dark = look.pixels().max(-1) < 120
        dark[-60:, :200] = False  # the scale bar
        assert bounds(red) == pytest.approx(wanted, abs=2.5)
        assert bounds(dark) == pytest.approx(wanted, abs=2.5)
        look.page.check(".viewer-annotations")
        box = look.page.locator(".viewer-stage path.annotation").bounding_box()
        stage = look.page.locator(".viewer-stage").bounding_box()
        corner = (box["x"] - stage["x"], box["y"] - stage["y"])
        assert (*corner, corner[0] + box["width"], corner[1] + box["height"]) == pytest.approx(wanted, abs=3.5)
        look.page.select_option(".viewer-heat", "0")
        middle = [(SQUARE[0] + SQUARE[2]) / 2 / WIDTH, (SQUARE[1] + SQUARE[3]) / 2 / WIDTH]
        look.page.evaluate(
            "([x, y]) => document.querySelector('.viewer').viewer.viewport.panTo(new OpenSeadragon.Point(x, y))", middle
        )
        for _ in range(2):
            look.page.click(".viewer-in")
            look.settle()
        assert look.place()[2] - look.place()[0] > 2 * (wanted[2] - wanted[0])


@pytest.mark.slow
def test_opacity_fades_the_heatmap_into_the_slide(look):
    look.page.uncheck(".viewer-annotations")

    def redness(value: int) -> float:
        look.page.locator(".viewer-opacity").fill(str(value))
        look.settle()
        left, top, right, bottom = (round(n) for n in look.place())
        inside = look.pixels()[top + 5 : bottom - 5, left + 5 : right - 5]
        return float((inside[..., 0] - inside[..., 2]).mean())

    found = [redness(value) for value in (0, 30, 60, 100)]
    assert abs(found[0]) < 3  # the slide is drawn in grey
    assert np.diff(found).min() > 15
    # At full opacity the slide still shows where there is no relevance.
    assert look.pixels()[300, 300].min() > 150


@pytest.mark.slow
def test_grey_can_be_switched_off_and_without_a_heatmap_the_slide_has_its_own_colours(look):
    left, top, *_ = (round(n) for n in look.place())
    spot = (top + 10, left - 120)  # pink, and no relevance
    assert np.ptp(look.pixels()[spot]) < 4
    look.page.uncheck(".viewer-grey")
    look.settle()
    assert look.pixels()[spot] == pytest.approx((235, 180, 205), abs=6)
    look.page.check(".viewer-grey")
    look.page.select_option(".viewer-heat", "-1")
    look.settle()
    assert look.pixels()[spot] == pytest.approx((235, 180, 205), abs=6)
    assert look.page.locator(".viewer-ramp").is_hidden()


@pytest.mark.slow
def test_a_browser_without_filters_draws_the_slide_in_grey_too(browser, made):
    page = made / "page/index.html"
    look = Look(browser, page, viewport={"width": 1280, "height": 900}, before=WITHOUT_FILTER)
    left, top, *_ = (round(n) for n in look.place())
    spot = (top + 10, left - 120)  # pink, and no relevance
    assert np.ptp(look.pixels()[spot]) < 4
    look.page.uncheck(".viewer-grey")
    look.settle()
    assert look.pixels()[spot] == pytest.approx((235, 180, 205), abs=6)
    look.page.close()


@pytest.mark.slow
def test_annotations_and_hot_regions_can_be_shown_and_hidden(look):
    shown = lambda kind: look.page.locator(f".viewer-stage path.{kind}").count()  # noqa: E731
    assert (shown("annotation"), shown("hot")) == (1, 0)
    before = look.pixels()
    look.page.uncheck(".viewer-annotations")
    changed = np.abs(look.pixels() - before).max(-1) > 20
    assert shown("annotation") == 0
    assert bounds(changed) == pytest.approx(look.place(), abs=5)
    left, top, right, bottom = (round(n) for n in look.place())
    assert not changed[top + 8 : bottom - 8, left + 8 : right - 8].any()
    look.page.check(".viewer-regions")
    assert shown("hot") == 1


@pytest.mark.slow
def test_another_slide_and_the_difference_of_classes_can_be_chosen(look):
    look.page.uncheck(".viewer-annotations")
    assert look.page.locator(".viewer-heat option").all_inner_texts() == ["tumour", "tumour minus normal", "none"]
    limit = look.page.inner_text(".viewer-high")
    look.page.select_option(".viewer-heat", "1")
    look.settle()
    assert "tumour minus normal" in look.page.inner_text(".viewer-meaning")
    assert look.page.inner_text(".viewer-high") == limit  # ±1 and ±1.5, cut at the same quantile of single maps
    look.page.select_option(".viewer-slide", "1")
    look.settle()
    left, top, right, bottom = (round(n) for n in look.place())
    inside = look.pixels()[top + 5 : bottom - 5, left + 5 : right - 5]
    assert (inside[..., 2] - inside[..., 0]).mean() > 40  # the second slide's relevance has the other sign
    assert look.faults == []


@pytest.mark.slow
def test_scale_bar_says_the_micrometres_under_it(look):
    def per_pixel() -> tuple[float, float]:
        words = look.page.inner_text(".viewer-scale span").split()
        um = float(words[0]) * (1000 if words[1] == "mm" else 1)
        left, _, right, _ = look.place()
        width = look.page.locator(".viewer-scale i").evaluate("e => e.getBoundingClientRect().width")
        return um / width, (SQUARE[2] - SQUARE[0]) * 0.5 / (right - left)

    for _ in range(3):
        said, true = per_pixel()
        assert said == pytest.approx(true, rel=0.01)
        look.page.click(".viewer-in")
        look.settle()


@pytest.mark.slow
def test_the_wheel_scrolls_the_page_until_the_viewer_is_clicked(look):
    zoom = lambda: look.page.evaluate("document.querySelector('.viewer').viewer.viewport.getZoom()")  # noqa: E731
    before = zoom()
    look.page.locator(".viewer-stage").hover()
    look.page.mouse.wheel(0, -200)
    look.page.wait_for_timeout(400)
    assert zoom() == before
    look.page.locator(".viewer-stage").click()
    look.page.mouse.wheel(0, -200)
    look.page.wait_for_timeout(400)
    assert zoom() > before


@pytest.mark.slow
def test_everything_can_be_done_from_the_keyboard(look):
    look.page.locator("h1").click()
    reached = []
    for _ in range(25):
        look.page.keyboard.press("Tab")
        reached.append(look.page.evaluate("document.activeElement.className || document.activeElement.tagName"))
    for name in ("slide", "heat", "opacity", "grey", "annotations", "regions", "in", "out", "home"):
        assert f"viewer-{name}" in reached
    assert "openseadragon-canvas" in reached
    look.page.locator(".openseadragon-canvas").first.focus()
    before = look.place()
    look.page.keyboard.press("+", delay=300)
    look.settle()
    wider = look.place()
    assert wider[2] - wider[0] > 1.05 * (before[2] - before[0])
    look.page.keyboard.press("ArrowRight", delay=100)
    look.settle()
    assert look.place()[0] < wider[0] - 5
    look.page.keyboard.press("0")
    look.settle()
    assert look.place() == pytest.approx(before, abs=1)


@pytest.mark.slow
def test_a_page_without_its_folder_says_what_is_missing(browser, made, tmp_path):
    shutil.copy(made / "page/index.html", tmp_path / "index.html")
    page = browser.new_page()
    page.goto((tmp_path / "index.html").as_uri())
    page.locator(".viewer-stage").scroll_into_view_if_needed()
    page.locator(".viewer-message").wait_for(state="visible", timeout=5000)
    assert "Keep page and folder together" in page.inner_text(".viewer-message")
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_all_of_it(browser, made, scheme):
    options = {"viewport": {"width": 390, "height": 844}, "color_scheme": scheme, "has_touch": True}
    look = Look(browser, made / "page/index.html", **options)
    assert look.page.evaluate("document.documentElement.scrollWidth") <= 390
    for part in look.page.locator(".viewer-bar :is(select, input, button)").all():
        box = part.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    assert np.ptp(look.pixels(), axis=(0, 1)).max() > 100
    canvas = look.page.locator(".openseadragon-canvas").first
    touch = lambda: canvas.evaluate("e => getComputedStyle(e).touchAction")  # noqa: E731
    assert touch() == "pan-y"  # a finger scrolls the page
    look.page.locator(".viewer-stage").tap()
    assert touch() == "none"  # and after a tap the slide
    look.page.locator(".viewer-home").focus()
    assert touch() == "pan-y"
    assert look.faults == []
    look.page.close()
