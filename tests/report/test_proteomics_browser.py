"""The graphs of a page in a real browser, from disk: what is drawn, told and loaded when the reader acts."""

import pytest

from biox.report.patient_files import write_patient_files
from tests.report.graph_data import make


@pytest.fixture(scope="module")
def opened(browser, tmp_path_factory):
    """The page of a study opened from disk, and what went wrong or was asked for while it was."""
    folder, made = tmp_path_factory.mktemp("graph"), make()
    (folder / "index.html").write_text(made.page().html, encoding="utf-8")
    write_patient_files(made.graphs, made.cohort.samples, folder / "viewer")
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    faults, asked = [], []
    page.on("console", lambda m: faults.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto((folder / "index.html").as_uri())
    yield page, faults, asked
    page.close()


def average(page):
    figure = page.locator("figure.graph-average")
    figure.scroll_into_view_if_needed()
    figure.locator(".graph-side tr").first.wait_for()
    return figure


def drawn(figure) -> int:
    return figure.evaluate("figure => figure.drawing.view.edges.length")


def moved(slider, value) -> None:
    slider.evaluate("(e, value) => { e.value = value; e.dispatchEvent(new Event('input')); }", value)


@pytest.mark.slow
def test_sliders_and_lists_choose_the_edges(opened):
    page, faults, _ = opened
    figure = average(page)
    assert drawn(figure) == 150
    moved(figure.locator(".graph-top"), 0)
    assert drawn(figure) == 5
    figure.locator(".graph-kept").uncheck()
    moved(figure.locator(".graph-top"), figure.locator(".graph-top").get_attribute("max"))
    assert drawn(figure) == 1770
    moved(figure.locator(".graph-strength"), 100)
    assert drawn(figure) == 1
    moved(figure.locator(".graph-strength"), 0)
    figure.locator(".graph-pathway").select_option(index=1)
    assert drawn(figure) == 15
    figure.locator(".graph-pathway").select_option(index=0)
    figure.locator(".graph-group").select_option(index=1)
    assert drawn(figure) == 600
    figure.locator(".graph-group").select_option(index=0)
    assert faults == []


@pytest.mark.slow
def test_a_protein_is_found_by_name_and_shows_its_neighbours(opened):
    page, faults, _ = opened
    figure = average(page)
    figure.locator(".graph-find").fill("P010")
    assert figure.locator(".side-title").inner_text() == "P010"
    assert figure.locator(".graph-side tr").count() == 25
    figure.locator(".graph-find").press("Escape")
    assert figure.locator(".side-title").inner_text() == "Strongest edges shown"
    assert faults == []


@pytest.mark.slow
def test_patients_are_loaded_when_they_are_chosen_and_from_nowhere_else(opened):
    page, faults, asked = opened
    figure = page.locator("figure.graph-people")
    figure.scroll_into_view_if_needed()
    first, second = figure.locator(".graph-person").all()
    first.locator("tbody tr").first.wait_for()
    second.locator("tbody tr").first.wait_for()
    assert first.locator(".graph-type").inner_text() != second.locator(".graph-type").inner_text()
    first.locator(".graph-find").fill("TCGA-0044")
    wanted = first.locator(".graph-type", has_text="SKCM")
    wanted.wait_for()
    assert first.locator("tbody tr").count() == 20
    assert all(url.startswith(("file:", "data:")) for url in asked)
    assert faults == []


@pytest.mark.slow
def test_a_page_without_its_folder_says_so(opened, tmp_path):
    page, _, _ = opened
    (tmp_path / "index.html").write_text(make().page().html, encoding="utf-8")
    other = page.context.browser.new_page()
    other.goto((tmp_path / "index.html").as_uri())
    other.locator("figure.graph-people").scroll_into_view_if_needed()
    other.locator(".graph-message").wait_for(state="visible")
    other.close()
