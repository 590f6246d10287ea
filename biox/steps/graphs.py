"""From the influences of all samples to the graphs of a cohort: of everyone, of each type, and of each patient.

Every sample counts once, explained by the network of the fold that never saw its patient.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from biox.core.errors import InputError, listed
from biox.core.files import whole
from biox.core.graph_settings import Graph
from biox.core.graph_types import SHUFFLED, Graphs, Influence, MaskedFit
from biox.core.study import Study
from biox.core.types import Cohort
from biox.graphs import averages
from biox.graphs.export import export
from biox.graphs.pairs import edge_table, pairs_of, structure_table
from biox.graphs.percentiles import strongest
from biox.graphs.predicted import correlations, joined, p_above_zero, variance_of
from biox.stats.multiple import holm
from biox.steps.arms import Arm, arms, table_of
from biox.steps.influence_complete import refuse_incomplete

# Of the tests whether a protein can be predicted at all.
ALPHA = 0.05
EDGES_OF_A_PATIENT = 40

MaskedFits = Mapping[int, Mapping[str, MaskedFit]]


def graphs(cohort: Cohort, study: Study, fits: MaskedFits, influences: Mapping[str, Influence]) -> Graphs:
    """The graphs of a cohort, averages for every arm but the nulls.

    A type has a graph of its own if it has at least ``graph.type_size`` patients and is not the only one. A protein is
    predicted if its held-out correlation, joined over the folds, lies above 0 (Holm at 0.05; people, not samples, are
    counted); others have no kept edges and none in ``patients``. Edges are tested against all null arms together
    (``biox.graphs.significance``), q after Benjamini and Hochberg over all pairs, and kept at ``graph.alpha``; without
    nulls the 100 strongest pairs of predicted proteins are kept. Communities are those of the kept edges. Where few
    are kept, the layout is that of the strongest pairs too, so that there is a picture to look at.
    Influences of other arms than the study has, or not of all samples, are an InputError.
    """
    settings, main = _checked(study, influences)
    refuse_incomplete(cohort, study, influences)
    rows = groups_of(cohort, main, settings.type_size)
    own = {name: _rows_of(rows, main, one) for name, one in influences.items() if not name.startswith(SHUFFLED)}
    average = {name: np.stack([*averages.directed(influences[name].values, own[name]).values()]) for name in own}
    signed = {name: np.stack([*averages.signed(influences[name].values, own[name]).values()]) for name in own}
    nodes = accuracy(cohort, study, fits)
    tested = {fold: _test_rows(main, of_fold["main"]) for fold, of_fold in fits.items()}
    pairs = pairs_of(influences, tested, nodes["predicted"].to_numpy(bool), alpha=settings.alpha)
    names = [name if good else "" for name, good in zip(nodes["protein"], nodes["predicted"], strict=True)]
    return Graphs(
        proteins=main.proteins,
        groups=tuple(rows),
        average=average,
        signed=signed,
        nodes=pd.concat([nodes, structure_table(average["main"][0], pairs, seed=study.seed)], axis=1),
        edges=edge_table(average["main"][0], pairs, main.proteins),
        patients=strongest(main.values, main.samples["sample"].tolist(), names, count=EDGES_OF_A_PATIENT),
    )


def write_exports(graphs: Graphs, folder: Path) -> None:
    """The graphs for other programs (``biox.graphs.export``), as a folder that is there whole or not at all."""
    with whole(folder) as fresh:
        fresh.mkdir()
        export(graphs, fresh)


def groups_of(cohort: Cohort, main: Influence, type_size: int) -> dict[str, np.ndarray]:
    """The rows of ``main`` of every group that has a graph: "all", then the types with enough patients."""
    table = cohort.samples.set_index("sample").loc[main.samples["sample"]]
    groups = {"all": np.arange(len(table))}
    if table["label"].nunique() < 2:
        return groups
    if "all" in cohort.classes:
        raise InputError("A type is called 'all', which is the name of the graph of all patients; rename the type.")
    for name in cohort.classes:
        own = (table["label"] == name).to_numpy()
        if table["subject"][own].nunique() >= type_size:
            groups[name] = np.flatnonzero(own)
    return groups


def accuracy(cohort: Cohort, study: Study, fits: MaskedFits, variant: str = "main") -> pd.DataFrame:
    """How well each protein is predicted by networks that never saw the patient (``biox.graphs.predicted``), those of
    ``main`` or of another variant.

    Columns: ``protein``, ``r`` (correlation over the test samples, joined over the folds), ``p`` (one-sided; the null
    arms among the fits say how widely chance spreads, without any it is taken to spread as widely as it can), ``q``
    (Holm over proteins) and ``predicted`` (q at most ALPHA).
    """
    everyone = arms(study)
    r, z = _held_out(cohort, study, fits, next(arm for arm in everyone if arm.name == variant))
    shuffled = [arm for arm in everyone if arm.shuffled is not None and all(arm.name in one for one in fits.values())]
    null = [_held_out(cohort, study, fits, arm)[1] for arm in shuffled]
    p = p_above_zero(z, variance_of(np.concatenate([*null, np.empty(0)])))
    q = holm(p)
    names = pd.Series(fits[min(fits)][variant].proteins, dtype=str)
    return pd.DataFrame({"protein": names, "r": r, "p": p, "q": q, "predicted": q <= ALPHA})


def _held_out(cohort: Cohort, study: Study, fits: MaskedFits, arm: Arm) -> tuple[np.ndarray, np.ndarray]:
    x, _ = table_of(cohort, study, arm)
    place = pd.Series(np.arange(len(x)), index=cohort.samples["sample"])
    subject = cohort.samples["subject"].to_numpy()
    r, people = [], []
    for of_fold in fits.values():
        fit = of_fold[arm.name]
        rows = place[fit.predictions["sample"]].to_numpy()
        predicted = fit.predictions[list(fit.proteins)].to_numpy(np.float64)
        true = (x[rows] - fit.shift) / fit.scale
        both = ~np.isnan(predicted) & ~np.isnan(true)
        r.append(correlations(predicted, true))
        # Shuffled rows are of nobody in particular.
        who = subject[rows] if arm.shuffled is None else rows
        people.append([len(set(who[some])) for some in both.T])
    return joined(np.array(r), np.array(people))


def _checked(study: Study, influences: Mapping[str, Influence]) -> tuple[Graph, Influence]:
    if study.graph is None:
        raise InputError(f"{study.name} has no section 'graph', so it has no graphs.")
    wanted = [arm.name for arm in arms(study)]
    if sorted(wanted) != sorted(influences):
        raise InputError(
            f"The study has the arms {listed(wanted)}, but there are influences of {listed(influences)}; run "
            "`biox influence` again for every fold and shard."
        )
    return study.graph, influences["main"]


def _rows_of(rows: Mapping[str, np.ndarray], main: Influence, arm: Influence) -> dict[str, np.ndarray]:
    """The rows of the same samples in another arm, which may leave some out and have another order."""
    place = pd.Series(np.arange(len(arm.samples)), index=arm.samples["sample"])
    names = main.samples["sample"].to_numpy()
    found = {group: place.reindex(names[some]).dropna().to_numpy(np.int64) for group, some in rows.items()}
    if arm is not main:
        found["all"] = np.arange(len(arm.samples))
    return found


def _test_rows(main: Influence, fit: MaskedFit) -> np.ndarray:
    tested = fit.parts["sample"][fit.parts["part"] == "test"]
    return np.flatnonzero(main.samples["sample"].isin(tested))
