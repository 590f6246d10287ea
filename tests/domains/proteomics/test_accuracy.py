from dataclasses import replace

import numpy as np
import pytest

from biox.domains.proteomics.accuracy import accuracy
from biox.domains.proteomics.found import fold_of, standardised

from .made_found import found


def test_every_protein_has_its_correlation_and_an_interval_over_patients():
    one = found(samples=90, twice=20)
    evidence = accuracy(one, draws=200, seed=0)
    table = evidence.tables["proteins"]
    assert list(table.columns) == ["protein", "r", "low", "high", "p", "q", "n", "predicted"]
    assert (table["n"] == 70).all()
    assert (table["low"] < table["r"]).all()
    assert (table["high"] > table["r"]).all()
    assert (table["high"] - table["low"]).between(0.1, 0.4).all()
    claims = evidence.claims.set_index("claim")
    assert claims.loc["predicted proteins", "value"] == 12


def test_folds_whose_networks_predict_at_different_levels_do_not_widen_the_interval():
    one = found(samples=90)
    fits = {}
    for k, of_fold in one.fits.items():
        fit = of_fold["main"]
        moved = fit.predictions.assign(**{name: fit.predictions[name] + 4 * k for name in fit.proteins})
        fits[k] = {"main": replace(fit, predictions=moved)}
    apart = accuracy(replace(one, fits=fits), draws=100, seed=0).tables["proteins"]
    together = accuracy(one, draws=100, seed=0).tables["proteins"]
    np.testing.assert_allclose(apart[["low", "high"]], together[["low", "high"]], atol=1e-6)


def test_values_are_standardised_by_the_fold_that_tested_them():
    one = found()
    z, folds = standardised(one), fold_of(one)
    for k, fits in one.fits.items():
        expected = (np.asarray(one.cohort.x, float) - fits["main"].shift) / fits["main"].scale
        np.testing.assert_allclose(z[folds == k], expected[folds == k])


def test_the_resampled_correlation_is_the_textbooks():
    from biox.domains.proteomics.accuracy import _correlations

    rng = np.random.default_rng(0)
    a = rng.normal(size=(50, 3))
    b = a + rng.normal(size=a.shape)
    b[:10, 1] = np.nan
    weight = rng.integers(0, 3, (4, 50)).astype(float)
    got = _correlations(a, b, weight)
    for draw in range(4):
        rows = np.repeat(np.arange(50), weight[draw].astype(int))
        for column in range(3):
            known = rows[np.isfinite(b[rows, column])]
            assert got[draw, column] == pytest.approx(np.corrcoef(a[known, column], b[known, column])[0, 1])
