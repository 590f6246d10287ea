"""Precision of the strongest pairs: how many of the top k a known graph has, for every method."""

import numpy as np
import pandas as pd

from biox.report import svg
from biox.report.blocks import Figure, Grid
from biox.report.found import table
from biox.report.given import Given
from biox.report.marks import slug
from biox.report.words import number

LEFT, TOP, WIDTH, HEIGHT = 44.0, 38.0, 352.0, 200.0
NAMES = {
    "lrp": "this network",
    "expected-gradients": "expected gradients",
    "pearson": "|Pearson|",
    "partial": "partial correlation",
    "lasso": "graphical lasso",
    "genie3": "GENIE3",
    "lioness": "LIONESS",
    "product": "|z·z|",
}


def precision_curves(given: Given) -> list[Grid]:
    """One figure for each known graph and choice of pairs; none where no curve was computed."""
    found = table(given.evidence, "precision_curve")
    if found is None:
        return []
    bases = _bases(given)
    drawn = [
        curve(
            rows.dropna(subset=["precision"]), (str(key[0]), str(key[1])), bases.get((str(key[0]), str(key[1])), np.nan)
        )
        for key, rows in found.groupby(["reference", "pairs"], sort=False)
        if rows["precision"].notna().any()
    ]
    return [Grid(tuple(drawn))] if drawn else []


def _bases(given: Given) -> dict[tuple[str, str], float]:
    """The share of pairs that are edges, by known graph and pairs, as the benchmark states it for precision."""
    found = table(given.evidence, "benchmark")
    if found is None:
        return {}
    average = found["scope"] == "average"
    own = found[average & found["measure"].str.startswith("precision") & found["base"].notna()]
    return {(str(r["reference"]), str(r["pairs"])): float(r["base"]) for r in own.to_dict("records")}


def curve(found: pd.DataFrame, which: tuple[str, str], base: float) -> Figure:
    """Precision over the number of pairs, which runs on a scale of powers of ten; chance is the dashed line."""
    reference, pairs = which
    k = found["k"].to_numpy(float)
    low, high = np.log10(max(k.min(), 1)), np.log10(max(k.max(), 2))
    top = max(float(found["precision"].max()), base if np.isfinite(base) else 0.0)
    panel = svg.Panel(LEFT, TOP, WIDTH, HEIGHT, (low, max(high, low + 0.1)), (0.0, min(1.02, 1.1 * top + 0.02)))
    parts = [svg.text(4, 14, f"{reference}, {pairs if pairs != 'all' else 'all pairs'}", "head"), _axes(panel)]
    if np.isfinite(base):
        parts.append(svg.level_line(panel, base, "permutation"))
        parts.append(svg.text(LEFT + 4, svg.at_y(panel, base) - 4, f"chance {number(base)}", "halo"))
    names = sorted(dict.fromkeys(found["method"]), key=lambda name: list(NAMES).index(name) if name in NAMES else 99)
    for look, name in enumerate(names):
        own = found[found["method"] == name].sort_values("k")
        drawn = svg.curve(
            panel, np.log10(own["k"].to_numpy(float)), own["precision"].to_numpy(float), _look(name, look)
        )
        parts.append(drawn)
    legend, height = _legend(names)
    caption = (
        f"The share of the k strongest pairs that “{reference}” has"
        f"{'' if pairs == 'all' else f', {pairs} pairs'}; higher is better."
    )
    size = LEFT + WIDTH + 14, TOP + HEIGHT + 46 + height
    drawn = svg.picture(size, f"Precision of the strongest pairs, {reference}", caption, [*parts, *legend])
    return Figure(f"precision-{slug(reference)}-{slug(pairs)}", drawn, caption, width=560)


def _look(method: str, k: int) -> str:
    """The network is a thick line in ink; the others have the colours and dashes of classes."""
    return "person" if method == "lrp" else f"c{(k - 1) % len(svg.CLASS_DASHES)}"


def _axes(panel: svg.Panel) -> str:
    """The frame, with ticks at 1, 2, 5 times powers of ten."""
    bottom, parts = panel.top + panel.height, [svg.axes(panel, [], svg.ticks(*panel.y, 5), False)]
    for power in range(int(np.floor(panel.x[0])), int(np.ceil(panel.x[1])) + 1):
        for step in (1, 2, 5):
            at = np.log10(step * 10.0**power)
            if panel.x[0] - 1e-9 <= at <= panel.x[1] + 1e-9:
                x = svg.at_x(panel, float(at))
                parts += [svg.line([(x, panel.top), (x, bottom + 3)], "grid")]
                parts += [svg.text(x, bottom + 14, f"{step * 10**power:g}", "tick", "middle")]
    parts.append(svg.text(panel.left + panel.width / 2, bottom + 30, "k strongest pairs", "label", "middle"))
    parts.append(svg.text(4, panel.top - 8, "precision", "label"))
    return "".join(parts)


def _legend(names: list[str]) -> tuple[list[str], float]:
    parts, x, y = [], 8.0, TOP + HEIGHT + 50
    for k, name in enumerate(names):
        words = NAMES.get(name, name)
        wide = 30 + 6.1 * len(words)
        if x > 8 and x + wide > LEFT + WIDTH:
            x, y = 8.0, y + 16
        parts += [svg.line([(x, y - 4), (x + 20, y - 4)], _look(name, k)), svg.text(x + 24, y, words)]
        x += wide
    return parts, y - (TOP + HEIGHT + 50) + 12
