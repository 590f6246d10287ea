"""Which edges differ between types? A Kruskal-Wallis test of every pair over the patients' own edge strengths.

A patient with several samples of a type counts once, by the mean. Only pairs whose two proteins can both be predicted
are tested. The test asks whether some type has stronger edges than another; it says nothing of why. An influence grows
with the distance of the levels from their mean, so types in which a protein's level differs have different edges of it
without any other wiring. Edges with such a protein are therefore counted beside.
"""

import numpy as np
import pandas as pd
from scipy import stats

from biox.core.types import Evidence, claims_table
from biox.domains.proteomics.strengths import Strengths, pieces
from biox.stats.multiple import holm

SHOWN = 200
FEWEST = 5
CONTROL = "edges of a protein whose level differs between types by itself"
COLUMNS = ["a", "b", "statistic", "p", "p_holm", "q", "highest", "lowest"]


def types_differ(
    main: Strengths,
    proteins: tuple[str, ...],
    predicted: np.ndarray,
    fold: np.ndarray,
    alpha: float,
    z: np.ndarray,
) -> Evidence:
    """The pairs that differ most between types, with the median of every type, and how many differ at all.

    main: of unordered pairs; predicted: shape (protein,); fold: whose network explained each sample; z: the samples'
    standardised levels, shape (sample, protein). Types of fewer than FEWEST patients are left out; with fewer than two
    types there is nothing to compare, and no evidence.
    """
    unit, names, of_unit = _units(main.samples)
    sizes = np.bincount(of_unit, minlength=len(names))
    kept = sizes >= FEWEST
    if kept.sum() < 2:
        return Evidence(claims_table([]), {})
    tested = predicted[main.pairs.a] & predicted[main.pairs.b]
    group = np.where(kept[of_unit], of_unit, -1)
    statistic, p = _tested(main, unit, group, tested)
    alone = _alone(z, unit, group, alpha)
    done = np.isfinite(p)
    q = np.full(len(p), np.nan)
    q[done] = stats.false_discovery_control(p[done]) if done.any() else []
    table = pd.DataFrame(
        {"statistic": statistic, "p": p, "p_holm": holm(p), "q": q, "alone": alone[main.pairs.a] | alone[main.pairs.b]}
    )
    shown = table[done].sort_values(["statistic"], ascending=False, kind="stable").index[:SHOWN].to_numpy()
    medians = _medians(main, unit, of_unit, shown, np.flatnonzero(kept))
    chosen = table.loc[shown].reset_index(drop=True)
    labels = np.array(proteins)
    kinds = np.array(names)[kept]
    chosen = chosen.assign(a=labels[main.pairs.a[shown]], b=labels[main.pairs.b[shown]])
    chosen = chosen.assign(
        highest=kinds[np.nanargmax(medians, 0)] if len(shown) else [],
        lowest=kinds[np.nanargmin(medians, 0)] if len(shown) else [],
    )
    long = pd.DataFrame(
        {
            "a": np.repeat(chosen["a"].to_numpy(), len(kinds)),
            "b": np.repeat(chosen["b"].to_numpy(), len(kinds)),
            "type": np.tile(kinds, len(shown)),
            "median": medians.T.ravel(),
        }
    )
    claims = _claims(table[done], alpha, int(sizes[kept].sum()), len(kinds), _cautions(main.samples, fold))
    return Evidence(claims, {"types": chosen[COLUMNS], "type_medians": long})


def kruskal_wallis(values: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """H, corrected for ties, and p of every column; values: (unit, column), NaN left out; group: (unit,), from 0.

    H = (N - 1) sum n_g (mean rank of g - mean rank)^2 / sum (rank - mean rank)^2, which is the textbook's formula with
    its correction for ties. NaN where fewer than two groups have values or all values are equal.
    """
    known = np.isfinite(values)
    # Infinite values take the last ranks, so that the ranks of the others are as if they were not there.
    # Columns lie together in memory while they are sorted, which takes half the time.
    together = np.ascontiguousarray(np.where(known, values, np.inf).T)
    ranks = np.where(known, stats.rankdata(together, axis=1).T, 0.0)
    member = np.eye(group.max() + 1)[group]
    n, total = known.sum(0), member.T @ ranks
    sizes = member.T @ known
    middle = (n + 1) / 2
    within = np.divide(total, sizes, out=np.tile(middle, (len(sizes), 1)), where=sizes > 0)
    spread = np.where(known, (ranks - middle) ** 2, 0).sum(0)
    between = (sizes * (within - middle) ** 2).sum(0)
    groups = (sizes > 0).sum(0)
    possible = (spread > 0) & (groups > 1)
    h = np.divide((n - 1) * between, spread, out=np.full(len(n), np.nan), where=possible)
    return h, np.where(possible, stats.chi2.sf(h, np.maximum(groups - 1, 1)), np.nan)


def _units(samples: pd.DataFrame) -> tuple[np.ndarray, list[str], np.ndarray]:
    """The unit (patient and type) of every sample, the types, and the type of every unit."""
    names = sorted(set(samples["label"]))
    key = samples.groupby(["subject", "label"], sort=True).ngroup().to_numpy()
    of_unit = np.empty(key.max() + 1, np.int64)
    of_unit[key] = samples["label"].map({name: i for i, name in enumerate(names)}).to_numpy()
    return key, names, of_unit


def _means(values: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """The mean of every unit over its samples, missing ones left out."""
    if len(np.unique(unit)) == len(unit):
        return values[np.argsort(unit)]
    known = np.isfinite(values)
    total, count = np.zeros((2, unit.max() + 1, values.shape[1]))
    np.add.at(total, unit, np.where(known, values, 0))
    np.add.at(count, unit, known)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _alone(z: np.ndarray, unit: np.ndarray, group: np.ndarray, alpha: float) -> np.ndarray:
    """Whether a protein's distance from its mean differs between types, Holm over proteins, shape (protein,)."""
    rows = group >= 0
    _, code = np.unique(group[rows], return_inverse=True)
    _, p = kruskal_wallis(_means(np.abs(z), unit)[rows], code)
    return holm(p) <= alpha


def _tested(main: Strengths, unit: np.ndarray, group: np.ndarray, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    statistic, p = np.full((2, len(pairs)), np.nan)
    rows = group >= 0
    _, code = np.unique(group[rows], return_inverse=True)
    for part, values in pieces(main):
        columns = np.flatnonzero(pairs[part])
        if len(columns):
            h, of_h = kruskal_wallis(_means(values[:, columns], unit)[rows], code)
            statistic[part.start + columns], p[part.start + columns] = h, of_h
    return statistic, p


def _medians(main: Strengths, unit: np.ndarray, group: np.ndarray, shown: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """The median of every type over its patients, shape (type, shown pair)."""
    found = np.full((len(kinds), len(shown)), np.nan)
    for part, values in pieces(main):
        here = np.flatnonzero((shown >= part.start) & (shown < part.stop))
        if len(here):
            means = _means(values[:, shown[here] - part.start], unit)
            for row, kind in enumerate(kinds):
                own = pd.DataFrame(means[group == kind])
                found[row, here] = own.median(axis=0).to_numpy()
    return found


def _cautions(samples: pd.DataFrame, fold: np.ndarray) -> str:
    """What the test takes for granted and is not so here."""
    found = ""
    if repeated := int((samples.groupby("subject")["label"].nunique() > 1).sum()):
        found += f"; {repeated} patients stand in more than one type, which the test takes for different people"
    networks = pd.Series(fold).groupby(samples["label"].to_numpy()).nunique()
    if np.unique(fold).size > 1 and (networks == 1).any():
        alone = ", ".join(networks.index[networks == 1])
        found += f"; explained by one network only, which may differ from the others: {alone}"
    return found


def _claims(table: pd.DataFrame, alpha: float, patients: int, types: int, cautions: str) -> pd.DataFrame:
    how = f"Kruskal-Wallis over {types} types, patients' own strengths, pairs of predicted proteins"
    counts = {"Holm": table["p_holm"] <= alpha, "Benjamini-Hochberg": table["q"] <= alpha}
    rows = [
        {
            "claim": "edges that differ between types",
            "group": name,
            "value": int(found.sum()),
            "n": patients,
            "unit": "pairs",
            "method": f"{how}; {name} at {alpha:g} over {len(table)} pairs{cautions}",
        }
        for name, found in counts.items()
    ]
    rows.append(
        {
            "claim": CONTROL,
            "group": "control",
            "value": int((counts["Holm"] & table["alone"]).sum()),
            "n": patients,
            "unit": "pairs",
            "method": "edges that differ (Holm) of which one protein's distance from its mean differs too (same test "
            f"of |z|, Holm at {alpha:g} over proteins), which alone can make an edge stronger",
        }
    )
    return claims_table(rows)
