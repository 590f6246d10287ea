"""Could walking speed, age, body mass or sex explain what the model sees? Tested against its score and its relevance.

A covariate confounds where it differs between the classes *and* goes with the score among people of one class. Both are
tested on people's means, the second by rank correlation within the classes (``biox.stats.confounders``). Covariates in
words (sex, footwear, affected side) make groups of people; they have a size of association (0 to 1) but no sign.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from biox.core.errors import InputError, listed
from biox.core.types import Cohort, Evidence, claims_table
from biox.domains.gait.spm_evidence import Plan
from biox.stats.confounders import Association, association, association_of_groups, association_within
from biox.stats.multiple import holm

KNOWN = ("speed_mps", "age_years", "mass_kg", "height_m", "sex", "footwear", "affected_side")
MOST_GROUPS = 10
COLUMNS = ["covariate", "target", "measure", "value", "p", "q", "n"]
CLAIMS = {"class": "covariate differs between classes", "score": "covariate and score"}
NO_COVARIATE = ("trial", "fold", "sample", "subject", "label")


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

    covariates: columns of the sample table, numbers or words for two to ten groups; None takes those of ``KNOWN`` that
    are there. People whose trials stand in different groups are left out of that covariate's tests.
    Signs: against the class, positive is higher in the later of two classes; against the score, positive goes with
    log-odds away from the first class; against relevance, positive goes with more of it.
    q: by Holm over the covariates (class, score), or over covariates and channels (relevance).
    """
    people = _people(cohort, targets, names := _chosen(cohort, covariates))
    rows = [row for name in names for row in _rows(people, name, targets.channels, plan)]
    table = pd.DataFrame(rows, columns=[c for c in COLUMNS if c != "q"])
    kind = table["target"].where(table["target"].isin(list(CLAIMS)), "relevance")
    table["q"] = table.groupby(kind)["p"].transform(lambda p: holm(p.to_numpy()))
    claims = [_claim(row, cohort.classes) for row in table.to_dict("records")]
    return Evidence(claims_table(claims), {"confounders": table[COLUMNS]})


def against_first(logits: np.ndarray) -> np.ndarray:
    """Log-odds of not being the first class, shape (sample,), from logits of shape (sample, class)."""
    return np.logaddexp.reduce(logits[:, 1:], axis=1) - logits[:, 0]


def _chosen(cohort: Cohort, covariates: Sequence[str] | None) -> list[str]:
    table = cohort.samples
    possible = [c for c in table if c not in NO_COVARIATE and (_numeric(table[c]) or _groups(table[c]))]
    if covariates is None:
        return [name for name in KNOWN if name in possible]
    unknown = [name for name in covariates if name not in possible]
    if unknown:
        raise InputError(
            f"validate.covariates: no column {listed(unknown)} with numbers or 2 to {MOST_GROUPS} groups in words; "
            f"there are {listed(possible)}."
        )
    return list(covariates)


def _numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column)


def _groups(column: pd.Series) -> bool:
    return 2 <= column.nunique() <= MOST_GROUPS


def _people(cohort: Cohort, targets: Targets, names: list[str]) -> pd.DataFrame:
    """One row a person: means of covariates and targets; ``class`` is its place, "" where people pass through all.

    Places stand in the order of the classes, so that the sign of a difference follows it and not the alphabet.
    """
    table = cohort.samples[["subject", *(n for n in names if _numeric(cohort.samples[n]))]].assign(score=targets.score)
    relevance = pd.DataFrame(targets.relevance, columns=[f"relevance {c}" for c in targets.channels], index=table.index)
    people = table.join(relevance).groupby("subject", sort=True).mean()
    by_person = cohort.samples.groupby("subject", sort=True)
    words = {n: by_person[n].agg(_only) for n in names if not _numeric(cohort.samples[n])}
    place = by_person["label"].first().map(cohort.classes.index).astype(str)
    return people.assign(**words, **{"class": place if cohort.label_level == "subject" else ""})


def _only(values: pd.Series) -> object:
    """The one group in which all trials of a person stand, else None."""
    found = values.dropna().unique()
    return str(found[0]) if len(found) == 1 else None


def _rows(people: pd.DataFrame, name: str, channels: tuple[str, ...], plan: Plan) -> list[dict]:
    covariate, label = people[name].to_numpy(), people["class"].to_numpy(str)
    known = people[name].notna().to_numpy()
    found = {}
    if len(np.unique(label[known])) > 1:
        found["class"] = (
            association(label[known], covariate[known])
            if _numeric(people[name])
            else association_of_groups(covariate, label, draws=plan.permutations, seed=plan.seed)
        )
    columns = {"score": "score", **{channel: f"relevance {channel}" for channel in channels}}
    for target, column in columns.items():
        values = people[column].to_numpy()
        found[target] = association_within(covariate, values, label, draws=plan.permutations, seed=plan.seed)
    return [{"covariate": name, "target": target, **_figures(one)} for target, one in found.items()]


def _figures(one: Association) -> dict:
    return {"measure": one.measure, "value": one.value, "p": one.p, "n": one.n}


def _claim(row: dict, classes: tuple[str, ...]) -> dict:
    target = row["target"]
    where = {"class": row["covariate"], "score": row["covariate"]}.get(target, f"{row['covariate']} | {target}")
    what = {"class": "people", "score": f"log-odds against {classes[0]}"}.get(target, "mean |R| of the channel")
    sign = f"; positive: higher in {classes[-1]}" if row["measure"].startswith("rank-biserial") else ""
    return {
        "claim": CLAIMS.get(target, "covariate and relevance"),
        "group": where,
        "value": row["value"],
        "p": row["p"],
        "q": row["q"],
        "n": row["n"],
        "method": f"{what}: {row['measure']}{sign}; q by Holm",
    }
