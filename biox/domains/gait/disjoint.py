"""Whether the model looks where the classes differ, the two being measured on different people.

In every fold, relevance comes from the people outside the test fold (and a model that never saw the test fold), and the
statistic of the classes (|t| or F) from the people inside it, so the noise of one person never stands in both. (One
exception: under normalise "minmax-all" inputs are scaled by their range over everybody, the tested people included; the
extremes are all that crosses.) The rank correlation of the two over all points is averaged over the folds. To know what
chance gives, each channel of the relevance is shifted around its stance phase by a random number of points, the same in
all folds: smoothness and the weight of each channel stay, the place goes.

One correction. Two folds that trained on each other's people meet the same noise twice: as relevance of the one against
the statistic of the other, and the reverse. A shift moves these two apart, so the mean over folds varies more under the
null than the shifts show. With K folds, K - 2 of them training, a fold has K - 3 such partners; its profile, made of K
- 2 training folds, correlates with each of them by r = 1 / sqrt(K - 2), and even functions such as |R| and |t| by about
r^2. The variance of the mean is thus larger by the factor

    1 + (K - 3) r^4 = 1 + (K - 3) / (K - 2)^2,

and the spread of the null is widened by its root (K = 5: 11 %). A simulation in the tests holds this to 5 %.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from biox.core.types import Cohort, Evidence, Relevance, claims_table
from biox.domains.gait.groups import Groups, groups_of, statistic
from biox.domains.gait.profiles import net_outside, shared
from biox.domains.gait.spm_evidence import Plan

CLAIM = "agreement on disjoint people"


@dataclass(frozen=True)
class Agreement:
    """value: mean rank correlation over folds, 1 is best, 0 is chance. p: one-sided. null: its values under shifts,
    shape (draw,).

    folds: the correlation of every fold. people: how many carried the relevance and the statistic of each fold.
    """

    value: float
    p: float
    null: np.ndarray
    folds: tuple[float, ...]
    people: tuple[tuple[int, int], ...]


def disjoint(cohort: Cohort, relevances: Mapping[int, Relevance], plan: Plan, draws: int) -> Evidence:
    """The pooled test as the study's one claim of agreement, what chance gives beside it; null and folds as tables.

    Undefined (NaN, with the reason as method) where a fold tests fewer than two people of a class.
    """
    reason = too_few(cohort, relevances)
    if reason:
        claim = {"claim": CLAIM, "group": plan.method, "method": f"undefined: {reason}"}
        return Evidence(claims_table([claim]), {})
    found = agreement(cohort, relevances, draws=draws, seed=plan.seed)
    low, high = np.quantile(found.null, [0.025, 0.975])
    how = (
        "mean over folds of the rank correlation of |net relevance| of the people outside the fold with |t| or F of "
        f"those inside; null: each channel shifted, {draws} draws, spread times {widening(len(found.folds)):.2f}"
    )
    claim = {
        "claim": CLAIM,
        "group": plan.method,
        "value": found.value,
        "p": found.p,
        "q": found.p,
        "n": cohort.samples["subject"].nunique(),
        "method": how,
    }
    chance = {
        "claim": f"{CLAIM}, chance",
        "group": plan.method,
        "value": found.null.mean(),
        "low": low,
        "high": high,
        "n": claim["n"],
        "method": f"mean of the null of {CLAIM!r}; low and high: its middle 95 %",
    }
    null = pd.DataFrame({"method": plan.method, "value": found.null})
    rows = zip(sorted(relevances), found.folds, found.people, strict=True)
    folds = pd.DataFrame(
        [
            {"method": plan.method, "fold": k, "correlation": v, "people_relevance": a, "people_spm": b}
            for k, v, (a, b) in rows
        ]
    )
    return Evidence(claims_table([claim, chance]), {"agreement_null": null, "agreement_folds": folds})


def too_few(cohort: Cohort, relevances: Mapping[int, Relevance]) -> str:
    """Why the test cannot be done: a fold that tests fewer than two people (or trials) of a class; else ""."""
    for k, one in sorted(relevances.items()):
        tested = one.samples.loc[one.samples["part"] == "test", "sample"]
        rows = cohort.samples[cohort.samples["sample"].isin(tested)]
        unit = "subject" if cohort.label_level == "subject" else "sample"
        counts = rows.groupby("label")[unit].nunique().reindex(list(cohort.classes), fill_value=0)
        if counts.min() < 2:
            return f"fold {k} tests {counts.min()} of class {counts.idxmin()!r}, at least 2 are needed"
    return ""


def agreement(cohort: Cohort, relevances: Mapping[int, Relevance], *, draws: int = 10_000, seed: int) -> Agreement:
    """One pooled test of relevance against the classes' differences on other people; ``relevances`` by fold."""
    several = [_fold(relevances[k], cohort) for k in sorted(relevances)]
    lagged = [_by_lag(relevance, other) for relevance, other, _ in several]
    total = np.mean(lagged, axis=0)
    value = float(total[:, 0].sum())
    rng = np.random.default_rng(seed)
    shifts = rng.integers(0, total.shape[1], (draws, total.shape[0]))
    drawn = total[np.arange(total.shape[0]), shifts].sum(1)
    null = drawn.mean() + widening(len(several)) * (drawn - drawn.mean())
    p = (1 + int((null >= value - 1e-12).sum())) / (1 + draws)
    return Agreement(value, p, null, tuple(float(one[:, 0].sum()) for one in lagged), tuple(n for *_, n in several))


def widening(folds: int) -> float:
    """The factor by which the spread of the null grows, as folds train on each other's people; 1 for three folds."""
    return float(np.sqrt(1 + max(folds - 3, 0) / max(folds - 2, 1) ** 2))


def _fold(relevance: Relevance, cohort: Cohort) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """|Net relevance| of the people outside the fold, |t| or F of those inside, and the numbers of both."""
    seen = shared(cohort, relevance.axes[0])
    tested = relevance.samples.loc[relevance.samples["part"] == "test", "sample"]
    inside = seen.samples["sample"].isin(tested).to_numpy()
    groups = fold_groups(seen.take(inside))
    people = seen.samples["subject"]
    return (
        np.abs(net_outside(relevance, seen)),
        statistic(groups),
        (people[~inside].nunique(), people[inside].nunique()),
    )


def fold_groups(cohort: Cohort) -> Groups:
    """The people of one fold as units; where conditions lie within fewer than three people, their trials as units.

    A statistic of two people says next to nothing. Trials, each person's mean removed, rank the points well; that they
    depend on each other does no harm here, as no threshold is taken from them.
    """
    if cohort.label_level == "subject" or cohort.samples["subject"].nunique() >= 3:
        return groups_of(np.asarray(cohort.x), cohort)
    subject, label = cohort.samples["subject"].to_numpy(), cohort.samples["label"].to_numpy()
    x = np.array(cohort.x, float)
    for person in np.unique(subject):
        x[subject == person] -= np.mean(
            [x[(subject == person) & (label == c)].mean(0) for c in np.unique(label[subject == person])], axis=0
        )
    rows = [label == c for c in cohort.classes]
    return Groups(tuple(x[r] for r in rows), tuple(subject[r] for r in rows), cohort.classes, paired=False)


def _by_lag(relevance: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Each channel's part of the rank correlation when its relevance is shifted by 0, 1, 2 ... points, shape (channel,
    shift).
    """
    a, b = (_standard(rankdata(v).reshape(v.shape)) for v in (relevance, other))
    spectrum = np.conj(np.fft.rfft(a)) * np.fft.rfft(b)
    return np.fft.irfft(spectrum, a.shape[1])


def _standard(ranks: np.ndarray) -> np.ndarray:
    centred = ranks - ranks.mean()
    return centred / max(float(np.linalg.norm(centred)), 1e-300)
