"""Convolutions as LRP sees them, in one to three dimensions: forward with any weights, and the transposes.

On a CPU in single or half precision they run with the channels last in memory (a convolution over time as one over
images of height 1), which takes 0.5 to 0.9 of the time there; values and shapes are the same.
"""

# The operators' methods are described once, at the protocol in layers.py.
# ruff: noqa: D102

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

_convolution_backward = torch.ops.aten.convolution_backward.default
_FORWARD = {3: functional.conv1d, 4: functional.conv2d, 5: functional.conv3d}
_TRANSPOSED = {3: functional.conv_transpose1d, 4: functional.conv_transpose2d, 5: functional.conv_transpose3d}
_FEW_CHANNELS = 8  # up to here a CPU fills its vector registers in part only, so that two passes in one cost one


@dataclass(frozen=True)
class Convolution:
    """Convolution over any number of spatial dimensions, zero padding, stride, dilation and groups included."""

    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int
    channel_dim: int = 1

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if as_image(x):
            return self._imaged().forward(x.unsqueeze(2), weight.unsqueeze(2), bias).squeeze(2)
        x = channels_last(x)
        return _FORWARD[x.ndim](x, weight, bias, self.stride, self.padding, self.dilation, self.groups)

    def adjoint(self, c: Tensor, weight: Tensor, x: Tensor) -> Tensor:
        if as_image(x):
            return self._imaged().adjoint(c.unsqueeze(2), weight.unsqueeze(2), x.unsqueeze(2)).squeeze(2)
        steps = list(self.stride), list(self.padding), list(self.dilation)
        no_padding = [0] * len(self.stride)
        only_input = [True, False, False]
        seen = x if x.dtype == c.dtype else torch.empty_like(x, dtype=c.dtype)  # its values play no part
        return _convolution_backward(
            channels_last(c), seen, weight, None, *steps, False, no_padding, self.groups, only_input
        )[0]

    def adjoints(self, c: Tensor, weights: tuple[Tensor, ...], x: Tensor) -> tuple[Tensor, ...]:
        """Few input channels: the weights lie side by side, as further channels of one pass."""
        channels = x.shape[1]
        if len(weights) <= 1 or self.groups > 1 or channels > _FEW_CHANNELS:
            return tuple(self.adjoint(c, weight, x) for weight in weights)
        return self.adjoint(c, torch.cat(weights, dim=1), _empty(x, channels * len(weights))).split(channels, dim=1)

    def count(self, weight: Tensor, x: Tensor) -> Tensor:
        return _count(replace(self, groups=1), weight, x) * weight.shape[1]

    def spread(self, c: Tensor, weight: Tensor, x: Tensor) -> Tensor:
        """All channels of a group get the same, so one channel a group is computed."""
        merged = _merged(c, self.groups)
        each = self.adjoint(merged, weight.new_ones(self.groups, 1, *weight.shape[2:]), _empty(x, self.groups))
        return _spread_over(each, x.shape, self.groups)

    def scaled(self, weight: Tensor, scale: Tensor) -> Tensor:
        return weight * scale.reshape(-1, *(1,) * (weight.ndim - 1))

    def _imaged(self) -> "Convolution":
        """The same over images of height 1."""
        return Convolution((1, *self.stride), (0, *self.padding), (1, *self.dilation), self.groups)


@dataclass(frozen=True)
class UnevenlyPadded:
    """A convolution, itself without padding, of the input with zeros around it (``sides`` as in ``functional.pad``)."""

    inner: Convolution
    sides: tuple[int, ...]
    channel_dim: int = 1

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return self.inner.forward(functional.pad(x, self.sides), weight, bias)

    def adjoint(self, c: Tensor, weight: Tensor, x: Tensor) -> Tensor:
        return self._cropped(self.inner.adjoint(c, weight, functional.pad(x, self.sides)))

    def adjoints(self, c: Tensor, weights: tuple[Tensor, ...], x: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.adjoint(c, weight, x) for weight in weights)

    def count(self, weight: Tensor, x: Tensor) -> Tensor:
        """Zeros at the borders are no inputs."""
        return _count(replace(self, inner=replace(self.inner, groups=1)), weight, x) * weight.shape[1]

    def spread(self, c: Tensor, weight: Tensor, x: Tensor) -> Tensor:
        return self._cropped(self.inner.spread(c, weight, functional.pad(x, self.sides)))

    def scaled(self, weight: Tensor, scale: Tensor) -> Tensor:
        return self.inner.scaled(weight, scale)

    def _cropped(self, padded: Tensor) -> Tensor:
        return functional.pad(padded, [-side for side in self.sides])


@dataclass(frozen=True)
class TransposedConvolution:
    """The transpose of a convolution (``nn.ConvTranspose2d``): each input writes its kernel into the output."""

    stride: tuple[int, ...]
    padding: tuple[int, ...]
    output_padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int
    channel_dim: int = 1

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        steps = self.stride, self.padding, self.output_padding, self.groups, self.dilation
        return _TRANSPOSED[x.ndim](channels_last(x), weight, bias, *steps)

    def adjoint(self, c: Tensor, weight: Tensor, x: Tensor) -> Tensor:
        found = Convolution(self.stride, self.padding, self.dilation, self.groups).forward(c, weight, None)
        # Padding of the output beyond a stride (with dilation) lets the convolution see one place more.
        return found[(..., *(slice(size) for size in x.shape[2:]))]

    def adjoints(self, c: Tensor, weights: tuple[Tensor, ...], x: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.adjoint(c, weight, x) for weight in weights)

    def count(self, weight: Tensor, x: Tensor) -> Tensor:
        return _count(replace(self, groups=1), weight, x) * (weight.shape[0] // self.groups)

    def spread(self, c: Tensor, weight: Tensor, x: Tensor) -> Tensor:
        merged = _merged(c, self.groups)
        each = self.adjoint(merged, weight.new_ones(self.groups, 1, *weight.shape[2:]), x)
        return _spread_over(each, x.shape, self.groups)

    def scaled(self, weight: Tensor, scale: Tensor) -> Tensor:
        """Outputs belong to the second dimension of the weight, group by group."""
        by_group = scale.reshape(self.groups, 1, -1, *(1,) * (weight.ndim - 2))
        return (weight.unflatten(0, (self.groups, -1)) * by_group).flatten(0, 1)


def prefers_channels_last(x: Tensor) -> bool:
    """Whether convolutions of such a tensor are faster with the channels last in memory."""
    return x.device.type == "cpu" and x.dtype in (torch.float32, torch.bfloat16)


def channels_last(x: Tensor) -> Tensor:
    """The same values, with the channels last in memory where convolutions are faster that way."""
    if not prefers_channels_last(x) or x.ndim not in (3, 4, 5):
        return x
    if x.shape[1] == 1:  # either order then, but torch takes it for channels last only if its strides say so
        return x.contiguous().view(x.shape[0], *x.shape[2:], 1).movedim(-1, 1)
    return x.movedim(1, -1).contiguous().movedim(-1, 1)


def _empty(x: Tensor, channels: int) -> Tensor:
    """Memory in the shape of ``x`` with other channels, which tells torch what shape and layout to compute."""
    if prefers_channels_last(x):
        return x.new_empty(x.shape[0], *x.shape[2:], channels).movedim(-1, 1)
    return x.new_empty(x.shape[0], channels, *x.shape[2:])


def rearranged(x: Tensor) -> bool:
    """Whether ``channels_last`` may have changed the order of the values in memory."""
    return prefers_channels_last(x) and x.ndim in (3, 4, 5) and not x.is_contiguous() and x.stride(1) == 1


def as_image(x: Tensor) -> bool:
    """Whether a convolution over time runs faster as one over images of height 1."""
    return x.ndim == 3 and prefers_channels_last(x)


def _count(operator: Convolution | TransposedConvolution | UnevenlyPadded, weight: Tensor, x: Tensor) -> Tensor:
    """How many places of one input channel each output sees; ``operator`` has one group."""
    return operator.forward(x.new_ones(1, 1, *x.shape[2:]), x.new_ones(1, 1, *weight.shape[2:]), None)


def _merged(c: Tensor, groups: int) -> Tensor:
    """The sum over the channels of each group."""
    return c.unflatten(1, (groups, -1)).sum(2)


def _spread_over(each: Tensor, shape: torch.Size, groups: int) -> Tensor:
    """Every channel of a group gets what one channel of it got."""
    return each.repeat_interleave(shape[1] // groups, dim=1) if groups > 1 else each.expand(shape)
