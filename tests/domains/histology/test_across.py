"""What stain normalisation changes, and whether a model holds at a site that it never saw."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from biox.core.find import checked
from biox.core.study import Study
from biox.domains.histology.across import COLUMNS, across, left_out, prepared
from biox.domains.histology.alike import ANOTHER, alike, pooled, rank_correlation, top_overlap
from biox.domains.histology.out_of_fold import logits_of
from biox.stats.bootstrap import resample
from biox.steps.attribute import attribute
from biox.steps.external import external, with_external
from biox.steps.ingest import ingest
from biox.steps.train import train

TILES = {"source": "simulated_tiles", "patients": 9, "tiles_each": 24, "tile": 32, "seed": 1}
GIVEN = {
    "name": "tiny", "title": "t", "question": "q", "domain": "histology", "label_level": "trial",
    "folds": {"count": 3, "leave_out": "site"}, "data": TILES | {"sites": ["a", "b", "c"], "scanners": ["A", "B", "C"]},
    "external": TILES | {"seed": 2, "patients": 6, "sites": ["east"], "scanners": ["C"]},
    "model": {"name": "vgg", "widths": [[8], [16]]}, "training": {"epochs": 4},
    "variants": {"stain": {"prepare": "reinhard"}, "longer": {"training": {"epochs": 5}}},
}  # fmt: skip


@pytest.fixture(scope="module")
def study():
    return checked(Study, GIVEN, "tiny")


@pytest.fixture(scope="module")
def cohort(study):
    return ingest(study)


@pytest.fixture(scope="module")
def fits(study, cohort):
    return {fold: train(cohort, study, fold) for fold in range(3)}


@pytest.fixture(scope="module")
def folds(study, cohort, fits):
    return {fold: attribute(cohort, fits[fold], "lrp", study) for fold in range(3)}


@pytest.fixture(scope="module")
def drawn(cohort):
    return resample(cohort.samples["subject"].to_numpy(), draws=200, seed=0)


@pytest.fixture(scope="module")
def evidence(cohort, fits, folds, drawn):
    return across(cohort, fits, {"lrp": folds}, drawn)


def figure(evidence, variant, measure, group):
    table = evidence.tables["across"]
    return table[(table["variant"] == variant) & (table["measure"] == measure) & (table["group"] == group)].iloc[0]


def test_main_stands_first_in_whatever_order_the_fits_were_loaded(fits):
    turned = {k: dict(sorted(fold.items(), reverse=True)) for k, fold in fits.items()}
    assert next(iter(turned[0])) != "main"
    assert next(iter(prepared(turned))) == "main"


def test_only_main_and_variants_that_treat_the_stains_otherwise_are_compared(fits, evidence):
    assert prepared(fits) == {"main": "none", "stain": "reinhard"}
    assert set(evidence.tables["across"]["variant"]) == {"main", "stain", ANOTHER}
    assert tuple(evidence.tables["across"].columns) == COLUMNS


@pytest.mark.parametrize("site", ["a", "b", "c"])
def test_the_auroc_of_a_left_out_site_is_that_of_the_model_that_never_saw_it(evidence, cohort, fits, site):
    own = (cohort.samples["site"] == site).to_numpy()
    fold = next(f["main"] for f in fits.values() if (f["main"].scores["part"].to_numpy()[own] == "test").all())
    logits = fold.logits()[own]
    expected = roc_auc_score(cohort.y[own], logits[:, 1] - logits[:, 0])
    row = figure(evidence, "main", "AUROC", f"left-out site {site}")
    assert row["value"] == pytest.approx(expected)
    assert (row["tiles"], row["patients"]) == (own.sum(), 3)


def test_a_site_that_trained_is_not_called_left_out(cohort, study):
    mixed = study.model_copy(update={"folds": study.folds.model_copy(update={"leave_out": None})})
    quick = mixed.model_copy(update={"training": study.training.model_copy(update={"epochs": 1}), "variants": {}})
    fits = {fold: train(cohort, quick, fold) for fold in range(3)}
    assert not left_out(cohort, fits, (cohort.samples["site"] == "a").to_numpy())


def test_the_change_is_that_of_the_two_figures_and_of_the_same_patients(evidence, cohort, fits):
    both = [logits_of(cohort, fits, name) for name in ("stain", "main")]
    values = [roc_auc_score(cohort.y, x[:, 1] - x[:, 0]) for x in both]
    row = figure(evidence, "stain", "AUROC change", "out of fold")
    assert row["value"] == pytest.approx(values[0] - values[1])
    assert row["low"] <= row["value"] <= row["high"]


def test_rank_correlation_is_spearmans_and_knows_no_constant_map():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 5, 30)).round(1)
    expected = [spearmanr(x, y).statistic for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(rank_correlation(a, b), expected)
    np.testing.assert_allclose(rank_correlation(a, np.exp(a)), 1)
    np.testing.assert_allclose(rank_correlation(a, -a), -1)
    assert np.isnan(rank_correlation(a, np.zeros_like(a))).all()


def test_the_overlap_of_the_top_tenth_is_one_for_the_same_none_for_the_opposite_and_a_tenth_by_chance():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 2000, 100))
    assert (top_overlap(a, 3 * a + 1) == 1).all()
    assert (top_overlap(a, -a) == 0).all()
    assert top_overlap(a, b).mean() == pytest.approx(0.1, abs=0.01)


def test_small_heatmaps_are_compared_pixel_by_pixel_and_large_ones_cell_by_cell():
    small, large = np.arange(2.0 * 32 * 32).reshape(2, 32, 32), np.ones((2, 130, 130))
    np.testing.assert_array_equal(pooled(small), small.reshape(2, -1))
    assert pooled(large).shape == (2, 43 * 43)


def test_a_variant_with_mains_own_heatmaps_is_fully_alike_and_one_with_others_is_not(cohort, folds):
    rng = np.random.default_rng(0)
    noise = {
        k: {**f, "stain": replace(f["stain"], values=rng.normal(size=f["stain"].values.shape))}
        for k, f in folds.items()
    }
    same = {k: {**fold, "stain": fold["main"]} for k, fold in folds.items()}
    found = [alike(cohort, one, {"stain": "reinhard"}, "lrp")["stain"] for one in (same, noise)]
    assert np.nanmin(found[0]["rank correlation"]) == pytest.approx(1)
    assert np.nanmin(found[0]["top-10 % overlap"]) == 1
    assert np.nanmax(np.abs(found[0]["relevance in the object, change"])) == pytest.approx(0)
    assert abs(np.nanmean(found[1]["rank correlation"])) < 0.02
    assert np.nanmean(found[1]["top-10 % overlap"]) == pytest.approx(0.1, abs=0.02)


def test_each_tile_is_compared_with_the_heatmap_of_the_same_tile(cohort, folds):
    shuffled = {}
    for k, fold in folds.items():
        stain, order = fold["main"], np.random.default_rng(k).permutation(len(fold["main"].samples))
        moved = replace(stain, values=stain.values[order], samples=stain.samples.iloc[order])
        shuffled[k] = {**fold, "stain": moved}
    found = alike(cohort, shuffled, {"stain": "reinhard"}, "lrp")["stain"]
    assert np.nanmin(found["rank correlation"]) == pytest.approx(1)


def test_main_is_compared_with_main_of_a_fold_that_did_not_learn_from_the_tile(cohort, folds, evidence):
    row = figure(evidence, ANOTHER, "rank correlation", "lrp")
    assert row["tiles"] == len(cohort.samples)
    assert -1 <= row["low"] <= row["value"] <= row["high"] < 1
    only_tested = {k: {name: _tested(one) for name, one in fold.items()} for k, fold in folds.items()}
    assert ANOTHER not in alike(cohort, only_tested, {"main": "none", "stain": "reinhard"}, "lrp")


def test_relevance_in_the_object_is_counted_where_there_is_one(evidence, cohort):
    row = figure(evidence, "stain", "relevance in the object", "lrp")
    assert row["tiles"] == cohort.x.masks.any(axis=(1, 2)).sum()
    change = figure(evidence, "stain", "relevance in the object, change", "lrp")["value"]
    assert change == pytest.approx(row["value"] - figure(evidence, "main", "relevance in the object", "lrp")["value"])


def test_the_external_cohort_adds_its_rows(evidence, study, cohort, fits):
    found = with_external(evidence, external(study, cohort), study, fits)
    claims = found.claims.set_index(["claim", "group"])["value"]
    row = figure(found, "stain", "AUROC", "external")
    assert row["value"] == pytest.approx(claims["AUROC, external", "stain"])
    assert row["patients"] == 6
    assert figure(found, "stain", "AUROC change", "external")["value"] == pytest.approx(
        claims["AUROC change, external", "stain"]
    )


def _tested(relevance):
    own = (relevance.samples["part"] == "test").to_numpy()
    return replace(relevance, values=relevance.values[own], samples=relevance.samples[own].reset_index(drop=True))
