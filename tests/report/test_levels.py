"""Three levels of readers: everything is reachable, nothing technical reaches the patient, the choice is kept."""

import re
from html import unescape

import pytest

from biox.report import person_page
from biox.report.blocks import Fold, Only, Section, Text, figures
from biox.report.levels import EVERYONE, EXPERTS, INSTITUTION, PATIENT, levels
from biox.report.page import page
from tests.report.test_trust import page_of


def plain(html: str) -> str:
    part = html.split('<section id="plain">')[1].split("</section>")[0]
    return unescape(re.sub(r"<svg\b.*?</svg>|<[^>]+>", " ", part, flags=re.S)).replace("\u00a0", " ")


def readers_of(html: str) -> dict[str, str]:
    found = re.findall(r'<div class="part" data-readers="([^"]+)">\s*<section id="([^"]+)">', html)
    return {name: readers for readers, name in found}


def test_each_section_says_for_whom_it_is_and_the_page_opens_for_the_clinician(made):
    html = page_of(made).html
    found = readers_of(html)
    assert found["plain"] == "patient"
    assert found["answer"] == found["trust"] == "clinician institution"
    assert {found[name] for name in ("trust-checks", "model-card", "data-card", "method", "claims")} == {"institution"}
    assert len(found) == html.count("<section id=")
    assert re.findall(r'value="(\w+)" autocomplete="off" checked', html) == ["clinician"]


def test_the_institution_sees_all_that_the_clinician_sees(made):
    clinical = [readers for readers in readers_of(page_of(made).html).values() if "clinician" in readers]
    assert clinical
    assert all("institution" in readers for readers in clinical)


def test_the_patients_level_has_one_picture_and_no_statistics(made):
    html = page_of(made).html
    part = html.split('<section id="plain">')[1].split("</section>")[0]
    assert part.count("<figure") == 1
    for word in ("p =", "95 %", "SPM", "Hedges", "relevance", "lrp", "correlation"):
        assert word not in plain(html), word


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (None, "It passed these tests"),
        ("stability", "with caution"),
        ("above random order", "do not rely on it"),
    ],
)
def test_the_patient_is_told_the_verdict_in_plain_words(made, rule, said):
    text = plain(page_of(made, {"lrp": rule} if rule else None).html)
    assert said in " ".join(text.split())


def test_the_patient_is_told_that_it_is_no_diagnosis_and_how_many_warnings_there_are(made):
    text = " ".join(plain(page_of(made).html).split())
    assert "88 of 100 cases" in text
    assert "not a diagnosis" in text
    assert "Your doctor can read" in text


def test_a_page_for_one_kind_of_reader_has_no_switch():
    assert 'name="reader"' not in page("t", "s", [Section("a", "A", (Text("a"),))]).html
    both = [Section("a", "A", (Text("a"),)), Section("b", "B", (Text("b"),), INSTITUTION)]
    assert levels(both) == [("clinician", "Clinician"), ("institution", "Institution and developer")]


def test_readers_are_found_inside_sections_and_their_figures_too(made):
    inner = Section("a", "A", (Only(PATIENT, (Text("p"),)), Only(EXPERTS, (Fold("f", (Text("e"),)),))), EVERYONE)
    assert [name for name, _ in levels([inner])] == ["patient", "clinician", "institution"]
    assert figures(inner.blocks) == []


def test_a_persons_place_is_for_everyone_and_the_numbers_are_not(made, prediction):
    known, found = prediction
    html = person_page(made.study, made.cohort, known, found, made.provenance["ingest"]).html
    patient = re.findall(r'<div data-readers="patient">(.*?)</div>\s*<div data-readers=', html, flags=re.S)
    assert "the computer counts 2 to the group “knee”" in " ".join(unescape(re.sub("<[^>]+>", " ", patient[0])).split())
    assert html.count('id="figure-place-') == 1


@pytest.fixture
def file(made, tmp_path):
    target = tmp_path / "index.html"
    target.write_text(page_of(made).html)
    return target.as_uri()


def shown(page) -> set[str]:
    return {name for name in ("plain", "answer", "trust-checks") if page.locator(f"#{name}").is_visible()}


@pytest.mark.slow
def test_the_switch_works_by_keyboard_is_kept_in_the_address_and_follows_links(browser, file):
    page = browser.new_page()
    page.goto(file)
    assert shown(page) == {"answer"}
    page.focus("#reader-clinician")
    page.keyboard.press("ArrowRight")
    assert shown(page) == {"answer", "trust-checks"}
    assert page.url.endswith("#reader=institution")
    page.reload()
    assert shown(page) == {"answer", "trust-checks"}
    page.goto(f"{file}#reader=patient")
    page.reload()
    assert shown(page) == {"plain"}
    page.goto(f"{file}#trust-checks")
    page.wait_for_function("document.getElementById('reader-institution').checked")
    assert shown(page) == {"answer", "trust-checks"}
    page.close()


@pytest.mark.slow
def test_without_scripts_the_switch_still_works_and_print_keeps_the_level(browser, file):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(file)
    assert shown(page) == {"answer"}
    page.check("#reader-patient")
    assert shown(page) == {"plain"}
    page.emulate_media(media="print")
    assert shown(page) == {"plain"}
    assert page.locator(".levels").inner_text().split() == ["Written", "for", "Patient"]
    page.context.close()
