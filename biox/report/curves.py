"""Reading the long table of curves: one curve at a time, as arrays, without an error where there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from biox.report.found import records, table
from biox.report.given import Given, first_method

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Curve:
    """A curve over the points of a channel, with its band (NaN where it has none)."""

    point: np.ndarray
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray


def curves(given: Given) -> Mapping[Key, Curve]:
    """Every curve of the evidence by (quantity, group, channel); of relevance, that of the first method."""
    found = table(given.evidence, "curves")
    if found is None:
        return {}
    if "method" in found:
        found = found[found["method"].fillna("").isin(["", first_method(given)])]
    return {key: _curve(rows) for key, rows in found.groupby(["quantity", "group", "channel"], sort=False)}  # type: ignore[misc]


def comparisons(found: Mapping[Key, Curve], quantity: str) -> list[str]:
    """The comparisons for which there are curves of a quantity, in their order."""
    return list(dict.fromkeys(group for kind, group, _ in found if kind == quantity))


def main_comparison(found: Mapping[Key, Curve], prefix: str = "") -> tuple[str, str]:
    """The statistic and group of the study's main comparison: F over all classes, or t of the only pair."""
    over_all, pairs = comparisons(found, f"{prefix}F"), comparisons(found, f"{prefix}t")
    return (f"{prefix}F", over_all[0]) if over_all else (f"{prefix}t", pairs[0] if pairs else "")


def rows_of(given: Given, name: str, wanted: Mapping[str, str]) -> list[Any]:
    """The rows of a table whose columns have the wanted values; none where the table is absent."""
    found = table(given.evidence, name)
    if found is None:
        return []
    for column, value in wanted.items():
        found = found[found[column] == value] if column in found else found
    return records(found)


def stretches(given: Given, test: tuple[str, str], channel: str) -> list[Any]:
    """Where a channel differs by random field theory: the clusters of a test (its statistic and comparison)."""
    where = {"quantity": test[0], "comparison": test[1], "channel": channel, "method": "random field"}
    return rows_of(given, "clusters", where)


def spread(values: list[np.ndarray], least: float = 0.0) -> tuple[float, float]:
    """A range that holds all values with a little air, at least ``least`` wide."""
    known = np.concatenate([v[np.isfinite(v)] for v in values]) if values else np.zeros(0)
    if not known.size:
        return -1.0, 1.0
    low, high = float(known.min()), float(known.max())
    air = max(0.06 * (high - low), (least - (high - low)) / 2, 1e-9)
    return low - air, high + air


def _curve(rows: pd.DataFrame) -> Curve:
    ordered = rows.assign(point=rows["point"].astype(float)).sort_values("point", kind="stable")
    return Curve(*(ordered[name].to_numpy(float) for name in ("point", "value", "low", "high")))
