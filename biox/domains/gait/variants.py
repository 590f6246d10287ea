"""Whether the explanation stays when normalisation, signal components or the model change."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from biox.core.types import Cohort, Evidence, Fit, Relevance, claims_table
from biox.domains.gait.groups import Groups, groups_of
from biox.domains.gait.overlap import SPREAD, centred_spread
from biox.domains.gait.profiles import net, out_of_fold
from biox.domains.gait.spm_evidence import Plan
from biox.stats.agreement import rank_correlation

Fits = Mapping[int, Mapping[str, Fit]]
Relevances = Mapping[int, Mapping[str, Relevance]]


def variants(cohort: Cohort, fits: Fits, relevances: Relevances, plan: Plan) -> Evidence:
    """One row a variant: the rank correlation of its |R| with that of main, and how far it moves with the people.

    The correlation is over the channels that both variants saw; 1 means that the explanation ranks all points alike.
    Accuracies stand in the generic evidence.
    """
    names = list(relevances[min(relevances)])
    maps = {name: groups_of(out_of_fold(relevances, name, cohort), cohort) for name in names}
    rows = [
        {"variant": name} | _likeness(*_shared(maps, fits, name), np.random.default_rng(plan.seed), plan.bootstrap)
        for name in names
    ]
    n = cohort.samples["subject"].nunique()
    claims = [_claim(row, n) for row in rows if row["variant"] != "main"]
    return Evidence(claims_table(claims), {"variants": pd.DataFrame(rows)})


def _shared(maps: Mapping[str, Groups], fits: Fits, name: str) -> tuple[Groups, Groups]:
    """The maps of a variant and of main on the channels that both saw; without any, both are empty."""
    own, main = (fits[min(fits)][n].axes[0].labels for n in (name, "main"))
    both = [label for label in own if label in main]
    return _channels(maps[name], [own.index(b) for b in both]), _channels(maps["main"], [main.index(b) for b in both])


def _channels(groups: Groups, places: list[int]) -> Groups:
    return Groups(tuple(v[:, places] for v in groups.values), groups.subjects, groups.classes, groups.paired)


def _likeness(own: Groups, main: Groups, rng: np.random.Generator, bootstrap: int) -> dict[str, float]:
    """Rank correlation of the two |net| profiles, and how far it moves as people are drawn again."""
    if own is main or not own.values[0].size:
        value = 1.0 if own is main else float("nan")
        return {"relevance_correlation": value, "relevance_low": value, "relevance_high": value}
    drawn = []
    for _ in range(bootstrap):
        rows = main.draw(rng)
        drawn.append(rank_correlation(np.abs(net(own.at(rows))), np.abs(net(main.at(rows)))).value)
    value = rank_correlation(np.abs(net(own)), np.abs(net(main))).value
    low, high = centred_spread(value, np.array(drawn), -1)
    return {"relevance_correlation": value, "relevance_low": low, "relevance_high": high}


def _claim(row: dict, n: int) -> dict:
    return {
        "claim": "relevance change",
        "group": row["variant"],
        "value": row["relevance_correlation"],
        "low": row["relevance_low"],
        "high": row["relevance_high"],
        "n": n,
        "method": f"rank correlation of |net relevance| with main on shared channels; {SPREAD}",
    }
