"""A study's page: the sections in their order, put into the one template."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import biox
from biox.core.find import find, known
from biox.report.agreement import agreement, maps_between_classes
from biox.report.answer import question
from biox.report.blocks import Hover, Page, Section, figures
from biox.report.cards import card_files, data_card, model_card
from biox.report.checks import confounders, conservation, raters, variants
from biox.report.colour import dark, declarations, light
from biox.report.given import Drawn, Given
from biox.report.graph_view import asks_for_files, drawn_data, has_graph
from biox.report.levels import FIRST, levels
from biox.report.method import method
from biox.report.origin import all_claims, origin
from biox.report.people import people
from biox.report.performance import performance
from biox.report.plain import plain
from biox.report.script_data import script_safe
from biox.report.scripts import allowed, asset, inline, scripts
from biox.report.svg import look, standalone
from biox.report.tables import table_files
from biox.report.trust import trust, trust_checks
from biox.report.truth import truth
from biox.report.viewer import has_viewer, viewer_data


def study_page(given: Given) -> Page:
    """The report of one study: question, answer, figures, checks, method, provenance; one page that needs nothing else
    but, for slides, the pictures of its viewer, and for graphs the edges of single patients.

    Sections whose evidence is absent are left out. Equal evidence gives equal bytes.
    """
    study = given.study
    drawn = find("biox.report", study.domain)(given) if study.domain in known("biox.report") else Drawn(None, (), None)
    asked = question(given)
    sections = [
        plain(given, asked),
        asked,
        drawn.cohort or people(given),
        performance(given),
        drawn.curves,
        *drawn.sections,
        trust(given),
        trust_checks(given),
        agreement(given),
        truth(given),
        maps_between_classes(given, drawn.maps),
        variants(given),
        confounders(given),
        drawn.single,
        conservation(given),
        raters(given),
        model_card(given),
        data_card(given),
        method(given),
        all_claims(given),
        origin(given),
    ]
    tables = table_files(study.name, study.title, given.evidence)
    made = page(study.title, study.name, [section for section in sections if section is not None], tables=tuple(tables))
    return replace(made, files=card_files(given), tables=tables)


def page(
    title: str, subtitle: str, sections: Sequence[Section], home: str = "../index.html", tables: Sequence[str] = ()
) -> Page:
    """Any page of sections: its HTML, and each of its figures as a file.

    home: where the list of all studies is; tables: the files of its folder ``tables``, which its foot leads to.
    """
    drawn = {figure.name: standalone(figure.svg) for part in sections for figure in figures(part.blocks)}
    given = {"title": title, "subtitle": subtitle, "sections": sections, "home": home, "tables": tables}
    html = environment().get_template("page.html").render(**given, scripts=scripts(sections))
    return Page(html, drawn)


@cache
def environment() -> Environment:
    """The templates, with everything escaped that is not drawn by this package."""
    made = Environment(
        loader=PackageLoader("biox.report"),
        autoescape=True,
        finalize=_together,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(kind=lambda block: type(block).__name__.lower(), drawing=Markup, data=_data)
    made.filters.update(has_viewer=has_viewer, viewer_data=viewer_data)
    made.filters.update(has_graph=has_graph, asks_for_files=asks_for_files, drawn_data=drawn_data, levels=levels)
    made.globals.update(
        style=Markup(_style()), asset=lambda name: Markup(asset(name)), first_level=FIRST, version=biox.__version__
    )
    made.filters.update(inline=inline, allowed=allowed)
    return made


def _together(value: object) -> object:
    """Text in which a number stays on one line with what belongs to it: ``95 %``, ``p = 0.03``."""
    return (
        re.sub(r"(?<=\d) (?=%)|(?<=\bp) (?=[=<] )|(?<=[=<±]) (?=[\d−])", "\u00a0", value)
        if type(value) is str
        else value
    )


def _style() -> str:
    """The style sheet, with the colours of both themes and the look of the figures."""
    day, night = declarations(light()), declarations(dark())
    themes = (
        f":root {{ {day} }}\n@media (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) {{ {night} }} }}\n"
        f":root[data-theme=dark] {{ {night} }}\n@media print {{ :root:root:root {{ {day} }} }}\n"
    )
    return themes + look() + "\n" + asset("style.css") + asset("levels.css") + asset("paper.css")


def _data(hover: Hover) -> Markup:
    """The numbers under the cursor as JSON that can stand inside a page: nothing in it can close the script element."""
    kept = {"left": hover.left, "right": hover.right, "positions": hover.positions, "unit": hover.unit}
    return Markup(script_safe({**kept, "series": hover.series}))
