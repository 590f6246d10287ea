"""The comparison with known graphs in every variant of a study: one type alone, or all types freed of their means.

A figure of the whole cohort may come from differences between types; what holds within one does not.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from biox.core.types import Evidence, claims_table
from biox.domains.proteomics.benchmark import Plan, benchmark
from biox.domains.proteomics.found import Found, arms, values
from biox.domains.proteomics.graph_scores import scored
from biox.domains.proteomics.known import Known
from biox.domains.proteomics.strengths import Pairs, strengths

REDONE = ("pearson", "partial")


def parts_benchmark(
    found: Found, references: Sequence[Known], same: np.ndarray, pairs: Pairs, plan: Plan, draws: int
) -> Evidence:
    """The table ``benchmark_of_variants``: that of ``benchmark``, with a column ``variant``, for all but ``main``.

    Beside the network's influences stand correlation and partial correlation of the samples and levels of the variant.
    """
    tables = []
    for name in arms(found)[1:] if references else ():
        own = found.of(name)
        main = strengths(own.influences[name], own.cohort.samples, pairs)
        own = replace(own, baselines=_redone(own, main.samples["sample"]))
        graph = scored(own, main, draws=draws, seed=plan.seed)
        for one in references:
            made = benchmark(graph, one, found.graphs.proteins, same, plan).tables["benchmark"]
            tables.append(made.assign(variant=name))
    return Evidence(claims_table([]), {"benchmark_of_variants": pd.concat(tables, ignore_index=True)} if tables else {})


def _redone(found: Found, samples: pd.Series) -> dict[str, np.ndarray]:
    from biox.graphs.baselines import partial, pearson  # here, so that reading a study needs no scikit-learn

    x = values(found)[found.cohort.samples["sample"].isin(samples).to_numpy()]
    methods = {"pearson": pearson, "partial": partial}
    return {name: methods[name](x) for name in REDONE if name in found.baselines}
