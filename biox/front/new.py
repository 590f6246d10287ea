"""``biox new``: a study file in which every setting stands with its meaning, its default and what else is possible."""

import argparse
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_type_hints

from biox.core.errors import InputError, listed

if TYPE_CHECKING:
    from biox.front.explained import Entry

NAME = r"[a-z0-9][a-z0-9_-]*"
HEAD = """\
# A study of {domain}. What stands here is read; lines that begin with "# name:" show a setting at its default,
# and count once their "# " is gone. Paths are taken from the folder in which biox runs.
# Then call `biox check {study}` and `biox run {study}`. More: docs/study-file.md and docs/data-formats.md of biox.
"""
# The settings of a study itself; those of its sections are explained where they are defined.
MEANINGS = {
    "name": "as the file is called: small letters, digits, - and _",
    "title": "stands above the report",
    "question": "what the study is to answer, in one sentence",
    "domain": "the field",
    "label_level": "subject: the label belongs to the person; trial: one person has samples of several labels",
    "seed": "of folds, training and intervals",
    "data": "which reader, and its settings",
    "simulate": "raw files that biox makes first; the section data reads them",
    "external": "a further cohort that no model learns from, e.g. {source: table, file: data/other.csv}",
    "classes": "new classes from the labels, e.g. {healthy: [control], ill: [knee, hip]}; others are left out",
    "folds": "how the people are split; nobody is in two folds",
    "normalise": "of every channel, from the training people; minmax-all uses everybody",
    "channels": "a list: only these channels",
    "training": "how networks learn",
    "learn": "what is learnt, if not everything as it is",
    "prepare": "what is done to the values before any model sees them",
    "variants": "the same study with something changed, e.g. {minmax: {normalise: minmax}}: rows of one table",
    "methods": "how predictions are explained; the first is drawn",
    "validate_": "the statistics",
    "graph": "how influences between proteins are measured",
    "trust": "tests of the explanations, on which the verdict rests",
    "report": "what the report shows",
    "compute": "where jobs compute",
    "predict": "new people, e.g. {first: {source: table, file: data/new_person.csv}}",
}


def new(options: argparse.Namespace) -> None:
    """Begin a study: write a settings file in which everything is explained."""
    from biox.core.files import write_text
    from biox.core.study_files import SETTINGS

    name, file = options.study, options.config / f"{options.study}.yaml"
    if file.exists():
        raise InputError(f"{file} exists already and is left as it is. Give another name, or edit it.")
    if not re.fullmatch(NAME, name):
        raise InputError(f"A study may not be called {name!r}: small letters, digits, - and _, the first no sign.")
    text = study_text(name, options.domain, options.source)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text(file, text)
    print(f"{file} is written: read it, and fill in your own.\nThen: biox check {name}\nThen: biox run {name}")
    settings = options.config / SETTINGS
    if settings.exists():
        print(
            f"`biox run` without a name runs the studies that {settings} lists; add {name} there to have it among them."
        )
    else:
        write_text(settings, settings_text(name))
        print(f"{settings} is written, too: it lists your studies, and what a job may use.")


def study_text(study: str, domain: str, source: str | None) -> str:
    """The text of a new study file; a source that the field does not have is an InputError that lists them."""
    from biox.core.find import bind, checked, find
    from biox.core.study import Study
    from biox.front.explained import Entry, entries, entry, lines
    from biox.front.starts import FITTING, QUESTIONS, USUAL

    chosen = {**FITTING[domain], **_data(study, domain, source or USUAL[domain])}
    reader = chosen["data"]["source"]
    title, package = study.replace("_", " ").replace("-", " ").capitalize(), f"biox.domains.{domain}"
    own = {"name": study, "title": title, "question": QUESTIONS[domain], "domain": domain}
    usual = checked(Study, {**own, "data": {"source": reader}}, "biox new")
    sections = {
        "data": _reader(package, chosen["data"]),
        "validate": entry(
            "validate", bind(find(package, "validate"), {}, "")["settings"], chosen.get("validate", ...), ""
        ),
    }
    if "simulate" in chosen:
        settings = bind(find(package, f"{package}.simulate:write"), {}, "")["settings"]
        sections["simulate"] = entry("simulate", settings, chosen["simulate"], "")
    found = []
    for one in entries(usual, {**chosen, **own}, {**MEANINGS, "model": _models(domain)}):
        inside = sections[one.key].inside if one.key in sections else one.inside
        chosen_here = one.chosen or any(e.chosen for e in inside)
        if one.key != "graph" or usual.graph is not None:
            found.append(Entry(one.key, one.value, one.words, chosen_here, inside))
    return HEAD.format(study=study, domain=domain) + "\n".join(lines(found)) + "\n"


def readers(domain: str) -> list[str]:
    """The readers of a field that a study can learn from."""
    from biox.core.find import find, known
    from biox.core.types import Cohort
    from biox.front.starts import WITHOUT_LABELS

    package = f"biox.domains.{domain}"
    named = [name for name in known(package) if name not in WITHOUT_LABELS]
    return [name for name in named if get_type_hints(find(package, name)).get("return") is Cohort]


def _data(study: str, domain: str, source: str) -> dict[str, Any]:
    from biox.front.starts import EXAMPLES, SIMULATED, simulated

    if source == SIMULATED:
        return simulated(domain, study)
    if source not in readers(domain):
        there = listed([*readers(domain), *({SIMULATED} - set(readers(domain)))])
        raise InputError(f"There is no source {source!r} for {domain}; --source may be {there}.")
    return {"data": {"source": source, **EXAMPLES.get((domain, source), {})}}


def _reader(package: str, chosen: Mapping[str, Any]) -> "Entry":
    """The section ``data``: the reader, and all of its settings."""
    from biox.core.find import find
    from biox.front.explained import Entry, entries, sentence

    settings = get_type_hints(find(package, chosen["source"]))["settings"]
    given = settings.model_validate({key: value for key, value in chosen.items() if key != "source"})
    # Only what has no default is taken from the example: all else is compared with the defaults of the class.
    bare = settings.model_construct(**{key: getattr(given, key) for key in given.model_fields_set})
    others = [name for name in readers(package.rpartition(".")[2]) if name != chosen["source"]]
    words = sentence(f"others: {', '.join(others)}", "")
    source = Entry("source", chosen["source"], words, chosen=True)
    return Entry("data", None, "", True, (source, *entries(bare, chosen, {})))


def _models(domain: str) -> str:
    """Which models there are; a graph study has its own."""
    from biox.core.find import known
    from biox.core.study import GRAPH_DOMAINS

    if domain in GRAPH_DOMAINS:
        return "the network that predicts hidden proteins, by name or with its settings"
    return f"by name or with its settings: {', '.join(known('biox.models'))}, or your own as package.module:function"


def settings_text(study: str) -> str:
    """The settings of the workflow in a folder that has none: its one study, and what a job may use."""
    from biox.front.workflow import carried_settings

    text = carried_settings().read_text(encoding="utf-8")
    resources = text[text.index("resources:") :]
    return (
        "# Which studies `biox run` works on when none is named; each is a file beside this one.\n"
        f"studies:\n  - {study}\n# What a job of each step may use: memory in MB, minutes.\n{resources}"
    )
