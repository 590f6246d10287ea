"""A new person's place among the people of a cohort, and what would be wrong with simpler ones."""

import numpy as np
import pandas as pd
import pytest

from biox.core.find import checked
from biox.core.study import Study
from biox.steps import placed
from biox.steps.ingest import ingest
from biox.steps.predict import scores_of
from biox.steps.train import train

FOLDS, FRESH = 5, 300


def settings(seed: int, model: str = "linear") -> Study:
    data = {"source": "simulate", "labels": ["healthy", "knee"], "subjects": 40 + FRESH, "trials": 1, "seed": seed}
    given = {"name": "p", "title": "t", "question": "q", "domain": "gait", "folds": {"count": FOLDS}, "data": data}
    return checked(Study, {**given, "training": {"epochs": 10}, "model": model}, "p")


def fresh_places(seed: int) -> pd.DataFrame:
    """Places of 300 healthy people whom no model knows, and the scores of the 80 people of the cohort."""
    study = settings(seed)
    everyone = ingest(study)
    order = everyone.samples.groupby("label").cumcount().to_numpy()
    cohort = everyone.take(order < 40)
    fresh = everyone.take((order >= 40) & (everyone.samples["label"] == "healthy").to_numpy())
    fits = {fold: train(cohort, study, fold)["main"] for fold in range(FOLDS)}
    known = placed.out_of_fold(cohort, fits)
    logits = {fold: scores_of(fresh, fit) for fold, fit in fits.items()}
    return placed.places(fresh.samples["subject"], logits, known, fits[0])


@pytest.mark.long
def test_a_fifth_of_new_healthy_people_lies_in_the_outer_fifth_of_the_healthy():
    """Five models of forty people agree little here (correlation about 0.3): a mean over them hides the extremes."""
    ours = []
    for seed in range(8):
        found = fresh_places(seed)
        ours.append(np.mean(np.abs(found.loc[found["class"] == "healthy", "place"] - 0.5) > 0.4))
    assert 0.14 < np.mean(ours) < 0.28


@pytest.mark.long
@pytest.mark.parametrize("agreement", [0.2, 0.6, 0.95])
def test_places_are_uniform_whatever_scale_and_offset_each_model_has(agreement):
    """Margins drawn from a normal distribution: a person's own part, and a part that each model adds by itself."""
    rng = np.random.default_rng(3)
    people, fold_of = 1500, np.arange(1500) % FOLDS
    scales, offsets = rng.uniform(0.2, 5, FOLDS), rng.normal(0, 3, FOLDS)

    def drawn(count: int) -> np.ndarray:
        own = rng.normal(size=(count, 1))
        return scales * (np.sqrt(agreement) * own + np.sqrt(1 - agreement) * rng.normal(size=(count, FOLDS))) + offsets

    cohort, fresh = drawn(people), drawn(1000)
    rows = [
        {"subject": str(i), "label": "a", "fold": fold, "part": part, "class": "a", "margin": cohort[i, fold]}
        for i in range(people)
        for part, fold in (("test", fold_of[i]), ("validation", (fold_of[i] - 1) % FOLDS))
    ]
    logits = {fold: np.stack([fresh[:, fold], np.zeros(1000)], axis=1) for fold in range(FOLDS)}
    subjects = pd.Series([f"new {i}" for i in range(1000)])
    found = placed.places(subjects, logits, pd.DataFrame(rows), Classes(("a", "b")))
    assert placed.steadiness(pd.DataFrame(rows)) == pytest.approx(agreement, abs=0.05)
    place = np.sort(found.loc[found["class"] == "a", "place"].to_numpy())
    assert np.abs(place - (np.arange(1000) + 0.5) / 1000).max() < 1.63 / np.sqrt(1000)  # Kolmogorov-Smirnov, 1 %


class Classes:
    """All that a place needs of a fit."""

    def __init__(self, classes):
        self.classes = classes


def test_the_place_of_a_class_without_people_is_unknown():
    known = pd.DataFrame(
        {"subject": ["1"], "label": ["a"], "fold": [0], "part": ["test"], "class": ["a"], "margin": [1.0]}
    )
    found = placed.places(pd.Series(["x"]), {0: np.array([[2.0, 0.0]])}, known, Classes(("a", "b"))).set_index("class")
    assert found["place"].isna().tolist() == [False, True]
    assert found.at["a", "place"] > 0.5
