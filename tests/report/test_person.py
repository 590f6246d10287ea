"""The report of new people, and the index of all reports."""

import re
from dataclasses import replace
from html import unescape

import numpy as np

from biox.report import Entry, entry, index_page, person_page


def test_a_person_is_placed_among_the_people_of_the_named_class(made, prediction):
    known, found = prediction
    page = person_page(made.study, made.cohort, known, found, made.provenance["ingest"])
    html = unescape(page.html).replace("\u00a0", " ")
    assert "The model names “knee” (2 of 2 trials; on average 83 % of the folds' models agree)" in html
    assert "The score for it, 1.20, is higher than that of about 44 % of the people of this class" in html


def test_the_page_names_a_variant_but_not_main(made, prediction):
    known, found = prediction
    pages = [person_page(made.study, made.cohort, known, found, {"variant": name}).html for name in ("main", "svm")]
    assert ["variant “" in page for page in pages] == [False, True]
    assert "variant “svm”" in pages[1]


def test_values_outside_the_cohort_are_said_and_drawn(made, prediction):
    known, found = prediction
    page = person_page(made.study, made.cohort, known, found, made.provenance["ingest"])
    assert "outside anything the model has seen" in page.html
    assert page.figures["person-1-n1-3"].count('class="ring"') == 10

    inside = replace(found, x=np.asarray(made.cohort.x[-2:]), outside=found.outside.iloc[:0])
    plain = person_page(made.study, made.cohort, known, inside, made.provenance["ingest"])
    assert "All values lie within the range of the cohort." in plain.html
    assert 'class="ring"' not in plain.figures["person-1-n1-3"]


def test_each_model_draws_its_own_line_and_the_place_stands_above(made, prediction):
    known, found = prediction
    figure = person_page(made.study, made.cohort, known, found, {}).figures["place-1-n1"]
    assert figure.count('class="person"') == 2 * 3
    assert ">place 44 %<" in figure


def test_a_member_of_the_cohort_is_told_so(made, prediction):
    known, found = prediction
    plain = person_page(made.study, made.cohort, known, found, {}).html
    own = replace(found, samples=found.samples.assign(member=[False, True]))
    assert "member of the cohort" not in plain
    assert "member of the cohort" in person_page(made.study, made.cohort, known, own, {}).html


def test_a_page_that_may_be_sent_to_someone_links_to_no_other_file(made, prediction):
    known, found = prediction
    html = person_page(made.study, made.cohort, known, found, {}).html
    assert all(link.startswith("#") for link in re.findall(r'href="([^"]*)"', html))


def test_two_people_have_a_section_each(made, prediction):
    known, found = prediction
    samples = found.samples.assign(subject=["N1", "<b>N2</b>"])
    places = [found.places, found.places.assign(subject="<b>N2</b>")]
    two = replace(found, samples=samples, places=type(found.places)(np.concatenate(places), columns=places[0].columns))
    html = person_page(made.study, made.cohort, known, two, {}).html
    assert re.findall(r'<section id="(person-\d)">', html) == ["person-1", "person-2"]
    assert "<b>N2</b>" not in html
    assert len(re.findall(r'id="figure-', html)) == len(set(re.findall(r'id="(figure-[^"]+)"', html))) == 14


def test_only_the_channels_that_the_model_saw_are_drawn(made, prediction):
    known, found = prediction
    seen = (replace(found.axes[0], labels=found.axes[0].labels[2:3]), found.axes[1])
    partial = replace(found, x=found.x[:, 2:3], relevance=found.relevance[:, 2:3], axes=seen)
    page = person_page(made.study, made.cohort, known, partial, {})
    assert sorted(page.figures) == ["person-1-n1-1", "place-1-n1"]
    assert ">affected V<" in page.figures["person-1-n1-1"]


def test_the_same_person_gives_the_same_bytes(made, prediction):
    known, found = prediction
    first, second = (person_page(made.study, made.cohort, known, found, {}).html for _ in range(2))
    assert first == second


def test_the_index_gives_each_study_its_answers(made):
    html = index_page([entry(made.study, made.cohort, made.evidence)]).replace("\u00a0", " ")
    assert '<a href="made/index.html">A made study</a>' in html
    assert "88.1 % of the samples" in html
    assert "rank correlation 0.39" in html


def test_the_index_escapes_what_studies_say():
    html = index_page([Entry("made", "<script>a</script>", "<img src=x>", ("<b>x</b>",))])
    assert "<script>a" not in html
    assert "<img" not in html
    assert "<b>x" not in html


def test_an_index_of_nothing_says_so():
    assert "There is no report yet." in index_page([])
