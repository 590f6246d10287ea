"""What is unusual in a new patient: the rarest edges, and how many of the strongest ones are rare in the cohort."""

import numpy as np
import pandas as pd

from biox.domains.proteomics.predicted import unusual
from biox.graphs.percentiles import strongest
from biox.steps.graphs import EDGES_OF_A_PATIENT
from biox.steps.predict_graph_place import Reference, shares_of_edges


def most_unusual(mean: np.ndarray, weaker: np.ndarray, names: list[str], listed: list[str]) -> pd.DataFrame:
    """The edges of each sample that are weaker in most of the cohort; of equal ones the stronger come first.

    mean, weaker: (sample, source, target). Proteins that are "" in ``listed`` are left out. Columns: ``sample``,
    ``rank``, ``source``, ``target`` and ``weight``.
    """
    kept = np.array([bool(name) for name in listed])
    proteins, tables = np.asarray(listed, object), []
    for name, weight, share in zip(names, mean, weaker, strict=True):
        source, target = np.nonzero(kept[:, None] & kept & ~np.isnan(share) & (np.nan_to_num(weight) != 0))
        order = np.lexsort((-np.abs(weight[source, target]), -share[source, target]))[:EDGES_OF_A_PATIENT]
        source, target = source[order], target[order]
        ends = {"source": proteins[source].astype(str), "target": proteins[target].astype(str)}
        rank = np.arange(1, len(order) + 1)
        tables.append(pd.DataFrame({"sample": name, "rank": rank, **ends, "weight": weight[source, target]}))
    return pd.concat(tables, ignore_index=True)


def beside_cohort(
    reference: Reference, by_fold: np.ndarray, proteins: tuple[str, ...], listed: list[str], counts: np.ndarray
) -> pd.DataFrame:
    """How many of its strongest edges are unusual in each new sample, counted as in the cohort.

    A mean over networks is steadier than one network: fewer of its edges are extreme, so it must not be held against
    the cohort, of which each sample is explained by one network. Therefore each network counts alone (``unusual`` among
    its own strongest edges) and is held against the rows that it explained. by_fold: as in ``shares_weaker``. counts:
    of unusual edges in every row. Columns: ``unusual`` (mean over networks), ``usual`` (median of the cohort) and
    ``place`` (share of a network's rows with fewer, ties counting half, mean over networks).
    """
    found, places = [], []
    names = [str(k) for k in range(by_fold.shape[1])]
    for new, rows in zip(by_fold, reference.networks, strict=True):
        edges = strongest(new, names, listed, count=EDGES_OF_A_PATIENT)
        edges["percentile"] = shares_of_edges(reference, edges, proteins)
        mine = unusual(edges).set_index("sample")["unusual"].reindex(names, fill_value=0).to_numpy()
        found.append(mine)
        others = counts[rows]
        places.append([((others < one) + 0.5 * (others == one)).mean() for one in mine])
    means = {"unusual": np.mean(found, axis=0), "place": np.mean(places, axis=0)}
    return pd.DataFrame({**means, "usual": np.median(counts)})
