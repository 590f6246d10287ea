"""New people: their scores, their place in the cohort, their curves coloured by relevance, and what is out of range."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from biox.core.study import Study
from biox.core.types import Cohort, Prediction
from biox.report import svg
from biox.report.blocks import Figure, Fold, Grid, Page, Section, Table, Terms, Text, section
from biox.report.curves import spread
from biox.report.marks import class_look, slug
from biox.report.page import page
from biox.report.person_curves import person_curves
from biox.report.words import number, percent, plural

TERMS = (
    (
        "Score",
        "how far the class lies above the best other one, in the model's own units; above zero the model names it.",
    ),
    (
        "Place",
        "the share of the people of that class whose score for it is lower, estimated over the models of all folds, "
        "each with the people of the cohort that it did not learn from; 50 % is the middle.",
    ),
    ("Relevance", "how much each point of a curve spoke for (red) or against (blue) the named class."),
)
MANY, GOLDEN = 600, 0.6180339887
CAUTION = (
    "This is what a statistical model says of recorded curves, not a diagnosis. It knows only the classes of its "
    "cohort and always names one of them, also for a person who belongs to none."
)


MEMBER = (
    "This person is a member of the cohort: it holds the same curves under the same name, and most of the folds' "
    "models learnt from them. Score and place may therefore be too favourable; the study's own report shows this "
    "person by the one model that did not."
)


def person_page(
    study: Study,
    cohort: Cohort,
    known: pd.DataFrame,
    prediction: Prediction,
    provenance: Mapping[str, Any],
) -> Page:
    """The report of new people: one section a person, on one page that needs nothing else.

    known: the cohort's out-of-fold scores (``biox.steps.placed.out_of_fold``), of which the tested people are drawn.
    provenance: the record of the predict step, with ``variant`` where the models are not those of main.
    """
    subjects = list(dict.fromkeys(prediction.samples["subject"]))
    sections = [_person(cohort, known, prediction, (k, str(name))) for k, name in enumerate(subjects)]
    variant = provenance.get("variant", "main")
    which = "" if variant == "main" else f", variant “{variant}”"
    about = [
        Text(CAUTION, "warning"),
        Text(f"Models: the {study.folds.count} folds of “{study.title}”{which}; scores and relevance are their means."),
    ]
    version = f"biox {provenance.get('biox', '–')}, commit {provenance.get('git_commit') or '–'}."
    files = tuple((str(file), str(digest)) for file, digest in provenance.get("inputs", {}).items())
    about += [Text(version, "note"), *_inputs(files)]
    sections.append(section("about", "About this report", about))
    title = f"{subjects[0]} in “{study.title}”" if len(subjects) == 1 else f"{len(subjects)} people in “{study.title}”"
    return page(title, study.name, [made for made in sections if made is not None], home="")


def _inputs(files: tuple[tuple[str, str], ...]) -> list[Fold]:
    """The files that this report rests on, behind a title: there are many."""
    table = Table(("input file", "SHA-256"), files, names=2)
    return [Fold(f"Input files ({len(files)})", (table,))] if files else []


def _person(cohort: Cohort, known: pd.DataFrame, prediction: Prediction, which: tuple[int, str]) -> Section | None:
    number_of, subject = which
    rows = (prediction.samples["subject"] == subject).to_numpy()
    places = prediction.places[prediction.places["subject"] == subject]
    place = place_figure(
        known[known["part"] == "test"], places, (f"place-{number_of + 1}-{slug(subject)}", cohort.classes)
    )
    blocks = [
        Text(_answer(prediction.samples[rows], places), "answer"),
        *_warned(prediction, rows),
        *([Text(MEMBER, "warning")] if prediction.samples.loc[rows, "member"].any() else []),
        Terms(TERMS),
        place,
        _table(places),
        Text("The person's trials over the bands of the cohort's classes (± one standard deviation over people)."),
        Grid(person_curves(cohort, prediction, rows, f"{number_of + 1}-{slug(subject)}")),
        *_outside(prediction, rows),
        Text(_conservation(prediction.conservation[rows]), "note"),
    ]
    return section(f"person-{number_of + 1}", subject, blocks)


def _answer(samples: pd.DataFrame, places: pd.DataFrame) -> str:
    """What the model names, how unanimously, and where that puts the person among the cohort's people."""
    named = places.sort_values("score", kind="stable").iloc[-1]
    trials, agreed = len(samples), int((samples["predicted"] == named["class"]).sum())
    return (
        f"The model names “{named['class']}” ({agreed} of {plural(trials, 'trial')}; on average "
        f"{percent(float(samples['agree'].mean()))} of the folds' models agree). The score for it, "
        f"{number(float(named['score']))}, is higher than that of about {percent(float(named['place']))} of the people "
        "of this class in the cohort."
    )


def _table(places: pd.DataFrame) -> Table:
    rows = tuple((str(r["class"]), number(float(r["score"])), percent(float(r["place"]))) for _, r in places.iterrows())
    return Table(("class", "score", "place among its people"), rows)


def _found_outside(prediction: Prediction, rows: np.ndarray) -> pd.DataFrame:
    """The samples and channels of one person with values that the cohort never reached."""
    return prediction.outside[prediction.outside["sample"].isin(prediction.samples.loc[rows, "sample"])]


def _warned(prediction: Prediction, rows: np.ndarray) -> list[Text]:
    """That the answer is less to be trusted, beside the answer, where values lie outside the cohort's range."""
    channels = _found_outside(prediction, rows)["channel"].nunique()
    if not channels:
        return []
    words = (
        f"In {channels} of {plural(len(prediction.axes[0].labels), 'channel')} some values lie outside anything the "
        "model has seen in the cohort; its answer is less to be trusted there."
    )
    return [Text(words, "warning")]


def _outside(prediction: Prediction, rows: np.ndarray) -> list[Text | Table]:
    """What lies beyond anything seen in the cohort."""
    found = _found_outside(prediction, rows)
    if found.empty:
        return [Text("All values lie within the range of the cohort.")]
    cells = tuple(
        (
            str(r["sample"]),
            str(r["channel"]),
            percent(float(r["share"])),
            str(r["at"]),
            *(number(float(r[n]), 3) for n in ("value", "low", "high")),
        )
        for _, r in found.iterrows()
    )
    head = (
        "trial",
        "channel",
        "points outside",
        "worst at",
        "value",
        "cohort's lowest there",
        "cohort's highest there",
    )
    return [Table(head, cells, "Values outside the range of the cohort, the worst one of each trial and channel.", 2)]


def _conservation(errors: np.ndarray) -> str:
    missing = percent(float(np.median(np.abs(errors))), 1)
    return f"Relevance adds up to the score but for {missing} (median over the trials)."


def place_figure(known: pd.DataFrame, places: pd.DataFrame, which: tuple[str, tuple[str, ...]]) -> Figure:
    """For each class a row: every person of the cohort by score for that class, the new person as a line a model.

    Scores are standardised within each fold (``standing``), since the models of different folds have different scales.
    Lines and dots are of single models and thus comparable; the mean over the models would scatter less than the dots.
    """
    name, classes = which
    lines = {str(r["class"]): r.filter(like="standing:").to_numpy(float) for _, r in places.iterrows()}
    share = {str(r["class"]): percent(float(r["place"])) for _, r in places.iterrows()}
    low, high = spread([known["standing"].to_numpy(float), *lines.values()])
    parts, top = [], 24.0
    for shown, standings in lines.items():
        panel = svg.Panel(110, top, 296, 44, (low, high), (0.0, 1.0))
        parts += [
            svg.text(102, top + 26, shown if len(shown) < 18 else shown[:16] + "…", "label", "end"),
            svg.axes(panel, svg.ticks(*panel.x, 5), [], False),
        ]
        parts += _dots(panel, known[known["class"] == shown], shown, classes)
        at = [svg.at_x(panel, value) for value in standings]
        parts += [svg.line([(x, top - 3), (x, top + 47)], "person") for x in at]
        parts.append(svg.text(float(np.mean(at)), top - 6, f"place {share[shown]}", "tick", "middle"))
        top += 64
    axis = svg.Panel(110, top - 20, 296, 0.0, (low, high), (0.0, 1.0))
    for value in svg.ticks(*axis.x, 5):
        parts.append(svg.text(svg.at_x(axis, value), top - 6, f"{value:g}".replace("-", "−"), "tick", "middle"))
    parts.append(svg.text(258, top + 12, "score for the class (left), standardised", "label", "middle"))
    described = "; ".join(f"{c}: place {share[c]}" for c in lines)
    drawn = svg.picture((420, top + 20), "Place in the cohort", described, parts)
    caption = (
        "Each dot is a person of the cohort, by the one model that was tested on this person: coloured if of the row's "
        "class, pale if of another. Lines: the new person, one for each model. Unit: standard deviations of the people "
        "that the model was tested on."
    )
    return Figure(name, drawn, caption, width=500)


def _dots(panel: svg.Panel, known: pd.DataFrame, shown: str, classes: tuple[str, ...]) -> list[str]:
    """The people of the cohort by their score for one class; of a large cohort only those who have that class.

    Heights within the row follow a fixed sequence, so that dots do not hide each other and stay where they are.
    """
    parts = []
    for k, label in enumerate(classes):
        if label != shown and len(known) > MANY:
            continue
        look, radius = (class_look(k).replace("c", "d"), 2.6) if label == shown else ("other", 1.8)
        scores = known.loc[known["label"] == label, "standing"].to_numpy(float)
        for j, score in enumerate(scores[np.isfinite(scores)]):
            y = panel.top + 6 + (panel.height - 12) * ((j * GOLDEN + k * 0.31) % 1.0)
            parts.append(svg.element("circle", {"cx": svg.at_x(panel, score), "cy": y, "r": radius, "class": look}))
    return parts
