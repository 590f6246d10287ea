"""An external cohort is judged by models that never saw it, and what does not belong there is refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from biox.core.errors import InputError
from biox.core.find import checked
from biox.core.study import Study
from biox.steps.external import external, external_evidence, mean_logits, slide_table
from biox.steps.ingest import ingest
from biox.steps.train import train

TILES = {"source": "simulated_tiles", "patients": 9, "tiles_each": 24, "tile": 32, "seed": 1}
GIVEN = {
    "name": "tiny", "title": "t", "question": "q", "domain": "histology", "label_level": "trial", "folds": {"count": 3},
    "data": TILES, "external": TILES | {"seed": 2, "patients": 6, "sites": ["east"], "scanners": ["C"]},
    "model": {"name": "vgg", "widths": [[8], [16]]}, "training": {"epochs": 3},
    "variants": {"stain": {"prepare": "reinhard"}},
}  # fmt: skip


@pytest.fixture(scope="module")
def study():
    return checked(Study, GIVEN, "tiny")


@pytest.fixture(scope="module")
def cohort(study):
    return ingest(study)


@pytest.fixture(scope="module")
def found(study, cohort):
    return external(study, cohort)


@pytest.fixture(scope="module")
def fits(study, cohort):
    return {fold: train(cohort, study, fold) for fold in range(3)}


@pytest.fixture(scope="module")
def evidence(found, study, fits):
    return external_evidence(found, study, fits)


def claim(evidence, name, group="main"):
    rows = evidence.claims
    return rows[(rows["claim"] == name) & (rows["group"] == group)].iloc[0]


def test_the_auroc_is_that_of_the_mean_logits_and_counts_the_external_patients(evidence, found, study, fits):
    logits = mean_logits(found, [fold["main"] for fold in fits.values()], study)
    row = claim(evidence, "AUROC, external")
    assert row["value"] == pytest.approx(roc_auc_score(found.y, logits[:, 1] - logits[:, 0]))
    assert row["n"] == 6
    assert row["low"] <= row["value"] <= row["high"]
    assert "external cohort" in row["method"]
    assert "out of fold" not in row["method"]


def test_samples_of_the_cohort_get_the_logits_that_the_fits_saved(cohort, study, fits):
    expected = np.mean([fold["main"].logits() for fold in fits.values()], axis=0)
    np.testing.assert_allclose(mean_logits(cohort, [f["main"] for f in fits.values()], study), expected, atol=1e-4)


def test_every_variant_and_baseline_is_tested_and_the_change_of_a_variant_is_the_difference(evidence, fits):
    groups = set(evidence.claims.loc[evidence.claims["claim"] == "AUROC, external", "group"])
    assert groups == set(fits[0])
    change = claim(evidence, "AUROC change, external", "stain")
    both = [claim(evidence, "AUROC, external", name)["value"] for name in ("stain", "main")]
    assert change["value"] == pytest.approx(both[0] - both[1])
    assert change["low"] <= change["value"] <= change["high"]


def test_no_claim_of_the_external_cohort_has_the_name_of_one_out_of_fold(evidence):
    assert evidence.claims["claim"].str.endswith(", external").all()


def test_the_slide_table_counts_every_tile_once_and_averages_its_probabilities(evidence, found):
    table, scores = evidence.tables["external_slides"], evidence.tables["external_scores"]
    assert table["tiles"].sum() == len(found.samples)
    main = scores[scores["variant"] == "main"]
    assert len(main) == len(found.samples)
    p = 1 / (1 + np.exp(main["logit:normal"] - main["logit:tumour"]))
    for row in table.itertuples():
        own = (main["slide"] == row.slide).to_numpy()
        assert row.score == pytest.approx(p[own].mean())
        assert row.accuracy == pytest.approx((main["predicted"] == main["label"])[own].mean())
    assert set(table["site"]) == {"east"}


def test_a_slide_of_one_class_has_no_auroc(found):
    one = found.take(found.samples.index[found.samples["label"] == "tumour"].to_numpy()[:5])
    assert slide_table(one, np.zeros((5, 2)), 1)["auroc"].isna().all()


def test_tiles_that_the_models_learnt_from_are_refused(study, cohort):
    again = study.model_copy(update={"external": study.data})
    with pytest.raises(InputError, match=r"stands in the study's own cohort as well \(216 such samples\)"):
        external(again, cohort)


def test_other_patients_of_the_same_names_are_accepted(found, cohort):
    assert set(found.samples["subject"]) <= set(cohort.samples["subject"])


def test_a_label_that_the_models_do_not_know_is_refused(study, cohort, monkeypatch):
    renamed = replace(cohort, samples=cohort.samples.assign(label="cyst"), classes=("cyst",))
    monkeypatch.setattr("biox.steps.external.find", lambda *_: lambda **_: renamed)
    with pytest.raises(InputError, match="do not know the label 'cyst'; they know 'normal', 'tumour'"):
        external(study, cohort)


def test_classes_are_mapped_and_ordered_like_those_of_the_study(study):
    named = study.model_copy(update={"classes": {"cancer": ("tumour",), "free": ("normal",)}})
    own = ingest(named)
    assert own.classes == ("cancer", "free")
    assert external(named, own).classes == ("cancer", "free")


def test_one_class_only_is_refused(study, cohort):
    source = study.external.model_copy(update={"options": {**study.external.options, "tumour": 1.0}})
    with pytest.raises(InputError, match=r"tiny, external: .*at least two classes"):
        external(study.model_copy(update={"external": source}), cohort)


def test_a_study_without_external_cohort_says_so(study, cohort):
    with pytest.raises(InputError, match="has no external cohort"):
        external(study.model_copy(update={"external": None}), cohort)


def test_a_gait_study_may_have_an_external_cohort_too():
    people = {"source": "simulate", "labels": ["healthy", "knee"], "subjects": 6, "trials": 2, "effect": 2.0}
    given = {
        "name": "g", "title": "t", "question": "q", "domain": "gait", "folds": {"count": 3}, "data": people,
        "external": people | {"seed": 5}, "training": {"epochs": 3}, "model": {"name": "mlp", "hidden": [8]},
    }  # fmt: skip
    gait = checked(Study, given, "g")
    own = ingest(gait)
    evidence = external_evidence(external(gait, own), gait, {fold: train(own, gait, fold) for fold in range(3)})
    assert claim(evidence, "AUROC, external")["n"] == 12
    assert claim(evidence, "accuracy by subject vote, external")["n"] == 12
    assert isinstance(evidence.tables["external_slides"], pd.DataFrame)
