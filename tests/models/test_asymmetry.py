"""The model that compares the legs: equal to its recipe written in numpy, and able to see what a line cannot."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from biox import lrp
from biox.core.errors import InputError
from biox.models import build


def limping(seed: int, people: int = 120) -> tuple[torch.Tensor, torch.Tensor]:
    """Curves of two legs; class 1 differs between the legs, by chance in favour of the one or the other."""
    rng = np.random.default_rng(seed)
    y = np.arange(people) % 2
    x = 0.3 * rng.normal(size=(people, 4, 30))
    x[:, 0, 10:20] += (y * rng.choice([-1, 1], people))[:, None]
    return torch.from_numpy(x.astype(np.float32)), torch.from_numpy(y)


def accuracy(name: str, options: dict[str, object]) -> float:
    (x, y), (new_x, new_y) = limping(0), limping(1)
    model = build(name, (4, 30), 2, options, seed=0)
    model.solve(x, y, 0)
    return float((model(new_x).argmax(1) == new_y).double().mean())


def test_a_limp_on_either_side_is_seen_and_a_line_cannot_see_it():
    assert accuracy("asymmetry", {}) > 0.95
    assert accuracy("logistic", {"penalty": 1.5, "standardise": False}) < 0.7


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("rises", [(), (1, 29), (5, 10)])
def test_it_is_logistic_regression_on_values_and_differences_of_the_legs(rises, classes):
    x, y = limping(0)
    y = torch.arange(len(x)) % classes
    model = build("asymmetry", (4, 30), classes, {"rises": rises, "penalty": 0.5}, seed=0)
    model.solve(x, y, 0)
    values = x.double().numpy()
    apart = values[:, :2] - values[:, 2:]
    blocks = [values, np.abs(apart), *(np.abs(apart[:, :, rise:] - apart[:, :, :-rise]) for rise in rises)]
    features = np.concatenate([block.reshape(len(values), -1) for block in blocks], axis=1)
    features -= features.mean(0)  # the same problem, as the intercept is free, and the same steps of the solver
    twin = LogisticRegression(C=0.5, max_iter=1000).fit(features, y.numpy())
    np.testing.assert_allclose(model(x).softmax(1).detach().numpy(), twin.predict_proba(features), atol=1e-4)


def test_exchanging_the_legs_leaves_all_differences_as_they_are():
    x, _ = limping(2)
    model = build("asymmetry", (4, 30), 2, {}, seed=0)
    torch.testing.assert_close(model.features(x)[:, 120:], model.features(x[:, [2, 3, 0, 1]])[:, 120:])
    assert not torch.allclose(model.features(x)[:, 120:], model.features(x[:, [1, 0, 2, 3]])[:, 120:])


@pytest.mark.parametrize("composite", ["epsilon", "epsilon-plus", "epsilon-gamma-box", "epsilon-alpha2-beta1-flat"])
def test_relevance_of_a_limp_lies_on_the_leg_and_where_the_limp_is(composite):
    x, y = limping(3)
    model = build("asymmetry", (4, 30), 2, {"rises": (5,)}, seed=0)
    model.solve(x, y, 0)
    rows = (y == 1).nonzero().flatten()
    relevance = lrp.relevance(model, x[rows], 1, composite=composite, low=x.amin(0), high=x.amax(0)).abs().mean(0)
    pair = relevance[[0, 2]].sum(0)
    # The limp covers a third of the curve, of one of two pairs of channels.
    assert pair.sum() > 1.5 * relevance[[1, 3]].sum()
    assert pair[5:25].mean() > 2 * pair[[0, 1, 2, 3, 27, 28, 29]].mean()


@pytest.mark.parametrize(
    ("shape", "rises"),
    [((3, 30), (5,)), ((60,), (5,)), ((2, 30), (30,)), ((2, 30), (0,)), ((2, 30), (5, 5)), ((2, 3, 4), (1,))],
)
def test_what_cannot_be_compared_is_refused(shape, rises):
    with pytest.raises(InputError, match=r"asymmetry wants samples of shape \(channel, point\)"):
        build("asymmetry", shape, 2, {"rises": rises}, seed=0)


def test_it_reaches_the_target_on_the_published_folds(shared_data):
    with np.load(shared_data / "gait-acm2021" / "grf_194subjects.npz") as data:
        raw, fold, subject = data["X"], data["fold"], data["subject"]
        y = (data["class_index"] > 0).astype(int)
    low, high = raw.min((0, 2), keepdims=True), raw.max((0, 2), keepdims=True)
    x, trial, vote = torch.from_numpy(((raw - low) / (high - low)).astype(np.float32)), [], []
    for k in range(10):
        model = build("asymmetry", (6, 101), 2, {}, seed=0)
        model.solve(x[fold != k], torch.from_numpy(y[fold != k]), 0)
        tested = fold == k
        score = model(x[tested]).detach().double().numpy() @ [-1, 1]
        people = [(score[subject[tested] == one].mean() > 0) == y[subject == one][0] for one in set(subject[tested])]
        trial.append(((score > 0) == y[tested]).mean())
        vote.append(np.mean(people))
    assert np.mean(trial) >= 0.895
    assert np.mean(vote) >= 0.915
