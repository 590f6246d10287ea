"""Is a cluster tied to what is known about its samples? To site, scanner, patient, a quality flag.

For each cluster and each covariate the level that is most over-represented is named, and the covariate's values are
dealt anew many times to see how far chance takes any level. What is dealt are *units*: tiles of one patient are alike
and of one site, so sites must be dealt to patients, not to tiles.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from biox.core.errors import InputError, listed
from biox.stats.multiple import holm

MANY = 12  # more different numbers than this are compared in quarters


def purity(
    cluster: Int[np.ndarray, " sample"],
    covariates: pd.DataFrame,
    *,
    unit: np.ndarray | None = None,
    within: np.ndarray | None = None,
    iterations: int = 9999,
    seed: int,
) -> pd.DataFrame:
    """One row a cluster and covariate: the level that the cluster holds too much of, and whether chance explains it.

    covariates: one row a sample, a column each; columns of many numbers are cut into quarters; samples without a value
    are left out. unit: of each sample, what the values are dealt to (None: the samples); a value must be one for a
    whole unit. within: of each sample, the stratum inside which values are dealt (such as its class, or its patient
    where tiles of one patient differ in the covariate); None: all together.

    level: the one furthest above expectation, in standard deviations. purity: its share in the cluster; elsewhere: its
    share in all other clusters. units: how many were dealt. p: share of deals in which some level of the cluster is as
    far above; q: p after Holm over all rows of the table; NaN where a covariate has one level only.
    """
    if len(covariates) != len(cluster):
        raise InputError(f"The clusters are of {len(cluster)} samples, the covariates of {len(covariates)}.")
    if not covariates.columns.is_unique:
        raise InputError(f"Each covariate is asked once; got the columns {listed(covariates.columns)}.")
    table = pd.concat(
        [
            _of(name, _levels(covariates[name]), _Samples(cluster, unit, within), iterations, seed)
            for name in covariates.columns
        ],
        ignore_index=True,
    )
    table["q"] = holm(table["p"].to_numpy())
    return table


@dataclass(frozen=True)
class _Samples:
    cluster: np.ndarray
    unit: np.ndarray | None
    within: np.ndarray | None

    def of(self, known: np.ndarray) -> "_Samples":
        unit, within = (None if a is None else np.asarray(a)[known] for a in (self.unit, self.within))
        return _Samples(self.cluster[known], unit, within)


@dataclass(frozen=True)
class _Deal:
    """What is dealt: ``value`` of each unit, units sorted by stratum; (unit, cluster, samples) says who is where."""

    value: Int[np.ndarray, " unit"]
    bounds: Int[np.ndarray, " stratum+1"]
    unit: Int[np.ndarray, " entry"]
    cluster: Int[np.ndarray, " entry"]
    samples: Float[np.ndarray, " entry"]


def _of(name: str, levels: pd.Series, samples: _Samples, iterations: int, seed: int) -> pd.DataFrame:
    known = levels.notna().to_numpy()
    value, names = pd.factorize(levels[known], sort=True)
    count = int(samples.cluster.max()) + 1
    if len(names) < 2:
        return _table(name, count, "", np.full((4, count), np.nan), 0)
    deal = _dealt(name, value, samples.of(known))
    held = _held(deal, count, len(names), iterations, seed)
    mean, sd = held.mean(0, dtype=float), held.std(0, dtype=float)
    above = np.where(sd > 0, (held - mean) / np.where(sd > 0, sd, 1), 0)
    most = above.max(2)
    p = (most >= most[0] - 1e-9).mean(0)
    best = above[0].argmax(1)
    inside = held[0].astype(float)
    outside = inside.sum(0) - inside
    with np.errstate(invalid="ignore"):
        share, elsewhere = inside / inside.sum(1, keepdims=True), outside / outside.sum(1, keepdims=True)
    rows = np.arange(count)
    figures = np.stack([inside.sum(1), share[rows, best], elsewhere[rows, best], p])
    return _table(name, count, names[best].to_numpy(), figures, len(deal.value))


def _held(deal: _Deal, clusters: int, levels: int, iterations: int, seed: int) -> Float[np.ndarray, "deal cluster lev"]:
    """How many samples of each level each cluster holds: as observed (first), then in every deal."""
    rng = np.random.default_rng(seed)
    held = np.empty((iterations + 1, clusters * levels), np.float32)
    value, place = deal.value.copy(), deal.cluster * levels
    for i in range(iterations + 1):
        held[i] = np.bincount(place + value[deal.unit], deal.samples, clusters * levels)
        for start, end in zip(deal.bounds, deal.bounds[1:], strict=False):
            rng.shuffle(value[start:end])
    return held.reshape(-1, clusters, levels)


def _dealt(name: str, value: np.ndarray, samples: _Samples) -> _Deal:
    unit = np.arange(len(value)) if samples.unit is None else pd.factorize(samples.unit)[0]
    stratum = np.zeros(len(value), int) if samples.within is None else pd.factorize(samples.within)[0]
    # A patient with tiles of two classes is one unit in each class.
    unit = pd.factorize(unit * (stratum.max() + 1) + stratum)[0]
    per_unit = pd.DataFrame({"unit": unit, "value": value, "stratum": stratum}).drop_duplicates()
    twice = per_unit["unit"].duplicated()
    if twice.any():
        row = int(np.flatnonzero(unit == per_unit["unit"][twice].iloc[0])[0])
        raise InputError(
            f"Covariate {name!r} has several values within unit {str(np.asarray(samples.unit)[row])!r}, so it cannot "
            "be dealt to whole units. Deal it to samples (no unit), within each unit."
        )
    per_unit = per_unit.sort_values("stratum", kind="stable")
    place = np.empty(len(per_unit), int)
    place[per_unit["unit"]] = np.arange(len(per_unit))
    entries, samples_of = np.unique(np.stack([place[unit], samples.cluster]), axis=1, return_counts=True)
    bounds = np.concatenate([[0], np.cumsum(np.bincount(per_unit["stratum"]))])
    return _Deal(per_unit["value"].to_numpy(), bounds, entries[0], entries[1], samples_of.astype(float))


def _levels(values: pd.Series) -> pd.Series:
    """The covariate as text, many different numbers as quarters."""
    if not pd.api.types.is_numeric_dtype(values) or values.nunique() <= MANY:
        return values.astype("string")
    return pd.qcut(values, 4, duplicates="drop").astype("string")


def _table(name: str, clusters: int, level, figures: np.ndarray, units: int) -> pd.DataFrame:
    size, share, elsewhere, p = figures
    return pd.DataFrame(
        {
            "cluster": np.arange(clusters),
            "covariate": name,
            "level": level,
            "size": size,
            "purity": share,
            "elsewhere": elsewhere,
            "units": units,
            "p": p,
        }
    )
