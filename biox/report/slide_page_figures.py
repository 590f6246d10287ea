"""The figures of a one-slide report: its place among the cohort's slides, and its tiles with their heatmaps."""

import numpy as np

from biox.domains.histology.predicted import SlidePrediction
from biox.report import svg
from biox.report.blocks import Figure, Grid
from biox.report.explained_tiles import Explained, Shown, scale, strip
from biox.report.marks import short, slug
from biox.report.pictures import reduced, rgb
from biox.report.slide_page_words import explained
from biox.report.words import number, percent

SHOWN, SIDE = 4, 96.0
GOLDEN = 0.6180339887
GROUPS = 4


def place_figure(found: SlidePrediction, which: tuple[int, str]) -> Figure:
    """The share of tiles called positive on every slide of the cohort, by what the slide's tiles are labelled as."""
    k, name = which
    own = float(found.slides.loc[found.slides["slide"] == name, "over"].iloc[0])
    table = found.reference
    groups = list(dict.fromkeys(table.sort_values("positive")["labels"].map(_sorted)))
    named = table["labels"].map(_sorted) if len(groups) <= GROUPS else table["labels"].map(lambda _: "the cohort")
    parts, top = [], 30.0
    for row, group in enumerate(sorted(set(named), key=lambda g: table.loc[named == g, "positive"].mean())):
        panel = svg.Panel(140, top, 280, 34, (0.0, 100.0), (0.0, 1.0))
        parts += [
            svg.text(132, top + 21, short(group, 22), "label", "end"),
            svg.axes(panel, [0, 25, 50, 75, 100], [], False),
        ]
        for j, share in enumerate(table.loc[named == group, "over"]):
            y = top + 5 + 24 * ((j * GOLDEN) % 1.0)
            spot = {"cx": svg.at_x(panel, 100 * float(share)), "cy": y, "r": 2.8, "class": f"d{row % 7}"}
            parts.append(svg.element("circle", spot))
        top += 42
    panel = svg.Panel(140, 24, 280, top - 34, (0.0, 100.0), (0.0, 1.0))
    x = svg.at_x(panel, 100 * own)
    parts += [
        svg.line([(x, 22), (x, top - 6)], "person"),
        svg.text(x, 16, f"this slide: {percent(own)}", "tick", "end" if own > 0.75 else "middle"),
    ]
    parts += [svg.text(svg.at_x(panel, v), top + 6, f"{v}", "tick", "middle") for v in (0, 25, 50, 75, 100)]
    parts.append(svg.text(280, top + 22, f"tiles called {found.positive}, %", "label", "middle"))
    drawn = svg.picture(
        (440, top + 30), f"{name} among the slides of the cohort", f"This slide: {percent(own)}.", parts
    )
    caption = (
        "Each dot is a slide of the cohort, by the model that did not learn from it, in the row of what its tiles are "
        "labelled; the line is this slide."
    )
    return Figure(f"place-{k + 1}-{slug(name)}", drawn, caption, width=500)


def gallery(found: SlidePrediction, which: tuple[int, str] | None) -> list[Grid]:
    """The tiles of one slide (of all where None) that score highest, lowest, and in between."""
    tiles = found.tiles.reset_index(drop=True)
    if which is not None and "slide" in tiles:
        tiles = tiles[tiles["slide"] == which[1]]
    ordered = tiles.sort_values(["score", "sample"], ascending=[False, True], kind="stable")
    unsure = tiles.assign(far=(tiles["score"] - 0.5).abs()).sort_values(["far", "sample"], kind="stable")
    rows = {"Most": ordered.index[:SHOWN], "Least": ordered.index[::-1][:SHOWN], "Unsure": unsure.index[:SHOWN]}
    of = f"probability of “{found.positive}”"
    words = {"Most": f"Highest {of}", "Least": f"Lowest {of}", "Unsure": f"P{of[1:]} nearest to 50 %"}
    if {*rows["Unsure"]} in ({*rows["Most"]}, {*rows["Least"]}):
        del rows["Unsure"]
    tag = "all" if which is None else f"{which[0] + 1}-{slug(which[1])}"
    return [Grid(tuple(_row(found, at.to_numpy(), words[key], f"tiles-{slug(key)}-{tag}") for key, at in rows.items()))]


def _row(found: SlidePrediction, rows: np.ndarray, title: str, name: str) -> Figure:
    shown = [_shown(found, int(row)) for row in rows]
    parts, height = strip(shown, SIDE, 26)
    target = shown[0].tile.target
    size = (SHOWN * (SIDE + 8) + 8, height + 48)
    described = "; ".join(f"{item.first}, {item.second}" for item in shown)
    head = svg.text(8, 16, title, "head")
    drawn = svg.picture(size, title, described, [head, *parts, scale(8, 32 + height, target)])
    caption = f"Above the tile, below its heatmap for {explained(found)}. Every heatmap has its own scale."
    return Figure(name, drawn, caption, width=560)


def _shown(found: SlidePrediction, row: int) -> Shown:
    tile = found.tiles.iloc[row]
    pixels = np.asarray(found.new.x[np.array([row])])[0]
    relevance = np.asarray(found.relevance.values[row], np.float32)
    if pixels.ndim == 4:
        k = int(np.abs(relevance).sum(axis=(1, 2)).argmax())
        pixels, relevance = pixels[:, k], relevance[k]
    target = str(found.relevance.samples["target"].iloc[row])
    place = f"x {tile['x']:.0f}, y {tile['y']:.0f}" if "x" in tile else str(tile["sample"])
    return Shown(
        Explained(reduced(rgb(pixels)), reduced(relevance), target), place, f"probability {number(tile['score'])}"
    )


def _sorted(labels: str) -> str:
    return ", ".join(sorted(labels.split(", ")))
