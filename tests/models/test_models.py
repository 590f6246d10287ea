"""The networks: their shapes, their textbook twins, their refusals."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from biox import lrp
from biox.core.errors import InputError
from biox.core.find import known
from biox.models import build, complete


def tiny_data(classes: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    y = np.arange(60) % classes
    x = rng.normal(size=(60, 2, 30)) * rng.uniform(0.5, 3, size=(1, 2, 30)) + 0.5 * y[:, None, None]
    return torch.from_numpy(x.astype(np.float32)), torch.from_numpy(y)


# These have tests of their own; masked_mlp has no classes, and the last two need the network that gives their features.
OTHERS = ("masked_mlp", "vgg", "resnet18", "attention_mil", "pretrained", "linear_head")
CASES = [
    (name, shape)
    for name in known("biox.models")
    if name not in OTHERS
    for shape in [(2, 30), (1, 101), (60,)]
    if (name != "convnet" or len(shape) == 2) and (name != "asymmetry" or shape == (2, 30))
]


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_every_model_gives_one_logit_a_class(name, shape):
    model = build(name, shape, 3, {}, seed=0).eval()
    assert model(torch.randn(5, *shape)).shape == (5, 3)


@pytest.mark.parametrize("name", ["linear", "mlp", "cnn1d", "average"])
def test_initial_weights_depend_on_the_seed_alone(name):
    options = {"members": [{"name": "mlp", "copies": 2}]} if name == "average" else {}
    first = build(name, (2, 30), 2, options, seed=3).state_dict()
    torch.rand(7)
    again, other = (build(name, (2, 30), 2, options, seed=s).state_dict() for s in (3, 4))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not all(torch.equal(first[key], other[key]) for key in first)


def test_building_leaves_the_global_random_stream_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    build("mlp", (4,), 2, {}, seed=9)
    assert torch.equal(torch.rand(3), expected)


def test_mlp_is_the_published_606_768_768():
    sizes = [tuple(p.shape) for p in build("mlp", (6, 101), 4, {}, seed=0).parameters() if p.ndim == 2]
    assert sizes == [(768, 606), (768, 768), (4, 768)]


def test_a_stretched_mlp_sees_stretched_input_and_can_be_explained():
    plain = build("mlp", (2, 30), 2, {"hidden": [8]}, seed=0)
    stretched = build("mlp", (2, 30), 2, {"hidden": [8], "gain": 4.0, "centre": 0.5}, seed=0)
    stretched.load_state_dict(plain.state_dict())
    x = torch.rand(5, 2, 30)
    torch.testing.assert_close(stretched(x), plain(4 * (x - 0.5)), atol=1e-5, rtol=1e-4)
    relevance = lrp.relevance(stretched, x, 0, composite="epsilon")
    x.requires_grad_()
    # Without stabiliser and beyond biases, epsilon equals input times gradient in a network of ReLUs.
    (gradient,) = torch.autograd.grad(stretched(x)[:, 0].sum(), x)
    torch.testing.assert_close(relevance, (x * gradient).detach(), atol=1e-3, rtol=1e-2)


def test_cnn1d_is_the_published_one_and_reads_channel_by_channel():
    model = build("cnn1d", (6, 101), 2, {}, seed=0)
    sizes = [tuple(p.shape) for p in model.parameters() if p.ndim > 1]
    assert sizes == [(24, 1, 8), (32, 24, 8), (48, 32, 6), (2, 48 * 48)]
    x = torch.randn(3, 6, 101)
    first = next(module for module in model if isinstance(module, torch.nn.Conv1d))
    by_hand = torch.nn.functional.conv1d(x.reshape(3, 1, 606), first.weight, first.bias, stride=2)
    seen = []
    first.register_forward_hook(lambda module, inputs, output: seen.append(output))
    model(x)
    assert torch.equal(seen[0], by_hand)


def test_cnn1d_takes_42_values_and_refuses_41():
    assert build("cnn1d", (42,), 2, {}, seed=0)(torch.randn(2, 42)).shape == (2, 2)
    with pytest.raises(InputError, match="at least 42 input values a sample, got 41"):
        build("cnn1d", (41,), 2, {}, seed=0)


def test_convnet_sees_all_channels_and_keeps_positions():
    model = build("convnet", (6, 101), 2, {"widths": [8, 16]}, seed=0).eval()
    sizes = [tuple(p.shape) for p in model.parameters() if p.ndim > 1]
    assert sizes == [(8, 6, 9), (16, 8, 9), (2, 16 * (101 // 9))]
    x = torch.zeros(2, 6, 101)
    x[0, 3, 20], x[1, 3, 70] = 1.0, 1.0
    early, late = model(x)
    assert (early - late).abs().max() > 1e-4


@pytest.mark.parametrize(("shape", "options"), [((60,), {}), ((2, 8), {}), ((2, 30), {"kernel": 4})])
def test_convnet_refuses_what_it_cannot_pool_or_centre(shape, options):
    with pytest.raises(InputError, match=r"convnet wants samples of shape \(channel, point\)"):
        build("convnet", shape, 2, options, seed=0)


@pytest.mark.parametrize("name", ["linear", "mlp", "cnn1d", "convnet", "average", "linear_svm", "asymmetry"])
def test_every_network_can_be_explained_and_keeps_the_sum(name):
    options = {"average": {"members": [{"name": "cnn1d", "copies": 2}, {"name": "convnet"}, {"name": "logistic"}]}}.get(
        name, {}
    )
    model = build(name, (2, 30), 3, options, seed=0).eval().double()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if key.endswith("bias"):
                parameter.zero_()
    x = torch.randn(4, 2, 30, dtype=torch.float64)
    relevance = lrp.relevance(model, x, 1, composite="epsilon")
    torch.testing.assert_close(relevance.sum((1, 2)), model(x)[:, 1].detach(), atol=1e-3, rtol=1e-3)


def test_linear_svm_equals_scikit_learn():
    x, y = tiny_data(2)
    model = build("linear_svm", (2, 30), 2, {}, seed=0)
    model.solve(x, y, 5)
    twin = LinearSVC(C=0.1, random_state=5).fit(x.flatten(1).double().numpy(), y.numpy())
    margin = twin.decision_function(x.flatten(1).double().numpy())
    logits = model(x).detach().numpy()
    np.testing.assert_allclose(logits[:, 1], margin, atol=1e-4)
    np.testing.assert_array_equal(logits[:, 0], -logits[:, 1])


def test_linear_svm_of_three_classes_scores_each_against_the_rest():
    x, y = tiny_data(3)
    model = build("linear_svm", (2, 30), 3, {"penalty": 1.0}, seed=0)
    model.solve(x, y, 5)
    twin = LinearSVC(C=1.0, random_state=5).fit(x.flatten(1).double().numpy(), y.numpy())
    np.testing.assert_allclose(model(x).detach().numpy(), twin.decision_function(x.flatten(1).numpy()), atol=1e-4)


@pytest.mark.parametrize("classes", [2, 3])
def test_logistic_gives_scikit_learns_probabilities(classes):
    x, y = tiny_data(classes)
    model = build("logistic", (2, 30), classes, {"penalty": 0.5}, seed=0)
    model.solve(x, y, 0)
    flat = x.flatten(1).double().numpy()
    twin = make_pipeline(StandardScaler(), LogisticRegression(C=0.5, max_iter=1000)).fit(flat, y.numpy())
    np.testing.assert_allclose(model(x).softmax(1).detach().numpy(), twin.predict_proba(flat), atol=1e-4)


def test_logistic_survives_a_value_that_never_changes():
    x, y = tiny_data(2)
    x[:, 0, 0] = 1.0
    model = build("logistic", (2, 30), 2, {}, seed=0)
    model.solve(x, y, 0)
    assert torch.isfinite(model(x)).all()


def _pictures(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    y = np.arange(60) % 2
    x = rng.normal(size=(60, 3, 8, 9)) * (1 + y[:, None, None, None] * [[[0.0]], [[0.5]], [[0.0]]])
    return torch.from_numpy(x.astype(np.float32)), torch.from_numpy(y)


@pytest.mark.parametrize("shape", [(3, 8, 9), (3, 2, 4, 9)])
def test_logistic_of_pictures_is_logistic_regression_on_means_and_spreads_of_the_colours(shape):
    x, y = _pictures()
    x = x.reshape(60, *shape)
    model = build("logistic", shape, 2, {"penalty": 0.5}, seed=0)
    model.solve(torch.cat([model.summary(batch) for batch in x.split(7)]), y, 0)
    flat = x.double().numpy().reshape(60, 3, -1)
    six = np.concatenate([flat.mean(2), flat.std(2)], axis=1)
    twin = make_pipeline(StandardScaler(), LogisticRegression(C=0.5, max_iter=1000)).fit(six, y.numpy())
    np.testing.assert_allclose(model(x).softmax(1).detach().numpy(), twin.predict_proba(six), atol=1e-4)
    assert (model(x).argmax(1) == y).double().mean() > 0.9


@pytest.mark.parametrize("name", ["logistic", "zero_rule"])
@pytest.mark.parametrize("shape", [(60,), (2, 30)])
def test_summaries_batch_by_batch_give_the_very_weights_of_all_samples_at_once(name, shape):
    x, y = tiny_data(3)
    x = x.reshape(60, *shape)
    whole, parts = (build(name, shape, 3, {}, seed=0) for _ in range(2))
    whole.solve(x, y, 0)
    parts.solve(torch.cat([parts.summary(batch) for batch in x.split(7)]), y, 0)
    pairs = zip(whole.state_dict().values(), parts.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_the_zero_rule_wants_to_know_nothing_of_a_sample():
    assert build("zero_rule", (3, 8, 9), 2, {}, seed=0).summary(_pictures()[0]).shape == (60, 0)


def test_an_average_of_pictures_solves_its_members_by_their_summaries():
    x, y = _pictures()
    members = [{"name": "mlp", "hidden": [8]}, {"name": "logistic", "penalty": 0.5}]
    model = build("average", (3, 8, 9), 2, {"members": members}, seed=0)
    model.solve_members(x, y, 0)
    alone = build("logistic", (3, 8, 9), 2, {"penalty": 0.5}, seed=0)
    alone.solve(alone.summary(x), y, 0)
    assert torch.equal(model.members[1].linear.weight, alone.linear.weight)


def test_zero_rule_answers_with_the_class_shares():
    model = build("zero_rule", (2, 3), 3, {}, seed=0)
    model.solve(torch.zeros(8, 2, 3), torch.tensor([0, 0, 0, 0, 0, 1, 1, 2]), 0)
    shares = model(torch.randn(2, 2, 3)).softmax(1)
    np.testing.assert_allclose(shares.numpy(), [[5 / 8, 2 / 8, 1 / 8]] * 2, rtol=1e-6)


def test_average_is_the_mean_of_its_members():
    members = [{"name": "mlp", "hidden": [8], "copies": 3}, {"name": "cnn1d"}, {"name": "logistic"}]
    model = build("average", (2, 30), 3, {"members": members}, seed=0)
    x = torch.randn(4, 2, 30)
    assert len(model.members) == 5
    torch.testing.assert_close(model(x), torch.stack([member(x) for member in model.members]).mean(0))


def test_average_solves_what_has_a_solver_and_leaves_the_rest():
    x, y = tiny_data(2)
    members = [{"name": "mlp", "hidden": [8]}, {"name": "logistic", "penalty": 0.5}]
    model = build("average", (2, 30), 2, {"members": members}, seed=0)
    before = [value.clone() for value in model.members[0].state_dict().values()]
    model.solve_members(x, y, 0)
    alone = build("logistic", (2, 30), 2, {"penalty": 0.5}, seed=0)
    alone.solve(x, y, 0)
    assert torch.equal(model.members[1].linear.weight, alone.linear.weight)
    assert all(torch.equal(a, b) for a, b in zip(before, model.members[0].state_dict().values(), strict=True))
    assert model.each(x).shape == (1, 60, 2)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([{"name": "linear_svm"}, {"name": "mlp"}], "not 'linear_svm'"),
        ([{"hidden": [3]}], "with a 'name'"),
        ([{"name": "mlp", "copies": 0}], "copies >= 1"),
        ([{"name": "logistic"}], "at least one member that learns by descent"),
    ],
)
def test_average_refuses_members_that_cannot_vote_together(members, message):
    with pytest.raises(InputError, match=message):
        build("average", (2, 30), 2, {"members": members}, seed=0)


def test_unknown_names_and_options_are_listed():
    with pytest.raises(InputError, match=r"no 'resnet'.*'cnn1d'.*'mlp'"):
        build("resnet", (4,), 2, {}, seed=0)
    with pytest.raises(InputError, match=r"unknown key 'width'.*'hidden'"):
        build("mlp", (4,), 2, {"width": 3}, seed=0)


def test_complete_options_say_the_defaults_too():
    assert complete("mlp", {"dropout": 0.5}) == {"hidden": (768, 768), "dropout": 0.5, "gain": 1.0, "centre": 0.0}


def test_a_callable_from_elsewhere_is_a_model():
    model = build("biox.models.mlp:mlp", (4,), 2, {"hidden": [3]}, seed=0)
    assert model(torch.randn(1, 4)).shape == (1, 2)
