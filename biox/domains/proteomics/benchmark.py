"""How well does the average graph of every method agree with a known graph? All methods are asked about the same pairs.

p: by shuffling the proteins of the known graph (``truth_null``). A method leads only if the interval of its difference
says so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from biox.core.types import Evidence, claims_table
from biox.domains.proteomics.graph_scores import OWN, Scored, around
from biox.domains.proteomics.known import Known, matrix
from biox.domains.proteomics.scores import Counted, auroc, average_precision, counted, precision_of_top, ranked
from biox.domains.proteomics.truth_null import Asked, asked, chance, shuffled, shufflings

COLUMNS = ["method", "reference", "scope", "pairs", "measure", "value", "low", "high", "p", "n", "base"]
ALL, WITHOUT = "all", "without same protein"
Measure = Callable[[Counted], np.ndarray]


@dataclass(frozen=True)
class Plan:
    """top: how many of the strongest pairs count as found. permutations: shufflings of the known graph, by ``seed``."""

    top: int
    permutations: int
    seed: int


def benchmark(scored: Scored, reference: Known, proteins: tuple[str, ...], same: np.ndarray, plan: Plan) -> Evidence:
    """Every method against one known graph, with and without pairs of one protein (``same``) where there are any.

    Scores of directed pairs are held against direction (scope ``average directed``), others against pairs.
    """
    truth = matrix(reference, proteins)
    spoken_of = np.flatnonzero(np.isin(proteins, reference.proteins))
    usable = np.all([np.isfinite(one) for one in scored.value.values()], axis=0)
    kinds: dict[str, np.ndarray | None] = {ALL: None}
    if same[np.ix_(spoken_of, spoken_of)].any():
        kinds[WITHOUT] = same
    rows, claims, curves = [], [], []
    for kind, left_out in kinds.items():
        question = asked(scored.pairs, usable, truth, spoken_of, left_out)
        if not question.true.any() or question.true.all():
            continue
        measured = {name: _measured(scored, name, question, plan) for name in scored.value}
        place = (reference.name, "average directed" if scored.pairs.directed else "average", kind)
        made = [row_of(name, place, found, scored.subjects) for name, every in measured.items() for found in every]
        times = shufflings(question, plan.permutations)
        rows += made
        claims += claims_of(made, f"{scored.how}; p: proteins of the known graph shuffled {times} times, one-sided")
        claims += leads(measured, place, scored)
        if not scored.pairs.directed:
            claims += [_hypergeometric(scored, name, question, place, plan.top) for name in scored.value]
            curves += [_curve(scored.value[name], name, question, place) for name in scored.value]
    table = pd.DataFrame(rows, columns=COLUMNS)
    tables = {"benchmark": table} | ({"precision_curve": pd.concat(curves, ignore_index=True)} if curves else {})
    return Evidence(claims_table(claims), tables)


@dataclass(frozen=True)
class Measured:
    """One figure of one method: its value, its draws (NaN where it was not resampled), p and the value by chance."""

    measure: str
    value: float
    drawn: np.ndarray
    p: float
    base: float


def measures(top: int) -> dict[str, Measure]:
    """The measures of agreement by name."""
    return {
        "AUROC": auroc,
        "AUPR": average_precision,
        f"precision of top {top}": lambda found: precision_of_top(found, top),
    }


def _measured(scored: Scored, name: str, question: Asked, plan: Plan) -> list[Measured]:
    score = ranked(scored.value[name][question.counting])
    here, kinds = counted(score, question.true[None]), measures(plan.top)
    null: dict[str, list[np.ndarray]] = {measure: [] for measure in kinds}
    for chunk in shuffled(question, score, draws=plan.permutations, seed=plan.seed):
        for measure, compute in kinds.items():
            null[measure].append(compute(chunk))
    drawn = _drawn(scored, name, question, kinds)
    density = float(question.true.mean())
    made = []
    for measure, compute in kinds.items():
        value = float(compute(here)[0])
        p = chance(value, np.concatenate(null[measure]))
        made.append(Measured(measure, value, drawn[measure], p, 0.5 if measure == "AUROC" else density))
    return made


def _drawn(scored: Scored, name: str, question: Asked, kinds: dict[str, Measure]) -> dict[str, np.ndarray]:
    tables = scored.drawn.get(name, [])
    found: dict[str, list[float]] = {measure: [] for measure in kinds}
    for one in tables:
        score = np.nan_to_num(np.asarray(one)[question.counting], nan=-np.inf)
        levels = counted(ranked(score), question.true[None])
        for measure, compute in kinds.items():
            found[measure].append(float(compute(levels)[0]))
    return {measure: np.array(values, float) for measure, values in found.items()}


def row_of(name: str, place: tuple[str, str, str], found: Measured, subjects: int) -> tuple[Any, ...]:
    """One row of the table ``benchmark``; place: the known graph, the scope and the pairs."""
    ends = around(found.value, found.drawn, subjects)
    return (name, *place, found.measure, found.value, *ends, found.p, subjects, found.base)


def claims_of(made: list[tuple[Any, ...]], how: str) -> list[dict[str, Any]]:
    """Rows of the table ``benchmark`` as claims; how: what is said of all of them."""
    rows = pd.DataFrame(made, columns=COLUMNS).to_dict("records")
    return [
        {
            "claim": row["measure"],
            "group": f"{row['method']} | {row['reference']} | {row['scope']} | {row['pairs']}",
            **{key: row[key] for key in ("value", "low", "high", "p", "n")},
            "method": f"{how}; {row['base']:.3g} by chance",
        }
        for row in rows
    ]


def leads(measured: dict[str, list[Measured]], place: tuple[str, str, str], scored: Scored) -> list[dict[str, Any]]:
    """The figure of the network's influences minus that of every baseline, on the same draws of patients."""
    rows = []
    others = {name: every for name, every in measured.items() if name != OWN}
    for number, own in enumerate(measured[OWN]):
        best = max(others, key=lambda name: others[name][number].value, default=None)
        for name, every in others.items():
            other = every[number]
            redone = len(other.drawn) == len(own.drawn)
            drawn = own.drawn - (other.drawn if redone else other.value)
            value = own.value - other.value
            low, high = around(value, drawn, scored.subjects, low=-1.0, high=1.0)
            how = scored.how if redone else f"{scored.how}: {name} is held fixed"
            rows.append(
                {
                    "claim": f"{own.measure}, lrp minus {'best baseline' if name == best else 'baseline'}",
                    "group": " | ".join((name, *place)),
                    "value": value,
                    "low": low,
                    "high": high,
                    "n": scored.subjects,
                    "method": how,
                }
            )
    return rows


def _hypergeometric(
    scored: Scored, name: str, question: Asked, place: tuple[str, str, str], top: int
) -> dict[str, Any]:
    score = scored.value[name][question.counting]
    k = min(top, len(score))
    found = float(precision_of_top(counted(ranked(score), question.true[None]), k)[0])
    hits = int(np.floor(found * k + 1e-6))
    every, true = len(question.true), int(question.true.sum())
    return {
        "claim": f"known edges among the strongest {k}",
        "group": " | ".join((name, *place)),
        "value": hits,
        "p": stats.hypergeom.sf(hits - 1, every, true, k),
        "n": every,
        "unit": "pairs",
        "method": f"hypergeometric, {true} of {every} pairs are known, {k * true / every:.1f} expected; it takes pairs "
        "for independent, which those of one protein are not: see the p of the precision",
    }


def _curve(score: np.ndarray, name: str, question: Asked, place: tuple[str, str, str]) -> pd.DataFrame:
    levels = counted(ranked(score[question.counting]), question.true[None])
    ks = np.unique(np.geomspace(10, max(10, len(question.true) // 2), 40).astype(int))
    precision = [float(precision_of_top(levels, int(k))[0]) for k in ks]
    return pd.DataFrame({"method": name, "reference": place[0], "pairs": place[2], "k": ks, "precision": precision})
