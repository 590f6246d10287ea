"""A map of points in groups: each group has its colour, its shape and its number, so that no one needs the colour."""

import numpy as np

from biox.report import svg

MOST = 1500
"""Points drawn at most; of more, evenly chosen ones."""

_ROUND = tuple((float(np.cos(a)), float(np.sin(a))) for a in np.arange(8) * np.pi / 4)
_ARM = 0.36
SHAPES: tuple[tuple[tuple[float, float], ...], ...] = (
    _ROUND,
    ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    ((0, -1.2), (1.1, 0.8), (-1.1, 0.8)),
    ((0, -1.35), (1.1, 0), (0, 1.35), (-1.1, 0)),
    (
        (-_ARM, -1.2), (_ARM, -1.2), (_ARM, -_ARM), (1.2, -_ARM), (1.2, _ARM), (_ARM, _ARM),
        (_ARM, 1.2), (-_ARM, 1.2), (-_ARM, _ARM), (-1.2, _ARM), (-1.2, -_ARM), (-_ARM, -_ARM),
    ),
    ((0, 1.2), (1.1, -0.8), (-1.1, -0.8)),
    ((-1.3, -0.5), (1.3, -0.5), (1.3, 0.5), (-1.3, 0.5)),
)  # fmt: skip
"""The shape of every group as the corners of a polygon around 0, 0; they repeat after the last."""


def mark(x: float, y: float, size: float, group: int) -> str:
    """One point as a piece of a path, in the shape of its group."""
    corners = SHAPES[(group + group // len(SHAPES)) % len(SHAPES)]  # colours repeat after seven groups, pairs do not
    places = [f"{x + size * a:.1f} {y + size * b:.1f}" for a, b in corners]
    return f"M{'L'.join(places)}Z"


def look(group: int) -> str:
    """The CSS class of a group's colour."""
    return f"m{group % len(svg.CLASS_DASHES)}"


def scatter(points: np.ndarray, groups: np.ndarray, title: str) -> str:
    """The map as a drawing; groups are numbered from 1 as they are read.

    points: shape (point, 2); what is not finite is left out. groups: whole numbers from 0.
    """
    known = np.isfinite(points).all(axis=1)
    points, groups = points[known], groups[known]
    sizes = "; ".join(
        f"group {k + 1}: {n} heatmaps" for k, n in zip(*np.unique(groups, return_counts=True), strict=True)
    )
    kept = np.unique(np.linspace(0, len(points) - 1, min(len(points), MOST)).round().astype(int))
    panel = svg.Panel(10, 28, 400, 300, _range(points[:, 0]), _range(points[:, 1]))
    size = 3.4 if len(kept) < 400 else 2.2
    parts, numbers = [svg.text(10, 16, title, "head")], []
    for k in np.unique(groups):
        own = points[kept][groups[kept] == k]
        marks = [mark(svg.at_x(panel, x), svg.at_y(panel, y), size, int(k)) for x, y in own]
        parts.append(svg.element("path", {"d": "".join(marks), "class": look(int(k))}))
        x, y = np.median(points[groups == k], axis=0)
        numbers.append(svg.text(svg.at_x(panel, x), svg.at_y(panel, y) + 5, str(k + 1), "number", "middle"))
    return svg.picture((420, 336), title, sizes, [*parts, *numbers])


def _range(values: np.ndarray) -> tuple[float, float]:
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    air = 0.04 * (high - low) + 1e-9
    return low - air, high + air
