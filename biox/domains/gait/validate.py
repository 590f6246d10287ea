"""Is the explanation of a gait model true? Relevance held against statistics, against other people, and against
experts.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import Field

from biox.core.evidence import joined
from biox.core.study import Strict
from biox.core.types import Cohort, Evidence, Fit, Relevance
from biox.domains.gait.confounding import Targets, against_first, confounding
from biox.domains.gait.disjoint import disjoint
from biox.domains.gait.effects import effects
from biox.domains.gait.groups import Groups, TwoGroups, groups_of
from biox.domains.gait.mean_curves import force_curves, relevance_curves
from biox.domains.gait.overlap import overlap
from biox.domains.gait.planted import planted
from biox.domains.gait.profiles import attention, out_of_fold, out_of_fold_logits, shared
from biox.domains.gait.rating_sheets import drawn_sheets, rating_evidence
from biox.domains.gait.ratings import rated, read_ratings
from biox.domains.gait.regions import regions
from biox.domains.gait.spm_evidence import Plan, spm_evidence, tested
from biox.domains.gait.variants import variants

Fits = Mapping[int, Mapping[str, Fit]]
Relevances = Mapping[str, Mapping[int, Mapping[str, Relevance]]]


class GaitValidation(Strict):
    """How a gait study is validated.

    alpha: of every test. permutations: shufflings of people a test. draws: random shifts of the pooled test of
    agreement. bootstrap: draws of people for the bands. covariates: columns tested as confounders; left out, the known
    ones that are there. two_groups: Welch's t, or the t of spm1d that published studies call so. sheets: how many
    curves the experts rate. ratings: a folder with returned rating sheets. seed: of all this.
    """

    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    permutations: int = Field(default=10_000, ge=200)
    draws: int = Field(default=10_000, ge=10_000)
    bootstrap: int = Field(default=500, ge=100)
    covariates: tuple[str, ...] | None = None
    two_groups: TwoGroups = "welch"
    sheets: int = Field(default=24, ge=0)
    ratings: Path | None = None
    seed: int = 0


def validate(
    cohort: Cohort, fits: Mapping[int, Mapping[str, Fit]], relevances: Relevances, settings: GaitValidation
) -> Evidence:
    """All evidence for or against the explanations of a gait study; the tests are those of ``main``.

    fits: by fold and variant; relevances: by method, fold and variant. Channels that main did not see are not tested.
    """
    seen = shared(cohort, fits[min(fits)]["main"].axes[0])
    plan = Plan(
        channels=seen.axes[0].labels,
        axis=seen.axes[1],
        alpha=settings.alpha,
        permutations=settings.permutations,
        bootstrap=settings.bootstrap,
        two_groups=settings.two_groups,
        seed=settings.seed,
    )
    forces = groups_of(np.asarray(seen.x), seen)
    tests = tested(forces, plan)
    parts = [spm_evidence(tests, plan), force_curves(forces, seen, plan), effects(forces, tests, plan)]
    for method, folds in relevances.items():
        named = replace(plan, method=method, prefix="relevance ")
        maps = groups_of(out_of_fold(folds, "main", seen), seen)
        parts += [
            spm_evidence(tested(attention(maps), named), named),
            relevance_curves(maps, named),
            overlap(forces, maps, tests[0], named),
            regions(maps, tests[0], named),
            disjoint(seen, {k: fold["main"] for k, fold in folds.items()}, named, settings.draws),
            *([] if seen.truth is None else [planted(maps, seen.truth, named)]),
        ]
    first = relevances[next(iter(relevances))]
    parts += [
        variants(seen, fits, first, plan),
        confounding(seen, _targets(seen, fits, first), settings.covariates, plan),
        _experts(forces, groups_of(out_of_fold(first, "main", seen), seen), seen, settings),
    ]
    return joined(parts)


def _experts(forces: Groups, maps: Groups, cohort: Cohort, settings: GaitValidation) -> Evidence:
    """Sheets to be rated and, where a folder with answers is given, what the experts said."""
    sheets = drawn_sheets(forces, maps, settings.sheets, settings.seed)
    channels = cohort.axes[0].labels
    forms = rating_evidence(sheets, channels, cohort.unit, cohort.classes)
    if settings.ratings is None:
        return forms
    return joined([forms, rated(read_ratings(settings.ratings), sheets, channels, cohort.classes)])


def _targets(cohort: Cohort, fits: Fits, folds: Mapping[int, Mapping[str, Relevance]]) -> Targets:
    """Score and relevance of main, out of fold, in the cohort's order."""
    size = np.abs(out_of_fold(folds, "main", cohort)).mean(axis=2)
    return Targets(against_first(out_of_fold_logits(fits, "main", cohort)), size, cohort.axes[0].labels)
