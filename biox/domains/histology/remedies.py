"""Did the remedy help? Every measure of a bias before (main) and after (each other variant), and the gain."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from biox.core.types import Evidence, claims_table
from biox.domains.histology.concerned import told
from biox.domains.histology.measures import Metric, difference
from biox.domains.histology.views import HOW
from biox.stats.bootstrap import Resample, claim_row

LEFT_OUT = ("logistic", "zero-rule")


@dataclass(frozen=True)
class Measured:
    """One measure by variant; ``better``: "higher", "lower" or "nearer to 1"; ``tiles``: those that count (a mask)."""

    measure: str
    group: str
    unit: str
    better: str
    metrics: Mapping[str, Metric]
    tiles: np.ndarray


def remedies(measured: list[Measured], drawn: Resample) -> Evidence:
    """One row a measure and variant: before, after and their difference, patients drawn alike (table ``remedies``)."""
    rows, claims = [], []
    for one in measured:
        before = one.metrics["main"]
        for variant, after in one.metrics.items():
            if variant == "main" or variant in LEFT_OUT:
                continue
            first, second, gain = (told(m, drawn, one.tiles) for m in (before, after, difference(after, before)))
            rows.append(
                {
                    "measure": one.measure,
                    "group": one.group,
                    "variant": variant,
                    "before": first.value,
                    "after": second.value,
                    "gain": gain.value,
                    "low": gain.low,
                    "high": gain.high,
                    "unit": one.unit,
                    "better": one.better,
                    "patients": gain.n,
                }
            )
            group = " | ".join(part for part in (variant, one.group) if part)
            claims.append(claim_row(gain, f"change of {one.measure}", group, f"minus main, paired; {HOW}", one.unit))
    return Evidence(claims_table(claims), {"remedies": pd.DataFrame(rows)} if rows else {})


def by_variant(metrics: Mapping[tuple[str, str], Metric]) -> dict[str, dict[str, Metric]]:
    """Metrics by (variant, group) as group -> variant -> metric."""
    found: dict[str, dict[str, Metric]] = {}
    for (variant, group), metric in metrics.items():
        found.setdefault(group, {})[variant] = metric
    return found
