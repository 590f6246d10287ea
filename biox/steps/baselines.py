"""Baselines of a graph study: the same patients in the same folds, judged without a network."""

from collections.abc import Callable

import numpy as np

from biox.core.errors import InputError
from biox.core.find import find
from biox.core.study import Study
from biox.core.types import Cohort
from biox.graphs.baselines import Forest, genie3
from biox.steps.arms import arms, table_of
from biox.steps.folds import assign, parts

Score = Callable[[np.ndarray], np.ndarray]


def baselines(cohort: Cohort, study: Study) -> dict[str, np.ndarray]:
    """The score of every pair by each of ``study.graph.baselines``: name -> (source, target), never negative.

    In each fold a method sees the patients that the network learns from and stops by (training and validation), as the
    main variant has them (``prepare``, ``learn.where``), standardised over these; the result is the mean over folds.

    ``study.graph.forest`` is that of ``genie3``, one in each fold. Its time grows with proteins x trees x samples x
    sqrt(proteins): 105 proteins, 4,500 samples and 1000 trees of a random forest take about half an hour a fold and
    core, extra trees a tenth of that. ``forest.samples`` caps the samples it sees, drawn at random; the other methods
    always see all.
    """
    if study.graph is None:
        raise InputError(f"{study.name} has no `graph` section, so it has no baselines of a graph.")
    forest = Forest(**study.graph.forest.model_dump(), jobs=study.compute.threads, seed=study.seed)
    x, learnt = table_of(cohort, study, arms(study)[0])
    folds = assign(cohort.samples, study)
    seen = [learnt & (parts(folds, k, study.folds.count) != "test") for k in range(study.folds.count)]
    scores = {name: _score(name, forest) for name in study.graph.baselines}
    return {name: np.mean([score(x[rows]) for rows in seen], axis=0) for name, score in scores.items()}


def _score(name: str, forest: Forest) -> Score:
    return (lambda x: genie3(x, forest)) if name == "genie3" else find("biox.graphs.baselines", name)
