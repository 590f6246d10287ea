"""A new person's curves, channel by channel, coloured by relevance over the bands of the cohort's classes."""

import numpy as np
import pandas as pd

from biox.core.types import Cohort, Prediction
from biox.report import svg
from biox.report.blocks import Figure, Hover
from biox.report.curves import spread
from biox.report.marks import (
    axis_name,
    axis_unit,
    band_look,
    class_look,
    colour_bar,
    legend,
    levels,
    relevance_curve,
    rounded,
)

WIDTH, LEFT, PLOT, HEIGHT = 400.0, 46.0, 340.0, 150.0


def person_curves(cohort: Cohort, prediction: Prediction, rows: np.ndarray, name: str) -> tuple[Figure, ...]:
    """One figure a channel that the model sees, for the samples of one person."""
    own = np.asarray(prediction.x[rows], dtype=float)
    relevance = np.asarray(prediction.relevance[rows], dtype=float).mean(axis=0)
    limit = float(np.abs(relevance).max())
    drawn = []
    for k, channel in enumerate(prediction.axes[0].labels):
        bands = class_bands(cohort, channel)
        drawn.append(_figure(cohort, bands, (own[:, k], relevance[k], limit), (channel, f"{name}-{k + 1}")))
    return tuple(drawn)


def class_bands(cohort: Cohort, channel: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Mean and standard deviation over people of each class; under ``""`` the cohort's smallest and largest values."""
    values = np.asarray(cohort.x[:, cohort.axes[0].labels.index(channel)], dtype=float)
    means = pd.DataFrame(values).groupby([cohort.samples["label"], cohort.samples["subject"]]).mean()
    bands = {}
    for name in cohort.classes:
        people = means.loc[name].to_numpy()
        bands[name] = people.mean(axis=0), people.std(axis=0, ddof=1) if len(people) > 1 else np.zeros(people.shape[1])
    return {**bands, "": (values.min(axis=0), values.max(axis=0))}


def _figure(
    cohort: Cohort,
    bands: dict[str, tuple[np.ndarray, np.ndarray]],
    coloured: tuple[np.ndarray, np.ndarray, float],
    which: tuple[str, str],
) -> Figure:
    trials, relevance, limit = coloured
    channel, name = which
    lowest, highest = bands[""]
    key, height = legend(LEFT, 34, cohort.classes, PLOT)
    mean, points = trials.mean(axis=0), positions(cohort)
    y = spread(
        [trials.ravel(), *(mean + side * sd for label, (mean, sd) in bands.items() if label for side in (-1, 1))]
    )
    panel = svg.Panel(LEFT, 30 + height, PLOT, HEIGHT, (float(points[0]), float(points[-1])), y)
    parts = [svg.text(8, 16, channel, "head"), *key, svg.axes(panel, svg.ticks(*panel.x, 4), svg.ticks(*y, 4), True)]
    for k, label in enumerate(cohort.classes):
        centre, sd = bands[label]
        parts.append(svg.band(panel, points, (centre - sd, centre + sd), band_look(k)))
        parts.append(svg.curve(panel, points, centre, f"{class_look(k)} faint"))
    parts += [svg.curve(panel, points, trial, "trial") for trial in trials] if len(trials) > 1 else []
    parts += [svg.curve(panel, points, mean, "thin"), relevance_curve(panel, points, mean, levels(relevance, limit))]
    beyond = [
        (x, v) for trial in trials for x, v, a, b in zip(points, trial, lowest, highest, strict=True) if v < a or v > b
    ]
    parts += [
        svg.element("circle", {"cx": svg.at_x(panel, x), "cy": svg.at_y(panel, v), "r": 2.4, "class": "ring"})
        for x, v in beyond
    ]
    bottom = panel.top + HEIGHT
    parts += [svg.text(LEFT + PLOT / 2, bottom + 28, axis_name(cohort), "label", "middle")]
    parts += [svg.line([(0.0, panel.top), (0.0, bottom)], "cursor"), *colour_bar(LEFT, bottom + 40, limit)]
    outside = f" Red rings: {len(beyond)} values outside the cohort's range." if beyond else ""
    caption = f"{channel}, {cohort.unit}. Coloured: mean of the trials; thin lines: single trials.{outside}"
    described = f"Mean of the person's trials over the classes {', '.join(cohort.classes)}.{outside}"
    drawn = svg.picture((WIDTH, bottom + 62), channel, described, parts)
    return Figure(f"person-{name}", drawn, caption, _hover(cohort, bands, mean, relevance), 520)


def _hover(
    cohort: Cohort, bands: dict[str, tuple[np.ndarray, np.ndarray]], mean: np.ndarray, relevance: np.ndarray
) -> Hover:
    series = (("this person", mean, 3), ("relevance", relevance, 4), *((c, bands[c][0], 3) for c in cohort.classes))
    read = tuple((words, rounded(values, digits)) for words, values, digits in series)
    return Hover(LEFT / WIDTH, (LEFT + PLOT) / WIDTH, rounded(positions(cohort), 0), axis_unit(cohort), read)


def positions(cohort: Cohort) -> np.ndarray:
    """The positions of the last axis as numbers; their order where they are names."""
    labels = cohort.axes[-1].labels
    try:
        return np.array([float(label) for label in labels])
    except ValueError:
        return np.arange(len(labels), dtype=float)
