"""Held-out accuracy by protein: a dot a protein, sorted, filled where it can be predicted and so may have edges."""

import numpy as np
import pandas as pd

from biox.report import svg
from biox.report.blocks import Figure, Fold, Hover, Section, Table, Terms, Text, section
from biox.report.found import claim, table
from biox.report.given import Given
from biox.report.words import UNKNOWN, count, interval, number, p_cell, plural

TERMS = (
    (
        "Held-out correlation",
        "how well the network says the level of a protein from the others (nine tenths of them are shown), in patients "
        "it has not seen; 1 is perfect, 0 is no better than the mean.",
    ),
    (
        "Predicted",
        "the correlation is above 0 beyond chance, after correction for the number of proteins (Holm). Only such "
        "proteins may have edges: what cannot be predicted cannot say what its prediction relied on.",
    ),
)
LEFT, WIDTH, TOP, HEIGHT = 46.0, 380.0, 16.0, 190.0
LISTED = 5


def accuracy(given: Given) -> Section | None:
    """The figure, the proteins that cannot be predicted by name, and all numbers behind a title."""
    found = predicted(given)
    if found is None:
        return None
    ordered = found.sort_values("r", ascending=False, kind="stable").reset_index(drop=True)
    cells = tuple(_row(row) for row in ordered.to_dict("records"))
    head = ("protein", "correlation", "95 % interval", "p", "p, Holm", "patients", "")
    all_of_them = Fold(f"Every protein ({len(cells)})", (Table(head, cells, notes=1),))
    blocks = [Terms(TERMS), Text(sentence(given)), dots(ordered), Text(refused(ordered)), all_of_them]
    return section("accuracy", "How well each protein is predicted", blocks)


def predicted(given: Given) -> pd.DataFrame | None:
    """The table of the proteins; without it what the graph's nodes say, which have no intervals."""
    found = table(given.evidence, "proteins")
    if found is None and given.graphs is not None and len(given.graphs.nodes):
        found = given.graphs.nodes
    if found is None:
        return None
    made = found.assign(**{name: np.nan for name in ("r", "low", "high", "p", "q", "n") if name not in found})
    return made.assign(predicted=made["predicted"].astype(bool))


def sentence(given: Given) -> str:
    """How many proteins can be predicted, and how well."""
    found = predicted(given)
    if found is None:
        return ""
    known, r = int(found["predicted"].sum()), found["r"].dropna()
    stated = claim(given.evidence, "held-out correlation, median protein", "")
    ends = (
        "" if stated is None or not np.isfinite(stated.low) else f", 95 % interval {interval(stated.low, stated.high)}"
    )
    spread = f"; the correlations run from {number(r.min())} to {number(r.max())}" if len(r) > 1 else ""
    middle = f" (median correlation {number(r.median())}{ends}{spread}; guessing the mean gives 0)" if len(r) else ""
    return (
        f"In patients it had not seen, the network predicts {count(known)} of {plural(len(found), 'protein')} from the "
        f"others better than chance{middle}."
    )


def refused(found: pd.DataFrame) -> str:
    """The proteins that have no edges, by name as far as there are few."""
    names = [f"“{name}”" for name in found.loc[~found["predicted"], "protein"]]
    if not names:
        return "All proteins can be predicted; none is kept out of the graph."
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    hollow = "It is hollow." if len(names) == 1 else "They are hollow."
    return f"Not predicted, and so without edges: {', '.join(names[:LISTED])}{more}. {hollow}"


def dots(found: pd.DataFrame) -> Figure:
    """Proteins from the best predicted to the worst, with their intervals.

    found: sorted. A dot is filled where the protein is predicted.
    """
    n = len(found)
    ends = found[["r", "low", "high"]].to_numpy(float)
    known = ends[np.isfinite(ends)]
    low, high = (min(float(known.min()), 0.0), max(float(known.max()), 0.1)) if known.size else (0.0, 1.0)
    panel = svg.Panel(LEFT, TOP, WIDTH, HEIGHT, (-0.5, n - 0.5), (low - 0.03, min(high + 0.03, 1.02)))
    bottom, radius = TOP + HEIGHT, max(1.3, min(3.6, 150 / n))
    parts = [svg.axes(panel, [], svg.ticks(*panel.y, 5), False), svg.level_line(panel, 0.0, "zero")]
    for k, row in enumerate(found.to_dict("records")):
        x = svg.at_x(panel, float(k))
        if np.isfinite([row["low"], row["high"]]).all():
            parts.append(svg.line([(x, svg.at_y(panel, float(row[end]))) for end in ("low", "high")], "thin"))
        if np.isfinite(row["r"]):
            look = "dot" if row["predicted"] else "hollow"
            parts.append(
                svg.element("circle", {"cx": x, "cy": svg.at_y(panel, float(row["r"])), "r": radius, "class": look})
            )
    parts += [
        svg.text(LEFT, bottom + 16, "best predicted", "tick"),
        svg.text(LEFT + WIDTH, bottom + 16, "worst", "tick", "end"),
        svg.text(LEFT + WIDTH / 2, bottom + 16, f"{plural(n, 'protein')}, sorted", "label", "middle"),
        svg.text(4, 10, "held-out correlation", "label"),
        svg.line([(0.0, TOP), (0.0, bottom)], "cursor"),
    ]
    size, caption = (
        (LEFT + WIDTH + 14, bottom + 24),
        (
            "Each dot is a protein; filled: predicted beyond chance, hollow: not. Lines: 95 % intervals over patients, "
            "where they were computed. Move over the figure to read names and numbers."
        ),
    )
    drawn = svg.picture(size, "Held-out correlation of every protein", f"{n} proteins, sorted", parts)
    return Figure("proteins", drawn, caption, _hover(found, size[0]), width=620)


def _hover(found: pd.DataFrame, width: float) -> Hover:
    step = WIDTH / len(found)
    place = (LEFT + step / 2) / width, (LEFT + WIDTH - step / 2) / width
    cells = [_row(row) for row in found.to_dict("records")]
    read = (("correlation", 1), ("95 % interval", 2), ("p, Holm", 4), ("", 6))
    series = tuple((name, tuple(cell[k] for cell in cells)) for name, k in read)
    return Hover(*place, tuple(str(name) for name in found["protein"]), "", series)


def _row(row: dict) -> tuple[str, ...]:
    known = interval(float(row["low"]), float(row["high"]))
    figures = number(float(row["r"])), known, p_cell(float(row["p"])), p_cell(float(row["q"]))
    n = float(row["n"])
    return (str(row["protein"]), *figures, count(n) if n == n else UNKNOWN, "" if row["predicted"] else "not predicted")
