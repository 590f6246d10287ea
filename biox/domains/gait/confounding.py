"""Could walking speed, age or body mass explain what the model sees? Tested against its score and its relevance.

A covariate confounds where it differs between the classes *and* goes with the score among people of one class. Both are
tested on people's means, the second by rank correlation within the classes (``biox.stats.confounders``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from biox.core.errors import InputError, listed
from biox.core.types import Cohort, Evidence, claims_table
from biox.domains.gait.spm_evidence import Plan
from biox.stats.confounders import Association, association, association_within
from biox.stats.multiple import holm

KNOWN = ("speed_mps", "age_years", "mass_kg", "height_m")
COLUMNS = ["covariate", "target", "measure", "value", "p", "q", "n"]
CLAIMS = {"class": "covariate differs between classes", "score": "covariate and score"}
NO_COVARIATE = ("trial", "fold")


@dataclass(frozen=True)
class Targets:
    """What covariates are tested against, one row a sample.

    score: log-odds against the first class, shape (sample,). relevance: mean |R| of each channel, shape (sample,
    channel).
    """

    score: np.ndarray
    relevance: np.ndarray
    channels: tuple[str, ...]


def confounding(cohort: Cohort, targets: Targets, covariates: Sequence[str] | None, plan: Plan) -> Evidence:
    """Every covariate against the class, the score and each channel's relevance, on the means of people.

    covariates: numeric columns of the sample table; None takes those of ``KNOWN`` that are there.
    q: by Holm over the covariates (class, score), or over covariates and channels (relevance).
    """
    people = _people(cohort, targets, names := _chosen(cohort, covariates))
    rows = [row for name in names for row in _rows(people, name, targets.channels, plan)]
    table = pd.DataFrame(rows, columns=[c for c in COLUMNS if c != "q"])
    kind = table["target"].where(table["target"].isin(list(CLAIMS)), "relevance")
    table["q"] = table.groupby(kind)["p"].transform(lambda p: holm(p.to_numpy()))
    return Evidence(claims_table([_claim(row) for row in table.to_dict("records")]), {"confounders": table[COLUMNS]})


def against_first(logits: np.ndarray) -> np.ndarray:
    """Log-odds of not being the first class, shape (sample,), from logits of shape (sample, class)."""
    return np.logaddexp.reduce(logits[:, 1:], axis=1) - logits[:, 0]


def _chosen(cohort: Cohort, covariates: Sequence[str] | None) -> list[str]:
    table = cohort.samples
    numeric = [c for c in table if pd.api.types.is_numeric_dtype(table[c]) and c not in NO_COVARIATE]
    if covariates is None:
        return [name for name in KNOWN if name in numeric]
    unknown = [name for name in covariates if name not in numeric]
    if unknown:
        raise InputError(f"validate.covariates: no numeric column {listed(unknown)}; there are {listed(numeric)}.")
    return list(covariates)


def _people(cohort: Cohort, targets: Targets, names: list[str]) -> pd.DataFrame:
    """One row a person: means of covariates and targets; ``class`` is "" where people pass through all classes."""
    table = cohort.samples[["subject", *names]].assign(score=targets.score)
    relevance = pd.DataFrame(targets.relevance, columns=[f"relevance {c}" for c in targets.channels], index=table.index)
    people = table.join(relevance).groupby("subject", sort=True).mean()
    label = cohort.samples.groupby("subject", sort=True)["label"].first()
    return people.assign(**{"class": label if cohort.label_level == "subject" else ""})


def _rows(people: pd.DataFrame, name: str, channels: tuple[str, ...], plan: Plan) -> list[dict]:
    covariate, label = people[name].to_numpy(float), people["class"].to_numpy(str)
    known = ~np.isnan(covariate)
    several = len(np.unique(label[known])) > 1
    found = {"class": association(label[known], covariate[known])} if several else {}
    columns = {"score": "score", **{channel: f"relevance {channel}" for channel in channels}}
    for target, column in columns.items():
        values = people[column].to_numpy()
        found[target] = association_within(covariate, values, label, draws=plan.permutations, seed=plan.seed)
    return [{"covariate": name, "target": target, **_figures(one)} for target, one in found.items()]


def _figures(one: Association) -> dict:
    return {"measure": one.measure, "value": one.value, "p": one.p, "n": one.n}


def _claim(row: dict) -> dict:
    target = row["target"]
    where = {"class": row["covariate"], "score": row["covariate"]}.get(target, f"{row['covariate']} | {target}")
    what = {"class": "people's means", "score": "log-odds against the first class"}.get(
        target, "mean |R| of the channel"
    )
    return {
        "claim": CLAIMS.get(target, "covariate and relevance"),
        "group": where,
        "value": row["value"],
        "p": row["p"],
        "q": row["q"],
        "n": row["n"],
        "method": f"{what}: {row['measure']}; q by Holm",
    }
