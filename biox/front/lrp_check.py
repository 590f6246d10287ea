r"""Whether the LRP of this installation is that of the textbook.

A small network is explained by ``biox.lrp`` and, beside it, by the formulas written out as loops (Bach et al. 2015;
Montavon et al. 2017), for input i and output j of a layer:

    epsilon:  R_i = sum_j x_i w_ji R_j / (z_j + eps sign(z_j)),   z_j = sum_i x_i w_ji + b_j
    z+:       R_i = sum_j x_i max(w_ji, 0) R_j / sum_k x_k max(w_jk, 0),   for x >= 0 and no bias
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

Rows = Sequence[Sequence[float]]
Step = Callable[[Sequence[float], Rows, Sequence[float], Sequence[float]], list[float]]
EPS = 0.05
SIZES = (12, 8, 6, 3)
SAMPLES = 5
# Both are computed in float64; what is left is rounding and the stabiliser of z+, 1e-6.
TOLERANCE = 1e-5


def largest_difference() -> float:
    """The largest difference between the engine and the loops, in shares of the largest relevance."""
    import torch

    from biox.lrp import composite, relevance

    generator, worst = torch.Generator().manual_seed(0), 0.0
    for made, step, bias in ((composite("epsilon", eps=EPS), epsilon, True), (composite("zplus"), z_plus, False)):
        layers = [torch.nn.Linear(a, b, bias=bias).double() for a, b in pairwise(SIZES)]
        for layer in layers:
            for value in layer.parameters():
                value.data = torch.randn(value.shape, generator=generator, dtype=torch.float64)
        model = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])
        x = torch.rand(SAMPLES, SIZES[0], generator=generator, dtype=torch.float64)
        found = relevance(model, x, target=1, composite=made)
        weights = [layer.weight.tolist() for layer in layers]
        biases = [layer.bias.tolist() if bias else [0.0] * layer.out_features for layer in layers]
        expected = torch.tensor([textbook(row, weights, biases, step) for row in x.tolist()], dtype=torch.float64)
        worst = max(worst, float((found - expected).abs().max() / expected.abs().max()))
    return worst


def textbook(x: Sequence[float], weights: Sequence[Rows], biases: Rows, step: Step) -> list[float]:
    """The relevance of one input for output 1 of a network of dense layers with ReLU between them."""
    inputs = [list(x)]
    for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        z = outputs(inputs[-1], weight, bias)
        inputs.append(z if layer == len(weights) - 1 else [max(value, 0.0) for value in z])
    handed = [value if place == 1 else 0.0 for place, value in enumerate(inputs[-1])]
    for values, weight, bias in list(zip(inputs, weights, biases, strict=False))[::-1]:
        handed = step(values, weight, bias, handed)
    return handed


def outputs(x: Sequence[float], weight: Rows, bias: Sequence[float]) -> list[float]:
    """What a dense layer gives."""
    return [sum(w * v for w, v in zip(row, x, strict=True)) + b for row, b in zip(weight, bias, strict=True)]


def epsilon(x: Sequence[float], weight: Rows, bias: Sequence[float], handed: Sequence[float]) -> list[float]:
    """The epsilon rule of one layer."""
    found = [0.0] * len(x)
    for z, row, relevance in zip(outputs(x, weight, bias), weight, handed, strict=True):
        for i, value in enumerate(x):
            found[i] += value * row[i] * relevance / (z + (EPS if z >= 0 else -EPS))
    return found


def z_plus(x: Sequence[float], weight: Rows, _: Sequence[float], handed: Sequence[float]) -> list[float]:
    """The z+ rule of one layer without bias."""
    found = [0.0] * len(x)
    for row, relevance in zip(weight, handed, strict=True):
        parts = [value * max(w, 0.0) for value, w in zip(x, row, strict=True)]
        for i, part in enumerate(parts):
            found[i] += part * relevance / sum(parts) if sum(parts) else 0.0
    return found
