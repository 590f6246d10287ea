"""Explanations of the authors' trained gait models equal the relevances that they published (fold 0) to rounding.

The published box relevances carry no stabiliser in the box rule itself (hence ``stabiliser=0``).
"""

import pytest
import torch
from torch import Tensor, nn

from biox import lrp

from . import paper, peers

MODELS = ("SvmLinearL2C1em1", "MlpLinear", "Cnn1DC8")
EPSILON = lrp.composite("epsilon", eps=1e-5)
COMPOSITES = {"epsilon": EPSILON, "epsilon_zb": lrp.composite("epsilon-box", eps=1e-5, stabiliser=0.0)}


@pytest.fixture(scope="module")
def folder(shared_data):
    return shared_data / "gait-acm2021"


def loaded(folder, name, part):
    return paper.read_model(folder / "paper_models" / f"{name}_part-{part}_model.txt"), paper.read_fold(folder, part)


@pytest.mark.parametrize("part", range(3))
@pytest.mark.parametrize("name", MODELS)
def test_the_authors_weights_reach_their_published_accuracy(folder, name, part):
    model, fold = loaded(folder, name, part)
    with torch.no_grad():
        right = (model(fold.x).argmax(1) == 1) == fold.diseased
    assert float(right.double().mean()) == pytest.approx(paper.published_accuracy(folder, name, part), abs=1e-12)


@pytest.mark.parametrize("rule", COMPOSITES)
@pytest.mark.parametrize("target", ["act", "dom"])
@pytest.mark.parametrize("name", MODELS[:2])
def test_relevance_equals_the_published_one(folder, name, target, rule):
    model, fold = loaded(folder, name, 0)
    classes = fold.diseased.long() if target == "act" else model(fold.x).argmax(1)
    ours = lrp.relevance(model, fold.x, classes, COMPOSITES[rule], low=fold.low, high=fold.high)
    theirs = torch.from_numpy(paper.published(folder, name, 0)[f"R_pred_{target}_{rule}"]).transpose(1, 2)
    assert ours.shape == theirs.shape == (105, 6, 101)
    assert (ours - theirs).abs().max() < 1e-12


def layerwise(model: nn.Sequential, x: Tensor, target: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """Relevance by the epsilon rule, layer after layer, and what biases and stabiliser absorbed of each score."""
    inputs = [x]
    for layer in model:
        inputs.append(layer(inputs[-1]).detach())
    relevance = inputs.pop() * nn.functional.one_hot(target, 2)
    absorbed = torch.zeros(len(x), dtype=x.dtype)
    for layer, a in zip(reversed(model), reversed(inputs), strict=True):
        a = a.detach().requires_grad_()
        z = layer(a)
        if isinstance(layer, nn.ReLU):
            continue
        if not isinstance(layer, nn.Linear | nn.Conv1d):
            (relevance,) = torch.autograd.grad(z, a, relevance)
            continue
        stable = z.detach() + eps * torch.where(z >= 0, 1.0, -1.0)
        quotient = relevance / stable
        (gradient,) = torch.autograd.grad(z, a, quotient)
        relevance = (a * gradient).detach()
        kept = layer.bias.reshape(-1, *(1,) * (z.ndim - 2)) + (stable - z)
        absorbed += (quotient * kept).flatten(1).sum(1).detach()
    return relevance, absorbed


def test_the_authors_cnn_loses_to_its_biases_exactly_what_relevance_lacks(folder):
    model, fold = loaded(folder, "Cnn1DC8", 0)
    target = fold.diseased.long()
    ours = lrp.relevance(model, fold.x, target, EPSILON)
    textbook, absorbed = layerwise(model, fold.x, target, 1e-5)
    score = lrp.score(model, fold.x, target)
    error = lrp.conservation_error(score, ours)
    print(f"CNN, epsilon 1e-5, true class: |conservation error| median {error.abs().median():.3f}")
    assert (ours - textbook).abs().max() < 1e-9  # dividing by sums near 1e-5 in four layers amplifies rounding
    assert (error * score.abs() - absorbed).abs().max() < 1e-9
    assert error.abs().median() > 0.01, "the biases of this network are large; a small error would be suspicious"


def test_the_authors_cnn_is_explained_as_zennit_explains_it(folder):
    model, fold = loaded(folder, "Cnn1DC8", 0)
    ours = lrp.relevance(model, fold.x, 1, EPSILON)
    theirs = peers.relevance(model, fold.x, 1, peers.composite("epsilon", 0.0, 1.0, eps=1e-5))
    assert (ours - theirs).abs().max() < 1e-10
