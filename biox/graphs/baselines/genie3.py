"""Importance of each protein in a forest that predicts another: GENIE3 (Huynh-Thu et al. 2010, PLoS ONE 5:e12776)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor

from biox.core.errors import InputError
from biox.graphs.baselines.standardised import FEWEST, standardised

FORESTS = {"random forest": RandomForestRegressor, "extra trees": ExtraTreesRegressor}


@dataclass(frozen=True)
class Forest:
    """Which forest, and how large. The published one: a random forest of 1000 trees, grown to the end, that tries
    sqrt(number of sources) of them at each split.

    kind: "extra trees" draws the thresholds at random, does not resample the rows, and is faster the more samples there
    are (ten times at 4,500).
    samples: at most so many, drawn at random; None takes all (published). jobs: processor cores.
    """

    kind: Literal["random forest", "extra trees"] = "random forest"
    trees: int = 1000
    samples: int | None = None
    jobs: int = 1
    seed: int = 0


def genie3(x: Float[np.ndarray, "sample protein"], forest: Forest = Forest()) -> Float[np.ndarray, "source target"]:
    """How much of the target's variance the trees explain by splits on the source, 0 to about 1, directed.

    The fall of the target's variance at each split, weighted by the samples that pass it, summed over the splits on the
    source and averaged over trees, with targets of unit variance: the importances of one target add up to about the
    explained share of its training variance, not to 1 (a forest's usual normalisation would hide which targets can be
    predicted at all). A source that was not measured counts as its mean; a target is learnt from the samples in which
    it was measured, and one that never changes there has no sources.
    """
    if forest.kind not in FORESTS:
        raise InputError(f"There is no forest {forest.kind!r}; known are {', '.join(map(repr, FORESTS))}.")
    z = standardised(_drawn(np.asarray(x), forest))
    sources, proteins = np.nan_to_num(z, nan=0.0).astype(np.float32), z.shape[1]
    scores = np.zeros((proteins, proteins))
    for target in range(proteins):
        measured = ~np.isnan(z[:, target])
        values = z[measured, target]
        if measured.sum() >= FEWEST and values.any():
            others = np.delete(np.arange(proteins), target)
            scores[others, target] = _importance(sources[np.ix_(measured, others)], values, forest, target)
    return scores


def _drawn(x: np.ndarray, forest: Forest) -> np.ndarray:
    if forest.samples is None or forest.samples >= len(x):
        return x
    chosen = np.random.default_rng(forest.seed).choice(len(x), forest.samples, replace=False)
    return x[np.sort(chosen)]


def _importance(sources: np.ndarray, values: np.ndarray, forest: Forest, target: int) -> np.ndarray:
    seed = int(np.random.default_rng([forest.seed, target]).integers(2**31))
    fitted = FORESTS[forest.kind](
        n_estimators=forest.trees, max_features="sqrt", n_jobs=forest.jobs, random_state=seed
    ).fit(sources, values)
    each = [tree.tree_.compute_feature_importances(normalize=False) for tree in fitted.estimators_]
    return np.mean(each, axis=0) / values.var()
