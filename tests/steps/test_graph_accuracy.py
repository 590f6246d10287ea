"""How well each protein is predicted: within folds, by people, beside shuffled tables, on the levels that were seen."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from biox.core.study import Study
from biox.steps.arms import arms, table_of
from biox.steps.graphs import accuracy
from tests.graphs.made_graphs import PROTEINS, made


@pytest.fixture(scope="module")
def given():
    return made()


def test_accuracy_is_taken_within_folds_and_counts_people(given):
    table = accuracy(given.cohort, given.study, given.fits)
    own = []
    for of_fold in given.fits.values():
        guess = of_fold["main"].predictions
        rows = given.cohort.samples["sample"].isin(guess["sample"]).to_numpy()
        own.append(np.corrcoef(given.cohort.x[rows, 3], guess["P03"])[0, 1])
    assert min(own) <= table["r"][3] <= max(own)
    assert (table["r"][:16] > 0.7).all()
    twins = given.cohort.samples.assign(subject=[f"p{i // 10}" for i in range(90)])
    fewer = accuracy(replace(given.cohort, samples=twins), given.study, given.fits)
    np.testing.assert_allclose(fewer["r"], table["r"], atol=0.02)
    assert (fewer["p"][:16] > table["p"][:16]).all()


def test_the_accuracy_of_a_variant_is_taken_on_the_levels_that_it_saw(given):
    raw = {"variants": {"raw": {"prepare": {"name": "none"}}}, "prepare": {"name": "centred"}}
    facts = given.study.model_dump(include={"name", "title", "question", "domain", "folds", "graph"})
    study = Study.model_validate({**facts, "data": {"source": "table"}, **raw})
    fits = {fold: dict.fromkeys(("main", "raw"), of_fold["main"]) for fold, of_fold in given.fits.items()}
    plain = accuracy(given.cohort, given.study, {fold: {"main": one["main"]} for fold, one in given.fits.items()})
    pd.testing.assert_frame_equal(accuracy(given.cohort, study, fits, "raw"), plain)
    assert not np.allclose(accuracy(given.cohort, study, fits)["r"], plain["r"])


def test_the_better_the_nulls_seem_the_less_a_correlation_says(given):
    null = next(arm for arm in arms(given.study) if arm.shuffled == 0)
    shuffled = pd.DataFrame(table_of(given.cohort, given.study, null)[0], columns=list(PROTEINS))
    shuffled["sample"] = given.cohort.samples["sample"]
    lucky = {
        k: {**fits, "null-0": replace(fits["null-0"], predictions=shuffled[shuffled["sample"].isin(_tested(fits))])}
        for k, fits in given.fits.items()
    }
    usual, careful = (accuracy(given.cohort, given.study, fits) for fits in (given.fits, lucky))
    assert (careful["p"][:16] > usual["p"][:16]).all()
    np.testing.assert_array_equal(careful["r"], usual["r"])


def _tested(fits):
    return fits["main"].predictions["sample"]
