"""Validate a graph study: whether what the networks relied on is more than chance and agrees with what is known."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from biox.core.find import find
from biox.core.graph_types import Graphs, Influence, MaskedFit
from biox.core.sections import section
from biox.core.study import Study
from biox.core.types import Cohort, Evidence
from biox.domains.proteomics.found import Found
from biox.graphs.averages import directed
from biox.steps.arms import arms, table_of


@dataclass(frozen=True)
class Explained:
    """What explains the models of a graph study.

    influences: by method and arm; graphs: of the first method; baselines: scores (source, target) by name.
    """

    influences: Mapping[str, Mapping[str, Influence]]
    graphs: Graphs
    baselines: Mapping[str, np.ndarray]


def validate_graph(
    cohort: Cohort, study: Study, fits: Mapping[int, Mapping[str, MaskedFit]], explained: Explained
) -> Evidence:
    """The evidence of a graph study. Methods after the first are scored beside the baselines, by their median graph."""
    first, *others = study.methods
    controls = {name: _average(explained.influences[name]["main"]) for name in others}
    # What is held against the network's predictions are the levels as its main arm saw them.
    levels = {arm.name: table_of(cohort, study, arm)[0] for arm in arms(study) if arm.name in study.all_variants()}
    cohort = replace(cohort, x=levels["main"])
    known = {**explained.baselines, **controls}
    found = Found(cohort, explained.graphs, explained.influences[first], known, fits, levels)
    return find(f"biox.domains.{study.domain}", "validate")(found, **section(study, "validate"))


def _average(influence: Influence) -> np.ndarray:
    """The median over samples of the absolute influence, (source, target)."""
    return directed(influence.values, {"all": np.arange(influence.values.shape[0])})["all"]
