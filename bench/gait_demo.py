"""The acceptance simulations of gait_demo: what was planted is found, and nothing where nothing is.

    python bench/gait_demo.py localise --seeds 0:20    # relevance mass inside the windows, effect size, accuracy
    python bench/gait_demo.py claims --seeds 0:100     # how often agreement is claimed with the planted effect
    python bench/gait_demo.py null --seeds 0:100       # the same with the labels permuted among people

The study is config/gait_demo.yaml, its main variant only; a seed redraws windows, people, folds and initial weights.
Settings were chosen on seeds from 1000 upwards. ``--set training.weight_decay=1`` tries another one.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import yaml

from biox.core.find import checked
from biox.core.studies import load_yaml
from biox.core.study import Study
from biox.core.types import Cohort, Relevance
from biox.domains.gait.disjoint import agreement
from biox.domains.gait.groups import groups_of
from biox.domains.gait.planted import planted
from biox.domains.gait.profiles import out_of_fold, out_of_fold_logits
from biox.domains.gait.spm_evidence import Plan
from biox.steps.attribute import attribute
from biox.steps.ingest import ingest
from biox.steps.train import train

STUDY = Path(__file__).parent.parent / "config" / "gait_demo.yaml"


def study_of(seed: int, changes: list[str]) -> Study:
    """The demo study with one seed for everything and only its main variant."""
    plain = load_yaml(STUDY)
    plain["variants"] = {}
    plain["seed"] = plain["data"]["seed"] = seed
    for change in changes:
        key, _, value = change.partition("=")
        *path, last = key.split(".")
        place = plain
        for part in path:
            place = place.setdefault(part, {})
        place[last] = yaml.safe_load(value)
    return checked(Study, plain, str(STUDY))


def permuted(cohort: Cohort, seed: int) -> Cohort:
    """The same people with the labels dealt anew among them; the truth no longer holds."""
    labels = cohort.samples.groupby("subject", sort=True)["label"].first()
    dealt = pd.Series(np.random.default_rng([seed, 7]).permutation(labels.to_numpy()), index=labels.index)
    return replace(cohort, samples=cohort.samples.assign(label=cohort.samples["subject"].map(dealt)), truth=None)


def one_seed(seed: int, permute: bool, changes: list[str]) -> dict[str, float]:
    """Train, explain and test one cohort."""
    torch.set_num_threads(1)
    study = study_of(seed, changes)
    planted_cohort = ingest(study)
    cohort = permuted(planted_cohort, seed) if permute else planted_cohort
    fits = {k: train(cohort, study, k) for k in range(study.folds.count)}
    method = next(iter(study.methods))
    relevances = {k: attribute(cohort, fit, method, study) for k, fit in fits.items()}
    found = agreement(cohort, {k: r["main"] for k, r in relevances.items()}, seed=seed)
    accuracy = (out_of_fold_logits(fits, "main", cohort).argmax(1) == cohort.y).mean()
    row = {"seed": seed, "accuracy": accuracy, "agreement": found.value, "p": found.p, "claim": found.p <= 0.05}
    return row if permute else row | localisation(cohort, relevances)


def localisation(cohort: Cohort, relevances: dict[int, dict[str, Relevance]]) -> dict[str, float]:
    """Mass inside the windows with its interval over people, the windows' share, and the effect inside them."""
    groups = groups_of(out_of_fold(relevances, "main", cohort), cohort)
    claims = planted(groups, cohort.truth, Plan(cohort.axes[0].labels, method="lrp")).claims
    mass = claims[(claims["claim"] == "relevance mass over chance") & (claims["group"] == "lrp | all")].iloc[0]
    rank = claims[(claims["claim"] == "rank accuracy over chance") & (claims["group"] == "lrp | all")].iloc[0]
    return {
        "mass": mass["value"],
        "low": mass["low"],
        "high": mass["high"],
        "rank": rank["value"],
        "windows": cohort.truth[1:].any(axis=0).mean(),
        "g": hedges_g_inside(cohort),
    }


def hedges_g_inside(cohort: Cohort) -> float:
    """Mean |g| of people's mean curves inside the windows, each window in its own direction (two classes)."""
    first, second = groups_of(np.asarray(cohort.x), cohort).values
    n, m = len(first), len(second)
    pooled = np.sqrt((first.var(0, ddof=1) * (n - 1) + second.var(0, ddof=1) * (m - 1)) / (n + m - 2))
    g = (1 - 3 / (4 * (n + m) - 9)) * (second.mean(0) - first.mean(0)) / pooled
    windows = [np.abs(row[inside].mean()) * inside.sum() for row, inside in zip(g, cohort.truth[1], strict=True)]
    return float(sum(windows) / cohort.truth[1].sum())


def main() -> None:
    """Run what was asked over the seeds and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["localise", "claims", "null"])
    parser.add_argument("--seeds", default="0:20", help="first:last+1")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--rows", action="store_true", help="print every seed")
    asked = parser.parse_args()
    seeds = range(*map(int, asked.seeds.split(":")))
    with ProcessPoolExecutor(asked.jobs) as pool:
        work = partial(one_seed, permute=asked.what == "null", changes=asked.set)
        table = pd.DataFrame(pool.map(work, seeds))
    if asked.rows:
        print(table.round(3).to_string(index=False))
    print(table.drop(columns=["seed", "claim"]).agg(["mean", "min", "max"]).round(3).to_string())
    print(f"{table['claim'].sum()} of {len(table)} seeds claim agreement at alpha 0.05")


if __name__ == "__main__":
    main()
