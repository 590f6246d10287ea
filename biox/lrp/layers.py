"""Linear maps as LRP sees them: a forward pass with any weights, and its transpose.

An operator knows how a kind of layer computes; a Layer is one such layer of the user's model with its weights, and with
a BatchNorm after it folded in. Relevance needs four things of an operator: ``forward``, ``adjoint`` (the transpose,
which carries relevance down), and for weights that are all one the cheap ``count`` and ``spread``.
"""

# The operators' methods are described once, at the protocol.
# ruff: noqa: D102

from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

_convolution_backward = torch.ops.aten.convolution_backward.default


class Operator(Protocol):
    """What a kind of linear layer must be able to do; ``x`` is its input, ``c`` has the shape of its output."""

    @property
    def channel_dim(self) -> int:
        """The output dimension that belongs to the first dimension of the weight."""
        ...

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor: ...

    def adjoint(self, c: Tensor, weight: Tensor, x: Tensor) -> Tensor: ...

    def count(self, weight: Tensor, x: Tensor) -> Tensor:
        """How many inputs each output sees, broadcastable to the output."""
        ...

    def spread(self, c: Tensor, weight: Tensor, x: Tensor) -> Tensor:
        """``adjoint`` for weights that are all one."""
        ...


@dataclass(frozen=True)
class Dense:
    """``x @ weight.T + bias`` over the last dimension."""

    channel_dim: int = -1

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return functional.linear(x, weight, bias)

    def adjoint(self, c: Tensor, weight: Tensor, x: Tensor) -> Tensor:
        return c @ weight

    def count(self, weight: Tensor, x: Tensor) -> Tensor:
        return x.new_tensor(float(weight.shape[1]))

    def spread(self, c: Tensor, weight: Tensor, x: Tensor) -> Tensor:
        return c.sum(-1, keepdim=True).expand(x.shape)


@dataclass(frozen=True)
class Convolution:
    """Convolution over any number of spatial dimensions, zero padding, stride, dilation and groups included."""

    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int
    channel_dim: int = 1

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        no_padding = [0] * len(self.stride)
        return torch.convolution(
            x, weight, bias, self.stride, self.padding, self.dilation, False, no_padding, self.groups
        )

    def adjoint(self, c: Tensor, weight: Tensor, x: Tensor) -> Tensor:
        steps = list(self.stride), list(self.padding), list(self.dilation)
        no_padding = [0] * len(self.stride)
        only_input = [True, False, False]
        return _convolution_backward(c, x, weight, None, *steps, False, no_padding, self.groups, only_input)[0]

    def count(self, weight: Tensor, x: Tensor) -> Tensor:
        one_channel = replace(self, groups=1)
        seen = one_channel.forward(x.new_ones(1, 1, *x.shape[2:]), weight.new_ones(1, 1, *weight.shape[2:]), None)
        return seen * weight.shape[1]

    def spread(self, c: Tensor, weight: Tensor, x: Tensor) -> Tensor:
        """All channels of a group get the same, so one channel a group is computed."""
        merged = c.unflatten(1, (self.groups, -1)).sum(2)
        like = x.new_zeros(()).expand(x.shape[0], self.groups, *x.shape[2:])
        each = self.adjoint(merged, weight.new_ones(self.groups, 1, *weight.shape[2:]), like)
        return each.repeat_interleave(x.shape[1] // self.groups, dim=1) if self.groups > 1 else each.expand(x.shape)


@dataclass(frozen=True)
class Scaling:
    """``x * weight + bias`` channel by channel: a BatchNorm that follows no linear layer."""

    channel_dim: int = 1

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        scaled = x * _along_channels(weight, x)
        return scaled if bias is None else scaled + _along_channels(bias, x)

    def adjoint(self, c: Tensor, weight: Tensor, x: Tensor) -> Tensor:
        return c * _along_channels(weight, x)

    def count(self, weight: Tensor, x: Tensor) -> Tensor:
        return x.new_ones(())

    def spread(self, c: Tensor, weight: Tensor, x: Tensor) -> Tensor:
        return c


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


def folded(layer: Layer, scale: Tensor, shift: Tensor) -> Layer:
    """The one layer that equals ``layer`` followed by ``* scale + shift`` a channel: W' = W g, b' = b g + shift."""
    bias = shift if layer.bias is None else layer.bias.detach() * scale + shift
    by_channel = scale.reshape(-1, *(1,) * (layer.weight.ndim - 1))
    return replace(layer, weight=layer.weight.detach() * by_channel, bias=bias)


def _along_channels(values: Tensor, x: Tensor) -> Tensor:
    return values.reshape(-1, *(1,) * (x.ndim - 2))
