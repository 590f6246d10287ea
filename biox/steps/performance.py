"""How often a model names the right class, and how far to believe its probabilities, with intervals over people."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from biox.core.types import Evidence, claims_table
from biox.stats import metrics
from biox.stats.bootstrap import Resample, claim_row, interval

Metric = Callable[..., np.ndarray]

METRICS: dict[str, tuple[Metric, str]] = {
    "accuracy": (metrics.accuracy, "share"),
    "balanced accuracy": (metrics.balanced_accuracy, "share"),
    "AUROC": (metrics.auroc, "share"),
    "Brier score": (metrics.brier, ""),
    "calibration error": (metrics.calibration_error, "share"),
}
BASELINES = ("zero-rule", "logistic")
VOTE = "accuracy by subject vote"
OFFICIAL = ("accuracy", "balanced accuracy", "AUROC", VOTE)


@dataclass(frozen=True)
class Outcome:
    """What was true: class index y and subject of every sample, the classes, and whether labels belong to people."""

    y: np.ndarray
    subject: np.ndarray
    classes: tuple[str, ...]
    label_level: str


@dataclass(frozen=True)
class Published:
    """The samples of a published test set (a mask), and its people drawn again."""

    rows: np.ndarray
    drawn: Resample


def performance(name: str, logits: np.ndarray, out: Outcome, drawn: Resample) -> Evidence:
    """Accuracy and its relatives of one variant with intervals over people, its confusion and calibration.

    logits: out of fold, shape (sample, class).
    """
    counts = metrics.confusion(logits, out.y)
    confusion = pd.DataFrame(
        [
            {"variant": name, "true": true, "predicted": predicted, "count": int(counts[i, j])}
            for i, true in enumerate(out.classes)
            for j, predicted in enumerate(out.classes)
        ]
    )
    calibration = metrics.calibration_table(logits, out.y).assign(variant=name)
    tables = {"confusion": confusion, "calibration": calibration}
    return Evidence(claims_table(_measured(name, logits, out, drawn)), tables)


def official(name: str, logits: np.ndarray, out: Outcome, given: Published) -> Evidence:
    """Accuracy on the people whom a published split sets apart for testing, by the model that trained on the others.

    Comparable with what others report of this split, unlike the claims over all folds, which test everybody once.
    """
    part = Outcome(out.y[given.rows], out.subject[given.rows], out.classes, out.label_level)
    how = "people of the published test set; model of fold 0"
    rows = [
        row | {"claim": f"{row['claim']}, official test", "method": f"{how}; {row['method']}"}
        for row in _measured(name, logits[given.rows], part, given.drawn)
        if row["claim"] in OFFICIAL
    ]
    return Evidence(claims_table(rows), {})


def above(logits: Mapping[str, np.ndarray], y: np.ndarray, drawn: Resample) -> Evidence:
    """How much better main is than each baseline, on the same drawn people."""

    def difference(baseline: str) -> Callable[[np.ndarray], np.ndarray]:
        return lambda w: metrics.accuracy(logits["main"], y, w) - metrics.accuracy(logits[baseline], y, w)

    present = [name for name in BASELINES if name in logits]
    rows = [_claim(f"accuracy above {name}", "main", "share", drawn, difference(name)) for name in present]
    return Evidence(claims_table(rows), {})


def _measured(name: str, logits: np.ndarray, out: Outcome, drawn: Resample) -> list[dict]:
    rows = [
        _claim(claim, name, unit, drawn, lambda w, m=metric: m(logits, out.y, w))
        for claim, (metric, unit) in METRICS.items()
    ]
    if out.label_level != "subject":
        return rows
    votes = metrics.subject_vote(logits, out.y, out.subject)
    one_each = Resample(drawn.counts, np.arange(len(votes.y)))
    row = _claim(VOTE, name, "share", one_each, lambda w: metrics.accuracy(votes.logits, votes.y, w))
    return [*rows, row | {"method": f"mean probability over a person's samples; {row['method']}"}]


def _claim(claim: str, group: str, unit: str, drawn: Resample, metric: Callable) -> dict:
    method = f"out of fold; 95 % interval, {len(drawn.counts)} bootstrap draws of people"
    return claim_row(interval(metric, drawn), claim, group, method, unit)
