"""Whether the answer and its explanation stay when normalisation, signal components or the model change."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from biox.core.types import Cohort, Evidence, Fit, Relevance, claims_table
from biox.domains.gait.groups import Groups, groups_of
from biox.domains.gait.overlap import centred_interval
from biox.domains.gait.profiles import net, out_of_fold
from biox.domains.gait.spm_evidence import Plan
from biox.stats.agreement import rank_correlation

Fits = Mapping[int, Mapping[str, Fit]]
Relevances = Mapping[int, Mapping[str, Relevance]]


def variants(cohort: Cohort, fits: Fits, relevances: Relevances, plan: Plan) -> Evidence:
    """One row a variant: accuracy, its change against main, and the rank correlation of |R| with that of main.

    Changes have 95 % intervals over people, who are drawn alike for both. The correlation is over the channels that
    both variants saw; 1 means that the explanation ranks all points alike.
    """
    names = list(relevances[min(relevances)])
    hits = {name: _hits(cohort, fits, name) for name in names}
    drawn = np.random.default_rng(plan.seed).multinomial(
        len(hits["main"]), np.full(len(hits["main"]), 1 / len(hits["main"])), plan.bootstrap
    )
    maps = {name: groups_of(out_of_fold(relevances, name, cohort), cohort) for name in names}
    rows = [
        _described(fits, name)
        | _accuracy(hits[name], hits["main"], drawn)
        | _likeness(*_shared(maps, fits, name), np.random.default_rng(plan.seed), plan.bootstrap)
        for name in names
    ]
    claims = [claim for row in rows if row["variant"] != "main" for claim in _claims(row, len(hits["main"]))]
    return Evidence(claims_table(claims), {"variants": pd.DataFrame(rows)})


def _described(fits: Fits, name: str) -> dict:
    fit = fits[min(fits)][name]
    channels = ", ".join(fit.axes[0].labels)
    return {"variant": name, "model": fit.model, "normalise": fit.normalise, "channels": channels}


def _hits(cohort: Cohort, fits: Fits, name: str) -> pd.DataFrame:
    """Correct and all out-of-fold samples of every person, the people in sorted order."""
    tables = []
    for fold in fits.values():
        fit = fold[name]
        chosen = np.array(fit.classes)[fit.logits("test").argmax(1)]
        rows = fit.scores.loc[fit.scores["part"] == "test", ["sample"]]
        tables.append(rows.assign(predicted=chosen))
    table = cohort.samples[["sample", "subject", "label"]].merge(pd.concat(tables), on="sample")
    table["hit"] = table["predicted"] == table["label"]
    return table.groupby("subject", sort=True)["hit"].agg(["sum", "size"])


def _accuracy(own: pd.DataFrame, main: pd.DataFrame, drawn: np.ndarray) -> dict[str, float]:
    """drawn: how often each person was drawn, shape (draw, person)."""

    def share(table: pd.DataFrame, weights: np.ndarray) -> np.ndarray:
        return (weights @ table["sum"].to_numpy()) / (weights @ table["size"].to_numpy())

    once = np.ones((1, len(own)))
    low, high = np.quantile(share(own, drawn), [0.025, 0.975])
    change = np.quantile(share(own, drawn) - share(main, drawn), [0.025, 0.975])
    return {
        "accuracy": float(share(own, once)[0]),
        "low": float(low),
        "high": float(high),
        "accuracy_change": float(share(own, once)[0] - share(main, once)[0]),
        "change_low": float(change[0]),
        "change_high": float(change[1]),
    }


def _shared(maps: Mapping[str, Groups], fits: Fits, name: str) -> tuple[Groups, Groups]:
    """The maps of a variant and of main on the channels that both saw; without any, both are empty."""
    own, main = (fits[min(fits)][n].axes[0].labels for n in (name, "main"))
    both = [label for label in own if label in main]
    return _channels(maps[name], [own.index(b) for b in both]), _channels(maps["main"], [main.index(b) for b in both])


def _channels(groups: Groups, places: list[int]) -> Groups:
    return Groups(tuple(v[:, places] for v in groups.values), groups.subjects, groups.classes, groups.paired)


def _likeness(own: Groups, main: Groups, rng: np.random.Generator, bootstrap: int) -> dict[str, float]:
    """Rank correlation of the two |net| profiles, with its interval over people."""
    if own is main or not own.values[0].size:
        value = 1.0 if own is main else float("nan")
        return {"relevance_correlation": value, "relevance_low": value, "relevance_high": value}
    drawn = []
    for _ in range(bootstrap):
        rows = main.draw(rng)
        drawn.append(rank_correlation(np.abs(net(own.at(rows))), np.abs(net(main.at(rows)))).value)
    value = rank_correlation(np.abs(net(own)), np.abs(net(main))).value
    low, high = centred_interval(value, np.array(drawn))
    return {"relevance_correlation": value, "relevance_low": low, "relevance_high": high}


def _claims(row: dict, n: int) -> list[dict]:
    return [
        {
            "claim": "accuracy change",
            "group": row["variant"],
            "value": row["accuracy_change"],
            "low": row["change_low"],
            "high": row["change_high"],
            "n": n,
            "unit": "share",
            "method": "accuracy minus that of main, out of fold; paired bootstrap over people",
        },
        {
            "claim": "relevance change",
            "group": row["variant"],
            "value": row["relevance_correlation"],
            "low": row["relevance_low"],
            "high": row["relevance_high"],
            "n": n,
            "method": "rank correlation of |net relevance| with main on shared channels; bootstrap over people",
        },
    ]
