"""Single people: those the model was surest of and those it was least sure of, with their own curves."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from biox.report import svg
from biox.report.blocks import Figure, Fold, Grid, Section, Table, Terms, Text, section
from biox.report.curves import Curve, Key, spread
from biox.report.found import records, table
from biox.report.given import Given, first_method
from biox.report.marks import class_look, colour_bar, legend, levels, relevance_curve, short, slug, tiles
from biox.report.words import number, percent

SHOWN = 3
WIDTH = 400.0
TERMS = (
    (
        "Probability of the true class",
        "what the model gave to the right answer for a person it had not seen, mean over trials.",
    ),
    ("Certainty", "the score of the true class minus the highest other: below zero the model was wrong."),
)


def single_people(given: Given, found: Mapping[Key, Curve]) -> Section | None:
    """The three most and the three least certain people, each with curves coloured by their own relevance."""
    subjects = table(given.evidence, "subjects")
    if subjects is None:
        return None
    ordered = subjects.sort_values(["rank", "subject", "label"], kind="stable")
    most = ordered.head(SHOWN)
    least = ordered.iloc[max(len(ordered) - SHOWN, len(most)) :].iloc[::-1]
    numbered = list(enumerate([*records(most), *records(least)]))
    drawn = [figure for k, row in numbered if (figure := _person(given, found, row, k)) is not None]
    words = (
        "The mean of the person's trials, coloured by the relevance of that person alone, over the class means. "
        "The colours of each person have their own scale."
    )
    grids = [Text(words), Grid(tuple(drawn))] if drawn else []
    return section("single", "The surest and the least sure", [Terms(TERMS), *grids, _all_people(ordered)])


def own_relevance(given: Given, rows: pd.DataFrame) -> tuple[np.ndarray, tuple[str, ...]] | None:
    """Mean relevance of some samples from the model that had not seen them, and the channels it covers."""
    for fold in given.relevances.get(first_method(given), {}).values():
        relevance = fold.get("main")
        if relevance is None:
            continue
        mask = (relevance.samples["sample"].isin(rows["sample"]) & (relevance.samples["part"] == "test")).to_numpy()
        if mask.any():
            return np.asarray(relevance.values[mask], dtype=float).mean(axis=0), relevance.axes[0].labels
    return None


def _person(given: Given, found: Mapping[Key, Curve], row: object, k: int) -> Figure | None:
    subject, label, predicted, score, certainty = (
        getattr(row, name) for name in ("subject", "label", "predicted", "score", "certainty")
    )
    samples = given.cohort.samples
    rows = samples[(samples["subject"] == subject) & (samples["label"] == label)]
    if rows.empty:
        return None
    mean = np.asarray(given.cohort.x[rows.index.to_numpy()], dtype=float).mean(axis=0)
    relevance = own_relevance(given, rows)
    parts, height = cells(given, found, mean, relevance)
    title = f"{subject}: {label}" + (f", named {predicted}" if predicted != label else "")
    verdict = f"probability of the true class {percent(float(score))}, certainty {number(float(certainty))}"
    parts += [svg.text(8, 16, short(title, 58), "head"), svg.text(8, 31, verdict, "small")]
    drawn = svg.picture((WIDTH, height), title, verdict, parts)
    wrong = f" The model named {predicted}." if predicted != label else ""
    return Figure(f"person-{k + 1}-{slug(str(subject))}", drawn, f"{subject} ({label}): {verdict}.{wrong}", width=520)


def cells(
    given: Given, found: Mapping[Key, Curve], mean: np.ndarray, relevance: tuple[np.ndarray, tuple[str, ...]] | None
) -> tuple[list[str], float]:
    """One small panel a channel: the person's curve over the means of the classes; also the height of them all."""
    classes = given.cohort.classes
    parts, height = legend(8, 48, classes, WIDTH - 16)
    limit = 0.0 if relevance is None else float(np.abs(relevance[0]).max())
    channels = given.cohort.axes[0].labels
    places, bottom = tiles(len(channels), WIDTH, 42.0 + height)
    for k, (channel, (left, top, width, high)) in enumerate(zip(channels, places, strict=True)):
        own = [(i, c) for i, name in enumerate(classes) if (c := found.get(("mean", name, channel))) is not None]
        x = own[0][1].point if own else np.arange(mean.shape[1], dtype=float)
        y = spread([mean[k], *(c.value for _, c in own)])
        panel = svg.Panel(left, top, width, high, (float(x[0]), float(x[-1])), y)
        parts.append(svg.text(left, panel.top - 4, short(channel, 22), "small"))
        parts.append(svg.axes(panel, svg.ticks(*panel.x, 2), svg.ticks(*y, 2), True))
        parts += [svg.curve(panel, c.point, c.value, f"{class_look(i)} faint") for i, c in own]
        parts.append(_own_curve(panel, x, mean[k], (channel, relevance, limit)))
    return (parts + colour_bar(30, bottom + 4, limit) if limit else parts), bottom + (28 if limit else 4)


def _own_curve(
    panel: svg.Panel,
    x: np.ndarray,
    y: np.ndarray,
    coloured: tuple[str, tuple[np.ndarray, tuple[str, ...]] | None, float],
) -> str:
    channel, relevance, limit = coloured
    if relevance is None or channel not in relevance[1]:
        return svg.curve(panel, x, y, "ink")
    return relevance_curve(panel, x, y, levels(relevance[0][relevance[1].index(channel)], limit))


def _all_people(ordered: pd.DataFrame) -> Fold:
    """Every person in order of certainty, behind a title."""
    rows = tuple(
        (
            str(r.subject),
            str(r.label),
            str(r.predicted),
            percent(float(r.score), 1),
            number(float(r.certainty)),
            f"{r.rank:.0f}",
        )
        for r in records(ordered)
    )
    head = ("person", "true class", "named", "probability of the true class", "certainty", "rank")
    return Fold("All people in order of certainty", (Table(head, rows, names=3),))
