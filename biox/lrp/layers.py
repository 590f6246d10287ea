"""Linear maps as LRP sees them: a forward pass with any weights, and its transpose.

An operator knows how a kind of layer computes; a Layer is one such layer of the user's model with its weights, and with
a BatchNorm after it folded in. Relevance needs four things of an operator: ``forward``, ``adjoint`` (the transpose,
which carries relevance down), and for weights that are all one the cheap ``count`` and ``spread``.
"""

# The operators' methods are described once, at the protocol.
# ruff: noqa: D102

from dataclasses import dataclass, replace
from typing import Protocol

from torch import Tensor
from torch.nn import functional


class Operator(Protocol):
    """What a kind of linear layer must be able to do; ``x`` is its input, ``c`` has the shape of its output."""

    @property
    def channel_dim(self) -> int:
        """The output dimension that the bias belongs to."""
        ...

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor: ...

    def adjoint(self, c: Tensor, weight: Tensor, x: Tensor) -> Tensor: ...

    def adjoints(self, c: Tensor, weights: tuple[Tensor, ...], x: Tensor) -> tuple[Tensor, ...]:
        """``adjoint`` of each of several weights, in one pass where that is faster."""
        ...

    def count(self, weight: Tensor, x: Tensor) -> Tensor:
        """How many inputs each output sees, broadcastable to the output."""
        ...

    def spread(self, c: Tensor, weight: Tensor, x: Tensor) -> Tensor:
        """``adjoint`` for weights that are all one."""
        ...

    def scaled(self, weight: Tensor, scale: Tensor) -> Tensor:
        """The weights that make each output channel ``scale`` times as large."""
        ...


@dataclass(frozen=True)
class Dense:
    """``x @ weight.T + bias`` over the last dimension."""

    channel_dim: int = -1

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return functional.linear(x, weight, bias)

    def adjoint(self, c: Tensor, weight: Tensor, x: Tensor) -> Tensor:
        return c @ weight

    def adjoints(self, c: Tensor, weights: tuple[Tensor, ...], x: Tensor) -> tuple[Tensor, ...]:
        return tuple(c @ weight for weight in weights)

    def count(self, weight: Tensor, x: Tensor) -> Tensor:
        return x.new_tensor(float(weight.shape[1]))

    def spread(self, c: Tensor, weight: Tensor, x: Tensor) -> Tensor:
        return c.sum(-1, keepdim=True).expand(x.shape)

    def scaled(self, weight: Tensor, scale: Tensor) -> Tensor:
        return weight * scale[:, None]


@dataclass(frozen=True)
class Scaling:
    """``x * weight + bias`` channel by channel: a BatchNorm that follows no linear layer."""

    channel_dim: int = 1

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        scaled = x * _along_channels(weight, x)
        return scaled if bias is None else scaled + _along_channels(bias, x)

    def adjoint(self, c: Tensor, weight: Tensor, x: Tensor) -> Tensor:
        return c * _along_channels(weight, x)

    def adjoints(self, c: Tensor, weights: tuple[Tensor, ...], x: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.adjoint(c, weight, x) for weight in weights)

    def count(self, weight: Tensor, x: Tensor) -> Tensor:
        return x.new_ones(())

    def spread(self, c: Tensor, weight: Tensor, x: Tensor) -> Tensor:
        return c

    def scaled(self, weight: Tensor, scale: Tensor) -> Tensor:
        return weight * scale


@dataclass(frozen=True)
class Layer:
    """One linear layer of the user's model.

    kind: ``"linear"``, ``"conv"`` or ``"batch_norm"``. name: its path in the model (``"features.0"``), "" if unknown.
    """

    kind: str
    name: str
    operator: Operator
    weight: Tensor
    bias: Tensor | None


@dataclass(frozen=True)
class Site:
    """What one layer saw during the forward pass, as far as relevance needs it.

    output: the layer's output; where ``rectified``, after its ReLU (relevance is then 0 wherever the output is 0).
    input_positive: the input is known to hold no negative value.
    bounds: lowest and highest possible input, each broadcastable to the input, or None where unknown.
    """

    layer: Layer
    input: Tensor
    output: Tensor
    rectified: bool
    input_positive: bool
    bounds: tuple[Tensor, Tensor] | None


def folded(layer: Layer, scale: Tensor, shift: Tensor) -> Layer:
    """The one layer that equals ``layer`` followed by ``* scale + shift`` a channel: W' = W g, b' = b g + shift."""
    bias = shift if layer.bias is None else layer.bias.detach() * scale + shift
    return replace(layer, weight=layer.operator.scaled(layer.weight.detach(), scale), bias=bias)


def _along_channels(values: Tensor, x: Tensor) -> Tensor:
    return values.reshape(-1, *(1,) * (x.ndim - 2))
