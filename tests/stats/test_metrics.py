import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn import metrics as sk

from biox.core.errors import InputError
from biox.stats import metrics


def predictions(classes, n=120, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    logits = np.round(rng.normal(size=(n, classes)) + np.eye(classes)[y], 1)  # rounded: ties occur
    return logits, y, rng.integers(0, 4, (3, n))


def by_sklearn(name, logits, y, weight):
    p, named = softmax(logits, axis=1), logits.argmax(1)
    if name == "accuracy":
        return sk.accuracy_score(y, named, sample_weight=weight)
    if name == "balanced_accuracy":
        return sk.balanced_accuracy_score(y, named, sample_weight=weight)
    if name == "brier":
        return sk.brier_score_loss(y, p if p.shape[1] > 2 else p[:, 1], sample_weight=weight)
    if p.shape[1] == 2:
        return sk.roc_auc_score(y, logits[:, 1] - logits[:, 0], sample_weight=weight)
    return np.mean([sk.roc_auc_score(y == c, p[:, c], sample_weight=weight) for c in range(p.shape[1])])


@pytest.mark.parametrize("classes", [2, 3, 4])
@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "auroc", "brier"])
def test_metrics_are_those_of_scikit_learn_also_with_weights(name, classes):
    logits, y, weight = predictions(classes)
    ours = getattr(metrics, name)
    assert ours(logits, y) == pytest.approx(by_sklearn(name, logits, y, None))
    assert ours(logits, y, weight) == pytest.approx([by_sklearn(name, logits, y, w) for w in weight])


def test_multi_class_auroc_is_the_one_against_the_rest_mean():
    logits, y, _ = predictions(3)
    expected = sk.roc_auc_score(y, softmax(logits, axis=1), multi_class="ovr")
    assert metrics.auroc(logits, y) == pytest.approx(expected)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 4), st.integers(0, 10_000))
def test_counting_a_sample_twice_is_the_same_as_having_it_twice(classes, seed):
    logits, y, weight = predictions(classes, n=25, seed=seed)
    rows = np.repeat(np.arange(25), weight[0])
    for metric in (
        metrics.accuracy,
        metrics.balanced_accuracy,
        metrics.auroc,
        metrics.brier,
        metrics.calibration_error,
    ):
        np.testing.assert_allclose(metric(logits, y, weight[0]), metric(logits[rows], y[rows]), atol=1e-12)


def test_auroc_is_undefined_where_a_class_does_not_occur():
    logits, y, _ = predictions(2)
    assert np.isnan(metrics.auroc(logits, np.zeros_like(y)))
    assert np.isnan(metrics.auroc(logits, y, np.stack([y == 0, np.ones(len(y))]))).tolist() == [True, False]


def test_calibration_error_is_zero_for_honest_probabilities_and_large_for_boasting():
    rng = np.random.default_rng(0)
    p = rng.random(100_000)
    y = (rng.random(100_000) < p).astype(int)
    honest = np.log(np.stack([1 - p, p], axis=1))
    assert metrics.calibration_error(honest, y) < 0.01
    assert metrics.calibration_error(5 * honest, y) > 0.1


def test_calibration_error_is_the_weighted_gap_of_the_table():
    logits, y, _ = predictions(3)
    table = metrics.calibration_table(logits, y).query("n > 0")
    gap = (table.n * (table.confidence - table.accuracy).abs()).sum() / table.n.sum()
    assert metrics.calibration_error(logits, y) == pytest.approx(gap)
    assert metrics.calibration_table(logits, y).n.sum() == len(y)
    assert ((table.low < table.confidence) & (table.confidence <= table.high)).all()


def test_confusion_counts_true_classes_in_rows():
    logits = np.array([[3.0, 0, 0], [0, 3, 0], [0, 3, 0]])
    assert metrics.confusion(logits, np.array([0, 0, 1])).tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]


def test_vote_by_subject_is_the_mean_probability():
    logits, y = np.array([[5.0, 0], [0, 1], [0, 1], [0, 2]]), np.array([0, 0, 0, 1])
    votes = metrics.subject_vote(logits, y, np.array(["b", "b", "b", "a"]))
    assert votes.subject.tolist() == ["a", "b"]
    assert votes.y.tolist() == [1, 0]
    np.testing.assert_allclose(np.exp(votes.logits[1]), softmax(logits[:3], axis=1).mean(0))
    assert metrics.accuracy(votes.logits, votes.y) == 1 > metrics.accuracy(logits, y)


def test_a_subject_with_two_classes_cannot_vote():
    with pytest.raises(InputError, match="Subject b has trials of more than one class"):
        metrics.subject_vote(np.zeros((3, 2)), np.array([0, 1, 1]), np.array(["b", "b", "c"]))


def test_very_sure_models_do_not_break_the_probabilities():
    logits, y = np.array([[1e4, 0.0], [0, 1e4]]), np.array([0, 0])
    assert metrics.brier(logits, y) == pytest.approx(0.5)
    assert np.isfinite(metrics.subject_vote(logits, y, np.array([1, 2])).logits).all()
