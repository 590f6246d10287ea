"""Studies in which every name is markup, opened in a browser: no script of theirs runs, and nothing is asked for."""

import pytest
from PIL import Image

from biox.report.blocks import Section, Text
from biox.report.page import page as page_of
from biox.report.patient_files import write_patient_files
from biox.report.viewer import viewer
from tests.report import conftest as gait_data
from tests.report import graph_data
from tests.security import hostile

WATCH = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) => window.refused.push(event.violatedDirective));
"""


class Watched:
    """A page open from disk, and what happened on it that must not."""

    def __init__(self, browser, file):
        self.page, self.folder = browser.new_page(viewport={"width": 1200, "height": 900}), file.parents[1]
        self.dialogs, self.faults, self.asked = [], [], []
        self.page.add_init_script(WATCH)
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        self.page.on("console", lambda m: self.faults.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(file.as_uri())

    def touched(self):
        """Every part is opened, moved to, chosen and hovered over, as readers do."""
        self.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        for level in self.page.locator(".levels input").all():
            level.check(force=True)
        for choice in self.page.locator("select").all():
            choice.evaluate(
                "e => [...e.options].forEach((o) => { e.value = o.value; e.dispatchEvent(new Event('change')); })"
            )
        for figure in self.page.locator("figure.viewer, figure.graph, .drawing[tabindex]").all()[:12]:
            if figure.is_visible():
                figure.scroll_into_view_if_needed()
                figure.hover(force=True)
                self.page.wait_for_timeout(150)
        self.page.keyboard.press("ArrowRight")
        self.page.wait_for_timeout(500)

    def harmless(self):
        assert self.page.evaluate("window.hacked") is None
        assert self.dialogs == []
        assert self.page.evaluate("window.refused") == []
        assert self.faults == []
        assert [url for url in self.asked if not url.startswith(("file://", "data:", "blob:"))] == []
        assert [url for url in self.asked if url.startswith("file:") and self.folder.as_uri() not in url] == []
        # An element of theirs would be there even where the policy kept it from running.
        assert self.page.locator("img[src='x'], [onerror], [onload]").count() == 0


@pytest.mark.long
@pytest.mark.parametrize("domain", ["gait", "proteins", "slides"])
def test_every_page_shows_hostile_names_as_words(browser, tmp_path, domain):
    page = getattr(hostile, domain)(tmp_path)
    pages = sorted((tmp_path / "reports").rglob("*.html"))
    assert page in pages
    for file in [*pages, *sorted(page.parent.rglob("*.svg"))[:20]]:
        watched = Watched(browser, file)
        watched.touched()
        watched.harmless()
        if file == page:
            assert hostile.IMAGE in watched.page.inner_text("body")  # the names are there, as words
        watched.page.close()


def made(folder, domain):
    """A page of made evidence in which names are markup, with what its viewer loads beside it."""
    evil, beside = hostile.evil, folder / domain / "viewer"
    beside.mkdir(parents=True)
    if domain == "gait":
        classes, channels = (evil("well"), evil("ill")), tuple(evil(name) for name in "abcdef")
        html = gait_data.make(classes=classes, channels=channels, title=evil("title")).page().html
    elif domain == "graphs":
        study = graph_data.make()  # its proteins, patients and pathways are markup
        html = study.page().html
        write_patient_files(study.graphs, study.cohort.samples, beside)
    else:
        (beside / "s/slide").mkdir(parents=True)
        Image.new("RGB", (256, 256), "pink").save(beside / "s/slide/0_0_0.jpg")
        shown = {"folder": "slide", "ending": "jpg", "width": 256, "height": 256, "levels": 1, "down": 1.0}
        shown |= {"absent": [], "square": 512}
        heat = {**shown, "name": evil("target"), "title": evil("relevance"), "limits": [1.0]}
        outline = {"kind": "annotation", "class": evil("class"), "rings": [[[9, 9], [99, 9], [99, 99], [9, 9]]]}
        slide = {"name": evil("slide"), "title": evil("slide"), "folder": "s", "width": 256, "height": 256}
        slide |= {"mpp": [0.5, 0.5], "picture": shown, "heatmaps": [heat], "outlines": [outline]}
        look = viewer({"slides": [slide, slide], "colours": ["rgb(0 0 0 / 1)", "rgb(9 9 9 / 1)"]}, evil("remark"))
        html = page_of(evil("title"), evil("study"), [Section("one", evil("part"), (Text(evil("x")), look))]).html
    file = folder / domain / "index.html"
    file.write_text(html, encoding="utf-8")
    return file


@pytest.mark.slow
@pytest.mark.parametrize("domain", ["gait", "graphs", "slides"])
def test_pages_of_made_evidence_show_hostile_names_as_words(browser, tmp_path, domain):
    watched = Watched(browser, made(tmp_path, domain))
    watched.touched()
    watched.harmless()
    watched.page.close()


@pytest.mark.slow
def test_the_policy_refuses_what_escaping_would_have_missed(browser, tmp_path):
    """A page into which markup did get: even then nothing of it runs, and nothing leaves."""
    html = page_of("A title", "a", [Section("one", "One", (Text("MARK"),))]).html
    evil = (
        f"{hostile.IMAGE}<script>window.hacked = 1</script><script src='x.js'></script><base href='http://x.invalid'>"
    )
    evil += "<form action='http://x.invalid'><button id=go></button></form><iframe src='http://x.invalid'></iframe>"
    evil += "<a id=link href='javascript:window.hacked=1'>a</a>"
    (tmp_path / "x.js").write_text("window.hacked = 1")
    (tmp_path / "a").mkdir()
    (tmp_path / "a/index.html").write_text(html.replace("MARK", evil), encoding="utf-8")
    watched = Watched(browser, tmp_path / "a/index.html")
    for place in ("#go", "#link"):
        watched.page.locator(place).dispatch_event("click")
    watched.page.wait_for_timeout(300)
    assert watched.page.evaluate("window.hacked") is None
    assert {"script-src-elem", "img-src", "script-src-attr", "base-uri"} - set(
        watched.page.evaluate("window.refused")
    ) <= {
        "script-src-attr",
        "img-src",
    }
    assert [url for url in watched.asked if "invalid" in url] == []
    watched.page.close()


def test_a_page_names_each_of_its_scripts_and_no_other():
    """The hash in the policy is that of what stands in the page, for pages of every kind."""
    import re

    from biox.core.script_hash import script_hash
    from biox.report.index import index_page
    from biox.report.scripts import GRAPH_SCRIPTS, SCRIPTS, VIEWER_SCRIPTS, allowed, inline

    html = index_page([])
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert "'unsafe-inline'" not in policy[1].split("script-src")[1]
    found = re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)
    assert [script_hash(one) for one in found] == re.findall(r"'sha256-[^']+'", policy[1])
    assert len(found) == len(SCRIPTS)
    for name in (*SCRIPTS, *VIEWER_SCRIPTS, *GRAPH_SCRIPTS):
        inner = inline(name).removeprefix("<script>").removesuffix("</script>")
        assert "</script" not in inner
        assert script_hash(str(inner)) == str(allowed([name]))
