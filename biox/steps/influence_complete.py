"""Whether influences are those of a cohort: of every sample once, whoever computed which shard when."""

from collections.abc import Mapping

from biox.core.errors import InputError, listed
from biox.core.graph_types import Influence
from biox.core.study import Study
from biox.core.types import Cohort
from biox.steps.arms import arms
from biox.steps.learning import learnt_from

AGAIN = "run `biox influence` again for every fold and shard."


def refuse_incomplete(cohort: Cohort, study: Study, influences: Mapping[str, Influence]) -> None:
    """Influences of other proteins than the cohort's, of other samples than an arm's, or of only some: an InputError.

    Snakemake sees to that; commands given by hand may leave shards of an earlier number of shards or folds.
    """
    for arm in arms(study):
        if arm.name not in influences:
            continue
        found = influences[arm.name]
        if found.proteins != cohort.axes[0].labels:
            raise InputError(
                f"{study.name}: the influences of {arm.name!r} are of other proteins than the cohort; {AGAIN}"
            )
        assert arm.variant.learn is not None
        wanted = cohort.samples["sample"][learnt_from(cohort.samples, arm.variant.learn)]
        absent, unknown = sorted(set(wanted) - set(found.samples["sample"])), set(found.samples["sample"]) - set(wanted)
        if absent or unknown:
            raise InputError(
                f"{study.name}, {arm.name!r}: of {len(wanted)} samples {len(absent)} have no influences"
                f"{f', such as {listed(absent[:3])}' if absent else ''}, and {len(unknown)} others have some; {AGAIN}"
            )
