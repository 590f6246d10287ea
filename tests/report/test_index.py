"""The list of all studies: whole without a script, and with it searched, filtered and sorted."""

import pytest

from biox.report.index import Entry, index_page

VERDICTS = ("mixed", "not supported", "supported", "not tested")
HOSTILE = "<img src=x onerror=alert(1)>"


def entries(count: int) -> list[Entry]:
    fields = ("gait", "histology", "proteomics")
    return [
        Entry(f"s{k}", f"Study {k}", "Is it?", (f"answer{k} of it",), fields[k % 3], 10 * (k % 7), VERDICTS[k % 4])
        for k in range(count)
    ]


def test_without_a_script_every_study_is_listed_in_the_order_given():
    html = index_page(entries(200)).split("<script>")[0]
    places = [html.index(f'href="s{k}/index.html"') for k in range(200)]
    assert places == sorted(places)
    assert '<form class="choose" hidden>' in html


def test_only_what_the_studies_have_can_be_chosen():
    html = index_page(entries(2))
    assert "<option>gait</option>" in html
    assert "<option>proteomics</option>" not in html


def test_a_title_of_code_stays_text():
    html = index_page([Entry("s", HOSTILE, HOSTILE, (HOSTILE,), HOSTILE, 1, "mixed")])
    assert "<img" not in html


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    file = tmp_path_factory.mktemp("index") / "index.html"
    file.write_text(index_page(entries(200)), encoding="utf-8")
    opened = browser.new_page()
    opened.goto(file.as_uri())
    yield opened
    opened.close()


def shown(page) -> list[str]:
    return page.locator("tbody tr:visible").evaluate_all("rows => rows.map((row) => row.dataset.study)")


@pytest.mark.slow
def test_words_field_and_verdict_narrow_the_list_together(page):
    page.locator("[name=domain]").select_option("gait")
    page.locator("[name=verdict]").select_option("mixed")
    assert shown(page) == [f"Study {k}" for k in range(0, 200, 12)]
    page.locator("[name=words]").fill("ANSWER24 of")
    assert shown(page) == ["Study 24"]
    assert page.locator("[role=status]").inner_text() == "1 of 200 studies"
    page.locator("form.choose").evaluate("form => { form.reset(); form.dispatchEvent(new Event('input')); }")
    assert len(shown(page)) == 200


@pytest.mark.slow
def test_columns_are_sorted_by_the_keyboard_and_say_so(page):
    people = page.locator("thead th[data-sort=people]")
    for way, first in (("ascending", "0"), ("descending", "60")):
        people.locator("button").focus()
        page.keyboard.press("Enter")
        assert people.get_attribute("aria-sort") == way
        assert page.locator("tbody tr td.n").first.inner_text() == first
    page.locator("[name=order]").select_option("study")
    assert shown(page)[:3] == ["Study 0", "Study 1", "Study 2"]
    assert shown(page)[-1] == "Study 199"
    page.locator("[name=order]").select_option("verdict")
    assert shown(page)[0] == "Study 2"
