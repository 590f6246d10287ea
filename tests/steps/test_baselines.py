"""Baselines of a graph study: the folds of the network, and nothing of the patients it is tested on."""

import numpy as np
import pandas as pd
import pytest

from biox.core.errors import InputError
from biox.core.study import Study
from biox.core.types import Axis, Cohort
from biox.domains.proteomics.centred import centred
from biox.graphs.baselines import Forest, genie3, lasso, partial, pearson
from biox.steps.baselines import baselines
from biox.steps.folds import assign, parts

FEW = {"kind": "random forest", "trees": 5}


def _study(**change) -> Study:
    base = {
        "name": "s",
        "title": "",
        "question": "",
        "domain": "proteomics",
        "data": {"source": "table"},
        "folds": {"count": 3},
        "graph": {"forest": FEW},
    }
    return Study(**{**base, **change})


@pytest.fixture
def cohort() -> Cohort:
    rng = np.random.default_rng(0)
    x = (rng.standard_normal((60, 6)) @ rng.standard_normal((6, 6))).astype(np.float32)
    x[rng.random(x.shape) < 0.1] = np.nan
    labels = np.repeat(["a", "b"], 30)
    samples = pd.DataFrame({"sample": [f"s{k}" for k in range(60)], "subject": [f"p{k}" for k in range(60)]})
    samples["label"] = labels
    axis = Axis("protein", tuple(f"P{k}" for k in range(6)))
    return Cohort(x, samples, (axis,), "log2 intensity", ("a", "b"), "subject")


def _seen(cohort, study):
    folds = assign(cohort.samples, study)
    return [parts(folds, k, study.folds.count) != "test" for k in range(study.folds.count)]


def test_scores_are_the_mean_over_folds_without_their_test_patients(cohort):
    study = _study()
    found = baselines(cohort, study)
    assert list(found) == ["pearson", "partial", "lasso", "genie3"]
    methods = {"pearson": pearson, "partial": partial, "lasso": lasso, "genie3": lambda x: genie3(x, Forest(trees=5))}
    for name, method in methods.items():
        expected = np.mean([method(cohort.x[rows]) for rows in _seen(cohort, study)], axis=0)
        np.testing.assert_allclose(found[name], expected, atol=1e-12)


def test_only_the_methods_asked_for_run(cohort):
    assert list(baselines(cohort, _study(graph={"baselines": ["partial"]}))) == ["partial"]


def test_the_forest_is_the_one_of_the_settings(cohort):
    trees = {"kind": "extra trees", "trees": 3, "samples": 25}
    study = _study(graph={"baselines": ["genie3"], "forest": trees})
    expected = np.mean([genie3(cohort.x[rows], Forest(**trees)) for rows in _seen(cohort, study)], axis=0)
    np.testing.assert_allclose(baselines(cohort, study)["genie3"], expected)


def test_the_study_gives_the_forest_its_seed(cohort):
    study = _study(graph={"baselines": ["genie3"], "forest": FEW}, seed=7)
    expected = np.mean([genie3(cohort.x[r], Forest(trees=5, seed=7)) for r in _seen(cohort, study)], axis=0)
    np.testing.assert_allclose(baselines(cohort, study)["genie3"], expected)


def test_samples_that_the_main_variant_leaves_out_are_left_out(cohort):
    study = _study(graph={"baselines": ["pearson"]}, learn={"where": {"label": ["a"]}})
    of_a = (cohort.samples["label"] == "a").to_numpy()
    expected = np.mean([pearson(cohort.x[rows & of_a]) for rows in _seen(cohort, study)], axis=0)
    np.testing.assert_allclose(baselines(cohort, study)["pearson"], expected)


def test_values_are_prepared_as_for_the_main_variant(cohort):
    study = _study(graph={"baselines": ["pearson"]}, prepare={"name": "centred", "by": "label"})
    x = centred(cohort.x, cohort.samples, by="label")
    expected = np.mean([pearson(x[rows]) for rows in _seen(cohort, study)], axis=0)
    found = baselines(cohort, study)["pearson"]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert not np.allclose(found, baselines(cohort, _study(graph={"baselines": ["pearson"]}))["pearson"], atol=1e-3)


def test_a_study_without_a_graph_section_is_refused(cohort):
    with pytest.raises(InputError, match="no `graph` section"):
        baselines(cohort, _study(domain="gait", graph=None))
