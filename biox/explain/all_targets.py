"""LRP-gamma of a dense ReLU network for many outputs of a row at once: one run of the model, one product a layer.

A layer computes z_k = sum_j c_jk + b_k with c_jk = x_j w_jk and hands down relevance R_k by the gamma rule, in which
what has the sign of z counts (1 + gamma) times (Keyl et al. 2022; ``biox.lrp.rules.gamma``):

    R_j = sum_k c'_jk R_k / Z_k,     c'_jk = (1 + gamma [c_jk z_k > 0]) c_jk,     Z_k = sum_j c'_jk + b'_k

Behind a ReLU only z_k > 0 passes relevance, and between the layers no input is negative, so each layer between has one
changed matrix, w + gamma max(w, 0), for all rows and outputs. Activations and denominators depend on the row alone:
they are computed once and multiply the relevance of all its outputs.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from biox.models.masked_mlp import MaskedMLP

EPS = 1e-6


@dataclass(frozen=True)
class Dense:
    """A layer between hidden ones: weight (unit above, unit below) and bias, as they are and as the rule has them."""

    weight: Tensor
    bias: Tensor
    raised: Tensor
    raised_bias: Tensor


@dataclass(frozen=True)
class Changed:
    """A network with its weights as the gamma rule changes them, made once for all rows.

    first: weights of the first layer, shape (input, unit), the proteins twice: x and 1 - x.
    above, below: the last layer as its outputs above and below 0 hand down relevance. products: the number type in
    which relevance is multiplied with weights; in that type, hands_down: the changed matrices of ``between``, and last:
    those of ``above`` and ``below`` one under the other, (2 output, unit).
    """

    gamma: float
    products: torch.dtype
    first: Tensor
    first_bias: Tensor
    between: tuple[Dense, ...]
    above: Dense
    below: Dense
    hands_down: tuple[Tensor, ...]
    last: Tensor


def changed(model: MaskedMLP, gamma: float, products: torch.dtype | None = None) -> Changed:
    """The weights of a network for ``relevance_of_targets``; gamma 0 is LRP-0.

    products: ``torch.bfloat16`` is several times faster where the processor or card has it, and changes relevance by
    about a hundredth; the run of the model and all divisions keep the type of the weights, which is the default.
    """
    first, *middle, last = model.weights()
    between = tuple(_dense(weight, bias, gamma) for weight, bias in middle)
    above, below = _dense(*last, gamma), Dense(*last, *(value + gamma * value.clamp(max=0) for value in last))
    kind = products or first[0].dtype
    return Changed(
        gamma,
        kind,
        first[0].T.contiguous(),
        first[1],
        between,
        above,
        below,
        tuple(layer.raised.to(kind) for layer in between),
        torch.cat([above.raised, below.raised]).to(kind),
    )


def _dense(weight: Tensor, bias: Tensor, gamma: float) -> Dense:
    return Dense(weight, bias, *(value + gamma * value.clamp(min=0) for value in (weight, bias)))


def relevance_of_targets(
    network: Changed,
    values: Float[Tensor, "row protein"],
    shown: Int[Tensor, "row source"],
    seen: Bool[Tensor, "row source"],
    targets: Int[Tensor, "row target"],
) -> tuple[Float[Tensor, "row target source"], Float[Tensor, "row target"]]:
    """Relevance of the shown proteins of each row for the predictions of its targets, and these predictions.

    shown: the proteins that a row may show, as indices; seen: which of them it does show (those that were measured).
    A source gets half the relevance of its two inputs, x and 1 - x. Rows may show and explain different proteins.
    """
    inputs = _contributions(network, values, shown, seen)
    ratios, top = _forward(network, inputs)
    predicted, share, place = _outputs(network, top, targets)
    # Factors of another number type than the products would have all of these copied at every multiplication.
    factors = [ratio.to(network.products).unsqueeze(1) for ratio in ratios]
    carried = network.last[place].mul_(share.to(network.products).unsqueeze(2)).mul_(factors[-1])
    for weight, factor in zip(reversed(network.hands_down), reversed(factors[:-1]), strict=True):
        carried = torch.matmul(carried, weight).mul_(factor)
    found = torch.bmm(carried, inputs.raised.to(network.products).transpose(1, 2))
    return found.to(values.dtype).mul_(0.5), predicted


@dataclass(frozen=True)
class _Inputs:
    """What the shown proteins give to the units of the first layer: as the rule has it, (row, source, unit), and the
    sum as it is, (row, unit).
    """

    raised: Tensor
    total: Tensor


def _contributions(network: Changed, values: Tensor, shown: Tensor, seen: Tensor) -> _Inputs:
    """The contributions of x and 1 - x together; relevance follows those that raise a unit, for behind a ReLU z > 0."""
    proteins, nothing = len(network.first) // 2, values.new_zeros(())
    x = values.gather(1, shown)
    plain, minus = torch.where(seen, x, nothing), torch.where(seen, 1 - x, nothing)
    raised = network.first[shown].mul_(plain.unsqueeze(2))
    other = network.first[shown + proteins].mul_(minus.unsqueeze(2))
    total = raised.sum(1) + other.sum(1)
    for part in (raised, other):
        part.add_(part.clamp(min=0), alpha=network.gamma)
    return _Inputs(raised.add_(other), total)


def _forward(network: Changed, inputs: _Inputs) -> tuple[list[Tensor], Tensor]:
    """For every hidden layer its activations over their denominators, and the activations of the last one."""
    bias = network.first_bias
    z, divisor = inputs.total + bias, inputs.raised.sum(1) + bias + network.gamma * bias.clamp(min=0)
    ratios, active = [_over(z.relu_(), divisor)], z
    for layer in network.between:
        z, divisor = (active @ w.T + b for w, b in ((layer.weight, layer.bias), (layer.raised, layer.raised_bias)))
        active = z.relu_()
        ratios.append(_over(active, divisor))
    return ratios, active


def _outputs(network: Changed, top: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The predictions of the targets; these over their denominators; and the row of the last layer's weights, as they
    are for outputs above 0 and then for those below, by which each hands down relevance.
    """
    predicted = (top @ network.above.weight.T + network.above.bias).gather(1, targets)
    positive = predicted > 0
    divisors = [(top @ part.raised.T + part.raised_bias).gather(1, targets) for part in (network.above, network.below)]
    share = _over(predicted, torch.where(positive, *divisors))
    return predicted, share, torch.where(positive, targets, targets + len(network.above.bias))


def _over(value: Tensor, divisor: Tensor) -> Tensor:
    """The value over a divisor of its own sign; 0 / 0 is 0."""
    return value / (divisor + EPS * divisor.sign() + (divisor == 0))
