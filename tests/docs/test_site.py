"""The documentation as a site: built strictly, complete, and without a look at anything outside."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
# What a page fetches by itself, as opposed to links that a reader may follow.
FETCHED = re.compile(r"<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\bsrc=[\"']?([^\"'\s>]+)")
LINKED = re.compile(
    r"<link\b(?=[^>]*\brel=[\"']?(?:stylesheet|icon|preload|preconnect))[^>]*?\bhref=[\"']?([^\"'\s>]+)"
)
STYLED = re.compile(r"(?:@import\s+|url\()[\"']?([^\"')]+)")
LARGEST, ALL = 200_000, 1_500_000


def pages_of(entry) -> list[str]:
    """The pages that a part of the navigation leads to."""
    if isinstance(entry, str):
        return [entry]
    return [page for each in (entry.values() if isinstance(entry, dict) else entry) for page in pages_of(each)]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    if importlib.util.find_spec("properdocs") is None or importlib.util.find_spec("mkdocstrings") is None:
        pytest.skip("the tools of the extra `docs` are not installed")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "properdocs", "build", "--config-file", ROOT / "mkdocs.yml", "--site-dir", folder]
    done = subprocess.run([*map(str, command)], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_page_is_reached_from_the_navigation():
    reached = set(pages_of(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]))
    assert {page.name for page in DOCS.glob("*.md")} <= reached


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_every_page_says_in_its_beginning_for_whom_it_is(page):
    assert re.search(r"^\*For ", "\n".join(page.read_text().splitlines()[:6]), flags=re.MULTILINE)


def test_pictures_are_small():
    sizes = {file.name: file.stat().st_size for file in (DOCS / "pictures").glob("*.png")}
    assert sizes
    assert max(sizes.values()) < LARGEST, sizes
    assert sum(sizes.values()) < ALL


@pytest.mark.slow
def test_no_page_of_the_site_loads_from_outside(site):
    found = {}
    for file in [*site.rglob("*.html"), *site.rglob("*.css")]:
        text = file.read_text()
        pattern = (STYLED,) if file.suffix == ".css" else (FETCHED, LINKED, STYLED)
        outside = {url for each in pattern for url in each.findall(text) if re.match(r"(?:https?:)?//", url)}
        found |= {str(file.relative_to(site)): outside} if outside else {}
    assert not found


@pytest.mark.slow
def test_the_site_says_how_to_call_every_public_function(site):
    from biox import explain, lrp

    for name, package in (("lrp", lrp), ("explain", explain)):
        text = (site / f"reference/{name}.html").read_text()
        missing = [one for one in package.__all__ if f">{one}<" not in text and f".{one}" not in text]
        assert not missing, missing


@pytest.mark.slow
def test_in_a_browser_the_search_answers_and_nothing_is_asked_of_a_network(browser, site):
    asked: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto((site / "tutorial-gait.html").as_uri())
    page.get_by_placeholder("Search").first.fill("body weight")
    page.wait_for_selector(".md-search-result__item", timeout=60_000)
    answer = page.locator(".md-search-result__list").inner_text()
    page.close()
    assert "body weight" in answer.lower()
    assert not [url for url in asked if not url.startswith(("file:", "data:", "blob:"))]
