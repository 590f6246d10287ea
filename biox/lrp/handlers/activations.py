"""Activations: each output belongs to one input, so relevance passes unchanged; what serves as a gate is marked so."""

# The names of arguments are torch's, since callers may give them by name.
# ruff: noqa: A002

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from biox.lrp.capture import Capture
from biox.lrp.errors import operation_name
from biox.lrp.handlers.copies import refuse_if_random
from biox.lrp.handlers.weighted import dependent_tag, relu
from biox.lrp.silence import awaken
from biox.lrp.tags import GATE, LIMITED, Tag, tensors_in

# Functions that are 0 at 0 (whatever their options): relevance of their 0 is 0 itself.
_ZERO_STAYS = """
    leaky_relu elu gelu silu tanh hardswish mish selu celu prelu rrelu relu6 hardshrink softshrink softsign tanhshrink
    log1p expm1 erf abs absolute square sqrt sinh asinh atan nan_to_num
"""


def passed(capture: Capture, func: Any, input: Tensor, *args: Any, **kwargs: Any) -> Any:
    """Any function of single values: relevance passes unchanged."""
    return _linked(capture, func, (input, *args), kwargs)


def positive(capture: Capture, func: Any, input: Tensor, *args: Any, **kwargs: Any) -> Any:
    """The same for functions that are never negative."""
    return _linked(capture, func, (input, *args), kwargs, positive=True)


def gate(capture: Capture, func: Any, input: Tensor, *args: Any, **kwargs: Any) -> Any:
    """The same for functions between 0 and 1, which in a product weigh the other factor."""
    return _linked(capture, func, (input, *args), kwargs, positive=True, gate=GATE)


def limited(capture: Capture, func: Any, input: Tensor, *args: Any, **kwargs: Any) -> Any:
    """The same for functions that are activations in one model and gates in the next (relu6, a square root)."""
    return _linked(capture, func, (input, *args), kwargs, positive=True, gate=LIMITED)


def unit(capture: Capture, func: Any, input: Tensor) -> Any:
    """The same for functions between -1 and 1; ``1 + tanh(x)`` is a gate (GELU by hand)."""
    return _linked(capture, func, (input,), {}, unit=True)


def scale(capture: Capture, func: Any, *args: Any, **kwargs: Any) -> Any:
    """Deviations, reciprocals, signs: constants in a product; relevance that reaches one elsewhere is refused."""
    return capture.unhandled(func, args, kwargs, gate=GATE)


def power(capture: Capture, func: Any, input: Tensor, exponent: Any) -> Any:
    """``x ** 2`` is an activation, ``x ** 0.5`` may be a scale, ``x ** -0.5`` is one."""
    if not isinstance(exponent, int | float):
        return passed(capture, func, input, exponent)
    return (scale if exponent < 0 else limited if exponent < 1 else passed)(capture, func, input, exponent)


def randomised_relu(
    capture: Capture, func: Any, input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False
) -> Any:
    """In evaluation mode a leaky ReLU; a random score is refused."""
    refuse_if_random(training)
    return passed(capture, func, input, lower, upper, False)


def hardtanh(capture: Capture, func: Any, input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """As relu6 where it begins at 0."""
    return (limited if min_val >= 0 else passed)(capture, func, input, min_val, max_val)


def clamp(capture: Capture, func: Any, input: Tensor, min: Any = None, max: Any = None) -> Any:
    """``x.clamp(min=0)`` is a ReLU; other limits pass relevance unchanged, and two limits from 0 on make a gate."""
    from_zero = isinstance(min, int | float) and min == 0
    if from_zero and max is None:
        return relu(capture, torch.relu, input)
    return (limited if from_zero else passed)(capture, torch.clamp, input, min, max)


def clamp_max(capture: Capture, func: Any, input: Tensor, max: Any) -> Any:
    """``x.clamp(max=...)``."""
    return clamp(capture, func, input, None, max)


def glu(capture: Capture, func: Any, input: Tensor, dim: int = -1) -> Any:
    """One half of the input, gated by the sigmoid of the other."""

    def steps(x: Tensor) -> Tensor:
        signal, gates = x.chunk(2, dim)
        return signal * gates.sigmoid()

    return capture.decomposed(steps, input)


def softmax(capture: Capture, func: Any, input: Tensor, dim: int | None = None, *args: Any, **kwargs: Any) -> Any:
    """Taylor expansion, R_i = x_i (R_i' - p_i sum_j R_j') (Achtibat et al. 2024); or a constant, if blocked."""
    axis = _axis(input, dim)
    value = func(input, axis, *args, **kwargs)
    if capture.blocks("softmax"):  # and all that is made of it alone is constant too, as where heads are mixed
        return value.detach()
    kept, logits = value.detach(), input.detach()

    def back(relevance: Tensor) -> tuple[Tensor]:
        finite = logits.clamp(min=torch.finfo(logits.dtype).min)  # masked logits (-inf) get nothing
        return ((relevance - kept * relevance.sum(axis, keepdim=True)) * finite,)

    return capture.link(value, (input,), back, Tag(capture, positive=True))


def logsumexp(capture: Capture, func: Any, input: Tensor, dim: Any, keepdim: bool = False) -> Any:
    """Log-sum-exp pooling, a soft maximum: relevance goes to the inputs by their softmax (Kauffmann et al. 2022)."""
    value = torch.logsumexp(input, dim, keepdim=True)
    weights, silent = (input - value).exp().detach(), dependent_tag(capture, input).silent

    def back(relevance: Tensor) -> tuple[Tensor]:
        awaken(silent)
        return (weights * relevance.reshape(value.shape),)

    return capture.link(value if keepdim else torch.logsumexp(input, dim), (input,), back, Tag(capture))


def softmin(capture: Capture, func: Any, input: Tensor, dim: int | None = None, *args: Any, **kwargs: Any) -> Any:
    """The softmax of the negative."""
    return capture.decomposed(lambda x: functional.softmax(-x, _axis(x, dim), *args, **kwargs), input)


def log_softmax(capture: Capture, func: Any, input: Tensor, dim: int | None = None, *args: Any, **kwargs: Any) -> Any:
    """A logit minus the soft maximum of all."""
    axis, type_ = _axis(input, dim), func(input.detach()[:0], 0, *args, **kwargs).dtype
    return capture.decomposed(lambda x: x.to(type_) - x.to(type_).logsumexp(axis, keepdim=True), input)


def logaddexp(capture: Capture, func: Any, input: Tensor, other: Tensor) -> Any:
    """Log-sum-exp of two tensors."""
    return capture.decomposed(lambda *x: torch.stack(torch.broadcast_tensors(*x)).logsumexp(0), input, other)


def normalized(capture: Capture, func: Any, input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Any:
    """``functional.normalize``: the length counts as a constant."""
    return capture.decomposed(lambda x: x / x.norm(p, dim, keepdim=True).clamp_min(eps), input)


def guided(capture: Capture, func: Any, input: Tensor, *args: Any, **kwargs: Any) -> Any:
    """The activation of guided backpropagation and of deconvolution: what passes backwards is cut below 0."""
    local = input.detach().requires_grad_()
    with torch.enable_grad():
        result = func(local, *args, **kwargs)
    guided = capture.composite.flow == "guided"

    def back(gradient: Tensor) -> tuple[Tensor, ...]:
        arriving = gradient.clamp(min=0)
        return torch.autograd.grad(result, local, arriving, retain_graph=capture.keeps) if guided else (arriving,)

    return capture.link(result.detach(), (input,), back, Tag(capture))


def _axis(input: Tensor, dim: int | None) -> int:
    """The dimension of a softmax; torch's own choice where none is given."""
    return (0 if input.ndim in (0, 1, 3) else 1) if dim is None else dim


def _linked(  # noqa: PLR0913 - what is known of the result
    capture: Capture,
    func: Any,
    args: tuple,
    kwargs: dict,
    *,
    positive: bool = False,
    gate: int | None = None,
    unit: bool = False,
) -> Tensor:
    """The function's value, whose relevance is its first argument's; others must not depend on the input."""
    if any(capture.tag(tensor) for tensor in tensors_in((args[1:], kwargs))):
        return capture.unhandled(func, args, kwargs)
    tag = dependent_tag(capture, args[0])
    known = Tag(capture, raw=tag.raw, positive=positive, gate=tag.gate if gate is None else gate, unit=unit)
    silent = () if operation_name(func) in _ZERO_STAYS.split() else tag.silent

    def back(relevance: Tensor) -> tuple[Tensor]:
        awaken(silent)
        return (relevance,)

    return capture.link(func(*args, **kwargs), (args[0],), back, known)
