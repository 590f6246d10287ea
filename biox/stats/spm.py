"""Where along a curve do groups or conditions differ? Tests at every point, corrected for the smoothness of the curve.

Statistical parametric mapping (SPM) with random field theory, by ``spm1d`` (Pataky 2010; Friston et al. 1994). A smooth
curve of 101 points is not 101 independent measurements: the threshold z* is set so that, if nothing differed, the
highest point of the whole curve would pass it with probability alpha.

Every test takes its groups (or conditions) as arrays of shape (unit, point), one row a person, and gives an ``SPM``.
Points where nobody varies (a force that is zero for all) cannot be tested: they are left out and have the statistic
0.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import spm1d
from spm1d import rft1d
from spm1d.stats import _spm as spm1d_fields  # the class of a statistic curve has no public name

from biox.core.errors import InputError
from biox.stats.units import checked, checked_pairs, varies


@dataclass(frozen=True)
class Cluster:
    """A stretch of the curve beyond the threshold: ``start`` and ``end`` in points (interpolated), ``sign``, and its
    ``p``.
    """

    start: float
    end: float
    sign: int
    p: float


@dataclass(frozen=True)
class SPM:
    """A test along one curve.

    statistic: t or F at every point, shape (point,). A positive t: the first group is higher.
    threshold: z*; |t| (or F) beyond it is significant at ``alpha`` over the whole curve.
    p: of the highest point, for the statement "they differ somewhere". mask, tested: shape (point,).
    fwhm: smoothness of the residual curves, in points.
    """

    test: str
    statistic: np.ndarray
    threshold: float
    df: tuple[float, float]
    p: float
    clusters: tuple[Cluster, ...]
    mask: np.ndarray
    tested: np.ndarray
    two_sided: bool
    alpha: float
    fwhm: float


def two_sample_t(a: np.ndarray, b: np.ndarray, *, alpha: float = 0.05) -> SPM:
    """Do two groups of people differ, and where? Two-sided; positive where ``a`` is higher.

    This is ``spm1d.stats.ttest2(equal_var=False)``, which the literature calls Welch's test: the pooled t statistic,
    with degrees of freedom corrected for unequal variances. Where a small group also varies more, it is too liberal:
    see ``welch_t``.
    """
    a, b = checked((a, b), (2,))
    tested = _tested(_residuals([a, b]), np.concatenate([a, b]))
    field = spm1d.stats.ttest2(a[:, tested], b[:, tested], equal_var=False)
    return _inferred("two-sample t", field, tested, alpha)


def welch_t(a: np.ndarray, b: np.ndarray, *, alpha: float = 0.05) -> SPM:
    """Do two groups of people differ, and where, whatever their variances and sizes? Two-sided; positive where ``a``
    is higher.

    t = (mean a - mean b) / sqrt(var a / n_a + var b / n_b) at every point (Welch 1947), one number of degrees of
    freedom for the curve: the harmonic mean of Satterthwaite's over the points. Smoothness comes from the residuals,
    each group's scaled to its share of the standard error.
    """
    a, b = checked((a, b), (2,))
    residuals = np.concatenate([(g - g.mean(0)) / np.sqrt(len(g) * (len(g) - 1)) for g in (a, b)])
    tested = _tested(residuals, np.concatenate([a, b]))
    residuals = residuals[:, tested]
    shares = [(residuals[: len(a)] ** 2).sum(0), (residuals[len(a) :] ** 2).sum(0)]
    error = sum(shares)
    t = (a.mean(0) - b.mean(0))[tested] / np.sqrt(error)
    df = 1 / np.mean((shares[0] / error) ** 2 / (len(a) - 1) + (shares[1] / error) ** 2 / (len(b) - 1))
    fwhm = rft1d.geom.estimate_fwhm(residuals)
    resels = rft1d.geom.resel_counts(residuals, fwhm)
    field = spm1d_fields.SPM_T(t, (1, df), fwhm, resels, residuals=residuals)
    return _inferred("Welch t", field, tested, alpha)


def anova(*groups: np.ndarray, alpha: float = 0.05) -> SPM:
    """Do several groups of people differ, and where? One-way F, with equal variances assumed (as in the textbook)."""
    samples = checked(groups, (2,))
    tested = _tested(_residuals(samples), np.concatenate(samples))
    with _without_spm1d_advice():
        field = spm1d.stats.anova1([g[:, tested] for g in samples], equal_var=True)
    return _inferred("ANOVA F", field, tested, alpha)


def paired_t(a: np.ndarray, b: np.ndarray, *, alpha: float = 0.05) -> SPM:
    """Do people change between two conditions, and where? Row i of both is person i. Two-sided; positive where ``a``
    is higher.
    """
    a, b = checked_pairs((a, b), (2,))
    tested = _tested(_residuals([a - b]), np.maximum(abs(a), abs(b)))
    field = spm1d.stats.ttest_paired(a[:, tested], b[:, tested])
    return _inferred("paired t", field, tested, alpha)


def rm_anova(*conditions: np.ndarray, alpha: float = 0.05) -> SPM:
    """Do people change between several conditions, and where? One-way repeated-measures F; row i of each is person i.

    Sphericity is assumed (``spm1d`` corrects it for no curve), and with one curve a person and condition the
    smoothness comes from approximate residuals: compare with the permutation test.
    """
    x = np.stack(checked_pairs(conditions, (2,)))
    residuals = x - x.mean(0) - x.mean(1, keepdims=True) + x.mean((0, 1))
    rows = x.reshape(-1, x.shape[2])
    tested = _tested(residuals.reshape(rows.shape), rows)
    condition, person = np.indices(x.shape[:2]).reshape(2, -1)
    with _without_spm1d_advice():
        field = spm1d.stats.anova1rm(rows[:, tested], condition, person)
    return _inferred("repeated-measures F", field, tested, alpha)


@contextmanager
def _without_spm1d_advice() -> Iterator[None]:
    """What spm1d warns of (two groups only; approximate residuals) stands in the docstrings here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="\\s*WARNING:", category=UserWarning)
        yield


def _residuals(groups: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([g - g.mean(0) for g in groups])


def _tested(residuals: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The points where people differ from each other, shape (point,)."""
    tested = varies(residuals, values)
    if tested.sum() < 2:
        raise InputError(
            f"Only {tested.sum()} of {len(tested)} points vary between people; a test along a curve needs at least two."
        )
    return tested


def _inferred(test: str, field: Any, tested: np.ndarray, alpha: float) -> SPM:
    """Threshold, clusters and p of a statistic curve of spm1d, put back to their places among all points."""
    two_sided = field.STAT == "T"
    options = {"two_tailed": True} if two_sided else {}
    found = field.inference(alpha, **options)
    z = np.asarray(field.z, float)
    place = np.flatnonzero(tested)
    statistic = np.zeros(len(tested))
    statistic[place] = z
    ends = [np.interp(c.endpoints, np.arange(len(place)), place) for c in found.clusters]
    return SPM(
        test=test,
        statistic=statistic,
        threshold=float(found.zstar),
        df=(float(field.df[0]), float(field.df[1])),
        p=_p_of_maximum(field, float(np.abs(z).max()) if two_sided else float(z.max())),
        clusters=tuple(
            Cluster(float(e[0]), float(e[1]), c.csign, float(c.P)) for e, c in zip(ends, found.clusters, strict=True)
        ),
        mask=(np.abs(statistic) if two_sided else statistic) > found.zstar,
        tested=tested,
        two_sided=two_sided,
        alpha=alpha,
        fwhm=float(field.fwhm),
    )


def _p_of_maximum(field: Any, height: float) -> float:
    """Twin of the threshold: the probability that the highest point of a curve without effect reaches ``height``."""
    law, df, sides = (rft1d.t, field.df[1], 2) if field.STAT == "T" else (rft1d.f, field.df, 1)
    p = law.sf_resels(height, df, field.resels, withBonf=True, nNodes=field.Q)
    return float(min(1.0, sides * p))
