"""What a graph study cannot learn from, or would not heed, is refused before anything is trained."""

import numpy as np

from biox.core.errors import InputError, listed
from biox.core.graph_settings import MOST_OF_LASSO
from biox.core.study import Study
from biox.core.types import Cohort
from biox.steps.arms import arms, refuse_unused, table_of
from biox.steps.influence_settings import gamma_of

FEWEST_SAMPLES = 20


def refuse_no_table(cohort: Cohort, study: Study) -> None:
    """What a graph study cannot learn from, or would not heed, is an InputError."""
    if len(cohort.axes) != 1:
        names = listed([axis.name for axis in cohort.axes])
        raise InputError(
            f"{study.name}: a graph study needs a table of samples and proteins, but the data have {names}."
        )
    if cohort.x.shape[1] < 2:
        raise InputError(f"{study.name}: a graph needs at least two proteins; the data have {cohort.x.shape[1]}.")
    if len(cohort.classes) > 1 and "all" in cohort.classes:
        raise InputError(
            f"{study.name}: a type is called 'all', the name of the graph of all patients; rename the type."
        )
    refuse_infinite(cohort, study.name)
    refuse_unused(study)
    _refuse_too_many(cohort, study)
    for arm in arms(study):
        _, own = table_of(cohort, study, arm)
        if own.sum() < FEWEST_SAMPLES:
            raise InputError(
                f"{study.name}, {arm.name!r}: {own.sum()} samples are left; a graph needs at least {FEWEST_SAMPLES}."
            )
    for method in study.methods.values():
        gamma_of(method)


def _refuse_too_many(cohort: Cohort, study: Study) -> None:
    """A baseline that will refuse so many proteins is an InputError now, not beside hours of training."""
    proteins = cohort.x.shape[1]
    if study.graph is not None and "lasso" in study.graph.baselines and proteins > MOST_OF_LASSO:
        raise InputError(
            f"{study.name}: the graphical lasso takes at most {MOST_OF_LASSO} proteins, but the data have {proteins}; "
            "leave 'lasso' out of graph.baselines."
        )


def refuse_infinite(cohort: Cohort, where: str) -> None:
    """Infinite levels are an InputError that names the first one; missing ones (NaN) are none."""
    bad = np.argwhere(np.isinf(cohort.x))
    if len(bad):
        row, protein = bad[0]
        name = cohort.samples["sample"].iloc[row]
        raise InputError(
            f"{where}: sample {name!r}, protein {cohort.axes[0].labels[protein]!r} has the level "
            f"{cohort.x[row, protein]} ({len(bad)} such levels). Leave the cell empty where nothing was measured."
        )
